/**
 * `fleetctl op watch`, and how every command that runs an operation watches it: lines as targets
 * settle, the truth at the end, Ctrl-C to turn away while the operation goes on.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import { type OperationId, operationId } from '../../proto/vocabulary.ts';
import { outcomeOf } from '../outcome.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { renderEpilogue } from '../render/epilogue.ts';
import { type OutputFormat, renderNoticeJson } from '../render/json.ts';
import { renderOperationJson } from '../render/operation-json.ts';
import { painter } from '../render/paint.ts';
import { startProgress } from '../render/progress.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { follow, type WatchPorts } from '../watch.ts';

export interface WatchOptions extends ConnectionOptions {
  readonly id: string;
  readonly output: Exclude<OutputFormat, 'jsonl'>;
}

export async function watch(environment: Environment, options: WatchOptions): Promise<number> {
  const id = operationId(options.id);
  const fleetctl = fleetctlCommand(options);
  using client = await environment.dial(options);
  // Awaited here: the client must stay open until then.
  return await untilInterrupted(
    environment,
    () => goesOn(id, fleetctl),
    (signal) => {
      const ports = { client, clock: environment.clock, fleetctl, signal };
      return watchToEnd(environment, ports, { ...options, id });
    },
  );
}

/** Resolves with the exit code once the operation has ended. */
export async function watchToEnd(
  { stdout, stderr }: Environment,
  ports: WatchPorts,
  { id, output }: { readonly id: OperationId; readonly output: WatchOptions['output'] },
): Promise<number> {
  const progress = output === 'json' ? null : startProgress(painter(stdout.colours));
  const operation = await follow(ports, id, {
    onUpdate: (update) => {
      for (const line of progress?.next(update) ?? []) stdout.write(`${line}\n`);
    },
    onBreak: () => {
      const message = `lost sight of operation ${id}, which goes on; looking for the controller again`;
      stderr.write(output === 'json' ? renderNoticeJson(message) : `${message}\n`);
    },
  });
  stdout.write(
    output === 'json' ? renderOperationJson(operation) : renderEpilogue(operation, ports.fleetctl),
  );
  return outcomeOf(operation).exitCode;
}

export function goesOn(id: OperationId, fleetctl: string): Refusal {
  return refusal('interrupted', `operation ${id} goes on at the controller`, {
    fix: `${fleetctl} op watch ${id}`,
  });
}

/** Ctrl-C ends `work` with this refusal, whatever it was waiting for. */
export async function untilInterrupted(
  environment: Environment,
  because: () => Refusal,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  using _listening = environment.onInterrupt(() => abort.abort(new FleetError(because())));
  return await work(abort.signal);
}

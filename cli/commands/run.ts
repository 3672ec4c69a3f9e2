/** `fleetctl run`: an operation that is saved in the controller's configuration, or the list of them. */
import { FleetError, refusal } from '../../proto/errors.ts';
import { contradictionInWaiting, type WaitOptions } from '../contradictions.ts';
import { newOperationId } from '../operation-request.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { painter } from '../render/paint.ts';
import { type RunbookFormat, renderRunbooks } from '../render/runbooks.ts';
import { carryOut } from './carry-out.ts';

export interface RunOptions extends ConnectionOptions, Omit<WaitOptions, 'output'> {
  readonly runbook: string;
  /** Empty: the one that the runbook has. */
  readonly reason: string;
  readonly expectHosts: number | null;
  readonly output: RunbookFormat;
}

export interface ListRunbooksOptions extends ConnectionOptions {
  readonly output: RunbookFormat;
  /** One about carrying a runbook out; null: none was given. */
  readonly strayOption: string | null;
}

export async function runRunbook(environment: Environment, options: RunOptions): Promise<number> {
  const { runbook, reason, expectHosts, output } = options;
  if (output === 'jsonl' || output === 'name') throw onlyOfLists(output);
  const waiting = { ...options, output };
  const contradiction = contradictionInWaiting(waiting);
  if (contradiction !== null) throw new FleetError(contradiction);
  using client = await environment.dial(options);
  const id = newOperationId(environment);
  const submission = { kind: 'runbook', id, runbook, reason, expectHosts } as const;
  // Awaited here: the client must stay open until then.
  return await carryOut({ environment, client, options: waiting, submission });
}

/** None is an answer, too: exit code 0. */
export async function listRunbooks(
  environment: Environment,
  options: ListRunbooksOptions,
): Promise<number> {
  if (options.strayOption !== null) throw nothingToCarryOut(options.strayOption);
  using client = await environment.dial(options);
  const { stdout } = environment;
  const runbooks = await client.listRunbooks();
  stdout.write(renderRunbooks(runbooks, options.output, painter(stdout.colours)));
  return 0;
}

function onlyOfLists(output: string): FleetError {
  return new FleetError(
    refusal('usage', `-o ${output} is for the list of runbooks`, {
      fix: 'fleetctl run NAME -o json prints the operation',
    }),
  );
}

/** A script whose variable is empty must not take a list for an operation that went well. */
function nothingToCarryOut(option: string): FleetError {
  return new FleetError(
    refusal('usage', `run ${option} does not say which runbook`, {
      cause: `${option} is about carrying one out, and without a name, or with --list, they are listed`,
      fix: 'give its name; see which there are with: fleetctl run',
    }),
  );
}

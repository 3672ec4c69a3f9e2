/**
 * `fleetctl start`, `stop`, `restart` and `signal`: one operation, submitted once and watched to
 * its end. Which targets, in which order and how, the controller decides; nothing is looped here.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, OperationRequest, Verb } from '../../proto/vocabulary.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../operation-id.ts';
import type { ConnectionOptions, ControlClient, Environment } from '../ports.ts';
import type { OutputFormat } from '../render/json.ts';
import { renderOperationJson } from '../render/operation-json.ts';
import { hostsOf, renderPlan, renderQuestion } from '../render/plan.ts';
import { fleetctlCommand, shellWord } from '../render/shell.ts';
import { isBlank, refusalOfEmpty } from '../selection.ts';
import { parseSignalName } from '../signal-name.ts';
import { submit } from '../watch.ts';
import { goesOn, untilInterrupted, watchToEnd } from './operation.ts';

/** From here on a slip of the selector is an incident; a person at a terminal is asked first. */
const HOSTS_UNASKED_MAX = 10;

export interface ControlOptions extends ConnectionOptions {
  readonly verb: Verb;
  /** As typed; only with `signal`. */
  readonly signal: string | null;
  readonly processes: readonly string[];
  /** Null where it was not given, which is refused. */
  readonly hosts: string | null;
  readonly reason: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly output: Exclude<OutputFormat, 'jsonl'>;
}

export async function control(environment: Environment, options: ControlOptions): Promise<number> {
  const request = readRequest(environment, options);
  if ('code' in request) throw new FleetError(request);
  using client = await environment.dial(options);
  if (options.dryRun) {
    const plan = await client.planOperation(request);
    const json = options.output === 'json';
    environment.stdout.write(json ? renderOperationJson(plan) : renderPlan(plan));
    return 0;
  }
  await confirm({ environment, client, options }, request);
  let accepted = false;
  const fleetctl = fleetctlCommand(options);
  const because = () => (accepted ? goesOn(request.id, fleetctl) : maybeGoesOn(request, fleetctl));
  // Awaited here: the client must stay open until then.
  return await untilInterrupted(environment, because, async (signal) => {
    const ports = { client, clock: environment.clock, fleetctl, signal };
    const { id } = await submit(ports, request);
    accepted = true;
    return watchToEnd(environment, ports, { id, output: options.output });
  });
}

function readRequest(
  { clock, randomBytes }: Environment,
  { verb, signal: typedSignal, processes, hosts, reason }: ControlOptions,
): OperationRequest | Refusal {
  if (hosts === null || isBlank(hosts)) return hostsMissing(verb, processes);
  const empty = refusalOfEmpty({ hosts, processes });
  if (empty !== null) return empty;
  const signal = typedSignal === null ? null : parseSignalName(typedSignal);
  if (signal !== null && typeof signal !== 'string') return signal;
  const id = makeOperationId(clock.nowMs(), randomBytes(OPERATION_ID_RANDOM_BYTES));
  return { id, verb, signal, hosts, processes, reason };
}

function hostsMissing(verb: Verb, processes: readonly string[]): Refusal {
  return refusal('usage', `${verb} needs --hosts`, {
    cause: 'what changes something never means the whole fleet by accident',
    fix: `fleetctl ${verb} ${processes.map(shellWord).join(' ')} --hosts 'prod-*', or --hosts '@*' for the whole fleet`,
  });
}

interface Asking {
  readonly environment: Environment;
  readonly client: ControlClient;
  readonly options: ControlOptions;
}

/** Off a terminal nobody can be asked, and a script is taken at its word. */
async function confirm({ environment, client, options }: Asking, request: OperationRequest) {
  if (options.yes || environment.ask === null) return;
  const plan = await client.planOperation(request);
  if (!isLarge(plan)) return;
  const answer = await environment.ask(renderQuestion(plan));
  if (/^\s*y(es)?\s*$/i.test(answer ?? '')) return;
  throw new FleetError(
    refusal('interrupted', 'nothing was done', { fix: '--yes does it without asking' }),
  );
}

function isLarge(plan: Operation): boolean {
  return hostsOf(plan).size > HOSTS_UNASKED_MAX;
}

function maybeGoesOn({ id, verb }: OperationRequest, fleetctl: string): Refusal {
  return refusal('interrupted', `it is not known whether the controller accepted this ${verb}`, {
    fix: `${fleetctl} op watch ${id}`,
  });
}

/**
 * `fleetctl start`, `stop`, `restart` and `signal`: one operation, submitted once and watched to
 * its end. Which targets, in which order and how, the controller decides; nothing is looped here.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, OperationRequest } from '../../proto/operation.ts';
import { type RequestOptions, readRequest, type WaitOptions } from '../operation-request.ts';
import type { ConnectionOptions, ControlClient, Environment } from '../ports.ts';
import { renderEpilogue } from '../render/operation/epilogue.ts';
import { renderOperationJson } from '../render/operation/json.ts';
import { hostsOf, renderPlan, renderQuestion } from '../render/operation/plan.ts';
import { painter } from '../render/paint.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { submit, type WatchPorts } from '../watch/follow.ts';
import { watchToEnd } from '../watch/to-end.ts';
import { goesOn, type TurningAway, untilTurnedAway } from '../watch/turn-away.ts';

/** From here on a slip of the selector is an incident; a person at a terminal is asked first. */
const HOSTS_UNASKED_MAX = 10;

export interface ControlOptions extends ConnectionOptions, RequestOptions, WaitOptions {
  readonly yes: boolean;
}

interface Task {
  readonly environment: Environment;
  readonly client: ControlClient;
  readonly options: ControlOptions;
  readonly request: OperationRequest;
}

export async function control(environment: Environment, options: ControlOptions): Promise<number> {
  const request = await readRequest(environment, options);
  using client = await environment.dial(options);
  const task = { environment, client, options, request };
  if (options.dryRun) return await showPlan(task);
  // Awaited here: the client must stay open until then.
  return await carryOut({ ...task, request: await confirmed(task) });
}

async function showPlan({ environment, client, options, request }: Task): Promise<number> {
  const { stdout } = environment;
  const plan = await client.planOperation(request);
  if (options.output === 'json') stdout.write(renderOperationJson(plan));
  else if (!options.quiet) stdout.write(renderPlan(plan, painter(stdout.colours)));
  return 0;
}

/**
 * Off a terminal nobody can be asked, and a script is taken at its word. A yes is one to as many
 * hosts as were shown: labels, states and results may have changed by the time it is given.
 */
async function confirmed({
  environment,
  client,
  options,
  request,
}: Task): Promise<OperationRequest> {
  if (options.yes || environment.ask === null) return request;
  const plan = await client.planOperation(request);
  const hosts = hostsOf(plan).size;
  if (hosts <= HOSTS_UNASKED_MAX) return request;
  const answer = await environment.ask(renderQuestion(plan));
  if (/^\s*y(es)?\s*$/i.test(answer ?? '')) return { ...request, expectHosts: hosts };
  throw new FleetError(
    refusal('interrupted', 'nothing was done', { fix: '--yes does it without asking' }),
  );
}

function carryOut({ environment, client, options, request }: Task): Promise<number> {
  const { timeoutMs, output, quiet } = options;
  const fleetctl = fleetctlCommand(options);
  let accepted = false;
  const because = (code: TurningAway) =>
    accepted ? goesOn(code, request.id, fleetctl) : maybeGoesOn(code, request, fleetctl);
  return untilTurnedAway(environment, { timeoutMs, because }, async (signal) => {
    const ports = { client, clock: environment.clock, fleetctl, signal };
    const operation = await submit(ports, request);
    accepted = true;
    if (options.detach) return leave(environment, ports, options, operation);
    return watchToEnd(environment, ports, { id: operation.id, output, quiet });
  });
}

/** Exit code 0: it was accepted, which is all that was to be waited for. */
function leave(
  { stdout }: Environment,
  { fleetctl }: WatchPorts,
  { output, quiet }: WaitOptions,
  operation: Operation,
): number {
  if (output === 'json') stdout.write(renderOperationJson(operation));
  else if (quiet) stdout.write(`${operation.id}\n`);
  else if (operation.endedAtMs !== null) stdout.write(renderEpilogue(operation, fleetctl));
  else {
    const { message, fix } = goesOn('interrupted', operation.id, fleetctl);
    stdout.write(`${message}\nnext: ${fix}\n`);
  }
  return 0;
}

function maybeGoesOn(code: TurningAway, { id, verb }: OperationRequest, fleetctl: string): Refusal {
  return refusal(code, `it is not known whether the controller accepted this ${verb}`, {
    fix: `${fleetctl} op watch ${id}`,
  });
}

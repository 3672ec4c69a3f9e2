/**
 * What every command that changes something has in common: one submission, shown beforehand or asked
 * about where it is large, submitted once and watched to its end. Which targets, in which order and
 * how, the controller decides; nothing is looped here.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, Submission } from '../../proto/operation.ts';
import type { WaitOptions } from '../contradictions.ts';
import type { ConnectionOptions, ControlClient, Environment } from '../ports.ts';
import { renderEpilogue } from '../render/operation/epilogue.ts';
import { renderOperationJson } from '../render/operation/json.ts';
import { hostsOf, renderPlan, renderQuestion } from '../render/operation/plan.ts';
import { painter } from '../render/paint.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { expecting, idOf, nounOf } from '../submission.ts';
import { submit, type WatchPorts } from '../watch/follow.ts';
import { watchToEnd } from '../watch/to-end.ts';
import { goesOn, type TurningAway, untilTurnedAway } from '../watch/turn-away.ts';
import { forgetRefused, saveBeforehand } from './saved.ts';

/** From here on a slip of the selector is an incident; a person at a terminal is asked first. */
const HOSTS_UNASKED_MAX = 10;

export interface Task {
  readonly environment: Environment;
  readonly client: ControlClient;
  readonly options: ConnectionOptions & WaitOptions;
  readonly submission: Submission;
}

/** @returns the exit code */
export async function carryOut(task: Task): Promise<number> {
  if (task.options.dryRun) return await showPlan(task);
  return await submitAndWatch({ ...task, submission: await confirmed(task) });
}

async function showPlan({ environment, client, options, submission }: Task): Promise<number> {
  const { stdout } = environment;
  const plan = await client.planOperation(submission);
  if (options.output === 'json') stdout.write(renderOperationJson(plan));
  else if (!options.quiet) stdout.write(renderPlan(plan, painter(stdout.colours)));
  return 0;
}

/**
 * Off a terminal nobody can be asked, and a script is taken at its word. A yes is one to as many
 * hosts as were shown: labels, states and results may have changed by the time it is given.
 */
async function confirmed({ environment, client, options, submission }: Task): Promise<Submission> {
  if (options.yes || environment.ask === null) return submission;
  const plan = await client.planOperation(submission);
  const hosts = hostsOf(plan).size;
  if (hosts <= HOSTS_UNASKED_MAX) return submission;
  const answer = await environment.ask(renderQuestion(plan));
  if (/^\s*y(es)?\s*$/i.test(answer ?? '')) return expecting(submission, hosts);
  throw new FleetError(
    refusal('interrupted', 'nothing was done', { fix: '--yes does it without asking' }),
  );
}

async function submitAndWatch(task: Task): Promise<number> {
  const { environment, client, options, submission } = task;
  const { timeoutMs, output, quiet } = options;
  const id = idOf(submission);
  const fleetctl = fleetctlCommand(options);
  let accepted = false;
  const because = (code: TurningAway) =>
    accepted ? goesOn(code, id, fleetctl) : maybeGoesOn(code, submission, fleetctl);
  await saveBeforehand(environment, client, submission, options);
  return await untilTurnedAway(environment, { timeoutMs, because }, async (signal) => {
    const ports = { client, clock: environment.clock, fleetctl, signal };
    const operation = await submit(ports, submission).catch(async (caught: unknown) => {
      await forgetRefused(environment, id, caught);
      throw caught;
    });
    accepted = true;
    if (options.detach) return leave(environment, ports, options, operation);
    return watchToEnd(environment, ports, { id, output, quiet });
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

function maybeGoesOn(code: TurningAway, submission: Submission, fleetctl: string): Refusal {
  const noun = nounOf(submission);
  return refusal(code, `it is not known whether the controller accepted this ${noun}`, {
    fix: `${fleetctl} op watch ${idOf(submission)}`,
  });
}

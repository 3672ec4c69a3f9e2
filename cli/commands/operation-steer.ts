/**
 * `fleetctl op pause`, `resume` and `cancel`: what somebody does to an operation that has not ended.
 * To be told is all that they wait for; who wants to see what becomes of it says `--watch`.
 */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation, Steering } from '../../proto/operation.ts';
import { isInFlight, isOpen } from '../../proto/target.ts';
import type { ConnectionOptions, ControlClient, Environment } from '../ports.ts';
import { renderEpilogue } from '../render/operation/epilogue.ts';
import { renderOperationJson } from '../render/operation/json.ts';
import { haltText, targetNoun } from '../render/operation/words.ts';
import { fleetctlCommand, shellWord } from '../render/shell.ts';
import { plural } from '../render/text.ts';
import { watchToEnd } from '../watch/to-end.ts';
import { goesOn, type TurningAway, untilTurnedAway } from '../watch/turn-away.ts';
import { operationMeant } from './saved.ts';

export interface SteerOptions extends ConnectionOptions, Omit<Steering, 'operation'> {
  /** Or as much of its beginning as no other operation shares; null: the last one from here. */
  readonly id: string | null;
  readonly watch: boolean;
  readonly quiet: boolean;
  readonly output: 'table' | 'json';
}

export async function steerOperation(
  environment: Environment,
  options: SteerOptions,
): Promise<number> {
  const { quiet, output } = options;
  using client = await environment.dial(options);
  const id = await operationMeant(environment, client, options.id);
  const operation = await steer(client, id, options);
  // Awaited here: the client must stay open until then.
  if (options.watch) return await watch(environment, client, options, operation);
  const { stdout } = environment;
  if (output === 'json') stdout.write(renderOperationJson(operation));
  else if (!quiet) stdout.write(renderSteered(operation, options));
  return 0;
}

/** To do it twice does no harm, but somebody else may have done the opposite in between. */
async function steer(client: ControlClient, id: string, options: SteerOptions): Promise<Operation> {
  const { action, kill, reason } = options;
  try {
    return await client.steerOperation({ operation: id, action, kill, reason });
  } catch (caught) {
    const because = FleetError.refusalFrom(caught);
    if (because.code !== 'unavailable' && because.code !== 'timed-out') throw caught;
    throw new FleetError(
      refusal(because.code, `it is not known whether the controller took this ${action}`, {
        cause: because.message,
        fix: `once the controller answers: ${fleetctlCommand(options)} op show ${shellWord(id)}`,
      }),
    );
  }
}

function watch(
  environment: Environment,
  client: ControlClient,
  options: SteerOptions,
  { id }: Operation,
): Promise<number> {
  const { quiet, output } = options;
  const fleetctl = fleetctlCommand(options);
  const because = (code: TurningAway) => goesOn(code, id, fleetctl);
  return untilTurnedAway(environment, { timeoutMs: null, because }, (signal) => {
    const ports = { client, clock: environment.clock, fleetctl, signal };
    return watchToEnd(environment, ports, { id, output, quiet });
  });
}

/** What is now, and what to type next. */
function renderSteered(operation: Operation, options: SteerOptions): string {
  const fleetctl = fleetctlCommand(options);
  if (operation.endedAtMs !== null) return renderEpilogue(operation, fleetctl);
  const next = operation.state === 'paused' ? 'resume' : 'watch';
  return `operation ${operation.id} ${nowText(operation, options)}\nnext: ${fleetctl} op ${next} ${operation.id}\n`;
}

function nowText(operation: Operation, { action }: SteerOptions): string {
  const noun = targetNoun(operation.verb);
  const underWay = operation.targets.filter(isInFlight).length;
  const left = operation.targets.filter(isOpen).length - underWay;
  const going = `${plural(underWay, noun)} under way`;
  switch (action) {
    case 'pause':
      return underWay === 0
        ? `is paused: ${left} to go`
        : `is paused: ${going} ${underWay === 1 ? 'goes' : 'go'} on, ${left} to go`;
    case 'resume':
      // It has judged what went wrong while a person had paused it.
      return operation.state === 'paused'
        ? `is ${haltText(operation) ?? 'paused'}`
        : `goes on: ${underWay === 0 ? '' : `${going}, `}${left} to go`;
    case 'cancel': {
      const waited = underWay === 1 ? 'is waited for' : 'are waited for';
      const ends = operation.halt?.kill ? 'shall give up waiting' : waited;
      return `is being cancelled: nothing new begins, ${going} ${ends}`;
    }
  }
}

/** `fleetctl op watch`: until an operation rests, whose exit code it takes over. */
import { refusal } from '../../proto/errors.ts';
import type { OperationId } from '../../proto/vocabulary.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { watchToEnd } from '../watch/to-end.ts';
import { goesOn, type TurningAway, untilTurnedAway } from '../watch/turn-away.ts';
import { operationMeant } from './saved.ts';

export interface WatchOptions extends ConnectionOptions {
  /** Or as much of its beginning as no other operation shares; null: the last one from here. */
  readonly id: string | null;
  readonly timeoutMs: number | null;
  readonly quiet: boolean;
  readonly output: 'table' | 'json';
}

export async function watchOperation(
  environment: Environment,
  options: WatchOptions,
): Promise<number> {
  const { timeoutMs, output, quiet } = options;
  using client = await environment.dial(options);
  const id = await operationMeant(environment, client, options.id);
  const fleetctl = fleetctlCommand(options);
  let seen: OperationId | null = null;
  const because = (code: TurningAway) =>
    seen === null
      ? refusal(code, `operation ${id} has not been seen yet`)
      : goesOn(code, seen, fleetctl);
  const onSeen = (whole: OperationId) => {
    seen = whole;
  };
  // Awaited here: the client must stay open until then.
  return await untilTurnedAway(environment, { timeoutMs, because }, (signal) => {
    const ports = { client, clock: environment.clock, fleetctl, signal };
    return watchToEnd(environment, ports, { id, output, quiet, onSeen });
  });
}

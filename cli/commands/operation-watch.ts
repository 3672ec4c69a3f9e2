/** `fleetctl op watch`: to the end of an operation, whose exit code it takes over. */
import type { ConnectionOptions, Environment } from '../ports.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { goesOn, untilTurnedAway } from '../turn-away.ts';
import { watchToEnd } from '../watch-to-end.ts';

export interface WatchOptions extends ConnectionOptions {
  /** Or as much of its beginning as no other operation shares. */
  readonly id: string;
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
  // Whole from here on: another operation may come to begin with the same characters.
  const { id } = await client.getOperation(options.id);
  const fleetctl = fleetctlCommand(options);
  // Awaited here: the client must stay open until then.
  return await untilTurnedAway(
    environment,
    { timeoutMs, because: (code) => goesOn(code, id, fleetctl) },
    (signal) => {
      const ports = { client, clock: environment.clock, fleetctl, signal };
      return watchToEnd(environment, ports, { id, output, quiet });
    },
  );
}

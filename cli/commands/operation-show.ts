/** `fleetctl op show`: one operation as it stands, whether it runs or has ended. */
import type { ConnectionOptions, Environment } from '../ports.ts';
import { renderEpilogue } from '../render/operation/epilogue.ts';
import { renderOperationJson } from '../render/operation/json.ts';
import { renderOperation } from '../render/operation/show.ts';
import { painter } from '../render/paint.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { operationMeant } from './saved.ts';

export interface ShowOptions extends ConnectionOptions {
  /** Or as much of its beginning as no other operation shares; null: the last one from here. */
  readonly id: string | null;
  readonly output: 'table' | 'json';
}

/** That it could be shown is exit code 0, however it went; `op watch` has the code of its end. */
export async function showOperation(
  environment: Environment,
  options: ShowOptions,
): Promise<number> {
  using client = await environment.dial(options);
  const operation = await client.getOperation(
    await operationMeant(environment, client, options.id),
  );
  const { stdout, clock } = environment;
  if (options.output === 'json') {
    stdout.write(renderOperationJson(operation));
    return 0;
  }
  const fleetctl = fleetctlCommand(options);
  stdout.write(renderOperation(operation, clock.nowMs(), painter(stdout.colours)));
  stdout.write(`\n${renderEpilogue(operation, fleetctl)}`);
  return 0;
}

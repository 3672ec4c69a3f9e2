/** An operator of a test's fleet at a terminal of the usual size, on which much was done before. */

import type { Fleet } from '../fleet/harness.ts';
import { operatorEnvironment } from '../fleet/operator-shell.ts';
import { MARK } from '../fleet/processes.ts';
import { type Sight, Terminal } from './tmux.ts';

/** More than the screen has rows, so that every row of a frame pushes one out at the top. */
const EARLIER_LINES = 40;

export async function openTerminal(
  fleet: Fleet,
  environment: Readonly<Record<string, string>> = {},
): Promise<Terminal> {
  const terminal = await Terminal.open({
    columns: 80,
    rows: 24,
    environment: { ...(await operatorEnvironment(fleet)), ...environment, [MARK]: fleet.folder },
    directory: fleet.folder,
  });
  await terminal.run(`seq ${EARLIER_LINES}`);
  await terminal.ended();
  return terminal;
}

/**
 * What stands below the first command of `fleetctl`, if all that stood above it still does, in the
 * history or on the screen; null where something was overwritten, lost or shown twice.
 */
export function belowCommand({ history, rows }: Sight): readonly string[] | null {
  const lines = [...history, ...rows];
  const earlier = Array.from({ length: EARLIER_LINES }, (_, index) => `${index + 1}`);
  const isWhole = earlier.every((line, index) => lines[index + 1] === line);
  const command = earlier.length + 1;
  if (!isWhole || lines[command]?.startsWith('[0] $ fleetctl ') !== true) return null;
  const below = lines.slice(command + 1);
  return below.slice(0, below.findLastIndex((line) => line !== '') + 1);
}

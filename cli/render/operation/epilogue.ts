/**
 * What stands at the end of watching an operation: one true sentence, after trouble the last log
 * lines of what failed, the same lines on many hosts shown once, and commands to paste next.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target } from '../../../proto/operation.ts';
import { isLive } from '../../outcome.ts';
import { neutraliseLogLine } from '../text.ts';
import { describeWhere, foldTargets } from './fold-targets.ts';
import { nextCommands } from './next-commands.ts';
import { outcomeSentence } from './outcome-sentence.ts';

/** Different logs: what fits a screen. */
const LOGS_MAX = 5;

/**
 * Of one that has ended or is paused; of one that goes on only what there is to see and to do.
 *
 * @param fleetctl how to call it, as `fleetctlCommand` says
 */
export function renderEpilogue(operation: Operation, fleetctl: string): string {
  const goesOn = isLive(operation.state) && operation.state !== 'paused';
  const lines = [
    ...(goesOn ? [] : [outcomeSentence(operation)]),
    ...logLines(operation.targets),
    ...nextCommands(operation, fleetctl),
  ];
  return `${lines.join('\n')}\n`;
}

function logLines(targets: readonly Target[]): readonly string[] {
  const withLog = targets.filter((target) => target.logTail.length > 0);
  const logs = [...groupBy(withLog, ({ logTail }) => JSON.stringify(logTail)).values()];
  const shown = logs.slice(0, LOGS_MAX).flatMap((sharing) => [
    `log of ${foldTargets(sharing.map((target) => ({ ...target, error: null })))
      .map(describeWhere)
      .join(', ')}:`,
    ...(sharing[0]?.logTail ?? []).map((line) => `    ${neutraliseLogLine(line)}`),
  ]);
  const more = logs.length - LOGS_MAX;
  return more > 0 ? [...shown, `and ${more} other logs; -o json has more`] : shown;
}

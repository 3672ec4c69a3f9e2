/** `clear`: empties the logs of processes. */
import type { ClearResult } from '../../../proto/local-orders.ts';
import { escapeUnsafe } from '../../render/text.ts';
import { EXIT } from '../exit-status.ts';
import { errorLine, unknownNameLine, withoutNeedless } from '../names.ts';
import { action, LOOKS_FIRST, type LocalContext, type LocalVerb, wrong } from './verb.ts';

export const clear: LocalVerb = {
  ...LOOKS_FIRST,
  summary: 'empty the logs of processes',
  usage: [
    ['clear NAME…', 'empty their logs; those that were rotated stay'],
    ['clear all', 'the logs of every process'],
  ],
  read: (names) =>
    names.length === 0
      ? wrong('Error: clear requires a process name')
      : action((context) => clearLogs(context, withoutNeedless(names))),
};

async function clearLogs(
  { client, environment }: LocalContext,
  names: readonly string[],
): Promise<number> {
  const results = await client.clearLogs(names);
  environment.stdout.write(results.map(resultLine).join(''));
  return results.every(({ fault }) => fault === null) ? EXIT.success : EXIT.generic;
}

function resultLine({ process, fault, error }: ClearResult): string {
  if (fault === null) return `${escapeUnsafe(process)}: cleared\n`;
  return fault === 'bad-name' ? unknownNameLine(process) : errorLine(process, error ?? 'failed');
}

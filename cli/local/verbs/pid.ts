/** `pid` and `version`: of the agent itself, and the pids of what it runs. */

import { compareGroupAndName } from '../../../proto/text-order.ts';
import { escapeUnsafe } from '../../render/text.ts';
import { EXIT } from '../exit-status.ts';
import { ALL, selectProcesses } from '../names.ts';
import { action, LOOKS_FIRST, type LocalContext, type LocalVerb, withoutWords } from './verb.ts';

export const pid: LocalVerb = {
  ...LOOKS_FIRST,
  summary: 'show pids',
  usage: [
    ['pid', 'show the pid of the agent'],
    ['pid NAME…', 'show the pids of these; 0 is one that does not run'],
    ['pid all', 'show the pid of every process, one a line'],
  ],
  read: (names) => action((context) => showPids(context, names)),
};

export const version: LocalVerb = {
  ...LOOKS_FIRST,
  summary: "show the agent's version",
  usage: [['version', 'show the version of the agent that runs']],
  looksForAgentFirst: false,
  read: (words) =>
    withoutWords('version', words, async ({ client, environment }) => {
      environment.stdout.write(`${escapeUnsafe(client.agent.version)}\n`);
      return EXIT.success;
    }),
};

async function showPids(
  { client, environment: { stdout } }: LocalContext,
  names: readonly string[],
): Promise<number> {
  if (names.length === 0) {
    stdout.write(`${client.agent.pid}\n`);
    return EXIT.success;
  }
  const known = (await client.list()).processes.toSorted(compareGroupAndName);
  if (names.includes(ALL)) {
    stdout.write(known.map((process) => `${process.pid ?? 0}\n`).join(''));
    return EXIT.success;
  }
  let exitCode: number = EXIT.success;
  for (const typed of names) {
    const { processes } = selectProcesses([typed], known);
    if (processes.length === 0) {
      stdout.write(`No such process ${escapeUnsafe(typed)}\n`);
      exitCode = EXIT.generic;
    }
    for (const process of processes) {
      stdout.write(`${process.pid ?? 0}\n`);
      if (process.pid === null) exitCode = EXIT.notRunning;
    }
  }
  return exitCode;
}

/** The agent, whose log tells each change of a process's state. */
import { join } from 'node:path';
import type { ProcessState } from '../../proto/vocabulary.ts';
import { launchByNode } from './launch.ts';
import type { Change } from './row.ts';
import { DAEMON_OUTPUT, readJsonLines, type Side, textOrNull } from './side.ts';

export interface OurPrograms {
  readonly agent: string;
  readonly fleetctl: string;
}

const SOCKET = 'agent.sock';

export function ourSide({ agent, fleetctl }: OurPrograms): Side {
  const node = [process.execPath, '--no-warnings'];
  return {
    name: 'ours',
    socket: SOCKET,
    launchDaemon: launchByNode([...node, agent]),
    daemonArguments: (configPath) => ['-n', '-c', configPath],
    launchControl: launchByNode([...node, fleetctl]),
    controlArguments: (directory) => ['--local', '--socket', join(directory, SOCKET)],
    program: [...node, agent].join(' '),
    control: [...node, fleetctl].join(' '),
    readChanges: (directory) =>
      readJsonLines(join(directory, DAEMON_OUTPUT.stderr)).flatMap(changeOf),
  };
}

/** `web is RUNNING`, with what is known beside it (agent/driver.ts). */
function changeOf(line: Record<string, unknown>): readonly Change[] {
  const { time, process, state, processPid, exitCode, exitSignal, lastError, msg } = line;
  if (msg !== `${process} is ${state}`) return [];
  const isEnd = ['EXITED', 'BACKOFF', 'STOPPED', 'FATAL'].includes(String(state));
  const ending = typeof exitSignal === 'string' ? `SIG${exitSignal}` : (exitCode ?? null);
  return [
    {
      atMs: typeof time === 'number' ? time : Date.parse(String(time)),
      process: String(process),
      state: String(state) as ProcessState,
      pid: Number(processPid) || null,
      ending: isEnd && ending !== null ? String(ending) : null,
      error: textOrNull(lastError),
    },
  ];
}

/** Supervisor as Debian packages it, with a recorder inside (`probes/recorder.py`). */
import { join } from 'node:path';
import type { ProcessState } from '../../proto/vocabulary.ts';
import type { SupervisorLauncher } from './launch.ts';
import type { Change } from './row.ts';
import { CONTROL_CONFIG, RECORD, readJsonLines, type Side, textOrNull } from './side.ts';

export const supervisorSide = (launcher: SupervisorLauncher): Side => ({
  name: 'supervisor',
  socket: 'supervisor.sock',
  launchDaemon: launcher.launch('supervisord'),
  daemonArguments: (configPath) => ['-n', '-c', configPath],
  launchControl: launcher.launch('supervisorctl'),
  controlArguments: (directory) => ['-c', join(directory, CONTROL_CONFIG)],
  program: 'supervisord',
  control: 'supervisorctl',
  readChanges: (directory) => readJsonLines(join(directory, RECORD)).map(changeOf),
});

function changeOf(line: Record<string, unknown>): Change {
  const { at, group, name, state, pid, ending, error } = line;
  return {
    atMs: Number(at) * 1_000,
    process: group === name ? String(name) : `${group}:${name}`,
    state: String(state) as ProcessState,
    pid: Number(pid) || null,
    ending: endingOf(textOrNull(ending)),
    error: textOrNull(error),
  };
}

/** `exit status 3`, `terminated by SIGKILL`, `terminated by SIGSEGV (core dumped)`, `… signal 40`. */
function endingOf(text: string | null): string | null {
  if (text === null) return null;
  const nameless = /^terminated by signal (\d+)/.exec(text)?.[1];
  if (nameless !== undefined) return `SIG${nameless}`;
  const [, code, signal] = /^exit status (\d+)|^terminated by (\w+)/.exec(text) ?? [];
  return code ?? signal ?? text;
}

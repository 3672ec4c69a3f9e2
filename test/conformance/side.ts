/**
 * The two daemons as the harness sees them: how each is started and commanded, and where its
 * recorder writes. Everything else about a row is the same for both.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Launch } from './launch.ts';
import type { Change } from './row.ts';

export interface Side {
  readonly name: 'supervisor' | 'ours';
  readonly launchDaemon: Launch;
  readonly daemonArguments: (configPath: string) => readonly string[];
  readonly launchControl: Launch;
  readonly controlArguments: (directory: string) => readonly string[];
  /** The same two for a shell: what `{program}` and `{control}` in a row stand for. */
  readonly program: string;
  readonly control: string;
  /** Of its control socket, below the directory. */
  readonly socket: string;
  /** In the order in which they happened. */
  readonly readChanges: (directory: string) => readonly Change[];
}

/** What the daemons write on stdout and stderr, below the directory. */
export const DAEMON_OUTPUT = { stdout: 'daemon.stdout', stderr: 'daemon.stderr' } as const;

/** Where the plug-in in supervisord writes. */
export const RECORD = 'changes.jsonl';

/** supervisorctl gets a file of its own: the daemon's is at times broken on purpose. */
export const CONTROL_CONFIG = 'supervisorctl.conf';

export const readText = (path: string): string =>
  existsSync(path) ? readFileSync(path, 'utf8') : '';

/** Whole lines of JSON; the last one may still be on its way. */
export function readJsonLines(path: string): readonly Record<string, unknown>[] {
  const lines = readText(path).split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      const value: unknown = JSON.parse(line);
      return [value as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}

export const textOrNull = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

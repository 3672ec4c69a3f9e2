/** Asks the Supervisor that is installed here what it makes of configuration files. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface JudgedLog {
  /** Absolute, `AUTO`, or null for none. */
  readonly file: string | null;
  readonly syslog: boolean;
  readonly maxBytes: number;
  readonly backups: number;
}

export interface JudgedProcess {
  readonly group: string;
  readonly groupPriority: number;
  readonly name: string;
  readonly priority: number;
  /** Null: as the daemon. */
  readonly uid: number | null;
  readonly command: string;
  readonly directory: string | null;
  readonly umask: number | null;
  readonly autostart: boolean;
  readonly autorestart: string;
  readonly startsecs: number;
  readonly startretries: number;
  readonly exitcodes: readonly number[];
  readonly stopsignal: number;
  readonly stopwaitsecs: number;
  readonly stopasgroup: boolean;
  readonly killasgroup: boolean;
  readonly redirect_stderr: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly serverurl: string | null;
  readonly stdout: JudgedLog;
  readonly stderr: JudgedLog;
}

export interface JudgedDaemon {
  readonly uid: number | null;
  readonly minfds: number;
  readonly minprocs: number;
  readonly umask: number;
  readonly stripAnsi: boolean;
  readonly childlogdir: string;
  readonly logfile: string;
  readonly logfileMaxBytes: number;
  readonly logfileBackups: number;
  readonly loglevel: number;
  readonly pidfile: string;
}

export type Verdict =
  | { readonly refused: string }
  | {
      readonly daemon: JudgedDaemon;
      readonly processes: readonly (JudgedProcess & { readonly section: string })[];
    };

export interface Host {
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Name → uid, gid. */
  readonly users: Readonly<Record<string, readonly [number, number]>>;
  readonly groups: Readonly<Record<string, number>>;
}

/** The Python for which the package is installed; null: there is none. */
export function findSupervisor(): string | null {
  const candidates = ['python3', '/usr/bin/python3'];
  return (
    candidates.find(
      (python) => spawnSync(python, ['-c', 'import supervisor.options']).status === 0,
    ) ?? null
  );
}

/** One verdict for each file, in their order. */
export function askSupervisor(
  python: string,
  files: readonly string[],
  host: Host,
): readonly Verdict[] {
  const script = fileURLToPath(new URL('judge.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: JSON.stringify({ files, users: host.users, groups: host.groups }),
    env: host.env,
    cwd: host.workingDirectory,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`the judge failed: ${stderr}`);
  return (JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }).verdicts;
}

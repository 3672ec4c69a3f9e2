/**
 * One process as the configuration defines it, after expansion: everything that the agent needs
 * to know to start, judge and stop it. Names and defaults are Supervisor's (`[program:x]`,
 * supervisor/options.py), units are in the names.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';

/** Supervisor's `autorestart`: true, false, unexpected. It applies to exits from RUNNING only. */
export type AutoRestart = 'always' | 'never' | 'unexpected';

/** Where one output stream of a process goes. */
export type LogTarget =
  | { readonly kind: 'file'; readonly path: string }
  /** A file of the agent's own choosing, in its state directory. */
  | { readonly kind: 'auto' }
  /** The agent's own stdout or stderr (`/dev/stdout`), which is never rotated. */
  | { readonly kind: 'standard'; readonly descriptor: 1 | 2 }
  | { readonly kind: 'none' };

export interface LogDefinition {
  readonly target: LogTarget;
  /** To the system's log too, line by line. */
  readonly syslog: boolean;
  /** 0: never rotate. */
  readonly maxBytes: number;
  /** 0: keep none. */
  readonly backups: number;
  /** Ours (`log_timestamps`): each line begins with the time at which it came. */
  readonly timestamps: boolean;
}

/** As whom a program runs; its further groups are looked up when it is started. */
export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Ours (`depends_on`), with the meanings that compose files have. */
export type DependencyCondition =
  /** It is RUNNING. */
  | 'started'
  /** It is RUNNING and its health check passes. */
  | 'healthy'
  /** It has ended with an expected exit code. */
  | 'completed';

export interface Dependency {
  readonly process: ProcessName;
  readonly condition: DependencyCondition;
}

export type HealthProbe =
  /** Split into words when it is run, as `command` is; healthy where it ends with 0. */
  | { readonly kind: 'exec'; readonly command: string }
  /** Healthy where it answers 200 to 399. */
  | { readonly kind: 'http'; readonly url: string }
  /** Healthy where it can be connected to. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Ours (`healthcheck…`), with the meanings that compose files have. */
export interface HealthCheck {
  readonly probe: HealthProbe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries: number;
}

export interface ProcessDefinition {
  readonly process: ProcessName;
  readonly group: string;
  readonly name: string;
  readonly program: string;
  readonly groupPriority: number;
  readonly priority: number;
  /** Our own: how long the next tier waits for it at the most; 0: not at all. */
  readonly tierWaitMs: number;

  /** As written, expanded; split into words only when it is started, as Supervisor does. */
  readonly command: string;
  readonly directory: string | null;
  readonly umask: number | null;
  /** Null: as the agent does. */
  readonly user: ProcessUser | null;
  /** `SUPERVISOR_SERVER_URL`; null: not set. */
  readonly serverUrl: string | null;
  /** What the program's own `environment=` and the global one add to the agent's environment. */
  readonly environment: Readonly<Record<string, string>>;

  readonly autostart: boolean;
  readonly autorestart: AutoRestart;
  readonly startMs: number;
  readonly startRetries: number;
  readonly exitCodes: readonly number[];

  /** Without `SIG`. */
  readonly stopSignal: string;
  readonly stopWaitMs: number;
  readonly stopAsGroup: boolean;
  readonly killAsGroup: boolean;
  /** Ours: whatever it has started ends with it, also outside its process group. */
  readonly stopDescendants: boolean;

  /** Ours: it is started only when these are as it needs them; each process named by itself. */
  readonly dependsOn: readonly Dependency[];
  readonly healthCheck: HealthCheck | null;
  /** Ours: the least time between its end and a start that nobody asked for. */
  readonly restartPauseMs: number;
  /** Ours: more resident memory than this, and it is restarted; null: no limit. */
  readonly memoryMaxBytes: number | null;

  readonly redirectStderr: boolean;
  /** Escape sequences of terminals are kept out of its logs. */
  readonly stripAnsi: boolean;
  readonly stdoutLog: LogDefinition;
  readonly stderrLog: LogDefinition;
}

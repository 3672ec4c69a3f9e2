/**
 * The keys of `[program:x]`, their kinds and Supervisor's defaults. Those in `programTable` are read
 * once for the program; those in `processTable` may name `%(process_num)s` or the program's own
 * variables, and are read once for each process.
 */
import type { Variables } from '../../proto/dialect/expand.ts';
import { optional, type ReadContext, required, type Values } from '../../proto/dialect/settings.ts';
import { boolean, environment, integer, seconds, text, umask } from '../../proto/dialect/values.ts';
import { dependencies } from './depends-on.ts';
import { type EnvFiles, envFilePaths } from './env-files.ts';
import { healthTable } from './health-check.ts';
import { logTable } from './log.ts';
import type { PathFinder } from './paths.ts';
import { serverUrl } from './server-url.ts';
import { type Accounts, programUser } from './user.ts';
import { autoRestart, exitCodes, memoryLimit, name, orZero, signalName } from './values.ts';

export interface ProgramContext {
  /** Its variables include those of the global environment. */
  readonly context: ReadContext;
  /** Of `[supervisord]`: for every program. */
  readonly environment: ReadonlyMap<string, string>;
  /** For programs that say nothing else. */
  readonly umask: number | null;
  readonly stripAnsi: boolean;
  /** What `AUTO` means for `serverurl`. */
  readonly serverUrl: string | null;
  /** Its user is the one that programs run as if they name none. */
  readonly accounts: Accounts;
  readonly signals: Readonly<Record<string, number>>;
  readonly finder: PathFinder;
  readonly envFiles: EnvFiles;
}

export const programTable = ({ accounts, signals, serverUrl: automatic }: ProgramContext) => ({
  numprocs: optional(orZero(integer({ min: 0, max: NUMPROCS_MAX })), 1),
  numprocs_start: optional(integer({ min: -START_MAX, max: START_MAX }), 0),
  priority: optional(integer({ min: Number.MIN_SAFE_INTEGER }), 999),
  autostart: optional(boolean, true),
  autorestart: optional(autoRestart, 'unexpected' as const),
  startsecs: optional(orZero(seconds), 1000),
  startretries: optional(orZero(integer({ min: 0 })), 3),
  exitcodes: optional(exitCodes, [0]),
  stopsignal: optional(signalName(signals), 'TERM'),
  stopwaitsecs: optional(orZero(seconds), 10_000),
  tier_wait: optional(seconds, 30_000),
  stopasgroup: optional(boolean, false),
  killasgroup: optional(boolean, null),
  stop_descendants: optional(boolean, false),
  restart_pause: optional(seconds, 0),
  memory_max: optional(memoryLimit, null),
  log_timestamps: optional(boolean, false),
  redirect_stderr: optional(boolean, false),
  umask: optional(umask, null),
  user: optional(programUser(accounts), null),
  serverurl: optional(serverUrl(automatic), automatic),
});

/** `variables` are those that the keys themselves are expanded with. */
export const processTable = (
  program: string,
  { finder }: ProgramContext,
  variables: Variables,
) => ({
  command: required(text('a command line')),
  directory: optional(text('a directory'), null),
  process_name: optional(name, program),
  env_file: optional(envFilePaths(finder), []),
  depends_on: optional(dependencies, []),
  ...healthTable,
  ...logTable(finder, variables),
});

export const ENVIRONMENT = { environment: optional(environment, new Map<string, string>()) };

export type Shared = Values<ReturnType<typeof programTable>>;
export type Own = Values<ReturnType<typeof processTable>> & Values<typeof ENVIRONMENT>;

/** Every key that is read. */
export const programKeys = (around: ProgramContext): readonly string[] =>
  [programTable(around), ENVIRONMENT, processTable('', around, [])].flatMap((table) =>
    Object.keys(table),
  );

/** Keys of Supervisor that this version does not act on. */
export const LATER_OF_SUPERVISOR: readonly string[] = [
  'stdout_capture_maxbytes',
  'stderr_capture_maxbytes',
  'stdout_events_enabled',
  'stderr_events_enabled',
];

/** And our own. */
export const NOT_YET: readonly string[] = [...LATER_OF_SUPERVISOR, 'labels'];

/** More is a typing error, and each process costs memory before anything could say so. */
const NUMPROCS_MAX = 10_000;
const START_MAX = Number.MAX_SAFE_INTEGER - NUMPROCS_MAX;

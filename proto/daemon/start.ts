/**
 * What both daemons do between their command line and their first socket: report every problem of
 * the configuration at once, check the certificates, take the state directory for themselves. Each
 * step that fails ends the program with exit code 2 and says why on stderr.
 */
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { type CredentialFiles, type Credentials, loadCredentials } from '../credentials.ts';
import { type Found, formatProblems, printable } from '../dialect/problem.ts';
import { FleetError, messageOf, type Refusal, refusal } from '../errors.ts';
import type { IdentityKind } from '../identity-name.ts';
import { keptDatabase } from '../sqlite.ts';
import type { DaemonArguments } from './arguments.ts';
import { exposedAt } from './exposed-path.ts';

export interface LoadedConfig<Config> {
  readonly config: Config | null;
  readonly problems: Found['errors'];
  readonly warnings: Found['warnings'];
  readonly notices: Found['notices'];
}

/**
 * @returns the configuration to run with
 * @throws FleetError `configuration` where there is none
 */
export function acceptConfig<Config>(
  loaded: LoadedConfig<Config>,
  args: DaemonArguments,
  write: (text: string) => void,
): Config {
  const report = formatProblems({ ...loaded, errors: loaded.problems });
  if (report !== '') write(`${report}\n`);
  const isRefused = args.isCheck && args.isStrict && loaded.warnings.length > 0;
  if (loaded.config === null || isRefused) {
    throw new FleetError(refusal('configuration', `${args.configPath} cannot be used`));
  }
  return loaded.config;
}

/** @throws FleetError `configuration` with every problem of the three files */
export function acceptCredentials(
  files: CredentialFiles,
  kind: IdentityKind,
  nowMs: number,
): Credentials {
  const loaded = loadCredentials(files, { kind, nowMs });
  if (loaded.kind === 'loaded') return loaded.credentials;
  throw unusableCredentials(loaded.problems);
}

export function unusableCredentials(problems: readonly string[]): FleetError {
  return new FleetError(
    refusal('configuration', 'the certificates cannot be used', { cause: problems.join('\n') }),
  );
}

/**
 * Makes a directory that only the daemon's user can enter. One that is there stays as it is: it may
 * be `/tmp` or `/var/log`, which many `supervisord.conf` name, and is not ours to close.
 */
export function makePrivateDirectory(path: string): void {
  inDirectory(path, () => makeDirectories(path));
}

/**
 * The same where what others plant would be trusted: they must not be able to.
 * @param setting what named it, for the refusal
 */
export function makeGuardedDirectory(setting: string, path: string): void {
  makePrivateDirectory(path);
  assertGuarded(setting, path);
}

/** Closes it to others, unless it holds what is not ours; what we keep there is private in any case. */
function makeOwnDirectory(path: string): void {
  inDirectory(path, () => {
    if (makeDirectories(path)) return;
    const entries = readdirSync(path);
    const isOurs = entries.length === 0 || entries.includes(LOCK_FILE);
    if (isOurs) chmodSync(path, 0o700);
  });
  assertGuarded('state_dir', path);
}

/**
 * Not `mkdirSync` with `recursive`: on Node 20 it never returns where a file system answers ENOENT
 * to who makes a directory in one that is there, as `/proc` does.
 * @returns whether it had to be made
 */
function makeDirectories(path: string): boolean {
  try {
    mkdirSync(path, PRIVATE);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) makeDirectories(dirname(path));
    else if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false;
    else throw error;
  }
  mkdirSync(path, PRIVATE);
  return true;
}

const PRIVATE = { mode: 0o700 };

const LOCK_FILE = 'lock';

function assertGuarded(setting: string, path: string): void {
  const exposed = inDirectory(path, () => exposedAt(path));
  if (exposed === null) return;
  const uid = process.geteuid?.();
  const owner = uid === 0 ? 'root' : String(uid);
  throw new FleetError(
    refusal('configuration', `${setting} ${path} is writable by others than ${owner}`, {
      cause: `whoever may write in ${exposed}, or owns it, could change what this program relies on`,
      fix: `name a directory that nobody else uses; or, if nobody else needs ${exposed}: chown ${owner} ${exposed} && chmod 700 ${exposed}`,
    }),
  );
}

function inDirectory<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new FleetError(
      refusal('configuration', `the directory ${path} cannot be used`, {
        cause: messageOf(error),
        fix: 'make it writable for the user that runs this program, or name another one',
      }),
    );
  }
}

/**
 * Holds the state directory against a second instance for as long as the program lives, however
 * it ends: the kernel drops the lock that SQLite takes on the file. Node has no flock(2).
 */
export function lockStateDirectory(path: string): Disposable {
  makeOwnDirectory(path);
  const file = join(path, LOCK_FILE);
  try {
    const database = keptDatabase(file, 0);
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    return { [Symbol.dispose]: () => database.close() };
  } catch (error) {
    throw new FleetError(lockRefusal(path, file, error));
  }
}

function lockRefusal(path: string, file: string, error: unknown): Refusal {
  const cause = messageOf(error);
  const isTaken = error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY';
  if (!isTaken) {
    const fix = 'it holds nothing: remove it if it is damaged, and check who may write there';
    return refusal('configuration', `the lock file ${file} cannot be used`, { cause, fix });
  }
  return refusal('configuration', `another instance is running with state_dir ${path}`, {
    fix: 'stop it first, or give this one a state_dir of its own',
  });
}

/** Ends a daemon that cannot start. */
export function refuseToStart(name: string, caught: unknown): never {
  process.exit(tellRefusal(name, caught).code === 'internal' ? 1 : 2);
}

/** On stderr, for people. */
export function tellRefusal(name: string, caught: unknown): Refusal {
  const because = FleetError.refusalFrom(caught);
  const { message, cause, fix, code } = because;
  process.stderr.write(`${name}: ${printable(message)}\n`);
  if (cause !== null) process.stderr.write(`${indented(cause)}\n`);
  if (fix !== null) process.stderr.write(`  fix: ${fix.split('\n').map(printable).join('\n')}\n`);
  if (code === 'internal' && caught instanceof Error) process.stderr.write(`${caught.stack}\n`);
  return because;
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${printable(line)}`)
    .join('\n');

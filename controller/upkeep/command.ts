/**
 * `fleet-controller backup` and `fleet-controller restore` as people type them: what they ask for,
 * and what is said about what was done. The rest of the program's command line is not looked at here.
 */
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { systemClock } from '../../proto/clock.ts';
import { writeToStderr } from '../../proto/daemon/log.ts';
import { acceptConfig, lockStateDirectory } from '../../proto/daemon/start.ts';
import type { Surroundings } from '../../proto/dialect/read-document.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { loadControllerConfig } from '../config/config.ts';
import { backUp } from './backup.ts';
import { describeFacts } from './database-file.ts';
import { DATABASE_FILE, planRestore, type RestoreOptions, restore } from './restore.ts';
import { describePlan, describeResult } from './restore-text.ts';

/** What these commands need of the world. */
export interface UpkeepWorld {
  readonly surroundings: Surroundings;
  /** Where the configuration is, if nobody says so. */
  readonly defaultConfig: string;
}

const OK = 0;
const USAGE = 2;

/**
 * @param words of the command line
 * @returns the exit code; null: these words are none of ours
 * @throws FleetError where what was asked for cannot be done; then nothing was changed
 */
export function upkeepCommand(
  words: readonly string[],
  world: UpkeepWorld,
): Promise<number> | null {
  return words[0] === 'backup' || words[0] === 'restore' ? run(words, world) : null;
}

async function run(words: readonly string[], world: UpkeepWorld): Promise<number> {
  let code = OK;
  const program = new Command('fleet-controller').exitOverride();
  const configOption = [
    '-c, --configuration <file>',
    `configuration file (default: ${world.defaultConfig})`,
  ] as const;
  program
    .command('backup')
    .description('Copies the database to FILE, checked; the controller may be running.')
    .argument('<file>', 'where nothing is yet')
    .option(...configOption)
    .action(async (file: string, options: GivenOptions) => {
      code = await backupCommand(file, stateDirOf(options, world), world);
    });
  program
    .command('restore')
    .description('Makes the backup FILE the database; the controller must be stopped.')
    .argument('<file>', 'a backup')
    .option(...configOption)
    .option('--without-ledger', 'although nothing says what was revoked since the backup')
    .option('--yes', 'do it; without it, only say what would be done')
    .action(async (file: string, options: GivenOptions) => {
      code = await restoreCommand(file, options, world);
    });
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? OK : USAGE;
  }
  return code;
}

interface GivenOptions {
  readonly configuration?: string;
  readonly withoutLedger?: true;
  readonly yes?: true;
}

function stateDirOf({ configuration }: GivenOptions, world: UpkeepWorld): string {
  const configPath = configuration ?? world.defaultConfig;
  const loaded = loadControllerConfig(configPath, world.surroundings);
  const given = { configPath, isCheck: false, isStrict: false, settings: new Map() };
  return acceptConfig(loaded, given, writeToStderr).stateDir;
}

const absolute = (file: string, { surroundings }: UpkeepWorld): string =>
  resolve(surroundings.workingDirectory, file);

async function backupCommand(file: string, stateDir: string, world: UpkeepWorld): Promise<number> {
  const target = absolute(file, world);
  const nowMs = systemClock.now().wallMs;
  const backup = await backUp(join(stateDir, DATABASE_FILE), target, nowMs);
  say([`${target}: ${backup.bytes} bytes`, ...describeFacts(backup)]);
  return OK;
}

async function restoreCommand(
  file: string,
  given: GivenOptions,
  world: UpkeepWorld,
): Promise<number> {
  const stateDir = stateDirOf(given, world);
  refuseOtherUser(stateDir);
  using _lock = lockStateDirectory(stateDir);
  const options: RestoreOptions = {
    stateDir,
    backup: absolute(file, world),
    withoutLedger: given.withoutLedger === true,
    user: userName(),
    at: systemClock.now(),
  };
  const plan = await planRestore(options);
  if (given.yes !== true) {
    say([...describePlan(plan), 'Nothing was done. Say --yes to do it.']);
    return USAGE;
  }
  say(describeResult(await restore(plan)));
  return OK;
}

/** The controller could not open what belongs to somebody else. */
function refuseOtherUser(stateDir: string): void {
  const owner = statSync(stateDir, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.geteuid?.()) return;
  throw new FleetError(
    refusal('configuration', `${stateDir} belongs to another user, whose controller it is`, {
      cause: `to the one with the number ${owner}; this is ${userName()}`,
      fix: `run it as that one: sudo -u '#${owner}' fleet-controller restore …`,
    }),
  );
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? 'unknown');
  }
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

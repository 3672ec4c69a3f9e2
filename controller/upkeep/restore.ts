/**
 * `fleet-controller restore`: takes a backup up as the database, without giving back what was taken
 * away since (`corrections.ts`). The controller must be stopped; what is there now is kept aside.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Instant } from '../../proto/instant.ts';
import { isDamage } from '../../proto/sqlite.ts';
import { openStore } from '../store/open.ts';
import { type Corrections, correctionsOf } from './corrections.ts';
import { checkDatabase, copyDatabase, type DatabaseFacts } from './database-file.ts';
import { LEDGER_FILE } from './ledger.ts';
import { readLedger } from './read-ledger.ts';
import { readReplaced, swapDatabases } from './swap.ts';
import type { LedgerWrite } from './what-ended.ts';

export interface RestoreOptions {
  /** Locked by who calls this. */
  readonly stateDir: string;
  readonly backup: string;
  readonly withoutLedger: boolean;
  /** The unix user, for the record. */
  readonly user: string;
  readonly at: Instant;
}

/** All that can stand in the way was looked at; nothing was changed yet. */
export interface RestorePlan {
  readonly options: RestoreOptions;
  readonly facts: DatabaseFacts;
  readonly ledger: readonly LedgerWrite[] | null;
  readonly database: string;
  /** Where the present one will be. */
  readonly aside: string;
  /** There is a present one. */
  readonly isReplacing: boolean;
}

export interface RestoreResult extends Omit<Corrections, 'writes'> {
  readonly plan: RestorePlan;
}

export const DATABASE_FILE = 'fleet.db';

/** @throws FleetError `configuration` where it cannot be done as asked */
export async function planRestore(options: RestoreOptions): Promise<RestorePlan> {
  const { stateDir, backup, at } = options;
  const facts = await checkDatabase(backup, at.wallMs);
  const ledger = acceptLedger(options);
  const database = join(stateDir, DATABASE_FILE);
  const aside = asideOf(database, at);
  return { options, facts, ledger, database, aside, isReplacing: existsSync(database) };
}

function asideOf(path: string, { wallMs }: Instant): string {
  return `${path}.before-restore-${new Date(wallMs).toISOString().replace(/[-:.]/g, '')}`;
}

function acceptLedger({ stateDir, withoutLedger }: RestoreOptions): RestorePlan['ledger'] {
  const path = join(stateDir, LEDGER_FILE);
  const contents = readLedger(path);
  if (contents.kind === 'read') return contents.writes;
  if (withoutLedger) return null;
  const isMissing = contents.kind === 'missing';
  throw new FleetError(
    refusal('configuration', `${path} ${isMissing ? 'is missing' : 'cannot be read'}`, {
      cause: isMissing
        ? 'it says which certificates and tokens were revoked since the backup; without it they would count again'
        : contents.cause,
      fix: 'bring it back from wherever there is a copy; or, with --without-ledger, revoke again what must not count',
    }),
  );
}

export async function restore(plan: RestorePlan): Promise<RestoreResult> {
  const { options, database, aside, ledger } = plan;
  const { backup, at, user } = options;
  const restored = `${database}.restoring`;
  removeAll(restored);
  try {
    copyDatabase(backup, restored);
    const replaced = readReplaced(database);
    const given = { ledger, from: backup, replaced, user, at };
    const corrections = await correct(restored, at.wallMs, (contents) =>
      correctionsOf({ ...given, contents }),
    );
    swapDatabases(database, restored, aside);
    if (ledger === null) putLedgerAside(options);
    return { ...corrections, plan };
  } finally {
    removeAll(restored);
  }
}

/** One that cannot be read: the next controller begins another. */
function putLedgerAside({ stateDir, at }: RestoreOptions): void {
  const path = join(stateDir, LEDGER_FILE);
  if (existsSync(path)) renameSync(path, asideOf(path, at));
}

type Contents = ReturnType<typeof openStore>['contents'];

async function correct(
  path: string,
  wallMs: number,
  decide: (contents: Contents) => Corrections,
): Promise<Corrections> {
  const store = openStore(path, wallMs);
  try {
    const corrections = decide(store.contents);
    if ((await store.commit(corrections.writes)) === 'committed') return corrections;
    throw new FleetError(refusal('exhausted', `there is no room for ${path}`));
  } catch (error) {
    if (!isDamage(error)) throw error;
    const cause = 'the backup was sound a moment ago; the disk may not be';
    throw new FleetError(refusal('configuration', `${path} is damaged`, { cause }));
  } finally {
    store[Symbol.dispose]();
  }
}

/** With what SQLite and an upgrade of the schema leave beside it. */
function removeAll(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(basename(path))) rmSync(join(directory, name), { force: true });
  }
}

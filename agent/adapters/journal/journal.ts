/**
 * The agent's durable memory: one SQLite file in its state directory. Records of processes only
 * have to survive the agent; targets of operations must survive power loss too, because they are
 * what keeps a repeated command from being carried out twice, and so must holds, on which people rely.
 */
import { randomUUID } from 'node:crypto';
import { FleetError, messageOf, type Refusal, refusal } from '../../../proto/errors.ts';
import {
  isDamage,
  type Opening,
  openUndamaged,
  type SqliteDatabase,
  setDurability,
} from '../../../proto/sqlite.ts';
import { type JournalId, journalId } from '../../../proto/vocabulary.ts';
import type { JournalContents } from '../../core/recover.ts';
import type { AgentWrite } from '../../core/state.ts';
import type { Journal } from '../../ports.ts';
import { type Facts, readContents, readFacts } from './journal-contents.ts';
import { JOURNAL_MIGRATIONS } from './journal-schema.ts';
import { applyWrite, claimRecords, prepareWrites, type Writes } from './journal-writes.ts';
import { setAside } from './set-aside.ts';

export interface OpenJournal extends Journal, Disposable {
  readonly id: JournalId;
  /** No agent has ever come so far as to record its processes in it. */
  readonly isNew: boolean;
  /** Of the file that was here and could not be used; null: there was none, or it is in use. */
  readonly damage: JournalDamage | null;
  readonly contents: JournalContents;
  /** What the agent went by when it last started well, as its configuration said; null: never. */
  readonly settings: string | null;
  keepSettings(text: string): void;
}

interface JournalDamage {
  /** In SQLite's words, mostly. */
  readonly cause: string;
  readonly movedTo: string;
}

interface JournalOptions {
  /** False: there would be nothing to go by without what is in the file. */
  readonly canDoWithout?: boolean;
}

/**
 * A damaged file is set aside, and a new journal is begun: a host must not be left alone because of
 * it. One of a newer version, or one that cannot be read or written, is left as it is.
 * @throws FleetError `configuration` for those, and for a damaged one that cannot be done without
 */
export function openJournal(
  path: string,
  bootId: string,
  { canDoWithout = true }: JournalOptions = {},
): OpenJournal {
  const found = openFile(path);
  if (found.kind === 'open') return journalIn(found, bootId, null);
  const { cause } = found;
  if (!canDoWithout) throw new FleetError(nothingToGoBy(path, cause));
  const damage = { cause, movedTo: setAside(path, Date.now()) };
  const begun = openFile(path);
  if (begun.kind === 'open') return journalIn(begun, bootId, damage);
  throw new FleetError(
    refusal('configuration', `the journal ${path} is damaged as soon as it is made`, {
      cause: begun.cause,
      fix: 'check the disk that holds state_dir, or name another state_dir',
    }),
  );
}

/**
 * A journal in a database that is open and has its tables already.
 * @throws Error naming the first row that cannot be what an agent wrote
 */
export function journalOn(database: SqliteDatabase, bootId: string): OpenJournal {
  return journalIn(tablesOf(database), bootId, null);
}

interface OpenFile {
  readonly kind: 'open';
  readonly database: SqliteDatabase;
  readonly facts: Facts;
  readonly statements: Writes;
  readonly contents: JournalContents;
}

type Damaged = Extract<Opening, { readonly kind: 'damaged' }>;

function openFile(path: string): OpenFile | Damaged {
  const opening = openMigrated(path);
  if (opening.kind === 'damaged') return opening;
  const { database } = opening;
  try {
    return tablesOf(database);
  } catch (error) {
    database.close();
    if (isDiskTrouble(error)) throw error;
    return { kind: 'damaged', cause: messageOf(error) };
  }
}

function tablesOf(database: SqliteDatabase): OpenFile {
  const facts = readFacts(database);
  const contents = readContents(database, facts);
  return { kind: 'open', database, facts, contents, statements: prepareWrites(database) };
}

function openMigrated(path: string): Opening {
  try {
    // Whole, so that what a commit complained of is found when the agent is started again.
    return openUndamaged({ path, migrations: JOURNAL_MIGRATIONS, check: 'integrity_check' });
  } catch (error) {
    // A record that a migration could not read; any other failure of one is ours.
    if (messageOf(error) !== 'malformed JSON') throw error;
    return { kind: 'damaged', cause: 'a record in it is no JSON' };
  }
}

/** SQLITE_ERROR stands for what is in the file: tables that are missing, or somebody else's. */
function isDiskTrouble(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  const isFromSqlite = typeof code === 'string' && code.startsWith('SQLITE_');
  return isFromSqlite && code !== 'SQLITE_ERROR' && !isDamage(error);
}

function nothingToGoBy(path: string, cause: string): Refusal {
  return refusal('configuration', `the journal ${path} is damaged`, {
    cause: `${cause}; and the configuration on disk cannot be used, so there is nothing to go by`,
    fix: 'mend the configuration: the agent then sets the journal aside and takes over what runs',
  });
}

function journalIn(
  { database, facts, statements, contents }: OpenFile,
  bootId: string,
  damage: JournalDamage | null,
): OpenJournal {
  const id = facts.get('journal_id') ?? randomUUID();
  // Nothing is written that is known already: an agent that comes back to a full disk must start.
  const known = new Map(facts);
  const remember = (name: string, value: string): void => {
    if (known.get(name) !== value) statements.setFact.run(name, value);
    known.set(name, value);
  };
  remember('journal_id', id);
  let isClaimed = false;
  /** Null: not known. */
  let durability: 'FULL' | 'NORMAL' | null = null;
  const commit = database.transaction((writes: readonly AgentWrite[]) => {
    if (!isClaimed) claimRecords(statements, bootId);
    for (const write of writes) applyWrite(statements, write);
  });
  return {
    id: journalId(id),
    isNew: contents.bootId === null,
    damage,
    contents,
    settings: facts.get('settings') ?? null,
    keepSettings: (text) => remember('settings', text),
    async commit(writes) {
      const isOrdered = writes.some(({ kind }) => kind === 'target' || kind === 'hold');
      const wanted = isOrdered ? 'FULL' : 'NORMAL';
      if (wanted !== durability) {
        durability = null;
        setDurability(database, wanted);
        durability = wanted;
      }
      commit.immediate(writes);
      isClaimed = true;
    },
    [Symbol.dispose]: () => database.close(),
  };
}

/**
 * The controller's database: one SQLite file, one writer, one transaction for each batch of the
 * driver. What belongs to hosts, events and operations stands in a file of its own beside this one.
 */

import type { AuditHead } from '../../proto/audit.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { openDatabase, type SqliteDatabase } from '../../proto/sqlite.ts';
import type { Identities } from '../core/identities.ts';
import { OPERATION_RETENTION_MS } from '../core/operations.ts';
import type { FleetState, FleetWrite } from '../core/state.ts';
import type { CommitResult, Store } from '../ports.ts';
import { type AuditWrites, auditWrites, forgetOldAudit } from './audit.ts';
import { auditRows } from './audit-reads.ts';
import { verifyAudit } from './audit-verify.ts';
import { coalesced } from './coalesce.ts';
import { eventReads, eventWrites, forgetOldEvents } from './events.ts';
import { hostWrites, readHosts, readSessionEpoch } from './hosts.ts';
import { identityWrites, readIdentities } from './identities.ts';
import { forgetOldOperations, operationWrites, readOperations } from './operations.ts';
import { MIGRATIONS } from './schema.ts';

export interface OpenStore extends Store, Disposable {
  /** What an earlier controller left, with every host disconnected. */
  readonly contents: Pick<
    FleetState,
    'hosts' | 'operations' | 'live' | 'sessionEpoch' | 'identities'
  >;
  /** Lets go of history that is past its retention; what it led to is kept. */
  forgetOld(wallMs: number, retention?: Retention): void;
  /** The row that was put on record last; null: none ever was. */
  auditHead(): AuditHead | null;
}

/** How long history is kept. */
interface Retention {
  readonly eventMs: number;
  readonly auditMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

const DEFAULT_RETENTION: Retention = { eventMs: 14 * DAY_MS, auditMs: 365 * DAY_MS };

/** Keeps apart from the database what a backup of it must not undo. */
export interface EndedLedger {
  /**
   * @param known what the database knows of it; where nothing was kept yet, that comes first
   * @param nowMs wall clock, by which some of what was kept is long over
   */
  begin(known: Identities, nowMs: number): void;
  /** Before a batch is committed: what counts no more is kept by then. */
  noteBefore(writes: readonly FleetWrite[]): void;
  /** Once it is committed: what counts again. */
  noteAfter(writes: readonly FleetWrite[]): void;
}

/** @throws FleetError where the file is damaged or from a newer version */
export function openStore(
  path: string,
  wallMs: number,
  ledger: EndedLedger | null = null,
  operationRetentionMs = OPERATION_RETENTION_MS,
): OpenStore {
  const fixDamage = 'stop this controller, then: fleet-controller restore BACKUP';
  const database = openDatabase({ path, migrations: MIGRATIONS, fixDamage });
  return storeOn(database, wallMs, ledger, operationRetentionMs);
}

/** A store in a database that is open and has its tables already. */
export function storeOn(
  database: SqliteDatabase,
  wallMs: number,
  ledger: EndedLedger | null = null,
  operationRetentionMs = OPERATION_RETENTION_MS,
): OpenStore {
  // A batch touches a page or two of every host. They stay in memory, and go from the log into the
  // database once for several batches instead of after each (SQLite's defaults: 2 MB and 4 MB).
  database.exec('PRAGMA cache_size = -16384');
  database.exec('PRAGMA wal_autocheckpoint = 4096');
  const events = eventWrites(database);
  const { recent, between } = eventReads(database);
  const audit = auditWrites(database);
  const apply = prepareApply(database, events, audit);
  const transaction = database.transaction((writes: readonly FleetWrite[]) => {
    for (const write of coalesced(writes)) apply(write);
    events.markStored(writes);
    audit.writeHead();
  });
  const contents = {
    hosts: PersistentMap.of(readHosts(database)),
    ...readOperations(database, wallMs - operationRetentionMs),
    sessionEpoch: readSessionEpoch(database),
    identities: readIdentities(database),
  };
  ledger?.begin(contents.identities, wallMs);
  return {
    contents,
    async commit(writes): Promise<CommitResult> {
      try {
        ledger?.noteBefore(writes);
        transaction.immediate(writes);
        ledger?.noteAfter(writes);
        return 'committed';
      } catch (error) {
        events.forget();
        audit.forget();
        if (isFull(error)) return 'full';
        throw error;
      }
    },
    async recentEvents(query) {
      return recent(query);
    },
    async eventsBetween(query) {
      return between(query);
    },
    async auditRows(query, after) {
      return auditRows(database, query, after);
    },
    async verifyAudit(known) {
      return verifyAudit(database, known);
    },
    auditHead: () => audit.head(),
    forgetOld(nowMs, { eventMs, auditMs } = DEFAULT_RETENTION) {
      try {
        forgetOldAudit(database, nowMs - auditMs);
        forgetOldEvents(database, nowMs - eventMs);
        events.forget();
        forgetOldOperations(database, nowMs);
      } catch (error) {
        // Even letting go needs a little room. There may be some the next time.
        if (!isFull(error)) throw error;
      }
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT';
}

function prepareApply(
  database: SqliteDatabase,
  events: ReturnType<typeof eventWrites>,
  audit: AuditWrites,
): (write: FleetWrite) => void {
  const hosts = hostWrites(database);
  const operations = operationWrites(database);
  const identities = identityWrites(database);
  return (write) => {
    switch (write.kind) {
      case 'host':
        return hosts.putHost(write.host);
      case 'snapshot':
        return hosts.putSnapshot(write.host);
      case 'process':
        return hosts.putProcess(write.host, write.status);
      case 'processRemoved':
        return hosts.removeProcess(write.host, write.process);
      case 'sessionEpoch':
        return hosts.putSessionEpoch(write.epoch);
      case 'event':
        return events.append(write);
      case 'hostRemoved':
        return hosts.removeHost(write.host);
      case 'audit':
        return audit.append(write.entry);
      case 'operationBegun':
        return operations.begin(write.operation);
      case 'operationChanged':
        return operations.change(write);
      default:
        return identities(write);
    }
  };
}

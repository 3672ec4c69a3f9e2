/**
 * The controller's database: one SQLite file, one writer, one transaction for each batch of the
 * driver. What belongs to hosts, events and operations stands in a file of its own beside this one.
 */
import Database from 'better-sqlite3';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { openDatabase, type SqliteDatabase } from '../../proto/sqlite.ts';
import type { FleetState, FleetWrite } from '../core/state.ts';
import type { CommitResult, Store } from '../ports.ts';
import { coalesced } from './coalesce.ts';
import { eventReads, eventWrites, forgetOldEvents } from './events.ts';
import { hostWrites, readHosts, readSessionEpoch } from './hosts.ts';
import { forgetOldOperations, operationWrites, readOperations } from './operations.ts';
import { MIGRATIONS } from './schema.ts';

export interface OpenStore extends Store, Disposable {
  /** What an earlier controller left, with every host disconnected. */
  readonly contents: Pick<FleetState, 'hosts' | 'operations' | 'live' | 'sessionEpoch'>;
  /** Lets go of history that is past its retention; what it led to is kept. */
  forgetOld(wallMs: number): void;
}

/** @throws FleetError where the file is damaged or from a newer version */
export function openStore(path: string, wallMs: number): OpenStore {
  return storeOn(openDatabase({ path, migrations: MIGRATIONS }), wallMs);
}

/** A store in a database that is open and has its tables already. */
export function storeOn(database: SqliteDatabase, wallMs: number): OpenStore {
  // A batch touches a page or two of every host. They stay in memory, and go from the log into the
  // database once for several batches instead of after each (SQLite's defaults: 2 MB and 4 MB).
  database.exec('PRAGMA cache_size = -16384');
  database.exec('PRAGMA wal_autocheckpoint = 4096');
  const events = eventWrites(database);
  const { recent, between } = eventReads(database);
  const apply = prepareApply(database, events);
  const transaction = database.transaction((writes: readonly FleetWrite[]) => {
    for (const write of coalesced(writes)) apply(write);
    events.markStored(writes);
  });
  return {
    contents: {
      hosts: PersistentMap.of(readHosts(database)),
      ...readOperations(database, wallMs),
      sessionEpoch: readSessionEpoch(database),
    },
    async commit(writes): Promise<CommitResult> {
      try {
        transaction.immediate(writes);
        return 'committed';
      } catch (error) {
        events.forget();
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
    forgetOld(nowMs) {
      try {
        forgetOldEvents(database, nowMs);
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
  return error instanceof Database.SqliteError && error.code === 'SQLITE_FULL';
}

function prepareApply(
  database: SqliteDatabase,
  events: ReturnType<typeof eventWrites>,
): (write: FleetWrite) => void {
  const hosts = hostWrites(database);
  const operations = operationWrites(database);
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
      case 'operationBegun':
        return operations.begin(write.operation);
      case 'operationChanged':
        return operations.change(write);
    }
  };
}

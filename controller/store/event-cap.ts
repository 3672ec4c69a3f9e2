/**
 * How many events of one host are kept, however much it has to say: beyond it the oldest go. What
 * they led to, the state of its processes, is kept apart from them.
 */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import type { HostId } from '../../proto/vocabulary.ts';

const EVENTS_PER_HOST_MAX = 200_000;

/** As many as are ever read (`events.ts`): an agent could begin one with each breath, and each is looked at. */
const JOURNALS_PER_HOST_MAX = 1_000;

/** So that it costs next to nothing for each event. */
const CHECKED_EACH = 1_000;

/** Some 20 ms of the controller's one thread; the rest goes with one of the next checks. */
const FORGOTTEN_AT_ONCE = 20_000;

export interface EventCap {
  /** Within a transaction: this event has been stored. */
  readonly stored: (journal: number, seq: number) => void;
  /** Within a transaction: the host has begun a journal, or a while has passed. */
  readonly trim: (host: HostId) => void;
}

export function eventCap(
  database: SqliteDatabase,
  max = EVENTS_PER_HOST_MAX,
  atOnce = FORGOTTEN_AT_ONCE,
): EventCap {
  const forgetOldest = database.prepare(
    `DELETE FROM event_rows WHERE position IN
       (SELECT position FROM event_rows WHERE journal = ? AND seq <= ? ORDER BY seq LIMIT ?)`,
  );
  const forgetJournal = database.prepare('DELETE FROM journals WHERE number = ?');
  const journalsOf = database
    .prepare('SELECT number FROM journals WHERE host = ? ORDER BY number DESC')
    .pluck();
  const countOf = database.prepare('SELECT count(*) FROM event_rows WHERE journal = ?').pluck();
  const seqAfter = database
    .prepare('SELECT seq FROM event_rows WHERE journal = ? ORDER BY seq DESC LIMIT 1 OFFSET ?')
    .pluck();
  let sinceChecked = 0;
  /** There is more of them to be forgotten. */
  const unfinished = new Set<HostId>();

  function trim(host: HostId): void {
    let left = atOnce;
    let room = max;
    const forget = (journal: number, upToSeq: number): void => {
      left -= forgetOldest.run(journal, upToSeq, left).changes;
    };
    for (const [index, journal] of (journalsOf.all(host) as number[]).entries()) {
      const isOneTooMany = index >= JOURNALS_PER_HOST_MAX;
      if (isOneTooMany || room <= 0) forget(journal, Number.MAX_SAFE_INTEGER);
      else {
        const tooOld = seqAfter.get(journal, room) as number | undefined;
        if (tooOld !== undefined) forget(journal, tooOld);
        room -= countOf.get(journal) as number;
      }
      if (left <= 0) return void unfinished.add(host);
      if (isOneTooMany) forgetJournal.run(journal);
    }
    unfinished.delete(host);
  }

  return {
    // A journal numbers its events one by one, so no more than the rest can be there. One that leaves
    // out the numbers at which we look is found by how much it has to say.
    stored(journal, seq) {
      sinceChecked += 1;
      if (seq % CHECKED_EACH !== 0 && sinceChecked < CHECKED_EACH) return;
      sinceChecked = 0;
      if (seq > max) forgetOldest.run(journal, seq - max, atOnce);
      const [host] = unfinished;
      if (host !== undefined) trim(host);
    },
    trim,
  };
}

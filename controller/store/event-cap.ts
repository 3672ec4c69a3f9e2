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

export interface EventCap {
  /** Within a transaction: this event has been stored. */
  readonly stored: (journal: number, seq: number) => void;
  /** Within a transaction: the host has begun a journal, or a while has passed. */
  readonly trim: (host: HostId) => void;
}

export function eventCap(database: SqliteDatabase, max = EVENTS_PER_HOST_MAX): EventCap {
  const forgetUpTo = database.prepare('DELETE FROM event_rows WHERE journal = ? AND seq <= ?');
  const forgetJournal = database.prepare('DELETE FROM event_rows WHERE journal = ?');
  const forgetJournals = database.prepare(
    `DELETE FROM journals WHERE host = @host AND number <=
       (SELECT number FROM journals WHERE host = @host
          ORDER BY number DESC LIMIT 1 OFFSET ${JOURNALS_PER_HOST_MAX})
     RETURNING number`,
  );
  const journalsOf = database
    .prepare('SELECT number FROM journals WHERE host = ? ORDER BY number DESC')
    .pluck();
  const countOf = database.prepare('SELECT count(*) FROM event_rows WHERE journal = ?').pluck();
  const seqAfter = database
    .prepare('SELECT seq FROM event_rows WHERE journal = ? ORDER BY seq DESC LIMIT 1 OFFSET ?')
    .pluck();
  let sinceChecked = 0;
  return {
    // A journal numbers its events one by one, so no more than the rest can be there. One that leaves
    // out the numbers at which we look is found by how much it has to say.
    stored(journal, seq) {
      sinceChecked += 1;
      if (seq % CHECKED_EACH !== 0 && sinceChecked < CHECKED_EACH) return;
      sinceChecked = 0;
      if (seq > max) forgetUpTo.run(journal, seq - max);
    },
    trim(host) {
      for (const { number } of forgetJournals.all({ host }) as { readonly number: number }[]) {
        forgetJournal.run(number);
      }
      let room = max;
      for (const journal of journalsOf.all(host) as number[]) {
        if (room <= 0) {
          forgetJournal.run(journal);
          continue;
        }
        const tooOld = seqAfter.get(journal, room) as number | undefined;
        if (tooOld !== undefined) forgetUpTo.run(journal, tooOld);
        room -= countOf.get(journal) as number;
      }
    },
  };
}

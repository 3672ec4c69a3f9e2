/** Which rows of a table that is shown again and again have something new to say. */
import type { StatusTable } from './table.ts';

/** Says of each row whether it is marked. */
export type Marks = (table: StatusTable, nowMs: number) => readonly boolean[];

/** Long enough to be seen by who looks away for a moment; never shorter than one picture. */
const MARKED_MS = 10_000;

interface Seen {
  readonly content: string;
  /** Null: it was there from the beginning. */
  readonly changedMs: number | null;
}

/** @returns what is called with each table in turn, on a monotonic clock; nothing of the first is new */
export function createMarks(): Marks {
  let before: ReadonlyMap<string, Seen> | null = null;
  return ({ rows }, nowMs) => {
    const now = new Map<string, Seen>();
    for (const { key, content } of rows) {
      const seen = before?.get(key);
      const isNew = before !== null && seen?.content !== content;
      now.set(key, { content, changedMs: isNew ? nowMs : (seen?.changedMs ?? null) });
    }
    before = now;
    return rows.map(({ key }) => {
      const changedMs = now.get(key)?.changedMs ?? null;
      return changedMs !== null && nowMs - changedMs < MARKED_MS;
    });
  };
}

/**
 * What the controller has not yet confirmed, in order. Sequence numbers never repeat within one
 * journal, so the controller may be sent the same event twice. While nobody listens the outbox is
 * bounded: the oldest changes of state are dropped, because the snapshot that follows a reconnect
 * contains their outcome; a verdict on an operation's target is never dropped. The hole in the
 * numbering stays visible.
 */
import type { AgentEvent, SequencedEvent } from '../../proto/vocabulary.ts';

/** About 5 MB of memory at the most, and far more than one controller restart produces. */
const PENDING_MAX = 10_000;

export interface Outbox {
  readonly nextSeq: number;
  readonly pending: readonly SequencedEvent[];
}

export const EMPTY_OUTBOX: Outbox = { nextSeq: 1, pending: [] };

export interface Appended {
  readonly outbox: Outbox;
  readonly added: SequencedEvent;
  readonly droppedSeq: number | null;
}

export function append(outbox: Outbox, event: AgentEvent, atMs: number): Appended {
  const added: SequencedEvent = { seq: outbox.nextSeq, atMs, event };
  const pending = [...outbox.pending, added];
  const dropAt =
    pending.length > PENDING_MAX
      ? pending.findIndex((held) => held.event.kind === 'processChanged')
      : -1;
  const dropped = dropAt < 0 ? null : (pending.splice(dropAt, 1)[0] ?? null);
  return {
    outbox: { nextSeq: outbox.nextSeq + 1, pending },
    added,
    droppedSeq: dropped?.seq ?? null,
  };
}

/** Everything up to and including `seq` is stored by the controller. */
export function acknowledge(outbox: Outbox, seq: number): Outbox {
  const first = outbox.pending.findIndex((held) => held.seq > seq);
  return {
    // A controller that knows more than we do: its numbers must not be given out again.
    nextSeq: Math.max(outbox.nextSeq, seq + 1),
    pending: first < 0 ? [] : outbox.pending.slice(first),
  };
}

/**
 * What the controller has not yet confirmed, in order. Sequence numbers never repeat within one
 * journal, so the controller may be sent the same event twice. While nobody listens the outbox is
 * bounded: the oldest changes of state are dropped, because the snapshot that follows a reconnect
 * contains their outcome, and when there are none left, the oldest news of what was ordered on the
 * host itself, which perhaps has no controller at all. A verdict on a target of the controller's is
 * never dropped. The hole in the numbering stays visible.
 */
import type { AgentEvent, SequencedEvent } from '../../proto/vocabulary.ts';
import { FifoQueue } from './fifo-queue.ts';

/** About 5 MB of memory at the most, and far more than one controller restart produces. */
const PENDING_MAX = 10_000;

/** Apart, so that the oldest of what may be dropped is found without a search. */
export interface Outbox {
  readonly nextSeq: number;
  readonly changes: FifoQueue<SequencedEvent>;
  /** Of orders that the controller has not given. */
  readonly local: FifoQueue<SequencedEvent>;
  /** Everything else. */
  readonly kept: FifoQueue<SequencedEvent>;
}

/** As the journal has it: all that is pending, in order. */
export interface OutboxRecord {
  readonly nextSeq: number;
  readonly pending: readonly SequencedEvent[];
}

export function outboxOf(
  { nextSeq, pending }: OutboxRecord,
  isLocal: (event: AgentEvent) => boolean = () => false,
): Outbox {
  const held = (queue: QueueName) =>
    FifoQueue.of(pending.filter(({ event }) => queueOf(event, isLocal(event)) === queue));
  return { nextSeq, changes: held('changes'), local: held('local'), kept: held('kept') };
}

export function recordOf({ nextSeq, changes, local, kept }: Outbox): OutboxRecord {
  const pending = [...changes, ...local, ...kept].sort((a, b) => a.seq - b.seq);
  return { nextSeq, pending };
}

export interface Appended {
  readonly outbox: Outbox;
  readonly added: SequencedEvent;
  readonly droppedSeq: number | null;
}

/** @param isLocal it is about an order that the controller has not given */
export function append(outbox: Outbox, event: AgentEvent, atMs: number, isLocal = false): Appended {
  const added: SequencedEvent = { seq: outbox.nextSeq, atMs, event };
  const queue = queueOf(event, isLocal);
  const longer = { ...outbox, nextSeq: outbox.nextSeq + 1, [queue]: outbox[queue].with(added) };
  const isFull = longer.changes.size + longer.local.size + longer.kept.size > PENDING_MAX;
  const least = longer.changes.size > 0 ? 'changes' : 'local';
  const dropped = isFull ? longer[least].take() : null;
  return {
    outbox: dropped === null ? longer : { ...longer, [least]: dropped.rest },
    added,
    droppedSeq: dropped?.value.seq ?? null,
  };
}

/** Everything up to and including `seq` is stored by the controller. */
export function acknowledge({ nextSeq, changes, local, kept }: Outbox, seq: number): Outbox {
  return {
    // A controller that knows more than we do: its numbers must not be given out again.
    nextSeq: Math.max(nextSeq, seq + 1),
    changes: after(changes, seq),
    local: after(local, seq),
    kept: after(kept, seq),
  };
}

function after(queue: FifoQueue<SequencedEvent>, seq: number): FifoQueue<SequencedEvent> {
  let rest = queue;
  for (let { first } = rest; first !== undefined && first.seq <= seq; { first } = rest) {
    rest = rest.take()?.rest ?? rest;
  }
  return rest;
}

type QueueName = Exclude<keyof Outbox, 'nextSeq'>;

function queueOf({ kind }: AgentEvent, isLocal: boolean): QueueName {
  switch (kind) {
    case 'processChanged':
    case 'processRemoved':
    case 'configJudged':
    // The controller's own, which no agent reports.
    case 'eventsMissing':
      return 'changes';
    case 'localOrder':
      return 'local';
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      return isLocal ? 'local' : 'kept';
  }
}

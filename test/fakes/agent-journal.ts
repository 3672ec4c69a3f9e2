/**
 * A journal in memory that keeps what was committed as the real one does, and whose commits can be
 * held in flight or made to fail.
 */

import type { JournalContents } from '../../agent/core/recover.ts';
import { type AgentWrite, targetKey } from '../../agent/core/state.ts';
import type { Journal } from '../../agent/ports.ts';
import { EMPTY_OUTBOX } from './empty-outbox.ts';

export interface FakeJournal extends Journal {
  readonly commits: readonly (readonly AgentWrite[])[];
  readonly contents: () => JournalContents;
  /** From now on every commit fails for this reason, until `null` is given. */
  readonly failWith: (error: string | null) => void;
  /** From now on commits wait; what is returned lets them through. */
  readonly hold: () => () => void;
}

export function fakeJournal(bootId: string): FakeJournal {
  const commits: (readonly AgentWrite[])[] = [];
  let contents: JournalContents = {
    processes: [],
    targets: [],
    outbox: EMPTY_OUTBOX,
    endedOrderly: false,
    bootId,
  };
  let failure: string | null = null;
  let held: Promise<void> | null = null;
  return {
    commits,
    contents: () => contents,
    async commit(writes) {
      await held;
      if (failure !== null) throw new Error(failure);
      commits.push(writes);
      contents = writes.reduce(applied, { ...contents, endedOrderly: false });
    },
    failWith: (error) => {
      failure = error;
    },
    hold: () => {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        held = null;
        release();
      };
    },
  };
}

function applied(contents: JournalContents, write: AgentWrite): JournalContents {
  const { processes, targets, outbox } = contents;
  switch (write.kind) {
    case 'process':
    case 'hold': {
      const { process } = write.process.definition;
      const others = processes.filter((held) => held.definition.process !== process);
      return { ...contents, processes: [...others, write.process] };
    }
    case 'processRemoved': {
      const others = processes.filter((held) => held.definition.process !== write.process);
      return { ...contents, processes: others };
    }
    case 'processesCleared':
      return { ...contents, processes: [] };
    case 'target': {
      const key = targetKey(write.target);
      const others = targets.filter((held) => targetKey(held) !== key);
      return { ...contents, targets: [...others, write.target] };
    }
    case 'targetForgotten': {
      const key = targetKey(write.target);
      return { ...contents, targets: targets.filter((held) => targetKey(held) !== key) };
    }
    case 'event': {
      const others = outbox.pending.filter(({ seq }) => seq !== write.event.seq);
      const pending = [...others, write.event];
      return { ...contents, outbox: { nextSeq: write.event.seq + 1, pending } };
    }
    case 'eventDropped': {
      const pending = outbox.pending.filter(({ seq }) => seq !== write.seq);
      return { ...contents, outbox: { ...outbox, pending } };
    }
    case 'acknowledged': {
      const pending = outbox.pending.filter(({ seq }) => seq > write.seq);
      const nextSeq = Math.max(outbox.nextSeq, write.seq + 1);
      return { ...contents, outbox: { nextSeq, pending } };
    }
    case 'orderlyEnd':
      return { ...contents, endedOrderly: true };
  }
}

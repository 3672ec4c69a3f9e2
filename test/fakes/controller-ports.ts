/** The controller's world without disk, network or time: each promise and timer waits to be let go. */
import type { ConnectionId } from '../../controller/core/host.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import type { AgentLinks, Clock, CommitResult, Log, Store } from '../../controller/ports.ts';
import type { Refusal } from '../../proto/errors.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import { NOW_MS } from './controller-fleet.ts';

export interface FakeClock extends Clock {
  /** Runs what is due now, and what that makes due. */
  runSoon(): void;
  /** Runs the first of what is due now. */
  runNext(): void;
  /** Lets the time pass and fires the timers on its way. */
  pass(durationMs: number): void;
}

export function fakeClock(): FakeClock {
  let elapsedMs = 0;
  let soon: (() => void)[] = [];
  let timers: { readonly dueMs: number; readonly callback: () => void }[] = [];
  return {
    now: () => ({ wallMs: NOW_MS + elapsedMs, monotonicMs: elapsedMs }),
    after: (delayMs, callback) => {
      timers.push({ dueMs: elapsedMs + delayMs, callback });
    },
    soon: (callback) => {
      soon.push(callback);
    },
    runSoon() {
      for (let due = soon; due.length > 0; due = soon) {
        soon = [];
        for (const callback of due) callback();
      }
    },
    runNext() {
      const [first, ...rest] = soon;
      soon = rest;
      first?.();
    },
    pass(durationMs) {
      elapsedMs += durationMs;
      const due = timers.filter(({ dueMs }) => dueMs <= elapsedMs);
      timers = timers.filter(({ dueMs }) => dueMs > elapsedMs);
      for (const { callback } of due.sort((a, b) => a.dueMs - b.dueMs)) callback();
    },
  };
}

export interface FakeStore extends Store {
  readonly commits: (readonly FleetWrite[])[];
  /** Answers the oldest commit under way; resolves when the driver has drawn its consequences. */
  answer(result: CommitResult | Error): Promise<void>;
}

export function fakeStore(): FakeStore {
  const commits: (readonly FleetWrite[])[] = [];
  const waiting: ((result: CommitResult | Error) => void)[] = [];
  return {
    commits,
    commit(writes) {
      commits.push(writes);
      return new Promise((resolve, reject) => {
        waiting.push((result) => (result instanceof Error ? reject(result) : resolve(result)));
      });
    },
    recentEvents: async () => [],
    eventsBetween: async () => [],
    auditRows: async () => [],
    verifyAudit: async () => ({ kind: 'sound', firstSeq: 1, head: null }),
    async answer(result) {
      const oldest = waiting.shift();
      if (oldest === undefined) throw new Error('no commit is under way');
      oldest(result);
      await allMicrotasks();
    },
  };
}

/** Every promise that is settled already has been acted on. */
export async function allMicrotasks(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface FakeLinks extends AgentLinks {
  readonly sent: { readonly connection: ConnectionId; readonly message: ControllerMessage }[];
  readonly closed: { readonly connection: ConnectionId; readonly because: Refusal }[];
}

export function fakeLinks(): FakeLinks {
  const sent: FakeLinks['sent'] = [];
  const closed: FakeLinks['closed'] = [];
  return {
    sent,
    closed,
    send: (connection, message) => void sent.push({ connection, message }),
    close: (connection, because) => void closed.push({ connection, because }),
  };
}

export interface FakeLog extends Log {
  readonly lines: { readonly level: keyof Log; readonly details: object; readonly text: string }[];
}

export function fakeLog(): FakeLog {
  const lines: FakeLog['lines'] = [];
  const writer = (level: keyof Log) => (details: object, text: string) =>
    void lines.push({ level, details, text });
  return { lines, info: writer('info'), warn: writer('warn'), error: writer('error') };
}

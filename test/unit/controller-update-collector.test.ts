import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createUpdateCollector,
  TARGETS_PER_UPDATE_MAX,
  type UpdateCollector,
  WRITE_INTERVAL_MS,
} from '../../controller/calls/update-collector.ts';
import type { OperationState, OperationUpdate } from '../../proto/operation.ts';
import type { TargetState } from '../../proto/vocabulary.ts';
import { anOperation, aTarget, ended, whole } from '../fakes/control-client.ts';
import { fakeClock } from '../fakes/controller-ports.ts';

/** `a/web accepted, b/web failed` as one update of targets. */
const targets = (text: string): OperationUpdate => ({
  kind: 'targets',
  targets: text.split(', ').map((target) => {
    const [name = '', state = ''] = target.split(' ');
    const [host = '', process = ''] = name.split('/');
    return aTarget(host, process, { state: state as TargetState });
  }),
});

const running = whole(anOperation({ state: 'running', endedAtMs: null }));
const end = ended(anOperation());
const { targets: _targets, ...facts } = anOperation({ endedAtMs: null });
const movedTo = (state: OperationState): OperationUpdate => ({
  kind: 'moved',
  facts: { ...facts, state },
});

interface World {
  readonly collector: UpdateCollector;
  /** What was written; `end` last, where it was ended. */
  readonly written: string[];
  /** How often it asked to be called back later. */
  timers(): number;
  /** Lets the reader have what was written last. */
  read(): void;
  pass(durationMs: number): void;
}

/** With a reader who reads at once, or only when told to. */
function world(reader: 'fast' | 'slow' = 'fast'): World {
  const clock = fakeClock();
  const written: string[] = [];
  const unread: (() => void)[] = [];
  let timers = 0;
  const after = (delayMs: number, callback: () => void): void => {
    timers += 1;
    clock.after(delayMs, callback);
  };
  const writer = {
    write(update: OperationUpdate, onWritten: () => void): void {
      assert.equal(unread.length, 0, 'something was written before the last had left');
      written.push(told(update));
      if (reader === 'fast') onWritten();
      else unread.push(onWritten);
    },
    end: () => void written.push('end'),
  };
  return {
    collector: createUpdateCollector(writer, { now: clock.now, after }),
    written,
    timers: () => timers,
    read() {
      const onWritten = unread.shift();
      assert.ok(onWritten, 'nothing is unread');
      onWritten();
    },
    pass: clock.pass,
  };
}

function told(update: OperationUpdate): string {
  if (update.kind === 'moved') return update.facts.state;
  if (update.kind !== 'targets') return update.kind;
  return update.targets.map(({ host, process, state }) => `${host}/${process} ${state}`).join(', ');
}

test('the operation itself leaves at once', () => {
  const { collector, written } = world();
  collector.take(running);
  assert.deepEqual(written, ['operation']);
});

test('what one batch changes is one message, and one timer', () => {
  const { collector, written, timers, pass } = world();
  for (const name of ['a/web', 'a/db', 'b/web']) collector.take(targets(`${name} dispatched`));
  assert.deepEqual(written, []);
  pass(0);
  assert.deepEqual(written, ['a/web dispatched, a/db dispatched, b/web dispatched']);
  assert.equal(timers(), 1);
});

test('changes leave at most once in an interval, the first of them at once', () => {
  const { collector, written, pass } = world();
  for (let elapsedMs = 0; elapsedMs <= 10 * WRITE_INTERVAL_MS; elapsedMs += 10) {
    collector.take(targets('a/web accepted'));
    pass(0);
    if (elapsedMs === 0) assert.equal(written.length, 1);
    pass(10);
  }
  assert.equal(written.length, 11);
});

test('of several changes of one target only the last is sent', () => {
  const { collector, written, pass } = world();
  collector.take(targets('a/web dispatched, b/web dispatched'));
  collector.take(targets('a/web accepted'));
  collector.take(targets('a/web succeeded'));
  pass(0);
  assert.deepEqual(written, ['a/web succeeded, b/web dispatched']);
});

test('nothing is said twice, and nothing is said where nothing changed', () => {
  const { collector, written, pass } = world();
  collector.take(targets('a/web accepted'));
  pass(10 * WRITE_INTERVAL_MS);
  collector.take(targets('b/web accepted'));
  pass(10 * WRITE_INTERVAL_MS);
  assert.deepEqual(written, ['a/web accepted', 'b/web accepted']);
});

test('a reader who does not read is sent nothing more, then each target once as it is', () => {
  const { collector, written, read, pass } = world('slow');
  collector.take(running);
  for (let round = 0; round < 1_000; round += 1) {
    collector.take(targets('a/web accepted, b/web accepted'));
    pass(WRITE_INTERVAL_MS);
  }
  collector.take(targets('b/web failed'));
  pass(WRITE_INTERVAL_MS);
  assert.deepEqual(written, ['operation']);
  read();
  pass(0);
  assert.deepEqual(written.slice(1), ['a/web accepted, b/web failed']);
  read();
  pass(10 * WRITE_INTERVAL_MS);
  assert.equal(written.length, 2);
});

test('the end does not wait for the interval, but for the changes before it', () => {
  const { collector, written, pass } = world();
  collector.take(targets('a/web accepted'));
  pass(0);
  collector.take(targets('a/web succeeded'));
  collector.take(end);
  assert.deepEqual(written, ['a/web accepted', 'a/web succeeded', 'ended', 'end']);
});

test('the end too waits until a slow reader has read what came before', () => {
  const { collector, written, read, pass } = world('slow');
  collector.take(running);
  collector.take(targets('a/web succeeded'));
  collector.take(end);
  pass(WRITE_INTERVAL_MS);
  assert.deepEqual(written, ['operation']);
  read();
  assert.deepEqual(written.slice(1), ['a/web succeeded']);
  read();
  assert.deepEqual(written.slice(2), ['ended', 'end']);
  read();
  pass(WRITE_INTERVAL_MS);
  assert.equal(written.length, 4);
});

test('that it was paused does not wait for the interval, but for the changes before it', () => {
  const { collector, written, pass } = world();
  collector.take(targets('a/web accepted'));
  pass(0);
  collector.take(targets('a/web failed'));
  collector.take(movedTo('paused'));
  collector.take(movedTo('running'));
  assert.deepEqual(written, ['a/web accepted', 'a/web failed', 'paused', 'running']);
  collector.take(targets('a/web succeeded'));
  pass(WRITE_INTERVAL_MS);
  assert.deepEqual(written.slice(4), ['a/web succeeded']);
});

test('a slow reader gets the last of its moves, behind the changes and before the end', () => {
  const { collector, written, read, pass } = world('slow');
  collector.take(running);
  for (const state of ['paused', 'running', 'paused', 'draining'] as const) {
    collector.take(movedTo(state));
    collector.take(targets('a/web accepted'));
  }
  pass(WRITE_INTERVAL_MS);
  assert.deepEqual(written, ['operation']);
  read();
  read();
  assert.deepEqual(written.slice(1), ['a/web accepted', 'draining']);
  collector.take(movedTo('paused'));
  collector.take(movedTo('running'));
  collector.take(end);
  read();
  read();
  read();
  assert.deepEqual(written.slice(3), ['running', 'ended', 'end']);
});

test('many changes leave in several messages, none of which is too large, and the end after them', () => {
  const { collector, written, read, pass } = world('slow');
  const names = Array.from(
    { length: 2 * TARGETS_PER_UPDATE_MAX + 1 },
    (_, n) => `h${n}/web failed`,
  );
  const piece = (from: number, to?: number) => names.slice(from, to).join(', ');
  collector.take(targets(names.join(', ')));
  pass(0);
  read();
  pass(WRITE_INTERVAL_MS);
  collector.take(end);
  read();
  read();
  assert.deepEqual(written, [
    piece(0, TARGETS_PER_UPDATE_MAX),
    piece(TARGETS_PER_UPDATE_MAX, 2 * TARGETS_PER_UPDATE_MAX),
    piece(2 * TARGETS_PER_UPDATE_MAX),
    'ended',
    'end',
  ]);
});

test('an operation that has ended already is the only message', () => {
  const { collector, written, pass } = world();
  collector.take(whole(anOperation()));
  collector.take(targets('a/web succeeded'));
  collector.take(end);
  pass(WRITE_INTERVAL_MS);
  assert.deepEqual(written, ['operation', 'end']);
});

test('once disposed of it writes nothing, also what waits already', () => {
  const { collector, written, read, pass } = world('slow');
  collector.take(running);
  collector.take(targets('a/web accepted'));
  collector[Symbol.dispose]();
  collector.take(targets('b/web accepted'));
  read();
  pass(WRITE_INTERVAL_MS);
  assert.deepEqual(written, ['operation']);
  const waiting = world();
  waiting.collector.take(targets('a/web accepted'));
  waiting.collector[Symbol.dispose]();
  waiting.pass(WRITE_INTERVAL_MS);
  assert.deepEqual(waiting.written, []);
});

test('once disposed of it does not write what waited for a slow reader either', () => {
  for (const waiting of [running, movedTo('paused'), end]) {
    const { collector, written, read, pass } = world('slow');
    collector.take(running);
    collector.take(waiting);
    collector[Symbol.dispose]();
    read();
    pass(WRITE_INTERVAL_MS);
    assert.deepEqual(written, ['operation']);
  }
});

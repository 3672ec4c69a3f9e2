import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EventSpan } from '../../controller/core/explain.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import { type OpenStore, openStore } from '../../controller/store/open.ts';
import {
  type AgentEvent,
  type HostId,
  hostId,
  journalId,
  knownProcessName,
} from '../../proto/vocabulary.ts';
import { accepted, aHost, anId, aStatus, NOW_MS, settled } from '../fakes/controller-fleet.ts';

const A = hostId('a');

interface Told {
  readonly seq: number;
  /** After NOW_MS. */
  readonly stored: number;
  readonly event?: AgentEvent;
  readonly process?: string;
  readonly host?: HostId;
  readonly journal?: string;
}

function told({ seq, stored, event, process = 'web', host = A, journal = 'j' }: Told) {
  const changed: AgentEvent = { kind: 'processChanged', process: aStatus(process) };
  return {
    kind: 'event',
    host,
    journalId: journalId(journal),
    event: { seq, atMs: 0, event: event ?? changed },
    storedAtMs: NOW_MS + stored,
  } satisfies FleetWrite;
}

async function storeWith(events: readonly Told[]): Promise<OpenStore> {
  const store = openStore(':memory:', NOW_MS);
  const host: FleetWrite = { kind: 'host', host: aHost('a', [], { journalId: journalId('j') }) };
  assert.equal(await store.commit([host, ...events.map(told)]), 'committed');
  return store;
}

interface Asked extends Partial<Pick<EventSpan, 'limit'>> {
  readonly from?: number;
  readonly until?: number;
  readonly processes?: readonly string[];
}

async function found(store: OpenStore, asked: Asked = {}) {
  const { from = 0, until = 1_000_000, limit = 2_000, processes } = asked;
  const names = processes === undefined ? null : processes.map(knownProcessName);
  const [fromMs, untilMs] = [NOW_MS + from, NOW_MS + until];
  return store.eventsBetween({ host: A, processes: names, fromMs, untilMs, limit });
}

const seqs = async (store: OpenStore, asked?: Asked) =>
  (await found(store, asked)).map(({ seq }) => seq);

const everyTen = (count: number): readonly Told[] =>
  Array.from({ length: count }, (_, index) => ({ seq: index + 1, stored: index * 10 }));

test('what was stored in a time comes oldest first, with both its ends, and no more than asked', async () => {
  using store = await storeWith(everyTen(100));
  assert.deepEqual(await seqs(store, { from: 500, until: 530 }), [51, 52, 53, 54]);
  assert.deepEqual(await seqs(store, { from: 501, until: 529 }), [52, 53]);
  assert.deepEqual(await seqs(store, { from: 980 }), [99, 100]);
  assert.deepEqual(await seqs(store, { from: -9, until: 5 }), [1]);
  assert.deepEqual(await seqs(store, { from: 991 }), []);
  assert.deepEqual(await seqs(store, { from: 500, limit: 2 }), [51, 52]);
});

test('each is told with the time at which it was stored', async () => {
  using store = await storeWith(everyTen(3));
  const [last] = await found(store, { from: 20 });
  const { event } = told({ seq: 3, stored: 20 });
  assert.deepEqual(last, { host: 'a', storedAtMs: NOW_MS + 20, ...event });
});

test('of other hosts and other processes there is nothing, of what is missing there is', async () => {
  using store = await storeWith([
    { seq: 1, stored: 1 },
    { seq: 2, stored: 1, host: hostId('b') },
    { seq: 3, stored: 1, process: 'db' },
    { seq: 4, stored: 1, event: accepted(anId(), 'web') },
    { seq: 5, stored: 1, event: settled(anId(), 'db') },
    { seq: 6, stored: 1, event: { kind: 'eventsMissing', untilSeq: 9 } },
    { seq: 10, stored: 1, event: { kind: 'configJudged', problem: 'web' } },
    { seq: 11, stored: 1, event: { kind: 'processRemoved', process: knownProcessName('web') } },
    { seq: 12, stored: 1, process: 'a"b\\ünï' },
  ]);
  assert.deepEqual(await seqs(store, { processes: ['web'] }), [1, 4, 6, 11]);
  assert.deepEqual(await seqs(store, { processes: ['db', 'a"b\\ünï'] }), [3, 5, 6, 12]);
  assert.deepEqual(await seqs(store, { processes: [] }), [6]);
  assert.deepEqual(await seqs(store), [1, 3, 4, 5, 6, 10, 11, 12]);
});

test('whatever the journals and the gaps in them are, it is what lies in that time', async () => {
  const steps = fc.array(
    fc.record({ gap: fc.nat({ max: 5 }), wait: fc.nat({ max: 3 }), begins: fc.boolean() }),
    { maxLength: 40 },
  );
  const ends = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 }));
  await fc.assert(
    fc.asyncProperty(steps, ends, async (drawn, [from, length]) => {
      let [seq, stored, journal] = [0, 0, 0];
      const events = drawn.map(({ gap, wait, begins }): Told => {
        if (begins && seq > 5) [seq, journal] = [0, journal + 1];
        seq += 1 + gap;
        stored += wait;
        return { seq, stored, journal: `j${journal}` };
      });
      using store = await storeWith(events);
      const until = from + length;
      const wanted = events.filter((event) => event.stored >= from && event.stored <= until);
      assert.deepEqual(
        await seqs(store, { from, until }),
        wanted.map((event) => event.seq),
      );
    }),
    { numRuns: 20 },
  );
});

test('a clock that went back hides nothing behind the place where it did', async () => {
  const early = everyTen(10).map((event) => ({ ...event, stored: event.stored + 500 }));
  const late = everyTen(10).map(({ seq, stored }) => ({ seq: seq + 10, stored: stored + 450 }));
  using store = await storeWith([...early, ...late]);
  assert.deepEqual(await seqs(store, { from: 530, until: 540 }), [4, 5, 19, 20]);
});

test('it looks at 20,000 events from there on, because the controller has other things to do', async () => {
  using store = await storeWith([{ seq: 1, stored: 0 }]);
  const { event, ...others } = told({ seq: 0, stored: 10, process: 'noisy' });
  const numbers = Array.from({ length: 20_000 }, (_, index) => index + 2);
  await store.commit(numbers.map((seq) => ({ ...others, event: { ...event, seq } })));
  await store.commit([told({ seq: 30_000, stored: 20, process: 'web' })]);
  assert.deepEqual(await seqs(store, { processes: ['web'] }), [1]);
  assert.deepEqual(await seqs(store, { from: 11, processes: ['web'] }), [30_000]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  readonly process?: string;
  readonly event?: AgentEvent;
  readonly host?: HostId;
  readonly journal?: string;
  readonly storedAtMs?: number;
}

function told({ seq, process = 'web', event, host = A, journal = 'j', storedAtMs }: Told) {
  const changed: AgentEvent = { kind: 'processChanged', process: aStatus(process, { pid: seq }) };
  return {
    kind: 'event',
    host,
    journalId: journalId(journal),
    event: { seq, atMs: NOW_MS + seq, event: event ?? changed },
    storedAtMs: storedAtMs ?? NOW_MS,
  } satisfies FleetWrite;
}

/** With the journal `j`, unless told otherwise. */
async function storeWith(events: readonly Told[], journal = 'j'): Promise<OpenStore> {
  const store = openStore(':memory:', NOW_MS);
  const host: FleetWrite = {
    kind: 'host',
    host: aHost('a', [], { journalId: journalId(journal) }),
  };
  assert.equal(await store.commit([host, ...events.map(told)]), 'committed');
  return store;
}

interface Asked {
  readonly process?: string;
  readonly limit?: number;
}

async function seqs(store: OpenStore, { process, limit = 10 }: Asked = {}) {
  const name = process === undefined ? null : knownProcessName(process);
  const events = await store.recentEvents({ host: A, process: name, limit });
  return events.map(({ seq }) => seq);
}

const counted = (count: number, more: Omit<Told, 'seq'> = {}): readonly Told[] =>
  Array.from({ length: count }, (_, index) => ({ seq: index + 1, ...more }));

test('the newest events come first, no more than asked for, as they were told', async () => {
  using store = await storeWith(counted(5));
  assert.deepEqual(await seqs(store), [5, 4, 3, 2, 1]);
  assert.deepEqual(await seqs(store, { limit: 2 }), [5, 4]);
  const [newest] = await store.recentEvents({ host: A, process: null, limit: 1 });
  const { event } = told({ seq: 5 });
  assert.deepEqual(newest, { host: 'a', storedAtMs: NOW_MS, ...event });
});

test('a host has its own events, and one that told nothing has none', async () => {
  using store = await storeWith([
    { seq: 1 },
    { seq: 1, host: hostId('b') },
    { seq: 2, host: hostId('b') },
  ]);
  assert.deepEqual(await seqs(store), [1]);
  assert.deepEqual(await store.recentEvents({ host: hostId('c'), process: null, limit: 9 }), []);
});

test('events of one process: what it went through, and what was done with it as a target', async () => {
  using store = await storeWith([
    { seq: 1, process: 'web' },
    { seq: 2, process: 'db' },
    { seq: 3, event: accepted(anId(), 'web') },
    { seq: 4, event: accepted(anId(), 'db') },
    { seq: 5, event: settled(anId(), 'web', 'failed') },
    { seq: 6, event: settled(anId(), 'db') },
    { seq: 7, process: 'web:web' },
  ]);
  assert.deepEqual(await seqs(store, { process: 'web' }), [5, 3, 1]);
  assert.deepEqual(await seqs(store, { process: 'web', limit: 2 }), [5, 3]);
  assert.deepEqual(await seqs(store, { process: 'web:web' }), [7]);
  assert.deepEqual(await seqs(store, { process: 'we' }), []);
});

test('a process is found by its name alone, whatever it is called and whatever others print', async () => {
  const names = ['ünïcode "quoted" \\ %_', 'a\nb', '"process":"web"', ''];
  const words = 'it said "process":"web" and {"process":"web"}';
  using store = await storeWith([
    ...names.map((process, index) => ({ seq: index + 1, process })),
    { seq: 8, event: { kind: 'processChanged', process: aStatus('db', { lastError: words }) } },
    { seq: 9, event: { kind: 'processChanged', process: aStatus('db', { program: 'web' }) } },
  ]);
  assert.deepEqual(await seqs(store, { process: 'web' }), []);
  for (const [index, process] of names.entries()) {
    assert.deepEqual(await seqs(store, { process }), [index + 1], process);
  }
});

test('journals follow one another as they were stored, whatever their names and the clock say', async () => {
  using store = await storeWith(
    [
      ...counted(3, { journal: 'z', storedAtMs: NOW_MS + 9_000 }),
      ...counted(2, { journal: 'a', storedAtMs: NOW_MS }),
      // An agent that was given back its old journal.
      { seq: 4, journal: 'z', storedAtMs: NOW_MS - 9_000 },
    ],
    'z',
  );
  assert.deepEqual(await seqs(store), [4, 2, 1, 3, 2, 1]);
  assert.deepEqual(await seqs(store, { limit: 3 }), [4, 2, 1]);
  assert.deepEqual(await seqs(store, { limit: 1 }), [4]);
});

test('an agent that begins a journal at each start does not hide the events of today', async () => {
  const journals = Array.from({ length: 1_010 }, (_, index) => ({
    seq: 1,
    journal: `j-${String(index).padStart(4, '0')}`,
  }));
  using store = await storeWith([...journals, { seq: 2, journal: 'newest' }], 'newest');
  const events = await seqs(store, { limit: 9_999 });
  assert.equal(events.length, 1_000);
  assert.equal(events[0], 2);
});

test('a search goes back only so far, because the controller has other things to do', async () => {
  const { event, ...others } = told({ seq: 0, event: accepted(anId(), 'web') });
  using store = await storeWith([
    { seq: 1, process: 'of an older journal', journal: 'older' },
    { seq: 1, process: 'too long ago' },
    { seq: 2, process: 'just in sight' },
  ]);
  const later = Array.from({ length: 19_999 }, (_, index) => ({
    ...others,
    event: { ...event, seq: index + 3 },
  }));
  await store.commit(later);
  const find = (process: string) => seqs(store, { process });
  assert.deepEqual(await find('just in sight'), [2]);
  assert.deepEqual(await find('too long ago'), []);
  assert.deepEqual(await find('of an older journal'), []);
  assert.deepEqual(await seqs(store, { limit: 1 }), [20_001]);
  await store.commit([told({ seq: 1, process: 'of a newer journal', journal: 'newer' })]);
  assert.deepEqual(await find('of a newer journal'), [1]);
  // It is the newest of them all that are looked at, whichever journal they are in.
  assert.deepEqual(await find('just in sight'), []);
});

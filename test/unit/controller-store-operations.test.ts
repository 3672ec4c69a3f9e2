import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { FleetWrite } from '../../controller/core/state.ts';
import { openStore } from '../../controller/store/open.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import { anOperation } from '../fakes/control-client.ts';
import {
  anId,
  aRequest,
  aStatus,
  emptyFleet,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const directory = mkdtempSync(join(tmpdir(), 'controller-store-operations-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;

function aFile(): string {
  files += 1;
  return join(directory, `fleet-${files}.db`);
}

async function commit(path: string, writes: readonly FleetWrite[]): Promise<void> {
  using store = openStore(path, NOW_MS);
  assert.equal(await store.commit(writes), 'committed');
}

test('what has gone wrong goes on being counted from what is stored', async () => {
  const writes: FleetWrite[] = [];
  const path = aFile();
  const first = fleetScript();
  const { give } = first;
  first.give = (input) => {
    give(input);
    writes.push(...first.writes);
  };
  const four = ['w1', 'w2', 'w3', 'w4'].map((name) => aStatus(name));
  first.connect('a', 1, four);
  const strategy: Strategy = {
    ...DEFAULT_STRATEGY,
    batch: [{ kind: 'count', count: 1 }],
    maxErrors: { kind: 'count', count: 1 },
  };
  first.submit(aRequest('restart', 'a', ['all'], { strategy }));
  first.tell('a', 1, 1, settled(anId(), 'w1', 'failed'));
  assert.equal(first.operation().state, 'running');
  await commit(path, writes);
  using again = openStore(path, NOW_MS);
  const second = fleetScript({ ...emptyFleet, ...again.contents });
  second.connect('a', 1, four);
  second.tell('a', 1, 2, settled(anId(), 'w2', 'failed'));
  assert.equal(second.operation().state, 'paused');
});

test('those that have not ended come back in the order in which they were submitted', async () => {
  const begun = (serial: number, startedAtMs: number): FleetWrite => {
    const operation = { ...anOperation(), id: anId(serial), targets: [], startedAtMs };
    return { kind: 'operationBegun', operation: { ...operation, endedAtMs: null } };
  };
  const path = aFile();
  await commit(path, [begun(3, NOW_MS), begun(1, NOW_MS + 1), begun(2, NOW_MS)]);
  using again = openStore(path, NOW_MS);
  assert.deepEqual([...again.contents.live], [anId(3), anId(1), anId(2)]);
});

test('what an operation was made from, and what holds it up, is remembered', async () => {
  const halt = {
    by: 'bob',
    because: '"no"\0',
    atMs: NOW_MS,
    endsAs: 'cancelled',
    kill: true,
  } as const;
  const made = { runbook: 'restart-web', retryOf: anId(9), halt, state: 'draining' } as const;
  const operation = { ...anOperation(made), id: anId(1), endedAtMs: null };
  const { targets: _, ...facts } = operation;
  const path = aFile();
  await commit(path, [{ kind: 'operationBegun', operation: { ...operation, halt: null } }]);
  const moved = { facts, tally: { errors: 3, lost: 4, canaries: 5 } };
  await commit(path, [{ kind: 'operationChanged', id: anId(1), moved, changed: [] }]);
  using again = openStore(path, NOW_MS);
  const stored = again.contents.operations.get(anId(1));
  assert.deepEqual(stored?.facts, facts);
  assert.deepEqual(stored?.tally, { errors: 3, lost: 4, canaries: 5 });
});

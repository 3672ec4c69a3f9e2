import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLEAN, type Execution, executionOf } from '../../controller/core/execution.ts';
import {
  findOperation,
  listOperations,
  summaryOf,
} from '../../controller/core/operation-queries.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { operationId, TARGET_STATES } from '../../proto/vocabulary.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';
import { emptyFleet, sightIn } from '../fakes/controller-fleet.ts';

function fleetWith(operations: readonly Operation[]): FleetState {
  const running = operations.filter(({ state }) => state === 'running').map(({ id }) => id);
  return {
    ...emptyFleet,
    operations: PersistentMap.of(operations.map((each) => [each.id, executionOf(each, CLEAN)])),
    live: new Set(running),
  };
}

const begun = (id: string, more: Partial<Operation> = {}): Operation =>
  anOperation({ id: operationId(id), ...more });

/** Of one millisecond. */
const MONDAY = '019b2c10-1111-7000-8000-000000000001';
const MONDAY_TOO = '019b2c10-1111-7000-9000-000000000002';
const TUESDAY = '019b7f00-3333-7000-8000-000000000003';
const three = fleetWith([begun(MONDAY), begun(MONDAY_TOO), begun(TUESDAY)]);

const idOf = (found: Execution | Refusal) => ('code' in found ? found.code : found.facts.id);

function refusedBy(state: FleetState, id: string): Refusal {
  const found = findOperation(state, id);
  return 'code' in found ? found : refusal('internal', `found ${found.facts.id}`);
}

test('an operation is found by its id, and by as much of it as no other shares', () => {
  for (const id of [MONDAY, MONDAY_TOO, TUESDAY]) assert.equal(idOf(findOperation(three, id)), id);
  assert.equal(idOf(findOperation(three, '019b7f00-3333')), TUESDAY);
  assert.equal(idOf(findOperation(three, '019b2c10-1111-7000-9')), MONDAY_TOO);
  assert.equal(idOf(findOperation(three, TUESDAY.slice(0, -1))), TUESDAY);
});

test('how an id was copied makes no difference', () => {
  assert.equal(idOf(findOperation(three, `  ${TUESDAY.toUpperCase()}\n`)), TUESDAY);
  assert.equal(idOf(findOperation(three, '019B7F00-3333')), TUESDAY);
});

test('a beginning that several share is refused with the ids that it could be, newest first', () => {
  const refused = refusedBy(three, '019b2c10-1111');
  assert.equal(refused.code, 'usage');
  assert.equal(refused.message, '2 operations begin with "019b2c10-1111"');
  assert.equal(refused.cause, `${MONDAY_TOO}, ${MONDAY}`);
  assert.match(refused.fix ?? '', /fleetctl op list/);
});

test('of very many candidates a few are shown', () => {
  const ids = Array.from({ length: 9 }, (_, index) => `019b2c10-1111-7${index}00-8000-0000`);
  const { cause } = refusedBy(fleetWith(ids.map((id) => begun(id))), '019b2c10-1111');
  assert.equal(cause?.split(', ').length, 5);
  assert.match(cause ?? '', /^019b2c10-1111-78\S+ .*019b2c10-1111-74\S+ and 4 more$/);
});

test('less than thirteen characters are too little, however few operations there are', () => {
  const one = fleetWith([begun(TUESDAY)]);
  for (const id of ['', ' ', '0', '019b7f00', '019b7f00-333', '       019b7f00-333']) {
    const refused = refusedBy(one, id);
    assert.equal(refused.code, 'usage', JSON.stringify(id));
    assert.match(refused.fix ?? '', /13 characters or more/);
  }
});

test('what nobody submitted is not found, and how to look is said', () => {
  const strange = [
    '019b2c10-1112',
    `${TUESDAY}0`,
    '*'.repeat(13),
    '__proto__proto',
    'x'.repeat(100_000),
  ];
  for (const id of strange) {
    const refused = refusedBy(three, id);
    assert.equal(refused.code, 'nothing-matched', id.slice(0, 60));
    assert.ok(refused.message.length < 100);
    assert.equal(refused.fix, 'see which there are with: fleetctl op list');
  }
});

test('running operations are listed first, then the newest', () => {
  const at = (id: string, startedAtMs: number, state: Operation['state']) =>
    begun(id, { startedAtMs, state });
  const state = fleetWith([
    at('ended-late', 4_000, 'failed'),
    at('runs-long', 1_000, 'running'),
    at('ended-early', 2_000, 'succeeded'),
    at('runs', 3_000, 'running'),
    at('ended-early-too', 2_000, 'succeeded'),
  ]);
  const list = (runningOnly: boolean, limit: number) => {
    const listed = listOperations(state, { runningOnly, limit }, sightIn(state));
    assert.ok(!('code' in listed));
    return listed.map(({ id }) => id);
  };
  const all = ['runs', 'runs-long', 'ended-late', 'ended-early-too', 'ended-early'];
  assert.deepEqual(list(false, 0), all);
  assert.deepEqual(list(false, 3), all.slice(0, 3));
  assert.deepEqual(list(false, 99), all);
  assert.deepEqual(list(true, 0), all.slice(0, 2));
  assert.deepEqual(list(true, 1), all.slice(0, 1));
  assert.deepEqual(
    listOperations(emptyFleet, { runningOnly: false, limit: 0 }, sightIn(emptyFleet)),
    [],
  );
});

test('less than no operations cannot be asked for', () => {
  const refused = listOperations(three, { runningOnly: false, limit: -1 }, sightIn(three));
  assert.equal('code' in refused && refused.code, 'usage');
});

test('a summary counts targets by state, and hosts once, and leaves the targets out', () => {
  const targets = [
    aTarget('a', 'web', { state: 'succeeded' }),
    aTarget('a', 'db', { state: 'failed' }),
    aTarget('b', 'web', { state: 'failed' }),
    aTarget('c', 'web', { state: 'not-attempted' }),
  ];
  const operation = anOperation({ targets, reason: 'new build' });
  const { targets: _, leftOut: __, ...facts } = operation;
  const none = Object.fromEntries(TARGET_STATES.map((state) => [state, 0]));
  assert.deepEqual(summaryOf(executionOf(operation, CLEAN), sightIn(emptyFleet)), {
    ...facts,
    targetCounts: { ...none, succeeded: 1, failed: 2, 'not-attempted': 1 },
    hostCount: 3,
  });
});

test('a summary has the beginning of a selector that is long', () => {
  const hosts = Array.from({ length: 1_000 }, (_, index) => `h${index}x`).join(',');
  const summary = summaryOf(executionOf(anOperation({ hosts }), CLEAN), sightIn(emptyFleet));
  assert.ok(hosts.startsWith(summary.hosts.slice(0, -1)) && summary.hosts.endsWith('…'));
  assert.equal(summary.hosts.length, 1_001);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executionOf } from '../../controller/core/execution.ts';
import {
  type Explained,
  eventSpanOf,
  explainedTargets,
  explanationOf,
} from '../../controller/core/explain.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { Operation, Target } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import {
  type AgentEvent,
  hostId,
  knownProcessName,
  type ProcessState,
  type StoredEvent,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';
import {
  accepted,
  anId,
  aStatus,
  emptyFleet,
  NOW_MS,
  settled,
  sightIn,
} from '../fakes/controller-fleet.ts';

const ID = anId(1);

/** One after the other, each a second later; the host's clock is 40 ms slow. */
function toldBy(events: readonly AgentEvent[], more: Partial<StoredEvent> = {}) {
  return events.map((event, index): StoredEvent => {
    const storedAtMs = NOW_MS + 1_000 * index;
    const host = hostId('a');
    return { host, seq: index + 1, atMs: storedAtMs - 40 - index, storedAtMs, event, ...more };
  });
}

const changed = (process: string, state: ProcessState): AgentEvent => ({
  kind: 'processChanged',
  process: aStatus(process, { state }),
});

const GAP: AgentEvent = { kind: 'eventsMissing', untilSeq: 9 };

function explained(...targets: readonly Target[]): Explained {
  const { targets: _, ...facts } = anOperation({ id: ID, startedAtMs: NOW_MS });
  return { facts, targets };
}

const web = (more: Partial<Target> = {}) =>
  aTarget('a', 'web', { state: 'succeeded', dispatchedAtMs: NOW_MS, ...more });

/** Which of these events belong to it, counted from 0. */
function chosen(about: Explained, events: readonly AgentEvent[]): readonly number[] {
  const stored = toldBy(events);
  return explanationOf(about, stored).events.map((event) => stored.indexOf(event));
}

test('from acceptance to verdict, with what the process went through in between', () => {
  const story = [
    changed('web', 'RUNNING'),
    accepted(ID, 'web'),
    changed('web', 'STOPPING'),
    changed('db', 'STOPPING'),
    accepted(ID, 'db'),
    accepted(anId(2), 'web'),
    changed('web', 'STARTING'),
    { kind: 'configJudged', problem: null },
    { kind: 'targetVerifying', operationId: ID, process: knownProcessName('web'), verb: 'restart' },
    settled(ID, 'web'),
    changed('web', 'EXITED'),
  ] as const;
  assert.deepEqual(chosen(explained(web()), story), [1, 2, 6, 8, 9]);
});

test('several processes are told together, each in its own time', () => {
  const story = [
    accepted(ID, 'web'),
    changed('db', 'FATAL'),
    accepted(ID, 'db'),
    settled(ID, 'web'),
    changed('web', 'EXITED'),
    changed('db', 'STOPPING'),
    settled(ID, 'db'),
  ];
  const both = explained(web(), aTarget('a', 'db', { state: 'failed' }));
  assert.deepEqual(chosen(both, story), [0, 2, 3, 5, 6]);
});

test('a full stop ends with the verdict on its start, and meanwhile it is not over', () => {
  const story = [
    accepted(ID, 'web', 'stop'),
    settled(ID, 'web', 'succeeded', 'stop'),
    changed('web', 'STOPPED'),
    accepted(ID, 'web', 'start'),
    settled(ID, 'web', 'succeeded', 'start'),
    changed('web', 'FATAL'),
  ];
  assert.deepEqual(chosen(explained(web({ stopWave: 0 })), story), [0, 1, 2, 3, 4]);
  const halfway = explained(web({ stopWave: 0, stopped: true, state: 'pending' }));
  assert.deepEqual(chosen(halfway, story.slice(0, 3)), [0, 1, 2]);
});

test('without a verdict it is told to the end', () => {
  const story = [accepted(ID, 'web'), changed('web', 'STOPPING'), changed('db', 'STOPPING')];
  assert.deepEqual(chosen(explained(web({ state: 'accepted' })), story), [0, 1]);
  assert.deepEqual(chosen(explained(web({ state: 'unreachable' })), story), [0, 1]);
});

test('a gap is told where something of it may be missing, and nowhere else', () => {
  const during = [GAP, accepted(ID, 'web'), GAP, settled(ID, 'web'), GAP];
  assert.deepEqual(chosen(explained(web()), during), [1, 2, 3]);
  // The acceptance itself was lost: from the last gap before what is known.
  const without = [GAP, changed('web', 'EXITED'), GAP, changed('web', 'STARTING')];
  assert.deepEqual(chosen(explained(web()), [...without, settled(ID, 'web')]), [2, 3, 4]);
  // Nothing of it is known at all.
  assert.deepEqual(chosen(explained(web({ state: 'unreachable' })), without), [0, 1, 2, 3]);
  const later = { state: 'dispatched', dispatchedAtMs: NOW_MS + 500 } as const;
  assert.deepEqual(chosen(explained(web(later)), without), [2, 3]);
  const never = { state: 'not-attempted', dispatchedAtMs: null } as const;
  assert.deepEqual(chosen(explained(web(never)), without), []);
});

test('an update is about all that runs there', () => {
  const story = [
    accepted(ID, WHOLE_HOST, 'update'),
    changed('web', 'STOPPING'),
    { kind: 'processRemoved', process: knownProcessName('db') } as const,
    accepted(anId(2), 'web'),
    settled(ID, WHOLE_HOST, 'succeeded', 'update'),
  ];
  const update = explained(aTarget('a', WHOLE_HOST, { state: 'succeeded' }));
  assert.deepEqual(chosen(update, story), [0, 1, 2, 4]);
  assert.equal(eventSpanOf(update, NOW_MS).processes, null);
});

test('the lead of our clock is the smallest that any of these events shows', () => {
  const story = toldBy([changed('db', 'FATAL'), accepted(ID, 'web'), settled(ID, 'web')]);
  assert.equal(explanationOf(explained(web()), story).clockLeadMs, 41);
  const [before, ...rest] = story;
  assert.ok(before !== undefined);
  const fast = rest.map((event) => ({ ...event, atMs: event.storedAtMs + 5_000 }));
  assert.equal(explanationOf(explained(web()), fast).clockLeadMs, -5_000);
  assert.equal(explanationOf(explained(web()), []).clockLeadMs, null);
  const gap = toldBy([GAP]);
  assert.equal(explanationOf(explained(web({ state: 'unreachable' })), gap).clockLeadMs, null);
});

test('the store is asked for the time of the operation, and for what a lost host tells late', () => {
  const { facts, targets } = explained(web(), aTarget('a', 'db', { state: 'failed' }));
  const span = (endedAtMs: number | null) =>
    eventSpanOf({ facts: { ...facts, endedAtMs }, targets }, NOW_MS + 9_000_000);
  assert.deepEqual(span(null), {
    ...{ host: 'a', processes: ['web', 'db'] },
    ...{ fromMs: NOW_MS, untilMs: NOW_MS + 9_000_000, limit: 2_000 },
  });
  assert.equal(span(NOW_MS + 60_000).untilMs, NOW_MS + 60_000 + 3_600_000);
});

// ── which targets are meant ─────────────────────────────────────────────────────────────────────

function fleetWith(operation: Operation): FleetState {
  const execution = executionOf(operation, { errors: 0, lost: 0, canaries: 0 });
  return { ...emptyFleet, operations: PersistentMap.of([[operation.id, execution]]) };
}

const OPERATION = anOperation({
  id: ID,
  targets: [aTarget('web-1', 'web'), aTarget('web-1', 'queue'), aTarget('web-2', 'web')],
});

function asked(host: string, process: string | null = null, operation: Operation = OPERATION) {
  const fleet = fleetWith(operation);
  return explainedTargets(fleet, { operation: ID, host, process }, sightIn(fleet));
}

function refused(...about: Parameters<typeof asked>) {
  const answer = asked(...about);
  assert.ok(isRefusal(answer));
  assert.equal(answer.code, 'nothing-matched');
  return `${answer.message}; ${answer.cause}; ${answer.fix}`;
}

test('the targets of one host are meant, or one of them', () => {
  const named = (host: string, process?: string) => {
    const answer = asked(host, process);
    assert.ok(!isRefusal(answer));
    return answer.targets.map((target) => `${target.host}/${target.process}`);
  };
  assert.deepEqual(named('web-1'), ['web-1/web', 'web-1/queue']);
  assert.deepEqual(named('web-1', 'queue'), ['web-1/queue']);
});

test('a host or a process that it has nothing to do with is refused in words that help', () => {
  assert.match(
    refused('web-3'),
    /no target on host "web-3"; it is about 2 hosts; did you mean web-/,
  );
  assert.match(
    refused('zzz'),
    /no target on host "zzz"; .*; see its targets with: fleetctl op show/,
  );
  assert.match(refused(''), /no target on host ""/);
  assert.match(
    refused('web-1', 'quue'),
    /no target "quue" on host web-1; .*; did you mean queue\?/,
  );
  assert.match(refused('web-1', 'web-1'), /no target "web-1"/);
  const update = anOperation({ id: ID, targets: [aTarget('web-1', WHOLE_HOST)] });
  assert.match(refused('web-1', 'web', update), /that host as a whole; leave the process out/);
  const huge = refused('x'.repeat(1_000_000));
  assert.ok(huge.length < 500);
});

test('an operation that is not there is refused as everywhere', () => {
  const query = { operation: anId(9), host: 'web-1', process: null };
  const fleet = fleetWith(OPERATION);
  const answer = explainedTargets(fleet, query, sightIn(fleet));
  assert.ok(isRefusal(answer));
});

test('of last words only as many go along as with the whole operation', () => {
  const targets = Array.from({ length: 600 }, (_, index) =>
    aTarget('web-1', `w${index}`, { state: 'failed', logTail: ['x'] }),
  );
  const answer = asked('web-1', null, anOperation({ id: ID, targets }));
  assert.ok(!isRefusal(answer));
  assert.equal(answer.targets.length, 600);
  assert.equal(answer.targets.filter(({ logTail }) => logTail.length > 0).length, 500);
});

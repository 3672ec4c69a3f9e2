import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepFleet } from '../../controller/core/fleet.ts';
import { OPERATION_RETENTION_MS } from '../../controller/core/operations.ts';
import { planSubmission } from '../../controller/core/submit.ts';
import type { Operation, OperationRequest } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import { operationId } from '../../proto/vocabulary.ts';
import {
  anActor,
  anId,
  aRequest,
  aStatus,
  type FleetScript,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const HOUR_MS = 60 * 60 * 1_000;

function oneHost(): FleetScript {
  const script = fleetScript();
  script.connect('a', 1, [aStatus('web')]);
  return script;
}

/** What the last step answered. */
function answer(script: FleetScript) {
  const replies = script.effects.filter((effect) => effect.kind === 'reply');
  assert.equal(replies.length, 1);
  const [reply] = replies;
  return reply?.kind === 'reply' ? reply.answer : assert.fail();
}

const refusedWith = (script: FleetScript) => {
  const given = answer(script);
  return 'code' in given ? given.code : `accepted as ${given.state}`;
};

const RESTART = aRequest('restart', 'a', ['web']);

const OTHER_STRATEGIES: readonly Strategy[] = (
  [
    { batch: [{ kind: 'count', count: 100 }] },
    { canary: 1 },
    { batchWaitMs: 1 },
    { maxErrors: { kind: 'percent', percent: 0 } },
    { maxUnreachable: { kind: 'count', count: 1 } },
    { minHealthyMs: 1 },
    { onError: 'fail' },
    { offline: { kind: 'queue', ttlMs: 1 } },
    { offline: { kind: 'skip' } },
    { deadlineMs: 1 },
    { lockWaitMs: 1 },
  ] as const
).map((more) => ({ ...DEFAULT_STRATEGY, ...more }));

test('an operation is stored whole before it is changed, sent, told and answered', () => {
  const script = oneHost();
  script.submit(RESTART);
  assert.deepEqual(
    script.writes.map((write) => write.kind),
    ['operationBegun', 'operationChanged'],
  );
  assert.deepEqual(
    script.effects.map((effect) => effect.kind),
    ['publish', 'send', 'operationTimer', 'publish', 'reply'],
  );
  const operation = answer(script) as Operation;
  assert.equal(operation.state, 'running');
  assert.equal(operation.requestedBy, 'alice');
  assert.equal(operation.startedAtMs, NOW_MS);
  assert.deepEqual(operation, script.operation());
});

test('an operation with nobody to do it is answered as ended', () => {
  const script = oneHost();
  script.give({ kind: 'sessionEnded', host: script.host('a').host, connection: 1 });
  script.submit(RESTART);
  const operation = answer(script) as Operation;
  assert.equal(operation.state, 'failed');
  assert.equal(operation.targets[0]?.state, 'unreachable');
});

test('the same request again finds its operation as it stands and starts nothing', () => {
  const script = oneHost();
  script.submit(RESTART);
  script.tell('a', 1, 1, settled(RESTART.id, 'web'));
  script.submit({ ...RESTART, processes: ['web'] });
  assert.deepEqual(script.writes, []);
  assert.equal((answer(script) as Operation).state, 'succeeded');
});

test('another request with the same id is a conflict, whatever it differs in', () => {
  const script = oneHost();
  script.submit(RESTART);
  const others: readonly Partial<OperationRequest>[] = [
    { verb: 'stop' },
    { verb: 'signal', signal: 'HUP' },
    { hosts: '@*' },
    { processes: ['all'] },
    { processes: ['web', 'web'] },
    { processes: [] },
    { reason: 'because' },
    { order: 'host' },
    { fullStop: true },
    { expectHosts: 1 },
    ...OTHER_STRATEGIES.map((strategy) => ({ strategy })),
  ];
  for (const other of others) {
    script.submit({ ...RESTART, ...other });
    assert.equal(refusedWith(script), 'conflict', JSON.stringify(other));
    assert.deepEqual(script.writes, []);
  }
  script.submit(RESTART, 'bob');
  assert.equal(refusedWith(script), 'conflict');
});

test('an id is a UUIDv7 in small letters that was made just now', () => {
  const good = anId();
  const bad = [
    '',
    'x',
    anId(0xabc).toUpperCase(),
    good.replace('-7000-', '-4000-'),
    good.replace('-8000-', '-c000-'),
    `${good} `,
    `${good}\n`,
    `{${good}}`,
    good.repeat(10_000),
  ];
  for (const id of bad) {
    const script = oneHost();
    script.submit({ ...RESTART, id: operationId(id) });
    assert.equal(refusedWith(script), 'usage', id.slice(0, 50));
    assert.ok(JSON.stringify(answer(script)).length < 500);
    assert.deepEqual(script.writes, []);
  }
  const ages = [0, 22 * HOUR_MS, 24 * HOUR_MS, 48 * HOUR_MS, -HOUR_MS / 2, -2 * HOUR_MS];
  const codes = ages.map((ageMs) => {
    const script = oneHost();
    script.submit({ ...RESTART, id: anId(1, NOW_MS - ageMs) });
    return refusedWith(script);
  });
  const running = 'accepted as running';
  assert.deepEqual(codes, [running, running, 'usage', 'usage', running, 'usage']);
});

test('an operation is not forgotten while its id would still be taken for a new one', () => {
  // From a clock that is almost an hour fast, as far as it is accepted.
  const early = { ...RESTART, id: anId(1, NOW_MS + HOUR_MS - 1) };
  for (let laterMs = 0; laterMs < 26 * HOUR_MS; laterMs += HOUR_MS / 4) {
    const script = oneHost();
    script.submit(early);
    script.tell('a', 1, 1, settled(early.id, 'web'));
    script.wallMs += laterMs;
    // Another operation, whose end lets go of what is old.
    script.submit({ ...RESTART, id: anId(2, script.wallMs) });
    script.submit(early);
    assert.notEqual(refusedWith(script), 'accepted as running', `${laterMs / HOUR_MS} h later`);
  }
});

test('ended operations are let go of after a day, also behind one that still runs', () => {
  const script = fleetScript();
  script.connect('a', 1, [aStatus('web'), aStatus('slow')]);
  script.submit(aRequest('restart', 'a', ['slow'], { id: anId(1) }));
  for (const serial of [2, 3]) {
    script.submit(aRequest('restart', 'a', ['web'], { id: anId(serial) }));
    script.tell('a', 1, serial, settled(anId(serial), 'web'));
  }
  assert.equal(script.state.operations.size, 3);
  script.wallMs += OPERATION_RETENTION_MS + 1;
  script.submit(aRequest('restart', 'a', ['web'], { id: anId(4, script.wallMs) }));
  assert.deepEqual(
    [...script.state.operations].map(([id]) => id).sort(),
    [anId(1), anId(4, script.wallMs)].sort(),
  );
  assert.deepEqual([...script.state.live], [anId(1), anId(4, script.wallMs)]);
});

test('they are kept for as long as the configuration says, and so is the id of a repeat known', () => {
  const script = fleetScript();
  script.connect('a', 1, [aStatus('web'), aStatus('slow'), aStatus('other')]);
  script.state = { ...script.state, operationRetentionMs: 2 * HOUR_MS };
  const first = aRequest('restart', 'a', ['web'], { id: anId(2) });
  script.submit(first);
  script.tell('a', 1, 2, settled(anId(2), 'web'));
  script.wallMs += 2 * HOUR_MS - 1;
  script.submit(aRequest('restart', 'a', ['slow'], { id: anId(3, script.wallMs) }));
  assert.ok(script.state.operations.get(anId(2)));
  script.wallMs += 1;
  script.submit(aRequest('restart', 'a', ['other'], { id: anId(4, script.wallMs) }));
  assert.equal(script.state.operations.get(anId(2)), undefined);
  script.submit(first);
  assert.equal(refusedWith(script), 'usage');
});

test('requests that make no sense are refused and nothing is stored', () => {
  const requests: readonly (readonly [Partial<OperationRequest>, string])[] = [
    [{ processes: [] }, 'usage'],
    [{ hosts: '' }, 'usage'],
    [{ hosts: '!a' }, 'usage'],
    [{ hosts: 'b' }, 'nothing-matched'],
    [{ processes: ['nginx'] }, 'nothing-matched'],
    [{ processes: Array(1_001).fill('web') }, 'usage'],
    [{ processes: [`*${'x'.repeat(100_000)}`] }, 'usage'],
    [{ hosts: `*${'x'.repeat(100_000)}` }, 'usage'],
    [{ fullStop: true, verb: 'stop' }, 'usage'],
    [{ expectHosts: 0 }, 'usage'],
    [{ expectHosts: 2 }, 'surprise'],
    [{ strategy: { ...DEFAULT_STRATEGY, canary: 1 }, fullStop: true }, 'usage'],
    [{ strategy: { ...DEFAULT_STRATEGY, canary: 1, onError: 'continue' } }, 'usage'],
    [{ strategy: { ...DEFAULT_STRATEGY, minHealthyMs: 1 }, verb: 'update' }, 'usage'],
    [{ strategy: { ...DEFAULT_STRATEGY, batchWaitMs: -1 } }, 'usage'],
    [{ strategy: { ...DEFAULT_STRATEGY, deadlineMs: 0 } }, 'usage'],
    [{ strategy: { ...DEFAULT_STRATEGY, lockWaitMs: 25 * 24 * HOUR_MS } }, 'usage'],
    [{ strategy: { ...DEFAULT_STRATEGY, batch: [] } }, 'usage'],
    [{ verb: 'signal', signal: null }, 'usage'],
    [{ verb: 'restart', signal: 'HUP' }, 'usage'],
    [{ verb: 'signal', signal: '' }, 'usage'],
    [{ verb: 'signal', signal: 'HUP; reboot' }, 'usage'],
    [{ verb: 'signal', signal: 'H'.repeat(100_000) }, 'usage'],
  ];
  for (const [wrong, code] of requests) {
    const script = oneHost();
    script.submit({ ...RESTART, ...wrong });
    assert.equal(refusedWith(script), code, JSON.stringify(wrong).slice(0, 80));
    assert.ok(JSON.stringify(answer(script)).length < 1_000, 'too long for a header');
    assert.deepEqual(script.writes, []);
    assert.equal(script.state.operations.size, 0);
  }
});

test('a dry run is the same plan, not begun and not stored', () => {
  const script = oneHost();
  const at = { wallMs: NOW_MS, monotonicMs: 0 };
  const asked = { kind: 'operation', request: RESTART } as const;
  const dry = planSubmission({ state: script.state, at }, asked, 'alice');
  script.submit(RESTART);
  const [begun] = script.writes;
  assert.deepEqual(begun, { kind: 'operationBegun', operation: dry });
  assert.equal('state' in dry && dry.state, 'planned');
});

test('a reason is a paragraph: a longer one is refused before anything is done', () => {
  const script = oneHost();
  script.submit({ ...RESTART, reason: 'x'.repeat(1_001) });
  assert.equal(refusedWith(script), 'usage');
  assert.deepEqual(script.writes, []);
  script.submit({ ...RESTART, reason: 'x'.repeat(1_000) });
  assert.equal(refusedWith(script), 'accepted as running');
});

test('a wall clock that was wrong for a moment makes nothing forgotten', () => {
  const script = oneHost();
  script.submit(RESTART);
  script.tell('a', 1, 1, settled(RESTART.id, 'web'));
  const wrong = { wallMs: NOW_MS + 48 * HOUR_MS, monotonicMs: 1 };
  const other = { ...RESTART, id: anId(2, wrong.wallMs) };
  const submission = { kind: 'operation', request: other } as const;
  const input = { kind: 'submit', reply: 1, submission, by: anActor() } as const;
  script.state = stepFleet(script.state, input, wrong).state;
  script.submit(RESTART);
  assert.deepEqual([refusedWith(script), script.writes], ['accepted as succeeded', []]);
});

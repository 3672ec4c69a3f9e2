import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Host } from '../../controller/core/host.ts';
import { makePlan, type Plan } from '../../controller/core/plan.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { OperationRequest } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import { VERBS, type Verb } from '../../proto/vocabulary.ts';
import { aHost, aRequest, aStatus, away, NOW_MS } from '../fakes/controller-fleet.ts';

const tier = (process: string, groupPriority: number, priority: number, pid: number | null = 100) =>
  aStatus(process, { groupPriority, priority, pid });

/** The database before the web servers, everywhere; within a group by the program's priority. */
const FLEET: readonly Host[] = [
  aHost('web-2', [tier('web', 20, 5), tier('db', 10, 999)]),
  aHost('web-1', [tier('db', 10, 999), tier('web', 20, 1), tier('log', 20, 5, null)]),
  aHost('bare', []),
];

/** `hosts` is only repeated in refusals here; what it means is `fleet`. */
function planned(
  verb: Verb,
  processes: readonly string[],
  fleet = FLEET,
  more: Partial<OperationRequest> = {},
): Plan {
  const plan = makePlan(aRequest(verb, '@*', processes, more), fleet, null, NOW_MS);
  assert.ok('waves' in plan, `refused: ${JSON.stringify(plan)}`);
  return plan;
}

function refused(
  processes: readonly string[],
  fleet: readonly Host[] | Refusal = FLEET,
  more: Partial<OperationRequest> = {},
): Refusal {
  const plan = makePlan(aRequest('restart', '@*', processes, more), fleet, null, NOW_MS);
  assert.ok('code' in plan, 'not refused');
  return plan;
}

const shape = (plan: Plan) =>
  plan.targets.map(({ wave, host, process }) => `${wave} ${host} ${process}`);

test('start and restart go from the lowest tier up, over all hosts', () => {
  for (const verb of ['start', 'restart'] as const) {
    const plan = planned(verb, ['all']);
    const waitMs = verb === 'start' ? 30_000 : 60_000;
    const whole = { batch: 0, batches: 1, isCanary: false };
    assert.deepEqual(shape(plan), [
      '0 web-1 db',
      '0 web-2 db',
      '1 web-1 web',
      '2 web-1 log',
      '2 web-2 web',
    ]);
    assert.deepEqual(plan.waves, [
      { index: 0, action: verb, groupPriority: 10, priority: 999, targets: 2, waitMs, ...whole },
      { index: 1, action: verb, groupPriority: 20, priority: 1, targets: 1, waitMs, ...whole },
      { index: 2, action: verb, groupPriority: 20, priority: 5, targets: 2, waitMs, ...whole },
    ]);
  }
});

test('stop goes from the highest tier down', () => {
  assert.deepEqual(shape(planned('stop', ['all'])), [
    '0 web-1 log',
    '0 web-2 web',
    '1 web-1 web',
    '2 web-1 db',
    '2 web-2 db',
  ]);
});

test('a signal reaches everybody at once', () => {
  const { waves, targets } = planned('signal', ['all']);
  assert.deepEqual(
    waves.map((wave) => wave.targets),
    [5],
  );
  assert.ok(targets.every((target) => target.wave === 0));
});

test('a target begins open, with the process id that it will replace', () => {
  const { targets } = planned('restart', ['web', 'log'], FLEET.slice(1, 2));
  assert.deepEqual(targets[0], {
    host: 'web-1',
    process: 'web',
    wave: 0,
    stopWave: null,
    state: 'pending',
    stopped: false,
    overdue: false,
    processState: 'RUNNING',
    hostConnected: true,
    oldPid: 100,
    newPid: null,
    dispatchedAtMs: null,
    durationMs: null,
    error: null,
    note: null,
    logTail: [],
  });
  assert.equal(targets[1]?.oldPid, null);
});

test('a host that is away, or not synced yet, is unreachable at once and has its place in the plan', () => {
  const syncing = {
    session: {
      connection: 3,
      epoch: 3,
      openedAtMs: 0,
      openedWallMs: 0,
      arriving: [],
      snapshotSeq: 0,
    },
  };
  const fleet = [aHost('a', ['web']), aHost('b', ['web'], away), aHost('c', ['web'], syncing)];
  const { targets, waves } = planned('restart', ['web'], fleet);
  assert.deepEqual(
    targets.map((target) => [target.state, target.oldPid, target.error !== null]),
    [
      ['pending', 100, false],
      ['unreachable', null, true],
      ['unreachable', null, true],
    ],
  );
  assert.equal(waves[0]?.targets, 3);
});

test('hosts without the process are left out; that none has it is refused', () => {
  const plan = planned('restart', ['log']);
  assert.deepEqual(shape(plan), ['0 web-1 log']);
  assert.deepEqual(plan.leftOut, ['bare', 'web-2']);
  const none = refused(['nginx', 'redis'], FLEET.slice(0, 2));
  assert.equal(none.code, 'nothing-matched');
  assert.match(none.message, /"nginx", "redis"/);
  assert.match(none.cause ?? '', /2 hosts were selected by "@\*"/);
  assert.doesNotMatch(none.fix ?? '', /did you mean/);
  assert.match(refused(['lgo']).fix ?? '', /^did you mean log\? /);
  assert.equal(refused(['all'], FLEET.slice(2)).code, 'nothing-matched');
  assert.match(refused(['all'], FLEET.slice(2)).cause ?? '', /1 host was/);
  assert.equal(refused([]).code, 'nothing-matched');
});

test('why the selection of hosts was refused is passed on', () => {
  const because = refusal('usage', 'not understood');
  assert.equal(refused(['all'], because), because);
});

test('it touches as many hosts as were expected, or nothing is planned', () => {
  planned('restart', ['all'], FLEET, { expectHosts: 2 });
  planned('restart', ['log'], FLEET, { expectHosts: 1 });
  const surprise = refused(['all'], FLEET, { expectHosts: 3 });
  assert.equal(surprise.code, 'surprise');
  assert.equal(surprise.message, 'restart would touch 2 hosts, and 3 hosts were expected');
  assert.equal(surprise.cause, 'it would touch web-[1-2]');
  const many = Array.from({ length: 500 }, (_, index) => aHost(`h${index * 2}-x`, ['web']));
  assert.ok((refused(['web'], many, { expectHosts: 1 }).cause ?? '').length < 300);
});

test('a full stop stops in reverse, then starts, in waves that mirror each other', () => {
  const plan = planned('restart', ['all'], FLEET, { fullStop: true });
  assert.deepEqual(
    plan.waves.map(({ index, action, groupPriority, priority }) =>
      [index, action, groupPriority, priority].join(' '),
    ),
    [
      '0 stop 20 5',
      '1 stop 20 1',
      '2 stop 10 999',
      '3 start 10 999',
      '4 start 20 1',
      '5 start 20 5',
    ],
  );
  assert.deepEqual(
    plan.targets.map(
      ({ host, process, stopWave, wave }) => `${host} ${process} ${stopWave} ${wave}`,
    ),
    ['web-1 db 2 3', 'web-2 db 2 3', 'web-1 web 1 4', 'web-1 log 0 5', 'web-2 web 0 5'],
  );
});

test('a wave is waited for as long as the slowest of its programs asks', () => {
  const slow = aStatus('web', { tierWaitMs: 40_000, stopWaitMs: 100_000 });
  const fleet = [aHost('a', [aStatus('web')]), aHost('b', [slow])];
  const waits = VERBS.map((verb) => planned(verb, ['web'], fleet).waves[0]?.waitMs);
  // An update may have to start what is not there yet.
  assert.deepEqual(waits, [40_000, 105_000, 145_000, 40_000, 745_000]);
});

const anyHost = (name: string) =>
  fc
    .record({
      isAway: fc.boolean(),
      processes: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('a', 'b', 'c', 'd'),
          groupPriority: fc.integer({ min: -1, max: 1 }),
          priority: fc.integer({ min: 1, max: 2 }),
        }),
        { selector: (held) => held.name },
      ),
    })
    .map(({ isAway, processes }) =>
      aHost(
        name,
        processes.map((held) => tier(held.name, held.groupPriority, held.priority)),
        isAway ? away : {},
      ),
    );

test('any plan holds each target once, its waves count them in order, and its order is its own', () => {
  const fleets = fc.tuple(anyHost('x'), anyHost('y'), anyHost('z'));
  const processes = fc.constantFrom(['all'], ['a'], ['a', 'a*', '*'], ['b', 'c']);
  fc.assert(
    fc.property(fleets, fc.constantFrom(...VERBS), processes, (hosts, verb, names) => {
      const plan = makePlan(aRequest(verb, '@*', names), hosts, null, NOW_MS);
      if ('code' in plan) return assert.equal(plan.code, 'nothing-matched');
      const backwards = makePlan(aRequest(verb, '@*', names), hosts.toReversed(), null, NOW_MS);
      assert.deepEqual(backwards, plan);
      assert.equal(
        new Set(plan.targets.map((t) => `${t.host} ${t.process}`)).size,
        plan.targets.length,
      );
      assert.deepEqual(
        plan.targets.map((target) => target.wave),
        plan.waves.flatMap((wave) => Array<number>(wave.targets).fill(wave.index)),
      );
      const ranks = plan.waves.map((wave) => wave.groupPriority * 10 + wave.priority);
      const ordered = [...new Set(ranks)].sort((a, b) => (verb === 'stop' ? b - a : a - b));
      assert.deepEqual(ranks, ordered);
    }),
    { numRuns: 200 },
  );
});

test('tier_wait = 0 waits for nobody, but not in batches: each is waited for before the next', () => {
  const eager = aHost('a', [aStatus('web', { tierWaitMs: 0 }), aStatus('log', { tierWaitMs: 0 })]);
  const waits = (strategy: Partial<Strategy>): readonly number[] => {
    const more = { strategy: { ...DEFAULT_STRATEGY, ...strategy } };
    return planned('start', ['all'], [eager], more).waves.map(({ waitMs }) => waitMs);
  };
  assert.deepEqual(waits({}), [0]);
  assert.deepEqual(waits({ batch: [{ kind: 'count', count: 1 }] }), [30_000, 30_000]);
  assert.deepEqual(waits({ canary: 1, minHealthyMs: 5_000 }), [35_000, 35_000]);
});

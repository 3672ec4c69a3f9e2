import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Host } from '../../controller/core/host.ts';
import { makePlan, type Plan } from '../../controller/core/plan.ts';
import type { Refusal } from '../../proto/errors.ts';
import { VERBS, type Verb } from '../../proto/vocabulary.ts';
import { aHost, aRequest, aStatus, away } from '../fakes/controller-fleet.ts';

const tier = (process: string, groupPriority: number, priority: number, pid: number | null = 100) =>
  aStatus(process, { groupPriority, priority, pid });

/** The database before the web servers, everywhere; within a group by the program's priority. */
const FLEET: readonly Host[] = [
  aHost('web-2', [tier('web', 20, 5), tier('db', 10, 999)]),
  aHost('web-1', [tier('db', 10, 999), tier('web', 20, 1), tier('log', 20, 5, null)]),
  aHost('bare', []),
];

function planned(verb: Verb, hosts: string, processes: readonly string[], fleet = FLEET): Plan {
  const plan = makePlan(aRequest(verb, hosts, processes), fleet);
  assert.ok('waves' in plan, `refused: ${JSON.stringify(plan)}`);
  return plan;
}

function refused(hosts: string, processes: readonly string[], fleet = FLEET): Refusal {
  const plan = makePlan(aRequest('restart', hosts, processes), fleet);
  assert.ok('code' in plan, 'not refused');
  return plan;
}

const shape = (plan: Plan) =>
  plan.targets.map(({ wave, host, process }) => `${wave} ${host} ${process}`);

test('start and restart go from the lowest tier up, over all hosts', () => {
  for (const verb of ['start', 'restart'] as const) {
    const plan = planned(verb, '@*', ['all']);
    assert.deepEqual(shape(plan), [
      '0 web-1 db',
      '0 web-2 db',
      '1 web-1 web',
      '2 web-1 log',
      '2 web-2 web',
    ]);
    assert.deepEqual(plan.waves, [
      { index: 0, groupPriority: 10, priority: 999, targets: 2 },
      { index: 1, groupPriority: 20, priority: 1, targets: 1 },
      { index: 2, groupPriority: 20, priority: 5, targets: 2 },
    ]);
  }
});

test('stop goes from the highest tier down', () => {
  assert.deepEqual(shape(planned('stop', '@*', ['all'])), [
    '0 web-1 log',
    '0 web-2 web',
    '1 web-1 web',
    '2 web-1 db',
    '2 web-2 db',
  ]);
});

test('a signal reaches everybody at once', () => {
  const { waves, targets } = planned('signal', '@*', ['all']);
  assert.deepEqual(
    waves.map((wave) => wave.targets),
    [5],
  );
  assert.ok(targets.every((target) => target.wave === 0));
});

test('a target begins open, with the process id that it will replace', () => {
  const { targets } = planned('restart', 'web-1', ['web', 'log']);
  assert.deepEqual(targets[0], {
    host: 'web-1',
    process: 'web',
    wave: 0,
    state: 'pending',
    oldPid: 100,
    newPid: null,
    durationMs: null,
    error: null,
    logTail: [],
  });
  assert.equal(targets[1]?.oldPid, null);
});

test('a host that is away, or not synced yet, is unreachable at once and has its place in the plan', () => {
  const syncing = {
    session: { connection: 3, epoch: 3, openedAtMs: 0, arriving: [], snapshotSeq: 0 },
  };
  const fleet = [aHost('a', ['web']), aHost('b', ['web'], away), aHost('c', ['web'], syncing)];
  const { targets, waves } = planned('restart', '@*', ['web'], fleet);
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
  assert.deepEqual(shape(planned('restart', '@*', ['log'])), ['0 web-1 log']);
  const none = refused('web-*', ['nginx', 'redis']);
  assert.equal(none.code, 'nothing-matched');
  assert.match(none.message, /"nginx", "redis"/);
  assert.match(none.cause ?? '', /2 hosts were selected by "web-\*"/);
  assert.equal(refused('bare', ['all']).code, 'nothing-matched');
  assert.match(refused('bare', ['all']).cause ?? '', /1 host was/);
});

test('an operation without hosts, or with unknown ones, is refused', () => {
  for (const hosts of ['', '  ', '\t\n']) {
    assert.equal(refused(hosts, ['all']).code, 'usage');
    assert.match(refused(hosts, ['all']).fix ?? '', /'@\*' for the whole fleet/);
  }
  assert.equal(refused('web-9', ['all']).code, 'nothing-matched');
  assert.equal(refused('@*', ['all'], []).code, 'nothing-matched');
  assert.equal(refused('web-[', ['all']).code, 'usage');
  assert.equal(refused('@*', []).code, 'nothing-matched');
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
      const plan = makePlan(aRequest(verb, '@*', names), hosts);
      assert.deepEqual(makePlan(aRequest(verb, '@*', names), hosts.toReversed()), plan);
      if ('code' in plan) return assert.equal(plan.code, 'nothing-matched');
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

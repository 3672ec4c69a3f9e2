/** Operations of every strategy on random walks: what must hold after each step, and at the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Execution } from '../../controller/core/execution.ts';
import { laneOf } from '../../controller/core/lanes.ts';
import type { Target } from '../../proto/operation.ts';
import { countOf } from '../../proto/strategy.ts';
import { currentWave, isGood, isInFlight, isOpen, isUnbegun } from '../../proto/target.ts';
import { begunWith, type Manner, type OperationScript } from '../fakes/operation-script.ts';

const HOSTS = ['a', 'b', 'c'] as const;

type Act =
  | {
      readonly kind: 'accept' | 'verify' | 'succeed' | 'fail' | 'time out' | 'other';
      readonly index: number;
    }
  | { readonly kind: 'lose' | 'forget' | 'welcome'; readonly host: string }
  | {
      readonly kind: 'overrun' | 'reload' | 'rest' | 'pause' | 'resume' | 'resume' | 'tick';
    }
  | { readonly kind: 'cancel' | 'kill' | 'expire' | 'end of offline' };

const someLines = fc
  .array(
    fc.record({
      host: fc.constantFrom(...HOSTS),
      tier: fc.integer({ min: 0, max: 3 }),
      found: fc.constantFrom('', '', '', '', ' away', ' skipped'),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((targets) => targets.map((target, index) => ({ ...target, process: `p${index}` })));

const anAmount = fc.oneof(
  fc.record({ kind: fc.constant('count' as const), count: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ kind: fc.constant('percent' as const), percent: fc.integer({ min: 0, max: 100 }) }),
);

const aManner: fc.Arbitrary<Manner> = fc
  .record({
    order: fc.constantFrom('tier' as const, 'host' as const),
    fullStop: fc.boolean(),
    batch: fc.array(anAmount, { minLength: 1, maxLength: 3 }),
    canary: fc.constantFrom(0, 0, 1, 2),
    batchWaitMs: fc.constantFrom(0, 0, 50),
    maxErrors: anAmount,
    maxUnreachable: anAmount,
    onError: fc.constantFrom('pause' as const, 'fail' as const, 'continue' as const),
    offline: fc.constantFrom({ kind: 'fail' } as const, { kind: 'queue', ttlMs: 100 } as const),
  })
  .map((manner) => ({ ...manner, canary: manner.fullStop ? 0 : manner.canary }));

const index = fc.nat({ max: 7 });
const acting = <Kind extends string>(weight: number, kind: Kind) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constant(kind), index }),
});
const anAct: fc.Arbitrary<Act> = fc.oneof(
  acting(3, 'accept' as const),
  acting(1, 'verify' as const),
  acting(10, 'succeed' as const),
  acting(1, 'fail' as const),
  acting(1, 'time out' as const),
  acting(1, 'other' as const),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'lose' as const,
        'forget' as const,
        'welcome' as const,
        'welcome' as const,
      ),
      host: fc.constantFrom(...HOSTS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['overrun', 'reload', 'rest', 'rest', 'pause', 'resume', 'resume', 'tick'] as const),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom(...(['cancel', 'kill', 'expire', 'end of offline'] as const)),
    }),
  },
);

function perform(script: OperationScript, lines: readonly string[], act: Act): void {
  const line = 'index' in act ? (lines[act.index % lines.length] ?? '') : '';
  switch (act.kind) {
    case 'accept':
      return script.accept(line);
    case 'verify':
      return script.verify(line);
    case 'succeed':
      return script.settle(line);
    case 'fail':
      return script.settle(line, 'failed');
    case 'time out':
      return script.settle(line, 'timed-out');
    case 'other':
      // A repeat of the half that is over, or news of a verb that nobody asked for.
      return script.settle(line, 'succeeded', 'stop');
    case 'lose':
      return script.lose(act.host);
    case 'welcome':
      return script.welcome(act.host);
    case 'forget':
      return script.forget(act.host);
    case 'overrun': {
      const [first] = [...script.execution.targets].filter(isInFlight);
      if (first === undefined) return;
      return script.overrun(laneOf(script.execution.facts, first), currentWave(first));
    }
    case 'cancel':
      return script.cancel();
    case 'kill':
      return script.cancel(true);
    case 'end of offline':
      script.elapsedMs += 100;
      return script.endOffline();
    case 'tick':
      script.elapsedMs += 10;
      return;
    case 'reload':
    case 'rest':
    case 'pause':
    case 'resume':
    case 'expire':
      return script[act.kind]();
  }
}

function assertSane(before: Execution | null, script: OperationScript): void {
  const { execution } = script;
  const all = [...execution.targets];
  assertBooks(execution, all);
  assertOneBatch(execution);
  assertEnd(execution, all);
  if (before === null) return;
  for (const [at, target] of [...before.targets].entries()) {
    const next = all[at] as Target;
    if (!isOpen(target)) assert.deepEqual(next, target, 'a settled target moved');
    const isSent = script.sent.includes(`${next.host} ${next.process}`);
    const isNew = isInFlight(next) && (!isInFlight(target) || next.stopped !== target.stopped);
    const isTakenBack = script.withdrawn?.targets.includes(next) === true;
    if (isNew) assert.ok(isSent || isTakenBack, 'in flight, but never sent');
    if (!isSent) continue;
    assert.equal(execution.facts.state, 'running', `begun while ${execution.facts.state}`);
    assertPredecessorsSettled(script, next);
  }
  assertWithinLimits(execution);
  if (before.facts.endedAtMs !== null) assert.deepEqual(execution.facts, before.facts);
}

/** The books say what the targets say. */
function assertBooks(execution: Execution, all: readonly Target[]): void {
  const { facts, layout, lanes } = execution;
  assert.equal(execution.inFlight, all.filter(isInFlight).length, 'miscounted in flight');
  assert.equal(execution.unbegun, all.filter(isUnbegun).length, 'miscounted what is to begin');
  const stageLanes = layout.stages[execution.stage] ?? [];
  const open = stageLanes.filter((key) => lanes.get(key)?.isThrough === false);
  if (facts.endedAtMs === null) assert.equal(execution.openLanes, open.length, 'miscounted lanes');
  for (const [key, { step, waitingFor }] of lanes) {
    const wave = layout.lanes.get(key)?.[step]?.wave;
    const members = all.filter((target) => laneOf(facts, target) === key);
    const awaited = members.filter(
      (target) => isInFlight(target) && !target.overdue && currentWave(target) === wave,
    );
    assert.equal(waitingFor, awaited.length, 'a lane has lost count');
    // The second half of a full stop is taken back where the first is done.
    if (facts.state === 'draining' && facts.fullStop) continue;
    for (const target of members.filter(isInFlight)) {
      const isLate = target.overdue || target.stopped || facts.strategy.offline.kind === 'queue';
      assert.ok(currentWave(target) === wave || isLate, 'two waves of one lane at once');
    }
  }
}

/** In batches nobody begins beside another batch, but for what is down and comes up again. */
function assertOneBatch({ facts, targets }: Execution): void {
  if (facts.state === 'draining' || !facts.waves.some(({ batches }) => batches > 1)) return;
  const busy = [...targets].filter(
    (target) => isInFlight(target) && !target.overdue && !target.stopped,
  );
  const batches = busy.map((target) => {
    const wave = currentWave(target);
    return facts.order === 'host' ? facts.waves[wave]?.batch : wave;
  });
  assert.ok(new Set(batches).size <= 1, `batches ${[...new Set(batches)]} at once`);
}

function assertEnd({ facts, inFlight, unbegun }: Execution, all: readonly Target[]): void {
  const isEnded = facts.endedAtMs !== null;
  assert.equal(isEnded, !['planned', 'running', 'paused', 'draining'].includes(facts.state));
  if (isEnded) {
    assert.ok(!all.some(isOpen), 'ended with open targets');
    assert.equal(facts.state === 'succeeded', all.every(isGood));
    return;
  }
  if (facts.state === 'draining') assert.ok(inFlight > 0, 'nothing is left to wait for');
  else assert.ok(inFlight + unbegun > 0, 'nothing is left to do');
  assert.equal(facts.halt !== null, facts.state === 'paused' || facts.state === 'draining');
}

/** It does not go on beginning things when more has gone wrong than it allows. */
function assertWithinLimits({ facts, tally, targets, layout, unbegun }: Execution): void {
  if (facts.state !== 'running' || facts.strategy.onError === 'continue' || unbegun === 0) return;
  assert.ok(tally.errors <= countOf(facts.strategy.maxErrors, targets.size), 'too many errors');
  assert.ok(
    tally.lost <= countOf(facts.strategy.maxUnreachable, layout.ofHost.size),
    'too many lost',
  );
}

/** Nothing is begun before all that comes before it in its lane is done with, or overdue. */
function assertPredecessorsSettled(script: OperationScript, begun: Target): void {
  const { facts, targets } = script.execution;
  for (const other of targets) {
    if (other.state === 'waiting' || currentWave(other) >= currentWave(begun)) continue;
    const isSameLane = laneOf(facts, other) === laneOf(facts, begun);
    const isEarlierStage = facts.waves[other.wave]?.batch !== facts.waves[begun.wave]?.batch;
    if (!isOpen(other) || !(isSameLane || isEarlierStage)) continue;
    const isExcused = other.overdue || other.stopped || facts.strategy.offline.kind === 'queue';
    assert.ok(isExcused, 'begun before its predecessor was settled');
  }
}

/** With everybody answering it comes to an end, whatever it went through. */
function finish(script: OperationScript, lines: readonly string[]): void {
  for (let round = 0; round < 40 && script.execution.facts.endedAtMs === null; round += 1) {
    for (const host of HOSTS) script.welcome(host);
    for (const line of lines) script.settle(line);
    script.rest();
    script.resume();
  }
}

test('whatever happens to it, it stays sane and ends exactly once', () => {
  fc.assert(
    fc.property(someLines, aManner, fc.array(anAct, { maxLength: 40 }), (targets, manner, acts) => {
      const away = manner.offline?.kind === 'queue' ? ' waiting' : ' unreachable';
      const lines = targets.map(
        ({ host, process, tier, found }) =>
          `${host} ${process} ${tier}${found.replace(' away', away)}`,
      );
      const names = lines.map((line) => line.split(' ').slice(0, 2).join(' '));
      const script = begunWith(manner, ...lines);
      assertSane(null, script);
      for (const act of acts) {
        const before = script.execution;
        script.sent = [];
        perform(script, names, act);
        assertSane(before, script);
      }
      finish(script, names);
      assert.notEqual(script.execution.facts.endedAtMs, null, `still ${script.state()}`);
    }),
    { numRuns: 500 },
  );
});

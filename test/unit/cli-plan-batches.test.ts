import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPlan } from '../../cli/render/operation/plan.ts';
import { limitsText, strategyText } from '../../cli/render/operation/strategy.ts';
import { painter } from '../../cli/render/paint.ts';
import type { Operation, Target, Wave } from '../../proto/operation.ts';
import { batchSizes, DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import { anOperation, aTarget, aWave } from '../fakes/control-client.ts';

const linesOf = (plan: Operation) => renderPlan(plan, painter(false)).trimEnd().split('\n');
const waveLines = (plan: Operation) => linesOf(plan).filter((line) => /^( {2}|wave|\d)/.test(line));
const strategyOf = (strategy: Partial<Strategy>): Strategy => ({
  ...DEFAULT_STRATEGY,
  ...strategy,
});

/** One process on so many hosts, in batches. */
function batched(
  hosts: number,
  strategy: Partial<Strategy>,
  rest: Partial<Operation> = {},
): Operation {
  const whole = strategyOf(strategy);
  const sizes = batchSizes(whole, hosts);
  const waves: Wave[] = [];
  const targets: Target[] = [];
  for (const [batch, size] of sizes.entries()) {
    const isCanary = whole.canary > 0 && batch === 0;
    waves.push(aWave(batch, { targets: size, batch, batches: sizes.length, isCanary }));
    for (let n = 0; n < size; n += 1) {
      targets.push(aTarget(`prod-${targets.length + 1}`, 'web', { state: 'pending', wave: batch }));
    }
  }
  return anOperation({ state: 'planned', strategy: whole, waves, targets, ...rest });
}

test('each batch is a wave of its own, and the canary is called so', () => {
  const plan = batched(7, { canary: 1, batch: [{ kind: 'count', count: 3 }], batchWaitMs: 20_000 });
  assert.deepEqual(linesOf(plan).slice(1), [
    'order: lower priorities start first; a wave is finished on all hosts before the next begins',
    'strategy: 1 target of each tier first, as a canary; 3 targets at a time; 20 s between waves',
    'stops when any target fails, any host is lost, or a canary goes wrong; it can be resumed then',
    'wave 1 of 3: restart 1 target on 1 host of group priority 999, priority 999, canary, batch 1 of 3; the next waits at most 30 s, and 20 s more',
    '  web on prod-1',
    'wave 2 of 3: restart 3 targets on 3 hosts of group priority 999, priority 999, batch 2 of 3; the next waits at most 30 s, and 20 s more',
    '  web on prod-[2-4]',
    'wave 3 of 3: restart 3 targets on 3 hosts of group priority 999, priority 999, batch 3 of 3',
    '  web on prod-[5-7]',
    'dry run: nothing was done; restart would touch 7 targets on 7 hosts',
  ]);
});

test('with the hosts by themselves the pause stands between batches of hosts, not between tiers', () => {
  const waves = [0, 1, 2, 3].map((index) =>
    aWave(index, { targets: 1, batch: index >> 1, batches: 2, priority: 1 + (index % 2) }),
  );
  const targets = waves.map(({ index }) =>
    aTarget(`prod-${1 + (index >> 1)}`, `p${index % 2}`, { state: 'pending', wave: index }),
  );
  const strategy = strategyOf({ batch: [{ kind: 'count', count: 1 }], batchWaitMs: 20_000 });
  const plan = anOperation({ state: 'planned', order: 'host', strategy, waves, targets });
  const rests = waveLines(plan).flatMap((line) => line.match(/; the next waits .*/) ?? []);
  assert.deepEqual(rests, [
    '; the next waits at most 30 s',
    '; the next waits at most 30 s, and 20 s more',
    '; the next waits at most 30 s',
  ]);
  assert.equal(strategyText(plan), '1 host at a time; 20 s between batches of hosts');
  const tiers = waveLines({ ...plan, order: 'tier' });
  assert.equal(tiers.filter((line) => line.includes('and 20 s more')).length, 3);
});

test('ten thousand targets in a thousand batches are a screenful that still names every host', () => {
  const plan = batched(9_996, { canary: 5, batch: [{ kind: 'count', count: 10 }] });
  const startedAtMs = performance.now();
  const lines = waveLines(plan);
  assert.ok(performance.now() - startedAtMs < 1_000);
  assert.deepEqual(lines, [
    'wave 1 of 1001: restart 5 targets on 5 hosts of group priority 999, priority 999, canary, batch 1 of 1001; the next waits at most 30 s',
    '  web on prod-[1-5]',
    'waves 2-1000 of 1001: restart 10 targets each of group priority 999, priority 999, batches 2-1000 of 1001; the next waits at most 30 s',
    '  web on prod-[6-9995]',
    'wave 1001 of 1001: restart 1 target on 1 host of group priority 999, priority 999, batch 1001 of 1001',
    '  web on prod-9996',
  ]);
});

test('sizes that never agree are told together, too, with the least and the most', () => {
  const batch = Array.from({ length: 20 }, (_, n) => ({ kind: 'count', count: n + 1 }) as const);
  const lines = waveLines(batched(210, { batch }));
  assert.deepEqual(lines, [
    'waves 1-20 of 20: restart 1 to 20 targets each of group priority 999, priority 999, batches 1-20 of 20; the next waits at most 30 s',
    '  web on prod-[1-210]',
  ]);
});

test('only batches that follow one another are told together', () => {
  const batch = [1, 2, 1, 2].map((count) => ({ kind: 'count', count }) as const);
  const places = waveLines(batched(24, { batch })).map((line) => line.replace(/ of 13: .*$/, ''));
  assert.deepEqual(places, [
    ...['wave 1', '  web on prod-1', 'wave 2', '  web on prod-[2-3]', 'wave 3', '  web on prod-4'],
    ...['waves 4-13', '  web on prod-[5-24]'],
  ]);
});

test('with batches of hosts the tiers of many batches are told tier by tier', () => {
  const batches = 30;
  const waves = Array.from({ length: 2 * batches }, (_, index) =>
    aWave(index, {
      priority: index % 2,
      targets: 2,
      batch: Math.floor(index / 2),
      batches,
    }),
  );
  const targets = waves.flatMap(({ index, batch }) =>
    [1, 2].map((n) => aTarget(`prod-${2 * batch + n}`, index % 2 ? 'web' : 'db', { wave: index })),
  );
  assert.deepEqual(waveLines(anOperation({ order: 'host', waves, targets })), [
    '30 waves from 1 to 59 of 60: restart 2 targets each of group priority 999, priority 0, batches 1-30 of 30; the next waits at most 30 s',
    '  db on prod-[1-60]',
    '30 waves from 2 to 60 of 60: restart 2 targets each of group priority 999, priority 1, batches 1-30 of 30; the next waits at most 30 s',
    '  web on prod-[1-60]',
  ]);
});

test('tiers stay apart, however many waves there are', () => {
  const waves = Array.from({ length: 12 }, (_, index) => aWave(index, { priority: index }));
  const targets = waves.map(({ index }) => aTarget('a', `p${index}`, { wave: index }));
  assert.equal(waveLines(anOperation({ waves, targets })).length, 24);
});

test('a signal and an update have batches, but no tiers', () => {
  const waves = [aWave(0, { batches: 2 }), aWave(1, { batch: 1, batches: 2 })];
  const targets = [0, 1].map((wave) => aTarget(`a${wave}`, 'web', { wave }));
  const signal = anOperation({ verb: 'signal', signal: 'HUP', waves, targets });
  assert.match(linesOf(signal)[1] ?? '', /^order: a signal has none, its batches go one after/);
  assert.match(waveLines(signal)[0] ?? '', / 1 target on 1 host of batch 1 of 2; /);
  const update = anOperation({ verb: 'update', waves, targets });
  assert.match(linesOf(update)[1] ?? '', /^order: one batch of hosts after the other; each keeps/);
  assert.match(waveLines(update)[0] ?? '', /1 host of batch 1 of 2; /);
});

test('who is left alone, and who is waited for, stands in the plan with the reason', () => {
  const held = 'held by alice until 2026-11-22 14:20 UTC: debugging\u001b[2J';
  const targets = [
    aTarget('a', 'web'),
    aTarget('b', 'web', { state: 'skipped', error: held }),
    aTarget('c', 'web', { state: 'skipped', hostConnected: false, note: 'not connected' }),
    aTarget('d', 'web', { state: 'waiting', hostConnected: false }),
    aTarget('e', 'web', { state: 'unreachable', hostConnected: false }),
  ];
  const strategy = strategyOf({ offline: { kind: 'queue', ttlMs: 5_400_000 } });
  assert.deepEqual(linesOf(anOperation({ state: 'planned', strategy, targets })).slice(1), [
    'not connected: c,d,e',
    'order: one wave, all at once',
    'strategy: hosts that are away are waited for, up to 90 min',
    'wave 1 of 1: restart 5 targets of group priority 999, priority 999',
    '  web on a',
    '  web on b: skipped: held by alice until 2026-11-22 14:20 UTC: debugging\\x1b[2J',
    '  web on c: skipped: not connected',
    '  web on d: not connected: done when its host is back, if that is within 90 min',
    '  web on e: not connected: UNREACHABLE at once',
    'dry run: nothing was done; restart would touch 1 target on 1 host, skip 2 targets, wait for the host of 1 target, and not reach 1 target',
  ]);
});

test('of the strategy only what is not as usual is told, each part in words', () => {
  const told = (strategy: Partial<Strategy>, rest: Partial<Operation> = {}) =>
    strategyText(anOperation({ strategy: strategyOf(strategy), ...rest }));
  const percent = (value: number) => ({ kind: 'percent', percent: value }) as const;
  assert.equal(told({}), '');
  assert.equal(told({ batch: [percent(10)] }), '10% of a tier at a time');
  assert.equal(told({ batch: [percent(10)] }, { order: 'host' }), '10% of the hosts at a time');
  assert.equal(
    told({ batch: [{ kind: 'count', count: 1 }] }, { verb: 'update' }),
    '1 host at a time',
  );
  const sizes = [{ kind: 'count', count: 1 } as const, percent(100)];
  assert.equal(told({ batch: sizes }), 'batches of 1,100% targets');
  assert.equal(told({ canary: 2 }, { order: 'host' }), '2 hosts first, as a canary');
  assert.equal(
    told({
      minHealthyMs: 10_000,
      deadlineMs: 600_000,
      lockWaitMs: 300_000,
      offline: { kind: 'skip' },
    }),
    'each watched for 10 s before it counts as done; hosts that are away are skipped; ' +
      'begins nothing any more 10 min after its submission; waits up to 5 min for other operations',
  );
});

test('what would stop it is worked out in figures, rounded down', () => {
  const targets = Array.from({ length: 59 }, (_, n) => aTarget(`a${n % 20}`, `p${n}`));
  const limits = (strategy: Partial<Strategy>) =>
    limitsText({ strategy: strategyOf(strategy), targets });
  assert.equal(
    limits({ maxErrors: { kind: 'percent', percent: 10 } }),
    'stops when more than 5 of 59 fail, or any host is lost; it can be resumed then',
  );
  assert.equal(
    limits({ maxUnreachable: { kind: 'percent', percent: 10 }, onError: 'fail', canary: 1 }),
    'stops for good when any target fails, more than 2 of 20 hosts are lost, or a canary goes wrong',
  );
  assert.equal(limits({ onError: 'continue', canary: 1 }), 'does not stop, however many fail');
});

test('what is in the way of a plan is said, and whether it would wait for that', () => {
  const because = 'it waits for the restart 01a2 of bob';
  const halt = { by: null, because, atMs: 0, endsAs: null, kill: false } as const;
  const lineOf = (lockWaitMs: number): string => {
    const strategy = { ...DEFAULT_STRATEGY, lockWaitMs };
    const plan = anOperation({ state: 'planned', halt, strategy });
    return (
      renderPlan(plan, painter(false))
        .split('\n')
        .find((line) => line.startsWith('it ')) ?? ''
    );
  };
  assert.equal(lineOf(0), `it would be refused now; with --lock-wait ${because}`);
  assert.equal(lineOf(60_000), `it would not begin yet: ${because}`);
});

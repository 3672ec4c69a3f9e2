import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsOf, renderPlan } from '../../cli/render/operation/plan.ts';
import { painter } from '../../cli/render/paint.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/operation.ts';
import { hostId, PROCESS_STATES, type ProcessState, VERBS } from '../../proto/vocabulary.ts';
import { fleetctl, RESTART, smoothly } from '../fakes/cli-run.ts';
import { anOperation, aTarget, aWave } from '../fakes/control-client.ts';

const plain = painter(false);
const planned = (rest: Partial<Operation>) => anOperation({ state: 'planned', ...rest });
const waveLines = (plan: Operation) =>
  renderPlan(plan, plain)
    .split('\n')
    .filter((line) => /^( {2}|wave)/.test(line));
const noteFor = (verb: Operation['verb'], processState: ProcessState) => {
  const plan = planned({ verb, targets: [aTarget('a', 'web', { processState })] });
  return waveLines(plan)[1]?.replace('  web on a', '');
};

const large = planned({
  hosts: 'prod-*',
  leftOut: [hostId('prod-98'), hostId('prod-99')],
  waves: [aWave(0, { groupPriority: 10, targets: 3, waitMs: 45_000 }), aWave(1, { targets: 4 })],
  targets: [
    aTarget('prod-01', 'db'),
    aTarget('prod-02', 'db', { processState: 'FATAL' }),
    aTarget('prod-03', 'db', { state: 'unreachable', hostConnected: false }),
    ...['prod-01', 'prod-02'].flatMap((host) => [
      aTarget(host, 'web:0', { wave: 1 }),
      aTarget(host, 'web:1', { wave: 1 }),
    ]),
  ],
});

test('a plan says which hosts are meant, which are left out, what is done where, and why then', () => {
  assert.equal(
    renderPlan(large, plain),
    [
      'hosts: prod-* means 5 hosts: prod-[01-03,98-99]',
      'left out, no such process: prod-[98-99]',
      'not connected: prod-03',
      'order: lower priorities start first; a wave is finished on all hosts before the next begins',
      'stops when any target fails, or any host is lost; it can be resumed then',
      'wave 1 of 2: restart 3 targets of group priority 10, priority 999; the next waits at most 45 s',
      '  db on prod-01',
      '  db on prod-02: is FATAL: only started',
      '  db on prod-03: not connected: UNREACHABLE at once',
      'wave 2 of 2: restart 4 targets of group priority 999, priority 999',
      '  web:[0-1] on prod-[01-02]',
      'dry run: nothing was done; restart would touch 6 targets on 2 hosts, and not reach 1 target',
      '',
    ].join('\n'),
  );
});

test('what is as wanted is not said to be touched', () => {
  const lastLine = (verb: Operation['verb'], states: readonly ProcessState[]) => {
    const targets = states.map((processState, index) =>
      aTarget(`a-${index}`, 'web', { processState }),
    );
    return renderPlan(planned({ verb, targets }), plain).trimEnd().split('\n').at(-1);
  };
  assert.match(
    lastLine('start', ['RUNNING', 'RUNNING', 'FATAL']) ?? '',
    /; start would touch 1 target on 1 host, and leave 2 targets as found$/,
  );
  assert.match(
    lastLine('stop', ['STOPPED', 'EXITED', 'FATAL', 'BACKOFF']) ?? '',
    /; stop would touch 1 target on 1 host, and leave 3 targets as found$/,
  );
  assert.match(lastLine('restart', ['RUNNING', 'STOPPED']) ?? '', /touch 2 targets on 2 hosts$/);
});

test('processes on different hosts stand on lines of their own', () => {
  const targets = [aTarget('a', 'x'), aTarget('b', 'x'), aTarget('a', 'y'), aTarget('b', 'z')];
  assert.deepEqual(waveLines(planned({ targets })).slice(1), [
    '  x on a,b',
    '  y on a',
    '  z on b',
  ]);
});

test('the ordinary stands first, since it says what the wave is about', () => {
  const targets = [
    aTarget('a', 'x', { processState: 'FATAL' }),
    aTarget('b', 'x', { processState: 'FATAL' }),
    aTarget('c', 'x'),
  ];
  assert.deepEqual(waveLines(planned({ targets })).slice(1), [
    '  x on c',
    '  x on a,b: is FATAL: only started',
  ]);
});

test('a full stop shows its two halves, and in the second only what was down before', () => {
  const plan = planned({
    fullStop: true,
    order: 'host',
    waves: [
      aWave(0, { action: 'stop', priority: 2 }),
      aWave(1, { action: 'stop', priority: 1 }),
      aWave(2, { action: 'start', priority: 1 }),
      aWave(3, { action: 'start', priority: 2 }),
    ],
    targets: [
      aTarget('a', 'db', { stopWave: 1, wave: 2 }),
      aTarget('a', 'web', { stopWave: 0, wave: 3, processState: 'STOPPED' }),
    ],
  });
  assert.deepEqual(renderPlan(plan, plain).split('\n').slice(1), [
    'order: all is stopped, higher priorities first, then started, lower ones first; each host goes through its waves on its own',
    'stops when any target fails, or any host is lost; it can be resumed then',
    'wave 1 of 4: stop 1 target of group priority 999, priority 2; the next waits at most 30 s',
    '  web on a: is down: nothing to do',
    'wave 2 of 4: stop 1 target of group priority 999, priority 1; the next waits at most 30 s',
    '  db on a',
    'wave 3 of 4: start 1 target of group priority 999, priority 1; the next waits at most 30 s',
    '  db on a',
    'wave 4 of 4: start 1 target of group priority 999, priority 2',
    '  web on a: is down: only started',
    'dry run: nothing was done; restart with a full stop would touch 2 targets on 1 host',
    '',
  ]);
});

test('what is found out of the ordinary is said, for each verb and each state', () => {
  const ordinary = VERBS.map((verb) => [
    verb,
    PROCESS_STATES.filter((state) => noteFor(verb, state) === ''),
  ]);
  assert.deepEqual(Object.fromEntries(ordinary), {
    start: ['STOPPED', 'EXITED'],
    stop: ['STARTING', 'RUNNING'],
    restart: ['STARTING', 'RUNNING'],
    signal: ['STARTING', 'RUNNING', 'STOPPING'],
    // It has no processes, and its agent alone knows what it finds.
    update: PROCESS_STATES,
  });
  assert.equal(noteFor('start', 'RUNNING'), ': runs already: nothing to do');
  assert.equal(noteFor('restart', 'STOPPED'), ': is down: only started');
  assert.equal(noteFor('signal', 'FATAL'), ': does not run: fails');
});

test('the order is explained as it is', () => {
  const orderOf = (rest: Partial<Operation>) =>
    renderPlan(planned(rest), plain).match(/^order: (.*)$/m)?.[1];
  const waves = [aWave(0), aWave(1)];
  assert.equal(orderOf({}), 'one wave, all at once');
  assert.equal(
    orderOf({ verb: 'signal', signal: 'HUP' }),
    'a signal has none, it goes to all at once',
  );
  assert.match(orderOf({ verb: 'stop', waves }) ?? '', /^higher priorities stop first; a wave is/);
  assert.match(orderOf({ waves, order: 'host' }) ?? '', /^lower .*; each host goes .* on its own$/);
});

test('names that would rewrite the screen are shown as escapes, and none is cut', () => {
  const hosts = Array.from({ length: 300 }, (_, n) => `${'x'.repeat(n + 1)}\u001b[2J`);
  const shown = renderPlan(
    planned({ targets: hosts.map((host) => aTarget(host, 'we\nb')) }),
    plain,
  );
  assert.equal(shown.includes('\u001b'), false);
  assert.ok(shown.includes('we\\x0ab on '));
  for (const host of hosts) assert.ok(shown.includes(host.replace('\u001b', '\\x1b')));
});

test('ten thousand targets are planned in a blink', () => {
  const targets = Array.from({ length: 10_000 }, (_, n) =>
    aTarget(`rack${n % 97}-node-${n}`, `web:${n % 3}`),
  );
  const startedAtMs = performance.now();
  renderPlan(planned({ targets }), plain);
  assert.ok(performance.now() - startedAtMs < 2_000);
});

test('--dry-run submits nothing, and its JSON has everything', async () => {
  const {
    stdout,
    submitted,
    planned: asked,
    exitCode,
  } = await fleetctl([...RESTART, '--dry-run', '--expect', '5', '-o', 'json'], {
    plan: { ...large, expectHosts: 5 },
  });
  assert.deepEqual([exitCode, submitted.length, asked.length], [0, 0, 1]);
  assert.equal(asked[0]?.expectHosts, 5);
  const document = JSON.parse(stdout);
  assert.equal(document.expectHosts, 5);
  assert.deepEqual(document.leftOut, ['prod-98', 'prod-99']);
  assert.deepEqual(document.waves[0], {
    index: 0,
    action: 'restart',
    groupPriority: 10,
    priority: 999,
    targets: 3,
    waitMs: 45_000,
    batch: 0,
    batches: 1,
    canary: false,
  });
  assert.equal(document.targets[1].processState, 'FATAL');
  assert.equal(document.targets[2].hostConnected, false);
});

test('--dry-run --quiet has only its exit code to say', async () => {
  const { stdout, exitCode } = await fleetctl([...RESTART, '-n', '-q'], smoothly(large));
  assert.deepEqual([stdout, exitCode], ['', 0]);
  const surprise = new FleetError(refusal('surprise', 'restart would touch 3 hosts'));
  const refused = await fleetctl([...RESTART, '-n', '-q', '--expect', '2'], { plan: surprise });
  assert.equal(refused.exitCode, 2);
});

test('the hosts of a plan are counted once', () => {
  assert.equal(hostsOf(large).size, 3);
});

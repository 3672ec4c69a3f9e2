/** `--min-healthy-time`: a target is done when what it wanted has held for a while without a break. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { AgentStep, Sighting } from '../../agent/core/state.ts';
import { operationId } from '../../proto/vocabulary.ts';
import { endWatch, newsIn, order, watchesIn } from '../fakes/agent-conditions.ts';
import {
  aHost,
  aRunningHost,
  deedsIn,
  type HostOptions,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode, killedBy } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const checked = aDefinition('web', {
  startMs: 0,
  healthCheck: {
    probe: { kind: 'tcp', host: '127.0.0.1', port: 80 },
    intervalMs: 1_000,
    timeoutMs: 1_000,
    retries: 1,
  },
});
const ALIVE: Sighting = { kind: 'alive' };
const FOR_10_S = { minHealthyMs: 10_000 } as const;

/** A restart whose process is RUNNING; what that step led to. */
function restarted(definition: ProcessDefinition = web): readonly [TestHost, AgentStep] {
  const host = aRunningHost(definition);
  order(host, 'restart', FOR_10_S);
  host.exited('web', exitCode(0));
  host.spawned('web', 202);
  host.pass(1_000);
  return [host, host.timer('web', 'stayedUp')];
}

/** A stop whose process has stopped. */
function stopped(): readonly [TestHost, AgentStep] {
  const host = aRunningHost(web);
  order(host, 'stop', FOR_10_S);
  return [host, host.exited('web', exitCode(0))];
}

function probed(host: TestHost, error: string | null): AgentStep {
  const sinceMonotonicMs = host.process('web').health?.sinceMonotonicMs ?? -1;
  const result =
    error === null ? ({ isPassing: true } as const) : ({ isPassing: false, error } as const);
  const observation = { kind: 'probed', sinceMonotonicMs, result } as const;
  return host.step({ kind: 'observed', process: web.process, observation });
}

function nextAgent(host: TestHost, options: HostOptions = {}): TestHost {
  const next = aHost([web], { journal: host.journal(), startsAtMs: 5_000, ...options });
  next.welcome();
  return next;
}

const verdictIn = (step: AgentStep) => outcomesIn(step).map(({ state, error }) => [state, error]);

test('a restart is told as verifying once it is RUNNING, and has succeeded after that time', () => {
  const [host, up] = restarted();
  assert.deepEqual(newsIn(up), ['verifying restart web']);
  assert.equal(host.target('op-1', 'web')?.phase, 'verifying');
  assert.equal(host.state().queues.size, 0, 'nobody waits for it');
  const [outcome] = outcomesIn(endWatch(host, up));
  assert.deepEqual(
    [outcome?.state, outcome?.oldPid, outcome?.newPid, outcome?.durationMs],
    ['succeeded', 101, 202, 11_000],
  );
  assert.equal(host.state().watched.size, 0);
});

test('a repeated command is answered as accepted, and it is not told as verifying again', () => {
  const [host] = restarted();
  assert.deepEqual(newsIn(order(host, 'restart', FOR_10_S)), ['accepted restart web']);
});

test('it is watched from the moment that it is RUNNING, not from its record, which may take a while', () => {
  const host = aRunningHost(aDefinition('web', { startMs: 0 }));
  order(host, 'restart', FOR_10_S);
  host.exited('web');
  host.spawned('web', 202);
  host.pass(300);
  const [watch] = watchesIn(host.timer('web', 'stayedUp'));
  assert.equal(watch?.delayMs, 10_000);
});

test('with a health check it is watched from the moment that it passes', () => {
  const host = aRunningHost(checked);
  probed(host, null);
  order(host, 'restart', FOR_10_S);
  host.exited('web');
  assert.deepEqual(newsIn(host.comesUp('web', 202)), []);
  host.pass(3_000);
  const healthy = probed(host, null);
  assert.deepEqual(newsIn(healthy), ['verifying restart web']);
  assert.deepEqual(
    watchesIn(healthy).map(({ delayMs }) => delayMs),
    [10_000],
  );
  host.pass(4_000);
  const unhealthy = probed(host, 'connection refused');
  const error = 'it became unhealthy after 4 s: connection refused';
  assert.deepEqual(verdictIn(unhealthy), [['failed', error]]);
});

const FALLS = [
  [
    (host: TestHost) => host.exited('web', exitCode(3), ['panic']),
    'it left RUNNING after 4.2 s: exit status 3',
  ],
  [
    (host: TestHost) => host.exited('web', exitCode(0)),
    'it left RUNNING after 4.2 s: exit status 0',
  ],
  [
    (host: TestHost) => host.exited('web', killedBy('KILL')),
    'it left RUNNING after 4.2 s: killed by SIGKILL',
  ],
  [
    (host: TestHost) => host.command('stop', 'op-2', 'web'),
    'it left RUNNING after 4.2 s: it was stopped',
  ],
  [
    (host: TestHost) => host.step({ kind: 'shutdown' }),
    'it left RUNNING after 4.2 s: it was stopped',
  ],
] as const;

for (const [index, [fall, error]] of FALLS.entries()) {
  test(`whatever ends it early fails it, and it is said how (${index + 1}): ${error}`, () => {
    const [host, up] = restarted();
    host.pass(4_200);
    assert.deepEqual(verdictIn(fall(host))[0], ['failed', error]);
    assert.deepEqual(newsIn(endWatch(host, up)), []);
  });
}

test('the last words of the program come with its failure', () => {
  const [host] = restarted();
  const [outcome] = outcomesIn(host.exited('web', exitCode(3), ['panic']));
  assert.deepEqual([outcome?.fault, outcome?.logTail], ['abnormal-termination', ['panic']]);
});

test('what is ordered later is done at once, and a signal is no break', () => {
  const [host, up] = restarted();
  const signalled = host.signal('HUP', 'op-2', 'web');
  assert.ok(signalled.effects.some(({ kind }) => kind === 'signalTarget'));
  assert.deepEqual(newsIn(host.command('start', 'op-3', 'web')), ['accepted start web']);
  const target = 'op-2 signal web';
  const delivered = host.step({ kind: 'signalled', target, result: { kind: 'delivered' } });
  assert.deepEqual(newsIn(delivered), ['succeeded signal web', 'succeeded start web']);
  assert.deepEqual(newsIn(endWatch(host, up)), ['succeeded restart web']);
});

test('a restart that waited behind it begins in the same step, and is the break', () => {
  const host = aRunningHost(web);
  order(host, 'restart', FOR_10_S);
  host.command('restart', 'op-2', 'web');
  host.exited('web');
  host.spawned('web', 202);
  const step = host.timer('web', 'stayedUp');
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  assert.deepEqual(newsIn(step), ['verifying restart web', 'failed restart web']);
});

test('a break in the moment of its beginning is not missed because the next order begins there', () => {
  const host = aRunningHost(web);
  order(host, 'restart', FOR_10_S);
  host.signal('HUP', 'op-2', 'web');
  host.exited('web');
  host.spawned('web', 202);
  host.pass(1_500);
  // Its exit overtook the timer, so it was RUNNING and has EXITED in one step.
  const step = host.exited('web', exitCode(3));
  const error = 'it left RUNNING after 0 s: exit status 3';
  assert.deepEqual(verdictIn(step), [
    ['failed', 'not running'],
    ['failed', error],
  ]);
});

test('one that runs already need only go on for the rest of that time', () => {
  const host = aRunningHost(web);
  host.pass(7_000);
  const step = order(host, 'start', FOR_10_S);
  assert.deepEqual(newsIn(step), ['accepted start web', 'verifying start web']);
  assert.deepEqual(
    watchesIn(step).map(({ delayMs }) => delayMs),
    [4_000],
  );
  const [outcome] = outcomesIn(endWatch(host, step));
  assert.deepEqual([outcome?.state, outcome?.note], ['succeeded', 'already running']);
  const later = order(host, 'start', { ...FOR_10_S, operationId: operationId('op-2') });
  assert.deepEqual(newsIn(later), ['accepted start web', 'succeeded start web']);
});

test('how long a health check has passed is not known: it is watched for all of that time', () => {
  const host = aRunningHost(checked);
  probed(host, null);
  host.pass(7_000);
  const step = order(host, 'start', FOR_10_S);
  assert.deepEqual(
    watchesIn(step).map(({ delayMs }) => delayMs),
    [10_000],
  );
});

test('a stop must stay stopped', () => {
  const [host, down] = stopped();
  assert.deepEqual(newsIn(down), ['verifying stop web']);
  assert.deepEqual(newsIn(endWatch(host, down)), ['succeeded stop web']);
  const [other] = stopped();
  other.pass(2_000);
  const error = 'it did not stay stopped: it was started after 2 s';
  assert.deepEqual(verdictIn(other.command('start', 'op-2', 'web')), [['failed', error]]);
});

test('a process that was taken out of the configuration has stayed stopped', () => {
  const [before] = stopped();
  const host = nextAgent(before);
  const gone = aHost([], { journal: before.journal(), startsAtMs: 5_000 });
  assert.equal(host.target('op-1', 'web')?.phase, 'verifying');
  assert.deepEqual(newsIn(endWatch(gone, gone.booted)), ['succeeded stop web']);
});

test('a signal, an update and the first half of a full stop are not watched', () => {
  const host = aRunningHost(web);
  order(host, 'signal', { ...FOR_10_S, signal: 'HUP' });
  const target = 'op-1 signal web';
  const delivered = host.step({ kind: 'signalled', target, result: { kind: 'delivered' } });
  assert.deepEqual(newsIn(delivered), ['succeeded signal web']);
  order(host, 'stop', { ...FOR_10_S, startFollows: true });
  assert.deepEqual(newsIn(host.exited('web')), ['succeeded stop web']);
});

test('a timer that comes too early is set again for the rest', () => {
  const [host, up] = restarted();
  const [timer] = watchesIn(up);
  assert.ok(timer);
  host.pass(9_999);
  const step = host.step({ kind: 'watchDue', target: timer.target });
  assert.deepEqual([newsIn(step), watchesIn(step)], [[], [{ ...timer, delayMs: 1 }]]);
});

test('after a restart of the agent it goes on with what is left', () => {
  const [before] = restarted();
  const host = nextAgent(before, { sightings: { web: ALIVE } });
  assert.deepEqual(newsIn(host.booted), []);
  assert.deepEqual(
    watchesIn(host.booted).map(({ delayMs }) => delayMs),
    [6_000],
  );
  assert.deepEqual(newsIn(endWatch(host, host.booted)), ['succeeded restart web']);
  const late = nextAgent(before, { sightings: { web: ALIVE }, startsAtMs: 60_000 });
  assert.deepEqual(newsIn(endWatch(late, late.booted)), ['succeeded restart web']);
});

test('a process that ended while no agent was there has not held, however late that is found', () => {
  const [before] = restarted();
  const sightings = { web: { kind: 'ended', exit: exitCode(3) } } as const;
  for (const startsAtMs of [5_000, 60_000]) {
    const host = nextAgent(before, { sightings, startsAtMs });
    assert.equal(host.target('op-1', 'web')?.outcome?.state, 'failed');
    assert.match(host.target('op-1', 'web')?.outcome?.error ?? '', /: exit status 3$/);
  }
});

test('a reboot of the host is a break for what is to be up; what is to be down is watched anew', () => {
  const [running] = restarted();
  const up = nextAgent(running, { bootId: 'boot-2' });
  const error = 'its host was rebooted before it had been up for long enough';
  assert.deepEqual(verdictIn(up.booted), [['failed', error]]);
  assert.deepEqual(deedsIn(up.booted), ['web spawn']);
  const [still] = stopped();
  const down = nextAgent(still, { bootId: 'boot-2' });
  assert.deepEqual(
    watchesIn(down.booted).map(({ delayMs }) => delayMs),
    [10_000],
  );
  const again = aHost([web], { bootId: 'boot-2', journal: down.journal(), startsAtMs: 9_000 });
  assert.deepEqual(
    watchesIn(again.booted).map(({ delayMs }) => delayMs),
    [6_000],
  );
});

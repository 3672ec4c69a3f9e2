/**
 * The controller takes back what it has ordered. What was not begun is not done any more; each target
 * gets a verdict; and no process that was up is left down by it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dependency } from '../../agent/core/definition.ts';
import type { AgentStep, Sighting } from '../../agent/core/state.ts';
import { knownProcessName, type Verb, WHOLE_HOST } from '../../proto/vocabulary.ts';
import { newsIn, order, takeBack } from '../fakes/agent-conditions.ts';
import {
  aHost,
  aRunningHost,
  aWithdrawal,
  deedsIn,
  EPOCH,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const idle = aDefinition('web', { autostart: false });
const ALIVE: Sighting = { kind: 'alive' };

const errorsIn = (step: AgentStep) => outcomesIn(step).map(({ error }) => error);
const wantedOf = (host: TestHost) => host.process('web').wanted;

function nextAgent(host: TestHost, sightings: Readonly<Record<string, Sighting>> = {}): TestHost {
  const next = aHost([web], { journal: host.journal(), sightings, startsAtMs: 5_000 });
  next.welcome();
  return next;
}

test('what was never heard of is on record as cancelled, and its late command is not begun', () => {
  const host = aRunningHost(web);
  const step = takeBack(host, 'restart');
  assert.deepEqual(newsIn(step), ['cancelled restart web']);
  assert.deepEqual(errorsIn(step), ['the operation was cancelled before this was begun']);
  assert.ok(step.writes.some(({ kind }) => kind === 'target'));
  const late = order(host, 'restart');
  assert.deepEqual([newsIn(late), deedsIn(late)], [['cancelled restart web'], []]);
  const after = nextAgent(host, { web: ALIVE });
  assert.deepEqual(newsIn(order(after, 'restart')), ['cancelled restart web']);
  assert.equal(after.process('web').generation, 0);
});

test('the same of a process that nobody knows, and while commits fail', () => {
  const host = aRunningHost(web);
  const gone = [knownProcessName('gone'), knownProcessName('gone')];
  assert.deepEqual(newsIn(takeBack(host, 'stop', { processes: gone })), ['cancelled stop gone']);
  host.step({ kind: 'journalFailed' });
  assert.deepEqual(newsIn(takeBack(host, 'stop')), ['cancelled stop web']);
});

test('one that waits for its turn is not begun, and those behind it are', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-0', 'web');
  order(host, 'restart');
  host.command('stop', 'op-2', 'web');
  const step = takeBack(host, 'restart', { because: 'timed-out' });
  assert.deepEqual(newsIn(step), ['timed-out restart web']);
  assert.deepEqual(errorsIn(step), ['the deadline of the operation came before this was begun']);
  host.exited('web');
  host.spawned('web', 202);
  const next = host.timer('web', 'stayedUp');
  assert.deepEqual(newsIn(next), ['succeeded restart web']);
  assert.deepEqual(deedsIn(next), ['web stop TERM']);
});

test('a verdict is repeated, and never changed', () => {
  const host = aRunningHost(web);
  order(host, 'start');
  for (const giveUp of [false, true]) {
    assert.deepEqual(newsIn(takeBack(host, 'start', { giveUp })), ['succeeded start web']);
  }
});

test('a withdrawal of another session, or of none, is ignored', () => {
  const host = aHost([web]);
  assert.deepEqual(takeBack(host, 'start').writes, []);
  host.welcome();
  assert.deepEqual(takeBack(host, 'start', { sessionEpoch: EPOCH - 1 }).writes, []);
  assert.equal(host.state().targets.size, 0);
});

/** Each phase of a target that is under way: how it comes about, and what taking it back says. */
const UNDER_WAY: readonly {
  readonly phase: string;
  readonly verb: Verb;
  readonly enter: () => TestHost;
  /** With `giveUp`. */
  readonly news: readonly string[];
  readonly error: string | null;
}[] = [
  {
    phase: 'stopping',
    verb: 'stop',
    enter: () => begun(aRunningHost(web), 'stop'),
    news: ['cancelled stop web'],
    error: 'the operation was cancelled before it had stopped; it is still being stopped',
  },
  {
    phase: 'stopping',
    verb: 'restart',
    enter: () => begun(aRunningHost(web), 'restart'),
    news: ['accepted restart web'],
    error: null,
  },
  {
    phase: 'starting',
    verb: 'restart',
    enter: () => {
      const host = begun(aRunningHost(web), 'restart');
      host.exited('web');
      host.spawned('web', 202);
      return host;
    },
    news: ['cancelled restart web'],
    error: 'the operation was cancelled before it was up; its start goes on',
  },
  {
    phase: 'starting',
    verb: 'start',
    enter: () => {
      const host = begun(aRunningHost(idle), 'start');
      host.spawned('web', 202);
      return host;
    },
    news: ['cancelled start web'],
    error: 'the operation was cancelled before it was up; its start goes on',
  },
  {
    phase: 'verifying',
    verb: 'restart',
    enter: () => {
      const host = aRunningHost(web);
      order(host, 'restart', { minHealthyMs: 5_000 });
      host.exited('web');
      host.spawned('web', 202);
      host.timer('web', 'stayedUp');
      return host;
    },
    news: ['cancelled restart web'],
    error: 'the operation was cancelled before it had been up for long enough',
  },
  {
    phase: 'verifying',
    verb: 'stop',
    enter: () => {
      const host = aRunningHost(web);
      order(host, 'stop', { minHealthyMs: 5_000 });
      host.exited('web');
      return host;
    },
    news: ['cancelled stop web'],
    error: 'the operation was cancelled before it had been down for long enough',
  },
  {
    phase: 'signalling',
    verb: 'signal',
    enter: () => begun(aRunningHost(web), 'signal'),
    news: ['accepted signal web'],
    error: null,
  },
  {
    phase: 'updating',
    verb: 'update',
    enter: () => {
      const host = aRunningHost(web);
      order(host, 'update', { processes: [WHOLE_HOST] });
      return host;
    },
    news: ['cancelled update *'],
    error: 'the operation was cancelled while the configuration was taken up, which goes on',
  },
];

function begun(host: TestHost, verb: Verb): TestHost {
  order(host, verb, { signal: verb === 'signal' ? 'HUP' : null });
  return host;
}

for (const { phase, verb, enter, news, error } of UNDER_WAY) {
  const processes = verb === 'update' ? [WHOLE_HOST] : [web.process];
  const title = `a ${verb} that is ${phase}`;
  test(`${title} goes on where it is waited for, and is told as accepted once more`, () => {
    const host = enter();
    const step = takeBack(host, verb, { processes });
    assert.deepEqual(newsIn(step), [`accepted ${verb} ${processes[0]}`]);
    assert.equal(host.target('op-1', processes[0] ?? '')?.phase, phase);
  });

  test(`${title} is ${error === null ? 'soon over' : 'over at once'} where it is not waited for`, () => {
    const host = enter();
    const before = host.state().processes;
    const step = takeBack(host, verb, { processes, giveUp: true });
    assert.deepEqual(newsIn(step), news);
    assert.deepEqual(errorsIn(step), error === null ? [] : [error]);
    assert.deepEqual(deedsIn(step), []);
    assert.equal(host.state().processes, before, 'what is under way goes on');
    assert.deepEqual(newsIn(takeBack(host, verb, { processes, giveUp: true })), news);
  });
}

test('a restart that has stopped its process starts it, and then has its verdict', () => {
  const host = begun(aRunningHost(web), 'restart');
  takeBack(host, 'restart', { giveUp: true });
  takeBack(host, 'restart', { giveUp: true, because: 'timed-out' });
  const step = host.exited('web');
  assert.deepEqual(deedsIn(step), ['web spawn']);
  assert.deepEqual(newsIn(step), ['cancelled restart web'], 'the first reason counts');
  assert.match(errorsIn(step)[0] ?? '', /before it was up; it is started again$/);
  host.spawned('web', 202);
  host.timer('web', 'stayedUp');
  assert.deepEqual([host.stateOf('web'), wantedOf(host)], ['RUNNING', 'up']);
});

test('so it does when the agent is restarted meanwhile, whatever has become of its child', () => {
  const before = begun(aRunningHost(web), 'restart');
  takeBack(before, 'restart', { giveUp: true });
  const alive = nextAgent(before, { web: ALIVE });
  assert.deepEqual(deedsIn(alive.booted), ['web stop TERM']);
  assert.deepEqual(newsIn(alive.exited('web')), ['cancelled restart web']);
  assert.equal(alive.stateOf('web'), 'STARTING');
  const gone = nextAgent(before, { web: { kind: 'ended', exit: exitCode(0) } });
  assert.deepEqual(deedsIn(gone.booted), ['web spawn']);
  assert.deepEqual(newsIn(gone.booted), ['cancelled restart web']);
});

test('what is wanted of the process is as it was before an order that was never begun', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-0', 'web');
  assert.equal(wantedOf(host), 'up');
  order(host, 'stop');
  assert.equal(wantedOf(host), 'down');
  takeBack(host, 'stop');
  assert.equal(wantedOf(host), 'up');
});

test('whatever was ordered after it still counts, and the one before it where that is taken back too', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-0', 'web');
  order(host, 'stop');
  host.command('restart', 'op-2', 'web');
  host.signal('HUP', 'op-3', 'web');
  takeBack(host, 'stop');
  assert.equal(wantedOf(host), 'up');
  const queue = ['op-0 restart web', 'op-2 restart web', 'op-3 signal web'];
  assert.deepEqual(nextAgent(host, { web: ALIVE }).state().queues.get(web.process), queue);
  host.command('stop', 'op-4', 'web');
  const { operationId } = aWithdrawal('restart', 'op-2', []);
  takeBack(host, 'restart', { operationId });
  assert.equal(wantedOf(host), 'down', 'op-4');
  takeBack(host, 'stop', { operationId: aWithdrawal('stop', 'op-4', []).operationId });
  assert.equal(wantedOf(host), 'up', 'op-0');
});

test('a start that waits for a stop that somebody else has begun is not begun', () => {
  const host = aRunningHost(web);
  host.command('stop', 'op-0', 'web');
  takeBack(host, 'stop', {
    operationId: aWithdrawal('stop', 'op-0', []).operationId,
    giveUp: true,
  });
  order(host, 'start');
  assert.equal(host.target('op-1', 'web')?.phase, 'stopping');
  assert.deepEqual(newsIn(takeBack(host, 'start')), ['cancelled start web']);
  assert.deepEqual(deedsIn(host.exited('web')), []);
  assert.equal(wantedOf(host), 'down');
});

test('nor is one that waits for others, which then does not come of itself', () => {
  const dependsOn: readonly Dependency[] = [
    { process: knownProcessName('db'), condition: 'started' },
  ];
  const db = aDefinition('db', { autostart: false });
  const host = aRunningHost(db, { ...idle, dependsOn });
  host.command('start', 'op-0', 'db');
  order(host, 'start');
  assert.equal(host.process('web').waitsFor, 'db to be running');
  assert.deepEqual(newsIn(takeBack(host, 'start')), ['cancelled start web']);
  assert.deepEqual([host.process('web').waitsFor, wantedOf(host)], [null, null]);
  host.spawned('db', 300);
  assert.deepEqual(deedsIn(host.timer('db', 'stayedUp')), []);
});

test('but the host’s own start, which waits for the same, still comes', () => {
  const process = knownProcessName('db');
  const probe = { kind: 'tcp', host: '127.0.0.1', port: 80 } as const;
  const healthCheck = { probe, intervalMs: 1_000, timeoutMs: 1_000, retries: 3 };
  const db = aDefinition('db', { healthCheck, startMs: 0 });
  const host = aHost([db, { ...web, dependsOn: [{ process, condition: 'healthy' }] }]);
  host.welcome();
  host.comesUp('db', 300);
  assert.equal(host.process('web').waitsFor, 'db to be healthy');
  order(host, 'start');
  assert.deepEqual(newsIn(takeBack(host, 'start')), ['cancelled start web']);
  const observation = { kind: 'probed', sinceMonotonicMs: 0, result: { isPassing: true } } as const;
  assert.deepEqual(deedsIn(host.step({ kind: 'observed', process, observation })), [
    'db probe',
    'web spawn',
  ]);
});

const firstHalf = (host: TestHost): AgentStep => order(host, 'stop', { startFollows: true });

test('a full stop whose start is taken back starts the process that it has stopped', () => {
  const host = aRunningHost(web);
  firstHalf(host);
  host.exited('web');
  assert.equal(wantedOf(host), 'paused');
  const step = takeBack(host, 'start');
  assert.deepEqual([newsIn(step), deedsIn(step)], [['cancelled start web'], ['web spawn']]);
  assert.equal(wantedOf(host), 'up');
});

test('so does one that is given up while it stops, and one whose start was taken back by then', () => {
  const stopping = aRunningHost(web);
  firstHalf(stopping);
  takeBack(stopping, 'stop', { giveUp: true });
  assert.deepEqual(deedsIn(stopping.exited('web')), ['web spawn']);
  assert.equal(wantedOf(stopping), 'up');
  const startless = aRunningHost(web);
  firstHalf(startless);
  order(startless, 'start');
  assert.deepEqual(newsIn(takeBack(startless, 'start')), ['cancelled start web']);
  assert.deepEqual(deedsIn(startless.exited('web')), ['web spawn']);
});

test('a process that was down before its full stop stays so, and one that was ordered down since', () => {
  const down = aRunningHost(idle);
  firstHalf(down);
  assert.deepEqual(deedsIn(takeBack(down, 'start')), []);
  assert.equal(wantedOf(down), null);
  const since = aRunningHost(web);
  firstHalf(since);
  since.exited('web');
  since.command('stop', 'op-2', 'web');
  assert.deepEqual(deedsIn(takeBack(since, 'start')), []);
  assert.equal(wantedOf(since), 'down');
});

test('a later full stop of the same process is not ended with an earlier one', () => {
  const host = aRunningHost(web);
  firstHalf(host);
  host.exited('web');
  host.pass(1_000);
  const { operationId } = aWithdrawal('stop', 'op-2', []);
  order(host, 'stop', { operationId, startFollows: true });
  assert.deepEqual(deedsIn(takeBack(host, 'start')), []);
  assert.equal(wantedOf(host), 'paused');
});

test('an update that was taken back before it was read changes nothing', () => {
  const host = aRunningHost(web);
  const step = order(host, 'update', { processes: [WHOLE_HOST] });
  const [reading] = step.effects.flatMap((one) => (one.kind === 'readConfig' ? one : []));
  assert.ok(reading);
  takeBack(host, 'update', { processes: [WHOLE_HOST], giveUp: true });
  const edited = { ...web, command: '/usr/bin/other' };
  const { purpose } = reading;
  const read = { kind: 'read', definitions: [edited] } as const;
  const { writes } = host.step({ kind: 'configRead', purpose, reading: read });
  assert.deepEqual(writes, []);
  assert.deepEqual(deedsIn(nextAgent(host, { web: ALIVE }).booted), []);
});

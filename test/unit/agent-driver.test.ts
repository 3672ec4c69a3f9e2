import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { recordOf } from '../../agent/core/outbox.ts';
import type { ProcessInput } from '../../agent/core/process.ts';
import { recoverState } from '../../agent/core/recover.ts';
import type { Sighting } from '../../agent/core/state.ts';
import { createAgentDriver } from '../../agent/driver.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { fakeChildren } from '../fakes/agent-children.ts';
import { virtualClock } from '../fakes/agent-clock.ts';
import { aCommand, aWelcome, BOOT_ID, EPOCH } from '../fakes/agent-host.ts';
import { fakeJournal } from '../fakes/agent-journal.ts';
import { fakeLink } from '../fakes/agent-link.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aChild, aDefinition, exitCode, WALL_START_MS } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const ended: ProcessInput = { kind: 'exited', exit: exitCode(1), lastLines: [] };

/** The real driver over fakes, booted; `order` tells commits, deeds and sends as they came. */
async function aDriver(
  definitions: readonly ProcessDefinition[],
  journal = fakeJournal(BOOT_ID),
  sightings: ReadonlyMap<ReturnType<typeof knownProcessName>, Sighting> = new Map(),
) {
  const order: string[] = [];
  let whileCommitting = (): void => undefined;
  const clock = virtualClock();
  const log = fakeLog();
  const linesBefore = new Map<string, readonly string[]>();
  const onCall = (call: string): void => {
    order.push(call);
    linesBefore.set(call, [...log.lines]);
  };
  const children = fakeChildren({ onCall });
  const link = fakeLink(({ kind }) => order.push(`send ${kind}`));
  const reading = { kind: 'read', definitions } as const;
  const state = recoverState(reading, journal.contents(), BOOT_ID, WALL_START_MS);
  const noting = {
    commit: async (writes: Parameters<typeof journal.commit>[0]) => {
      order.push('commit begins');
      whileCommitting();
      await journal.commit(writes);
      order.push('commit ends');
    },
  };
  const driver = createAgentDriver(
    {
      clock,
      children,
      journal: noting,
      link,
      config: { read: () => reading, keepRules: () => undefined },
      orders: { tell: (order_, news) => order.push(`tell ${order_} ${news.kind}`) },
      probes: { probe: () => order.push('probe') },
      log,
      onShutdownComplete: () => order.push('shutdown complete'),
      onHandOver: () => order.push('hand-over'),
    },
    state,
  );
  const give = (name: string, input: ProcessInput) =>
    driver.deliver({ kind: 'process', process: knownProcessName(name), input });
  const take = () => order.splice(0, order.length);
  driver.deliver({ kind: 'boot', sightings });
  await clock.settle();
  const onNextCommit = (callback: () => void) => {
    whileCommitting = () => {
      whileCommitting = () => undefined;
      callback();
    };
  };
  const seen = { order, linesBefore, take };
  return { onNextCommit, driver, clock, children, journal, link, log, give, ...seen };
}

/** As above, with a session, and with `web` RUNNING as pid 101. */
async function aRunningDriver() {
  const world = await aDriver([web]);
  world.give('web', { kind: 'spawned', child: aChild(101) });
  world.driver.deliver({ kind: 'received', message: aWelcome(EPOCH) });
  await world.clock.pass(1_000);
  world.take();
  return world;
}

const restart = (operation: string) =>
  ({ kind: 'received', message: aCommand('restart', operation, ['web']) }) as const;

test('nothing is done, shown or sent before it is committed', async () => {
  const { driver, clock, journal, take } = await aRunningDriver();
  const release = journal.hold();
  driver.deliver(restart('op-1'));
  await clock.settle();
  assert.deepEqual(take(), ['commit begins']);
  assert.equal(driver.state().processes.get(web.process)?.state, 'RUNNING');
  release();
  await clock.settle();
  assert.deepEqual(take(), ['commit ends', 'send event', 'send event', 'signal 101 TERM']);
  assert.equal(driver.state().processes.get(web.process)?.state, 'STOPPING');
});

test('what comes while a commit is under way waits, and is then committed as one batch', async () => {
  const { driver, clock, give, journal, take, order } = await aRunningDriver();
  const release = journal.hold();
  driver.deliver(restart('op-1'));
  await clock.settle();
  give('web', ended);
  driver.deliver(restart('op-2'));
  await clock.pass(500);
  assert.deepEqual(order, ['commit begins']);
  const commitsBefore = journal.commits.length;
  release();
  await clock.settle();
  // That of the restart, that of the end, and that of the second restart.
  assert.equal(journal.commits.length, commitsBefore + 3);
  assert.deepEqual(
    take().filter((entry) => !entry.startsWith('send')),
    [
      'commit begins',
      'commit ends',
      'signal 101 TERM',
      'commit begins',
      'commit ends',
      'spawn web',
      'commit begins',
      'commit ends',
    ],
  );
});

test('one commit is under way at a time, also when an effect has asked for the next', async () => {
  const { driver, clock, children, give, journal, onNextCommit, order, take } =
    await aRunningDriver();
  children.refuseSignals('could not send SIGTERM: EPERM');
  driver.deliver(restart('op-1'));
  onNextCommit(() => onNextCommit(() => give('web', ended)));
  const release = journal.hold();
  await clock.settle();
  release();
  journal.hold();
  await clock.settle();
  assert.equal(take().filter((entry) => entry === 'commit begins').length, 2);
  assert.equal(order.length, 0);
});

test('inputs of one moment share one commit, and one that changes nothing needs none', async () => {
  const { driver, clock, give, journal } = await aRunningDriver();
  const before = journal.commits.length;
  give('web', ended);
  driver.deliver({ kind: 'noted', requestedBy: 'alice', command: 'clear web' });
  await clock.settle();
  assert.equal(journal.commits.length, before + 1);
  driver.deliver({ kind: 'received', message: { kind: 'heartbeat', atMs: 0, probe: 0 } });
  await clock.settle();
  assert.equal(journal.commits.length, before + 1);
});

test('deadlines, and the end of a watch, come back as inputs too', async () => {
  const { clock, driver, give } = await aRunningDriver();
  const stop = { ...aCommand('stop', 'op-1', ['web']), expiresInMs: 500 };
  driver.deliver({ kind: 'received', message: stop });
  await clock.pass(500);
  assert.equal(driver.state().targets.get('op-1 stop web')?.outcome?.state, 'timed-out');
  give('web', ended);
  await clock.settle();
  const again = { ...aCommand('stop', 'op-2', ['web']), minHealthyMs: 700 };
  driver.deliver({ kind: 'received', message: again });
  await clock.settle();
  assert.equal(driver.state().targets.get('op-2 stop web')?.phase, 'verifying');
  await clock.pass(700);
  assert.equal(driver.state().targets.get('op-2 stop web')?.outcome?.state, 'succeeded');
});

test('timers come back as inputs when they are due', async () => {
  const { clock, children, driver, give } = await aRunningDriver();
  driver.deliver({ kind: 'received', message: aCommand('stop', 'op-1', ['web']) });
  await clock.pass(9_999);
  assert.deepEqual(children.calls.slice(-1), ['signal 101 TERM']);
  await clock.pass(1);
  assert.deepEqual(children.calls.slice(-1), ['signal 101 KILL']);
  give('web', ended);
  await clock.pass(60_000);
  assert.deepEqual(children.calls.slice(-1), ['signal 101 KILL']);
});

test('a signal that cannot be sent is known to the process, and to the operation that asked', async () => {
  const stopped = await aRunningDriver();
  stopped.children.refuseSignals('could not send SIGTERM: EPERM');
  stopped.driver.deliver(restart('op-1'));
  await stopped.clock.settle();
  assert.equal(stopped.driver.state().processes.get(web.process)?.state, 'UNKNOWN');
  assert.equal(stopped.driver.state().targets.get('op-1 restart web')?.outcome?.state, 'failed');

  const signalled = await aRunningDriver();
  const message = { ...aCommand('signal', 'op-2', ['web']), signal: 'HUP' };
  signalled.driver.deliver({ kind: 'received', message });
  await signalled.clock.settle();
  assert.deepEqual(signalled.children.calls.slice(-1), ['signal 101 HUP']);
  assert.equal(
    signalled.driver.state().targets.get('op-2 signal web')?.outcome?.state,
    'succeeded',
  );
});

test('a signal for a child that has just ended is not reported as delivered', async () => {
  const { driver, clock, children } = await aRunningDriver();
  children.endUnnoticed();
  const message = { ...aCommand('signal', 'op-1', ['web']), signal: 'HUP' };
  driver.deliver({ kind: 'received', message });
  await clock.settle();
  const outcome = driver.state().targets.get('op-1 signal web')?.outcome;
  assert.deepEqual([outcome?.state, outcome?.error], ['failed', 'not running']);
});

test('a journal that fails refuses operations, while crashed processes are restarted', async () => {
  const { driver, clock, give, journal, log, take, link } = await aRunningDriver();
  journal.failWith('disk full');
  driver.deliver(restart('op-1'));
  await clock.settle();
  assert.equal(driver.state().isJournalSound, false);
  const outcome = driver.state().targets.get('op-1 restart web')?.outcome;
  assert.match(outcome?.error ?? '', /cannot write its journal/);
  assert.equal(driver.state().processes.get(web.process)?.generation, 0);
  const verdict = link.sent.at(-1);
  assert.equal(verdict?.kind === 'event' && verdict.event.kind, 'targetSettled');
  assert.deepEqual(take(), ['commit begins', 'send event']);
  give('web', ended);
  await clock.settle();
  assert.ok(take().includes('spawn web'));
  assert.deepEqual(
    log.lines.filter((line) => line.startsWith('error')),
    ['error: the journal cannot be written'],
  );
});

test('a journal that is well again is given everything that it missed, and operations are taken', async () => {
  const { driver, clock, give, journal, log } = await aRunningDriver();
  journal.failWith('disk full');
  give('web', ended);
  driver.deliver(restart('op-1'));
  await clock.settle();
  give('web', { kind: 'spawned', child: aChild(202) });
  await clock.settle();
  driver.deliver({
    kind: 'received',
    message: { kind: 'acknowledgement', sessionEpoch: EPOCH, seq: 5 },
  });
  await clock.settle();
  journal.failWith(null);
  await clock.pass(1_000);
  assert.equal(driver.state().isJournalSound, true);
  const { processes, targets, outbox } = journal.contents();
  assert.deepEqual(processes, [...driver.state().processes.values()]);
  assert.equal(processes[0]?.child?.pid, 202);
  assert.deepEqual(new Set(targets), new Set(driver.state().targets.values()));
  assert.deepEqual(outbox, recordOf(driver.state().outbox));
  assert.ok(log.lines.includes('info: the journal is up to date again'));
  driver.deliver(restart('op-2'));
  await clock.settle();
  assert.equal(driver.state().targets.get('op-2 restart web')?.phase, 'stopping');
});

test('a journal that was brought up to date gives the next agent the same queue', async () => {
  const { driver, clock, journal, give } = await aRunningDriver();
  const operations = Array.from({ length: 12 }, (_, index) => `op-${index}`);
  for (const operation of operations) driver.deliver(restart(operation));
  await clock.settle();
  journal.failWith('disk full');
  give('web', ended);
  await clock.settle();
  journal.failWith(null);
  give('web', { kind: 'spawned', child: aChild(202) });
  await clock.pass(1_000);
  assert.equal(driver.state().isJournalSound, true);
  const reading = { kind: 'read', definitions: [web] } as const;
  const state = recoverState(reading, journal.contents(), BOOT_ID, WALL_START_MS);
  const [, ...waiting] = operations.map((operation) => `${operation} restart web`);
  assert.deepEqual(driver.state().queues.get(web.process), waiting);
  assert.deepEqual(state.queues.get(web.process), waiting);
});

test('a hand-over waits for the commit that mends the journal, and brings it about', async () => {
  const { driver, clock, give, journal, order } = await aRunningDriver();
  journal.failWith('disk full');
  give('web', ended);
  driver.deliver({ kind: 'handOver' });
  await clock.settle();
  assert.ok(!order.includes('hand-over'));
  journal.failWith(null);
  driver.deliver({ kind: 'handOver' });
  await clock.settle();
  assert.equal(order.at(-1), 'hand-over');
  assert.equal(journal.contents().processes[0]?.child, null, 'the end of web is on record');
});

test('an orderly end is recorded even by the very commit that mends the journal', async () => {
  const { driver, clock, give, journal, order } = await aRunningDriver();
  journal.failWith('disk full');
  driver.deliver({ kind: 'shutdown' });
  await clock.settle();
  journal.failWith(null);
  give('web', ended);
  await clock.settle();
  assert.equal(order.at(-1), 'shutdown complete');
  assert.equal(journal.contents().endedOrderly, true);
});

test('what the journal holds is enough for the next agent to take over', async () => {
  const { journal } = await aRunningDriver();
  const alive: Sighting = { kind: 'alive' };
  const next = await aDriver([web], journal, new Map([[web.process, alive]]));
  assert.deepEqual(next.children.calls, ['adopt web 101']);
  assert.equal(next.driver.state().processes.get(web.process)?.state, 'RUNNING');
});

test('a broken contract stops the agent instead of letting it guess', async () => {
  const { driver, clock } = await aRunningDriver();
  const before = driver.state();
  driver.deliver({
    kind: 'process',
    process: web.process,
    input: { kind: 'spawned', child: aChild(303) },
  });
  await assert.rejects(clock.settle(), /broken contract: web is RUNNING and was told spawned/);
  assert.equal(driver.state(), before);
});

test('each state that a process enters is a line of the log, trouble as a warning, once committed', async () => {
  const { give, log, clock } = await aRunningDriver();
  const before = log.lines.length;
  give('web', ended);
  assert.equal(log.lines.length, before, 'not before it is committed');
  await clock.settle();
  assert.deepEqual(log.lines.slice(before), ['info: web is EXITED', 'info: web is STARTING']);
});

test('a state that is told again says in the log what is new', async () => {
  const { driver, log, clock } = await aRunningDriver();
  const before = log.lines.length;
  const observation = { kind: 'outputLost', totalBytes: 4_096 } as const;
  driver.deliver({ kind: 'observed', process: web.process, observation });
  await clock.settle();
  assert.deepEqual(log.lines.slice(before), ['warn: web is RUNNING']);
  assert.equal(log.details.at(-1)?.['lostOutputBytes'], 4_096);
  assert.ok(!Object.hasOwn(log.details.at(-1) ?? {}, 'leftBehind'), 'what is as usual is not told');
});

test('a crashed program is on its way before the log tells of it', async () => {
  const { give, clock, log, linesBefore } = await aRunningDriver();
  give('web', ended);
  await clock.settle();
  assert.deepEqual(log.lines.slice(-2), ['info: web is EXITED', 'info: web is STARTING']);
  assert.ok(!linesBefore.get('spawn web')?.includes('info: web is EXITED'));
});

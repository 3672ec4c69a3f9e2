/** `memory_max`, `restart_pause`, and what is lost or left of a process: what the core makes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentStep } from '../../agent/core/state.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost, deedsIn, outcomesIn, type TestHost } from '../fakes/agent-host.ts';
import { aChild, aDefinition, aRunningLife, exitCode } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';

const MEGABYTE = 1_048_576;
const limited = aDefinition('web', { memoryMaxBytes: 100 * MEGABYTE });
let operations = 0;

function resident(host: TestHost, megabytes: number, pid = 101): AgentStep {
  operations += 1;
  const observation = {
    kind: 'resident',
    child: aChild(pid),
    bytes: megabytes * MEGABYTE,
    operationId: operationId(`memory-${operations}`),
  } as const;
  return host.step({ kind: 'observed', process: knownProcessName('web'), observation });
}

const eventsIn = ({ writes }: AgentStep) => writes.filter(({ kind }) => kind === 'event').length;

const ordersIn = ({ writes }: AgentStep) =>
  writes.flatMap((write) =>
    write.kind === 'event' && write.event.event.kind === 'localOrder' ? write.event.event : [],
  );

test('above its limit a process is restarted, as an order that says why', () => {
  const host = aRunningHost(limited);
  assert.deepEqual(deedsIn(resident(host, 99)), []);
  const step = resident(host, 101);
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  const [order] = ordersIn(step);
  assert.equal(order?.requestedBy, 'memory_max');
  assert.equal(order?.command, 'restart web (101.0 MB resident, memory_max is 100.0 MB)');
  host.exited('web');
  host.spawned('web', 102);
  assert.equal(outcomesIn(host.timer('web', 'stayedUp'))[0]?.state, 'succeeded');
  assert.equal(host.process('web').residentBytes, null);
  assert.equal(host.process('web').wanted, 'up');
});

test('it is ordered once for one child, and only by what that child has', () => {
  const host = aHost([limited], {
    examine: () => ({ fault: 'no-file', error: "can't find command" }),
  });
  host.welcome();
  host.spawned('web', 101);
  host.timer('web', 'stayedUp');
  assert.equal(ordersIn(resident(host, 500, 99)).length, 0, 'of the child before');
  assert.equal(ordersIn(resident(host, 500)).length, 1);
  assert.equal(host.stateOf('web'), 'RUNNING', 'what cannot be started is not stopped');
  assert.deepEqual(ordersIn(resident(host, 501)), []);
  assert.equal(eventsIn(resident(host, 502)), 0);
});

test('what somebody is doing to it is over first', () => {
  const host = aRunningHost(limited);
  host.command('stop', 'op-1', 'web');
  assert.equal(ordersIn(resident(host, 500)).length, 0);
});

test("without a limit its memory is nobody's business", () => {
  const host = aRunningHost({ ...limited, memoryMaxBytes: null });
  assert.deepEqual(deedsIn(resident(host, 5_000)), []);
  assert.equal(host.process('web').residentBytes, null);
});

test('within its limit its memory is an event only when it has changed by much', () => {
  const host = aRunningHost(limited);
  assert.equal(eventsIn(resident(host, 50)), 1);
  assert.equal(eventsIn(resident(host, 53)), 0);
  assert.equal(host.process('web').residentBytes, 53 * MEGABYTE);
  assert.equal(eventsIn(resident(host, 70)), 1);
});

test('a limit that is set below what it has counts at once', () => {
  const host = aRunningHost(limited);
  resident(host, 90);
  const by = { kind: 'order', order: 1, caller: ALICE } as const;
  const purpose = { kind: 'update', operationId: operationId('op-9'), groups: [], by } as const;
  const lower = { ...limited, memoryMaxBytes: 50 * MEGABYTE };
  host.step({ kind: 'configRead', purpose, reading: { kind: 'read', definitions: [lower] } });
  assert.deepEqual(deedsIn(resident(host, 90)), ['web stop TERM']);
});

test('a restart that the agent before did not come to order is ordered by the next one', () => {
  const host = aRunningHost(limited);
  const { processes, ...rest } = host.journal();
  const above = processes.map((process) => ({ ...process, residentBytes: 500 * MEGABYTE }));
  const sightings = { web: { kind: 'alive' } } as const;
  const after = aHost([limited], { journal: { ...rest, processes: above }, sightings });
  assert.deepEqual(deedsIn(resident(after, 500)), ['web stop TERM']);
});

test('lost output is an event only when it has doubled', () => {
  const host = aRunningHost(aDefinition('web'));
  const lost = (totalBytes: number) =>
    host.step({
      kind: 'observed',
      process: knownProcessName('web'),
      observation: { kind: 'outputLost', totalBytes },
    });
  assert.deepEqual(
    [1, 1_000, 1_001, 1_023, 2_048, 3_000, 4_096].map((bytes) => eventsIn(lost(bytes))),
    [1, 1, 0, 0, 1, 0, 1],
  );
  assert.equal(host.process('web').lostOutputBytes, 4_096);
});

test('restart_pause is the least wait before a restart after a crash', () => {
  const life = aRunningLife({ autorestart: 'always', restartPauseMs: 5_000 });
  life.pass(60_000);
  life.exited(exitCode(1));
  assert.equal(life.process().state, 'BACKOFF');
  assert.equal(life.process().nextTryAtMs, life.process().changedAtMs + 5_000);
  life.fireTimer();
  assert.equal(life.process().state, 'STARTING');
});

test('restart_pause is the least wait before a failed start is tried again', () => {
  const life = aRunningLife({ restartPauseMs: 1_500, startRetries: 5 });
  life.exited(exitCode(1));
  const delays: number[] = [];
  for (let failure = 0; failure < 3; failure += 1) {
    life.fireTimer();
    life.spawned(200 + failure);
    life.exited(exitCode(1));
    delays.push((life.process().nextTryAtMs ?? 0) - life.process().changedAtMs);
  }
  assert.deepEqual(delays, [1_500, 2_000, 3_000]);
});

test('a restart that somebody orders does not pause', () => {
  const host = aRunningHost(aDefinition('web', { restartPauseMs: 60_000 }));
  host.command('restart', 'op-1', 'web');
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
});

test('a pause that is longer than any other wait outlives the agent', () => {
  const slow = aDefinition('web', { restartPauseMs: 600_000, autorestart: 'always' });
  const before = aRunningHost(slow);
  before.exited('web');
  const after = aHost([slow], { journal: before.journal(), startsAtMs: 100_000 });
  const [timer] = after.booted.effects.flatMap((effect) =>
    effect.kind === 'process' && effect.effect.kind === 'timer' ? effect.effect : [],
  );
  assert.equal(timer?.delayMs, 500_000);
});

test('what was left behind by a stop is counted until the next end', () => {
  const host = aRunningHost(aDefinition('web'));
  host.command('stop', 'op-1', 'web');
  const exit = exitCode(0);
  host.give('web', { kind: 'exited', exit, lastLines: [], leftBehind: 2 });
  assert.equal(host.process('web').leftBehind, 2);
  host.command('start', 'op-2', 'web');
  host.spawned('web', 102);
  assert.equal(host.process('web').leftBehind, 2, 'they may live on');
  host.command('stop', 'op-3', 'web');
  host.exited('web', exit);
  assert.equal(host.process('web').leftBehind, 0);
});

test('lost output is shown, and the next agent counts from nothing', () => {
  const host = aRunningHost(aDefinition('web'));
  const observation = { kind: 'outputLost', totalBytes: 4_096 } as const;
  const step = host.step({ kind: 'observed', process: knownProcessName('web'), observation });
  assert.equal(host.process('web').lostOutputBytes, 4_096);
  assert.ok(step.writes.some(({ kind }) => kind === 'event'));
  const sightings = { web: { kind: 'alive' } } as const;
  const after = aHost([aDefinition('web')], { journal: host.journal(), sightings });
  assert.equal(after.process('web').lostOutputBytes, 0);
});

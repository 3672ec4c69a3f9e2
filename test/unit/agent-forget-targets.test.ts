import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentStep } from '../../agent/core/state.ts';
import { acceptedIn, aHost, aRunningHost, outcomesIn, type TestHost } from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const WEEK_MS = 7 * DAY_MS;
const YEAR_MS = 365 * DAY_MS;

const web = aDefinition('web');
const db = aDefinition('db');

const forgottenIn = (step: AgentStep) =>
  step.writes.flatMap((write) =>
    write.kind === 'targetForgotten' ? `${write.target.operationId} ${write.target.process}` : [],
  );

const rememberedBy = (host: TestHost) => [...host.state().targets].map(([key]) => key).sort();

/** `start`s of a program that runs already: each is settled at once, and heard of. */
function aHostThatStarted(...operations: readonly string[]): TestHost {
  const host = aRunningHost(web, db);
  for (const operation of operations) host.command('start', operation, 'web');
  host.acknowledge();
  return host;
}

/** What the agent forgets when the next command comes. */
const forgottenNext = (host: TestHost, operation = 'op-next') =>
  forgottenIn(host.command('start', operation, 'db'));

test('a settled target is forgotten when it is older than a week, and not a millisecond before', () => {
  const host = aHostThatStarted('op-1');
  host.pass(WEEK_MS);
  assert.deepEqual(forgottenNext(host, 'op-2'), []);
  host.pass(1);
  assert.deepEqual(forgottenNext(host, 'op-3'), ['op-1 web']);
  assert.deepEqual(rememberedBy(host), ['op-2 start db', 'op-3 start db']);
  assert.equal(outcomesIn(host.command('start', 'op-2', 'db')).length, 1, 'still answered');
});

test('nothing is forgotten by commands that are only repeated', () => {
  const host = aHostThatStarted('op-1', 'op-2');
  host.pass(YEAR_MS);
  assert.deepEqual(forgottenIn(host.command('start', 'op-2', 'web')), []);
});

test('a wall clock that jumps makes no target old, and keeps none', () => {
  const ahead = aHostThatStarted('op-1');
  ahead.setWallClock(50 * YEAR_MS);
  assert.deepEqual(forgottenNext(ahead), []);
  const behind = aHostThatStarted('op-1');
  behind.setWallClock(-50 * YEAR_MS);
  behind.pass(WEEK_MS + 1);
  assert.deepEqual(forgottenNext(behind), ['op-1 web']);
});

test('an open target is never forgotten, and holds up none behind it', () => {
  const host = aRunningHost(web, db);
  host.command('restart', 'op-1', 'web');
  host.command('start', 'op-2', 'db');
  host.acknowledge();
  host.pass(YEAR_MS);
  assert.deepEqual(forgottenNext(host), ['op-2 db']);
  host.exited('web', exitCode(0));
  assert.equal(host.target('op-1', 'web')?.phase, 'starting');
});

test('a target whose verdict may not have been heard is kept, because its command may come again', () => {
  const host = aHost([web, db]);
  host.spawned('web');
  host.timer('web', 'stayedUp');
  host.welcome();
  host.command('start', 'op-1', 'web');
  host.step({ kind: 'disconnected' });
  host.pass(YEAR_MS);
  host.welcome();
  assert.deepEqual(forgottenNext(host, 'op-2'), []);
  const again = host.command('start', 'op-1', 'web');
  assert.deepEqual([acceptedIn(again).length, outcomesIn(again).length], [0, 1]);
  host.acknowledge();
  assert.deepEqual(forgottenNext(host, 'op-3'), ['op-1 web']);
});

test('a command does not forget what it repeats itself', () => {
  const host = aHostThatStarted('op-1');
  host.pass(YEAR_MS);
  const step = host.command('start', 'op-1', 'db', 'web');
  assert.equal(outcomesIn(step).length, 2);
  assert.deepEqual(
    acceptedIn(step).map(({ process }) => process),
    ['db'],
    'web is answered from its record',
  );
});

test('what an earlier boot accepted is judged by the wall clock, whatever its old clock said', () => {
  const before = aHostThatStarted('op-1');
  const next = (wallAheadMs: number, startsAtMs: number) => {
    const options = { journal: before.journal(), bootId: 'boot-2', startsAtMs };
    const host = aHost([web, db], { ...options, wallAheadMs: wallAheadMs - startsAtMs });
    host.welcome();
    host.acknowledge();
    return forgottenNext(host);
  };
  for (const upMs of [0, 30 * DAY_MS]) {
    assert.deepEqual(next(WEEK_MS, upMs), [], `up for ${upMs} ms`);
    assert.deepEqual(next(WEEK_MS + 1, upMs), ['op-1 web'], `up for ${upMs} ms`);
  }
});

test('how long a target took that an earlier boot accepted is told by the wall clock', () => {
  const before = aRunningHost(web);
  before.pass(YEAR_MS);
  before.command('stop', 'op-1', 'web');
  const host = aHost([web], {
    journal: before.journal(),
    bootId: 'boot-2',
    wallAheadMs: YEAR_MS + 5_000,
  });
  assert.deepEqual(
    outcomesIn(host.booted).map(({ durationMs }) => durationMs),
    [5_000],
  );
});

test('nothing is forgotten while the journal cannot be written: it would stay in the file', () => {
  const host = aHostThatStarted('op-1');
  host.pass(YEAR_MS);
  host.step({ kind: 'journalFailed' });
  assert.deepEqual(forgottenNext(host, 'op-2'), []);
  host.step({ kind: 'journalRecovered' });
  assert.deepEqual(forgottenNext(host, 'op-3'), ['op-1 web']);
});

test('one new target never has many forgotten, and many old ones are gone before long', () => {
  const operations = Array.from({ length: 100 }, (_, index) => `op-${index}`);
  const host = aHostThatStarted(...operations);
  host.pass(YEAR_MS);
  const counts = operations.slice(0, 30).map((operation) => {
    const { length } = forgottenNext(host, `${operation} again`);
    host.acknowledge();
    return length;
  });
  assert.ok(Math.max(...counts) <= 4, String(counts));
  assert.equal(host.state().targets.size, 30);
  assert.equal(host.state().remembered.size, 30);
});

test('an agent that lives for ever remembers a week', () => {
  const host = aHostThatStarted();
  const weeks = 10;
  for (let day = 0; day < 7 * weeks; day += 1) {
    for (let number = 0; number < 10; number += 1) {
      host.command('start', `op-${day}-${number}`, 'web');
      host.acknowledge();
    }
    host.pass(DAY_MS);
  }
  const { size } = host.state().targets;
  assert.ok(size >= 70 && size <= 100, String(size));
  assert.equal(host.target('op-60-0', 'web'), undefined);
  assert.ok(host.target('op-64-0', 'web'));
});

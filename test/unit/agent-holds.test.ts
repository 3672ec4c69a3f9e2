/** Somebody on the host keeps the fleet's operations off a process: what is left alone, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { AgentEffect, AgentStep } from '../../agent/core/state.ts';
import { operationId } from '../../proto/vocabulary.ts';
import {
  aCommand,
  aHost,
  aRunningHost,
  deedsIn,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { anUpdate, aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition, exitCode, WALL_START_MS } from '../fakes/agent-process.ts';

const HOUR_MS = 3_600_000;
const web = aDefinition('web');
const db = aDefinition('db');
/** 2023-11-14 22:13:20 is when every test begins. */
const HELD = 'held by alice until 2023-11-14 23:13 UTC: debugging';

function aHostWithAlice(...definitions: readonly ProcessDefinition[]) {
  const host = aRunningHost(...definitions);
  return { host, alice: aPerson(host, { kind: 'read', definitions }) };
}

const hold = (names: readonly string[], more: { forMs?: number; reason?: string } = {}) =>
  ({ kind: 'hold', names, forMs: HOUR_MS, reason: 'debugging', ...more }) as const;
const release = (...names: readonly string[]) => ({ kind: 'release', names }) as const;

type HoldTimer = Extract<AgentEffect, { readonly kind: 'holdTimer' }>;

function timersIn(step: AgentStep): readonly HoldTimer[] {
  return step.effects.flatMap((effect) => (effect.kind === 'holdTimer' ? effect : []));
}

/** Time goes on, and every timer of a hold fires that is due. */
function passHolding(host: TestHost, from: AgentStep, durationMs: number): AgentStep {
  let last = from;
  let leftMs = durationMs;
  for (let [timer] = timersIn(last); timer !== undefined; [timer] = timersIn(last)) {
    const { process, untilMs, delayMs } = timer;
    if (delayMs > leftMs) break;
    host.pass(delayMs);
    leftMs -= delayMs;
    last = host.step({ kind: 'holdDue', process, untilMs });
  }
  host.pass(leftMs);
  return last;
}

/** What the controller is told of the hold, newest last. */
function holdsToldIn(step: AgentStep) {
  return step.writes.flatMap((write) =>
    write.kind === 'event' && write.event.event.kind === 'processChanged'
      ? [write.event.event.process.hold]
      : [],
  );
}

test('what the controller wants of a held process is skipped, with the reason, and nothing is done', () => {
  const { host, alice } = aHostWithAlice(web);
  const held = alice.order(hold(['web']));
  const first = { by: 'alice', reason: 'debugging', untilMs: WALL_START_MS + HOUR_MS };
  assert.deepEqual(holdsToldIn(held), [first]);
  assert.deepEqual(alice.heard(), [`web ${HELD}`, 'done']);
  const step = host.command('restart', 'op-1', 'web');
  assert.deepEqual(deedsIn(step), []);
  const [outcome] = outcomesIn(step);
  assert.equal(outcome?.state, 'skipped');
  assert.equal(outcome?.note, HELD);
  assert.equal(outcome?.error, null);
  assert.deepEqual(host.target('op-1', 'web')?.outcome?.state, 'skipped');
  assert.equal(host.process('web').wanted, null);
});

test('every verb of the controller is, and a repeat gets the same answer when the hold is over', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(hold(['web']));
  for (const verb of ['start', 'stop', 'restart'] as const) {
    assert.deepEqual(
      outcomesIn(host.command(verb, `op-${verb}`, 'web')).map(({ state }) => state),
      ['skipped'],
    );
  }
  assert.equal(outcomesIn(host.signal('HUP', 'op-signal', 'web'))[0]?.state, 'skipped');
  alice.order(release('web'));
  const repeat = host.command('stop', 'op-stop', 'web');
  assert.equal(outcomesIn(repeat)[0]?.state, 'skipped');
  assert.deepEqual(deedsIn(repeat), []);
});

test('other processes are not held', () => {
  const { host, alice } = aHostWithAlice(web, db);
  alice.order(hold(['web']));
  assert.deepEqual(deedsIn(host.command('stop', 'op-1', 'db')), ['db stop TERM']);
});

test('orders on the host are done all the same, and so is a restart after a crash', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(hold(['web']));
  const crashed = host.exited('web', exitCode(1));
  assert.deepEqual(deedsIn(crashed), ['web spawn']);
  host.spawned('web', 200);
  host.timer('web', 'stayedUp');
  assert.deepEqual(deedsIn(alice.order(control('restart', 'web'))), ['web stop TERM']);
});

test('a hold ends by itself, in steps of at most a minute, and the controller is told', () => {
  const { host, alice } = aHostWithAlice(web);
  const held = alice.order(hold(['web'], { forMs: 150_000 }));
  assert.deepEqual(
    timersIn(held).map(({ delayMs }) => delayMs),
    [60_000],
  );
  passHolding(host, held, 149_999);
  assert.notEqual(host.process('web').hold, null);
  assert.equal(outcomesIn(host.command('stop', 'op-1', 'web'))[0]?.state, 'skipped');
  host.pass(1);
  const untilMs = WALL_START_MS + 150_000;
  const ended = host.step({ kind: 'holdDue', process: web.process, untilMs });
  assert.deepEqual(holdsToldIn(ended), [null]);
  assert.deepEqual(timersIn(ended), []);
  assert.deepEqual(deedsIn(host.command('stop', 'op-2', 'web')), ['web stop TERM']);
});

test('a wall clock that was set forward ends a hold before its timer does', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(hold(['web']));
  host.setWallClock(HOUR_MS);
  assert.deepEqual(deedsIn(host.command('stop', 'op-1', 'web')), ['web stop TERM']);
});

test('a wall clock that was set back makes a timer wait on', () => {
  const { host, alice } = aHostWithAlice(web);
  const held = alice.order(hold(['web'], { forMs: 1_000 }));
  host.setWallClock(-10_000);
  const step = passHolding(host, held, 1_000);
  assert.deepEqual(
    timersIn(step).map(({ delayMs }) => delayMs),
    [10_000],
  );
  assert.equal(outcomesIn(host.command('stop', 'op-1', 'web'))[0]?.state, 'skipped');
});

test('a second hold replaces the first and says whose it was; its timer alone counts', () => {
  const { host, alice } = aHostWithAlice(web);
  const first = alice.order(hold(['web'], { forMs: 60_000 }));
  alice.heard();
  alice.order(hold(['web'], { reason: '' }));
  assert.deepEqual(alice.heard(), [
    'web held by alice until 2023-11-14 23:13 UTC, was held by alice until 2023-11-14 22:14 UTC: debugging',
    'done',
  ]);
  const late = passHolding(host, first, 60_000);
  assert.deepEqual(timersIn(late), []);
  assert.equal(host.process('web').hold?.untilMs, WALL_START_MS + HOUR_MS);
});

test('a release says whose hold it was, and that there was none where it was named', () => {
  const { host, alice } = aHostWithAlice(web, db);
  alice.order(hold(['web']));
  alice.heard();
  const released = alice.order(release('all'));
  assert.deepEqual(alice.heard(), [`web released, was ${HELD}`, 'done']);
  assert.deepEqual(holdsToldIn(released), [null]);
  assert.deepEqual(holdsToldIn(alice.order(release('web'))), []);
  assert.deepEqual(alice.heard(), ['web released', 'done']);
  assert.deepEqual(deedsIn(host.command('stop', 'op-1', 'web')), ['web stop TERM']);
});

test('names are those of the other verbs, and one that means nothing is told of', () => {
  const pool = (number: number) =>
    aDefinition('pool', {
      process: `pool:pool_${number}` as ProcessDefinition['process'],
      name: `pool_${number}`,
    });
  const { host, alice } = aHostWithAlice(pool(0), pool(1), web);
  alice.order(hold(['nope', 'pool:*'], { reason: '' }));
  const until = 'held by alice until 2023-11-14 23:13 UTC';
  assert.deepEqual(alice.heard(), [
    'nope hold bad-name',
    `pool:pool_0 ${until}`,
    `pool:pool_1 ${until}`,
    'done',
  ]);
  assert.equal(host.process('web').hold, null);
});

test('what the controller ordered before and has not begun is skipped, what is under way goes on', () => {
  const { host, alice } = aHostWithAlice(web);
  host.command('restart', 'op-1', 'web');
  host.command('stop', 'op-2', 'web');
  const step = alice.order(hold(['web']));
  assert.deepEqual(
    outcomesIn(step).map(({ operation, state }) => [operation, state]),
    [['op-2', 'skipped']],
  );
  assert.equal(host.process('web').wanted, 'up', 'as the restart wants it');
  const stopped = host.exited('web', exitCode(0));
  assert.deepEqual(deedsIn(stopped), ['web spawn']);
});

test('what people on the host ordered before is not', () => {
  const { host, alice } = aHostWithAlice(web);
  host.command('restart', 'op-1', 'web');
  alice.order(control('stop', 'web'));
  assert.deepEqual(outcomesIn(alice.order(hold(['web']))), []);
});

test('a full stop that has brought it down before the hold starts it again', () => {
  const { host, alice } = aHostWithAlice(web);
  host.receive({ ...aCommand('stop', 'op-1', ['web']), startFollows: true });
  host.exited('web', exitCode(0));
  alice.order(hold(['web']));
  assert.deepEqual(deedsIn(host.command('start', 'op-1', 'web')), ['web spawn']);
  host.spawned('web', 300);
  host.timer('web', 'stayedUp');
  assert.equal(host.target('op-1', 'web', 'start')?.outcome?.state, 'succeeded');
});

test('but not one that somebody has stopped since, nor one that was down before', () => {
  const { host, alice } = aHostWithAlice(web, db);
  alice.order(control('stop', 'db'));
  host.exited('db', exitCode(0));
  host.receive({ ...aCommand('stop', 'op-1', ['web', 'db']), startFollows: true });
  host.exited('web', exitCode(0));
  const again = { operationId: operationId('local-2'), verb: 'stop', signal: null } as const;
  alice.order({ kind: 'control', ...again, names: ['web'] });
  alice.order(hold(['all']));
  const step = host.command('start', 'op-1', 'web', 'db');
  assert.deepEqual(
    outcomesIn(step).map(({ state }) => state),
    ['skipped', 'skipped'],
  );
  assert.deepEqual([host.process('web').wanted, host.process('db').wanted], ['down', 'down']);
});

test('an update by the controller is skipped as a whole where one of its groups is held', () => {
  const { host, alice } = aHostWithAlice(web, db, aDefinition('app'));
  alice.order(hold(['all']));
  const update = (operation: string, ...groups: readonly string[]) =>
    outcomesIn(host.receive({ ...aCommand('update', operation, ['*']), groups }))[0];
  const whole = update('op-1');
  assert.equal(whole?.state, 'skipped');
  assert.equal(whole?.note, `app is ${HELD}; and 2 more`);
  alice.order(release('db', 'app'));
  assert.equal(update('op-2')?.note, `web is ${HELD}`);
  assert.equal(update('op-3', 'all')?.state, 'skipped');
  assert.equal(update('op-4', 'db'), undefined);
});

test('an update that is ordered on the host is done', () => {
  const { alice } = aHostWithAlice(web);
  alice.order(hold(['web']));
  alice.heard();
  alice.setReading({ kind: 'read', definitions: [aDefinition('web', { command: '/bin/other' })] });
  assert.deepEqual(deedsIn(alice.order(anUpdate())), ['web stop TERM']);
});

test('a hold outlives its agent, and the host', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(hold(['web']));
  for (const bootId of ['boot-1', 'boot-2']) {
    const next = aHost([web], {
      journal: host.journal(),
      bootId,
      startsAtMs: 1_000,
      sightings: { web: { kind: 'alive' } },
    });
    next.welcome();
    assert.equal(outcomesIn(next.command('stop', 'op-1', 'web'))[0]?.state, 'skipped', bootId);
    assert.deepEqual(
      timersIn(next.booted).map(({ process, delayMs }) => [process, delayMs]),
      [['web', 60_000]],
    );
  }
});

test('one that ended while no agent was there is over at its start', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(hold(['web']));
  const next = aHost([web], {
    journal: host.journal(),
    bootId: 'boot-2',
    startsAtMs: HOUR_MS,
  });
  assert.equal(next.process('web').hold, null);
  assert.ok(holdsToldIn(next.booted).includes(null));
});

test('a reload keeps it, and a process that is removed loses it', () => {
  const { host, alice } = aHostWithAlice(web, db);
  alice.order(hold(['all']));
  alice.setReading({ kind: 'read', definitions: [web] });
  alice.order({ kind: 'reload' });
  host.exited('web', exitCode(0));
  host.exited('db', exitCode(0));
  host.spawned('web', 300);
  assert.notEqual(host.process('web').hold, null);
  alice.setReading({ kind: 'read', definitions: [web, db] });
  alice.order(anUpdate());
  assert.equal(host.process('db').hold, null);
  const removed = { process: db.process, untilMs: WALL_START_MS + HOUR_MS };
  assert.deepEqual(host.step({ kind: 'holdDue', ...removed }).writes, []);
});

test('nothing is held while nothing can be written down', () => {
  const { host, alice } = aHostWithAlice(web);
  host.step({ kind: 'journalFailed' });
  alice.order(hold(['web']));
  assert.deepEqual(alice.heard(), ['refused exhausted']);
  assert.equal(host.process('web').hold, null);
});

test('a verdict is never longer than the wire takes', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.order(hold(['web'], { reason: 'x'.repeat(1_000) }));
  assert.equal(outcomesIn(host.command('stop', 'op-1', 'web'))[0]?.note?.length, 1_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { AgentStep, Sighting } from '../../agent/core/state.ts';
import {
  aHost,
  aRunningHost,
  changesIn,
  deedsIn,
  type HostOptions,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode, WALL_START_MS } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const ALIVE: Sighting = { kind: 'alive' };
const ended = (code: number): Sighting => ({ kind: 'ended', exit: exitCode(code) });

/** The agent is killed and another takes its place, `startsAtMs` on the virtual clock. */
function nextAgent(
  host: TestHost,
  definitions: readonly ProcessDefinition[],
  options: HostOptions = {},
): TestHost {
  return aHost(definitions, { ...options, journal: { ...host.journal(), ...options.journal } });
}

const timersIn = (step: AgentStep) =>
  step.effects.flatMap((effect) =>
    effect.kind === 'process' && effect.effect.kind === 'timer'
      ? [[effect.effect.timer, effect.effect.delayMs]]
      : [],
  );

test('a child that is alive is adopted as it is: no event, no second child', () => {
  const before = aRunningHost(web);
  const { child } = before.process('web');
  const after = nextAgent(before, [web], { sightings: { web: ALIVE } });
  assert.deepEqual(changesIn(after.booted), []);
  assert.deepEqual(
    after.booted.effects.filter(({ kind }) => kind !== 'tierTimer'),
    [{ kind: 'adopt', process: 'web', child }],
  );
  assert.deepEqual(deedsIn(after.exited('web')), ['web spawn'], 'its later exit is acted on');
});

test('an adopted child is judged by the definition of today', () => {
  const before = aRunningHost(web);
  const calm = aDefinition('web', { autorestart: 'never' });
  const after = nextAgent(before, [calm], { sightings: { web: ALIVE } });
  assert.deepEqual(changesIn(after.exited('web')), ['web EXITED']);
});

test('a child that ended meanwhile is judged by its true status, as if the agent had been there', () => {
  const before = aRunningHost(web);
  const failed = nextAgent(before, [web], { sightings: { web: ended(3) } });
  assert.deepEqual(changesIn(failed.booted), ['web EXITED', 'web STARTING']);
  assert.deepEqual(deedsIn(failed.booted), ['web spawn']);
  const expected = nextAgent(before, [web], { sightings: { web: ended(0) } });
  assert.deepEqual(changesIn(expected.booted), ['web EXITED']);
});

test('what had EXITED or was FATAL is not run again by a new agent', () => {
  const once = aDefinition('once');
  const broken = aDefinition('broken', { startRetries: 0 });
  const before = aRunningHost(once, broken);
  before.exited('once', exitCode(0));
  before.exited('broken');
  before.spawned('broken');
  before.exited('broken');
  const after = nextAgent(before, [once, broken]);
  assert.deepEqual(deedsIn(after.booted), []);
  assert.deepEqual([after.stateOf('once'), after.stateOf('broken')], ['EXITED', 'FATAL']);
});

test('a timer that died with the agent is set again for what is left of it', () => {
  const slow = aDefinition('web', { startMs: 5_000 });
  const slowly = aHost([slow]);
  slowly.spawned('web');
  const later = nextAgent(slowly, [slow], { sightings: { web: ALIVE }, startsAtMs: 400 });
  assert.deepEqual(timersIn(later.booted), [['stayedUp', 4_600]]);
  const starting = aHost([web]);
  starting.spawned('web');
  const up = nextAgent(starting, [web], { sightings: { web: ALIVE }, startsAtMs: 400 });
  assert.deepEqual(timersIn(up.booted), [['stayedUp', 1_000]], 'its gate may be shutting');
  assert.deepEqual(changesIn(up.timer('web', 'stayedUp')), ['web RUNNING']);
  starting.exited('web');
  for (const [startsAtMs, leftMs] of [
    [300, 700],
    [5_000, 0],
  ] as const) {
    const waiting = nextAgent(starting, [web], { startsAtMs });
    assert.deepEqual(timersIn(waiting.booted), [['retryDue', leftMs]]);
    assert.equal(waiting.process('web').nextTryAtMs, WALL_START_MS + 1_000);
    assert.deepEqual(deedsIn(waiting.timer('web', 'retryDue')), ['web spawn']);
  }
});

test('a stop under way is asked for again, with its full time to obey', () => {
  const before = aRunningHost(web);
  before.command('stop', 'op-1', 'web');
  const after = nextAgent(before, [web], { sightings: { web: ALIVE } });
  assert.deepEqual(deedsIn(after.booted), ['web stop TERM']);
  assert.deepEqual(timersIn(after.booted), [['stopTimedOut', 10_000]]);
  assert.equal(outcomesIn(after.exited('web'))[0]?.state, 'succeeded');
});

test('a child that never passed its gate is started afresh, whether it was recorded or not', () => {
  const before = aHost([web]);
  const unrecorded = nextAgent(before, [web]);
  assert.deepEqual(deedsIn(unrecorded.booted), ['web spawn']);
  before.spawned('web');
  const sighting: Sighting = { kind: 'ended', exit: { kind: 'neverRan' } };
  const recorded = nextAgent(before, [web], { sightings: { web: sighting }, startsAtMs: 60_000 });
  assert.deepEqual(changesIn(recorded.booted), ['web STARTING']);
  assert.equal(recorded.process('web').starts, 0);
});

test('after an orderly end everything begins afresh, but generation and wishes are kept', () => {
  const idle = aDefinition('idle', { autostart: false });
  const before = aRunningHost(web, idle);
  before.command('restart', 'op-1', 'web');
  before.command('start', 'op-2', 'idle');
  before.step({ kind: 'shutdown' });
  before.exited('web');
  before.exited('idle', { kind: 'neverRan' });
  const after = nextAgent(before, [web, idle], { journal: { endedOrderly: true } });
  assert.deepEqual(deedsIn(after.booted), ['idle spawn', 'web spawn']);
  assert.equal(after.process('web').generation, 1);
  assert.equal(after.process('web').starts, 0);
});

test('a child that outlasted an orderly end is taken over, never doubled', () => {
  const before = aRunningHost(web);
  before.step({ kind: 'shutdown' });
  const journal = { endedOrderly: true };
  const alive = nextAgent(before, [web], { journal, sightings: { web: ALIVE } });
  assert.deepEqual(deedsIn(alive.booted), ['web stop TERM']);
  const gone = nextAgent(before, [web], { journal, sightings: { web: ended(0) } });
  assert.deepEqual(changesIn(gone.booted), ['web STOPPED', 'web STARTING']);
});

test('an agent that died while it shut down leaves nothing suspended', () => {
  const before = aRunningHost(web);
  before.step({ kind: 'shutdown' });
  before.exited('web');
  const after = nextAgent(before, [web]);
  after.spawned('web');
  after.timer('web', 'stayedUp');
  assert.deepEqual(deedsIn(after.exited('web')), ['web spawn']);
});

test('after a reboot of the host nothing runs, whatever was recorded, and autostart applies anew', () => {
  const once = aDefinition('once');
  const idle = aDefinition('idle', { autostart: false });
  const before = aRunningHost(web, once, idle);
  before.exited('once', exitCode(0));
  before.command('restart', 'op-1', 'web');
  before.command('start', 'op-2', 'idle');
  const after = nextAgent(before, [web, once, idle], { bootId: 'boot-2' });
  assert.deepEqual(deedsIn(after.booted).toSorted(), ['idle spawn', 'once spawn', 'web spawn']);
  assert.equal(after.process('web').generation, 1);
});

test('a process that is no longer configured is stopped if it runs, and forgotten if it does not', () => {
  const old = aDefinition('old');
  const before = aRunningHost(web, old);
  const running = nextAgent(before, [web], { sightings: { web: ALIVE, old: ALIVE } });
  assert.deepEqual(deedsIn(running.booted), ['old stop TERM']);
  running.exited('old');
  assert.equal(running.stateOf('old'), undefined, 'it is gone');
  const configuredAgain = nextAgent(running, [web, old], { sightings: { web: ALIVE } });
  assert.deepEqual(
    deedsIn(configuredAgain.booted),
    ['old spawn'],
    'nobody asked for it to be down',
  );

  before.exited('old', exitCode(0));
  assert.equal(nextAgent(before, [web], { sightings: { web: ALIVE } }).stateOf('old'), undefined);
});

test('a child that died right after its start, unseen, failed to start, however late that is known', () => {
  const web = aDefinition('web', { startMs: 1_000, autorestart: 'never' });
  const before = aHost([web]);
  before.spawned('web');
  const startedAtMs = before.process('web').startedAtMs ?? Number.NaN;
  const endedSo = (endedAtMs: number): Sighting => ({
    kind: 'ended',
    exit: exitCode(0),
    endedAtMs,
  });
  const options = { startsAtMs: 60_000 };
  const quick = { ...options, sightings: { web: endedSo(startedAtMs + 100) } };
  assert.deepEqual(changesIn(nextAgent(before, [web], quick).booted), ['web BACKOFF']);
  const late = { ...options, sightings: { web: endedSo(startedAtMs + 5_000) } };
  assert.deepEqual(changesIn(nextAgent(before, [web], late).booted), ['web RUNNING', 'web EXITED']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';
import type { Sighting } from '../../agent/core/state.ts';
import {
  aHost,
  aRunningHost,
  changesIn,
  deedsIn,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode, instant } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const ALIVE: Sighting = { kind: 'alive' };
const ended = (exit: ExitStatus): Sighting => ({ kind: 'ended', exit });

/** The agent is killed; the next one finds `web` like this. */
function nextAgent(host: TestHost, sighting: Sighting | null, definitions = [web]): TestHost {
  const sightings: Record<string, Sighting> = sighting === null ? {} : { web: sighting };
  return aHost(definitions, { journal: host.journal(), sightings, startsAtMs: 5_000 });
}

/** A restart that was accepted and has just sent its stop signal. */
function restartBegun(definition: ProcessDefinition = web): TestHost {
  const host = aRunningHost(definition);
  host.command('restart', 'op-1', 'web');
  return host;
}

const outcomeOf = (host: TestHost) => host.target('op-1', 'web')?.outcome;

test('a restart that was stopping goes on when the child that is still alive ends', () => {
  const host = nextAgent(restartBegun(), ALIVE);
  assert.deepEqual(deedsIn(host.booted), ['web stop TERM']);
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
  host.spawned('web', 202);
  host.timer('web', 'stayedUp');
  assert.deepEqual([outcomeOf(host)?.oldPid, outcomeOf(host)?.newPid], [101, 202]);
});

test('a restart whose child ended while no agent was there starts it once, and is not confused', () => {
  const host = nextAgent(restartBegun(), ended(exitCode(0)));
  assert.deepEqual(changesIn(host.booted), ['web STOPPED', 'web STARTING']);
  assert.deepEqual(deedsIn(host.booted), ['web spawn']);
  assert.deepEqual(outcomesIn(host.booted), []);
  host.spawned('web', 202);
  assert.equal(outcomesIn(host.timer('web', 'stayedUp'))[0]?.state, 'succeeded');
});

test('a restart whose new child was started waits for RUNNING and does not restart it again', () => {
  const before = restartBegun();
  before.exited('web');
  before.spawned('web', 202);
  const host = nextAgent(before, ALIVE);
  assert.deepEqual(deedsIn(host.booted), []);
  assert.deepEqual(outcomesIn(host.booted), []);
  host.timer('web', 'stayedUp');
  assert.deepEqual([outcomeOf(host)?.state, outcomeOf(host)?.newPid], ['succeeded', 202]);
});

test('a restart whose new child never passed its gate is not done, and starts another', () => {
  for (const startMs of [0, 1_000]) {
    const definition = aDefinition('web', { startMs });
    const before = restartBegun(definition);
    before.exited('web');
    assert.deepEqual(outcomesIn(before.spawned('web', 202)), []);
    const journal = before.journal();
    const host = aHost([definition], { journal, sightings: { web: ended({ kind: 'neverRan' }) } });
    assert.deepEqual([deedsIn(host.booted), outcomesIn(host.booted)], [['web spawn'], []]);
    const [outcome] = outcomesIn(host.comesUp('web', 303));
    assert.deepEqual([outcome?.state, outcome?.newPid], ['succeeded', 303]);
  }
});

test('one whose gate is found shutting has failed: it was never RUNNING, and is tried again', () => {
  const definition = aDefinition('web', { startMs: 0 });
  const before = restartBegun(definition);
  before.exited('web');
  before.spawned('web', 202);
  const journal = before.journal();
  const host = aHost([definition], { journal, sightings: { web: { kind: 'alive' } } });
  const step = host.exited('web', { kind: 'neverRan' });
  assert.deepEqual(changesIn(step), ['web BACKOFF']);
  assert.equal(outcomesIn(step)[0]?.error, 'Exited too quickly (it never ran)');
});

test('a restart whose new child ran and ended while no agent was there says which one it was', () => {
  const before = restartBegun();
  before.exited('web');
  before.spawned('web', 202);
  const endedAtMs = instant(4_000).wallMs;
  const host = nextAgent(before, { kind: 'ended', exit: exitCode(0), endedAtMs });
  assert.deepEqual([outcomeOf(host)?.state, outcomeOf(host)?.newPid], ['succeeded', 202]);
});

test('a restart whose new child failed while no agent was there has failed', () => {
  const before = restartBegun();
  before.exited('web');
  before.spawned('web', 202);
  const journal = before.journal();
  const host = aHost([web], { journal, sightings: { web: ended(exitCode(9)) }, startsAtMs: 500 });
  assert.equal(outcomeOf(host)?.state, 'failed');
  assert.equal(outcomeOf(host)?.error, 'Exited too quickly (exit status 9)');
});

test('a restart whose new child never passed its gate starts it', () => {
  const before = restartBegun();
  before.exited('web');
  const unrecorded = nextAgent(before, null);
  assert.deepEqual(deedsIn(unrecorded.booted), ['web spawn']);
  assert.equal(outcomeOf(unrecorded), null);
  before.spawned('web', 202);
  const recorded = nextAgent(before, ended({ kind: 'neverRan' }));
  assert.deepEqual(deedsIn(recorded.booted), ['web spawn']);
  recorded.spawned('web', 303);
  recorded.timer('web', 'stayedUp');
  assert.equal(outcomeOf(recorded)?.newPid, 303);
});

test('an open stop is done when its child is found to have ended', () => {
  const before = aRunningHost(web);
  before.command('stop', 'op-1', 'web');
  const host = nextAgent(before, ended(exitCode(0)));
  assert.equal(outcomeOf(host)?.state, 'succeeded');
  assert.deepEqual(deedsIn(host.booted), []);
});

test('a start of a process that is no longer configured has failed', () => {
  const idle = aDefinition('web', { autostart: false });
  const before = aRunningHost(idle);
  before.command('start', 'op-1', 'web');
  const host = nextAgent(before, null, []);
  assert.deepEqual(
    [outcomeOf(host)?.state, outcomeOf(host)?.error],
    ['failed', 'it is no longer configured'],
  );
  assert.equal(host.state().queues.size, 0);
});

test('a signal that may have been sent is not sent again: its outcome is not known', () => {
  const before = aRunningHost(web);
  before.signal('HUP', 'op-1', 'web');
  const host = nextAgent(before, ALIVE);
  assert.deepEqual(
    host.booted.effects.filter(({ kind }) => kind === 'signalTarget'),
    [],
  );
  assert.equal(outcomeOf(host)?.state, 'indeterminate');
  assert.match(outcomeOf(host)?.error ?? '', /whether it arrived is not known/);
});

test('the order of the queue outlives the agent, even where the clock was set back', () => {
  const before = restartBegun();
  before.pass(-60_000);
  before.command('stop', 'op-2', 'web');
  const host = nextAgent(before, ALIVE);
  host.exited('web');
  assert.equal(host.stateOf('web'), 'STARTING', 'the restart is still the first');
  host.spawned('web');
  host.timer('web', 'stayedUp');
  assert.equal(host.stateOf('web'), 'STOPPING');
  assert.deepEqual(
    outcomesIn(host.exited('web')).map(({ operation, state }) => [operation, state]),
    [['op-2', 'succeeded']],
  );
});

test('targets that wait are taken in the order in which they were accepted, whatever the clock says', () => {
  const before = restartBegun();
  before.command('stop', 'op-2', 'web');
  before.command('start', 'op-2', 'web');
  before.pass(-60_000);
  before.command('restart', 'op-3', 'web');
  const { targets, ...journal } = before.journal();
  const [underWay, ...waiting] = targets;
  assert.ok(underWay);
  const host = aHost([web], {
    journal: { ...journal, targets: [...waiting, underWay] },
    sightings: { web: ALIVE },
  });
  assert.deepEqual(host.state().queues.get(web.process), [
    'op-1 restart web',
    'op-2 stop web',
    'op-2 start web',
    'op-3 restart web',
  ]);
});

test('a settled target is answered from its record by the next agent', () => {
  const before = restartBegun();
  before.exited('web');
  before.spawned('web', 202);
  before.timer('web', 'stayedUp');
  const host = nextAgent(before, ALIVE);
  host.welcome();
  const [outcome] = outcomesIn(host.command('restart', 'op-1', 'web'));
  assert.deepEqual([outcome?.state, outcome?.newPid], ['succeeded', 202]);
  assert.equal(host.stateOf('web'), 'RUNNING');
});

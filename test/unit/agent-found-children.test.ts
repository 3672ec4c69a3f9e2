import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import {
  contentsWithFound,
  type FoundChild,
  type FoundEnd,
  type FoundProcesses,
} from '../../agent/core/found-children.ts';
import type { Sighting } from '../../agent/core/state.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { aHost, BOOT_ID, deedsIn } from '../fakes/agent-host.ts';
import { aChild, aDefinition, exitCode, instant, killedBy } from '../fakes/agent-process.ts';
import { EMPTY_OUTBOX } from '../fakes/empty-outbox.ts';

const STARTS_AT_MS = 60_000;

const aFound = (name: string, startedAtMs = instant(0).wallMs): FoundChild => ({
  process: knownProcessName(name),
  child: aChild(200, BOOT_ID),
  startedAtMs,
});

/** An agent that begins a new journal on a host where these were found. */
function aHostWithFound(
  definitions: readonly ProcessDefinition[],
  children: readonly FoundChild[],
  sightings: Readonly<Record<string, Sighting>>,
  others: Partial<FoundProcesses> = {},
) {
  const found = { children, ends: [], unsure: [], ...others };
  const empty = {
    ...{ processes: [], targets: [], outbox: EMPTY_OUTBOX, endedOrderly: false, bootId: null },
  };
  const reading = { kind: 'read', definitions } as const;
  const at = instant(STARTS_AT_MS);
  const journal = contentsWithFound(empty, found, { reading, bootId: BOOT_ID, at });
  return aHost(definitions, { journal, sightings, startsAtMs: STARTS_AT_MS });
}

const ALIVE: Sighting = { kind: 'alive' };

const endedWith = (exit: Extract<Sighting, { kind: 'ended' }>['exit']): Sighting => ({
  kind: 'ended',
  exit,
  endedAtMs: instant(30_000).wallMs,
});

test('one that runs is taken over, with its pid and the time at which it was started', () => {
  const host = aHostWithFound([aDefinition('web')], [aFound('web')], { web: ALIVE });
  assert.deepEqual(deedsIn(host.booted), []);
  assert.ok(
    host.booted.effects.some((effect) => effect.kind === 'adopt' && effect.process === 'web'),
  );
  host.timer('web', 'stayedUp');
  const web = host.process('web');
  assert.equal(web.state, 'RUNNING');
  assert.equal(web.child?.pid, 200);
  assert.equal(web.startedAtMs, instant(0).wallMs);
  assert.equal(web.starts, 1);
});

test('it is RUNNING soon where it has been up long enough, later where it has not', () => {
  const slow = aDefinition('slow', { startMs: 90_000 });
  const host = aHostWithFound([aDefinition('web'), slow], [aFound('web'), aFound('slow')], {
    web: ALIVE,
    slow: ALIVE,
  });
  const delays = host.booted.effects.flatMap((effect) =>
    effect.kind === 'process' && effect.effect.kind === 'timer'
      ? [[effect.process as string, effect.effect.timer, effect.effect.delayMs]]
      : [],
  );
  assert.deepEqual(delays, [
    ['slow', 'stayedUp', 30_000],
    ['web', 'stayedUp', 1_000],
  ]);
});

test('a job that ended with 0 while nobody looked does not run again', () => {
  const job = aDefinition('job', { autorestart: 'unexpected' });
  const host = aHostWithFound([job], [aFound('job')], { job: endedWith(exitCode(0)) });
  assert.deepEqual(deedsIn(host.booted), []);
  assert.equal(host.stateOf('job'), 'EXITED');
  assert.deepEqual(host.process('job').exit, exitCode(0));
});

test('one that ended as it should not is started again, once', () => {
  const host = aHostWithFound([aDefinition('web')], [aFound('web')], {
    web: endedWith(killedBy('SEGV')),
  });
  assert.deepEqual(deedsIn(host.booted), ['web spawn']);
  assert.deepEqual(host.process('web').exit, killedBy('SEGV'));
});

test('one that ended too early has failed to start', () => {
  const definition = aDefinition('web', { startRetries: 0 });
  const found = aFound('web', instant(29_900).wallMs);
  const host = aHostWithFound([definition], [found], { web: endedWith(exitCode(0)) });
  assert.equal(host.stateOf('web'), 'FATAL');
});

test('of which nothing was found, autostart decides', () => {
  const definitions = [aDefinition('web'), aDefinition('manual', { autostart: false })];
  const host = aHostWithFound(definitions, [], {});
  assert.deepEqual(deedsIn(host.booted), ['web spawn']);
  assert.equal(host.stateOf('manual'), 'STOPPED');
});

test('one that runs although it does not start by itself goes on', () => {
  const manual = aDefinition('manual', { autostart: false });
  const host = aHostWithFound([manual], [aFound('manual')], { manual: ALIVE });
  host.timer('manual', 'stayedUp');
  assert.equal(host.stateOf('manual'), 'RUNNING');
});

test('one that is no longer configured is stopped, and is then gone', () => {
  const host = aHostWithFound([], [aFound('old:one')], { 'old:one': ALIVE });
  assert.equal(deedsIn(host.booted).length, 1);
  assert.match(deedsIn(host.booted)[0] ?? '', /^old:one (?:stop|signal) TERM$/);
  assert.equal(host.process('old:one').definition.group, 'old');
  host.exited('old:one', killedBy('TERM'));
  assert.equal(host.stateOf('old:one'), undefined);
});

test('a clock that was set back makes nothing younger than new', () => {
  const found = aFound('web', instant(STARTS_AT_MS + 3_600_000).wallMs);
  const host = aHostWithFound([aDefinition('web')], [found], { web: ALIVE });
  assert.equal(host.process('web').startedMonotonicMs, STARTS_AT_MS);
});

const anEnd = (name: string, exit = exitCode(0)): FoundEnd => ({
  process: knownProcessName(name),
  exit,
  endedAtMs: instant(30_000).wallMs,
});

test('a job whose end was known already does not run again, and still says how it ended', () => {
  const job = aDefinition('job', { autorestart: 'unexpected', exitCodes: [0, 2] });
  const host = aHostWithFound([job], [], {}, { ends: [anEnd('job', exitCode(2))] });
  assert.deepEqual(deedsIn(host.booted), []);
  assert.equal(host.stateOf('job'), 'EXITED');
  assert.deepEqual(host.process('job').exit, exitCode(2));
  assert.equal(host.process('job').changedAtMs, instant(30_000).wallMs);
});

test('of every other end autostart decides', () => {
  const definitions = [
    aDefinition('always', { autorestart: 'always' }),
    aDefinition('crashed', { autorestart: 'unexpected' }),
    aDefinition('killed', { autorestart: 'never' }),
    aDefinition('manual', { autostart: false }),
  ];
  const ends = [
    anEnd('always'),
    anEnd('crashed', exitCode(1)),
    anEnd('killed', killedBy('KILL')),
    anEnd('manual', exitCode(1)),
    anEnd('unconfigured'),
  ];
  const host = aHostWithFound(definitions, [], {}, { ends });
  assert.deepEqual(deedsIn(host.booted), ['always spawn', 'crashed spawn', 'killed spawn']);
  assert.equal(host.stateOf('manual'), 'STOPPED');
  assert.equal(host.stateOf('unconfigured'), undefined);
});

test('what may still run is started by nothing but a person', () => {
  const unsure = ['web', 'unconfigured'].map(knownProcessName);
  const host = aHostWithFound([aDefinition('web')], [], {}, { unsure });
  assert.deepEqual(deedsIn(host.booted), []);
  assert.equal(host.stateOf('web'), 'FATAL');
  assert.match(host.process('web').lastError ?? '', /may still run: look for it/);
  assert.equal(host.stateOf('unconfigured'), undefined);
});

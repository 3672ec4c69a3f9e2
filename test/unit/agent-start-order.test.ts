import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialProcess } from '../../agent/core/process.ts';
import { aHost, changesIn, deedsIn } from '../fakes/agent-host.ts';
import { aChild, aDefinition, exitCode, WALL_START_MS } from '../fakes/agent-process.ts';

/** In start order; neither their names nor their places in the configuration tell it. */
const NAMES = ['mail', 'db', 'cron', 'web', 'auth', 'queue', 'cache', 'logs', 'api', 'jobs'];
const definitions = NAMES.map((name, priority) => aDefinition(name, { priority })).toSorted(
  (a, b) => (a.process < b.process ? -1 : 1),
);
const idle = definitions.map((definition) => ({ ...definition, autostart: false }));

test('the whole picture lists processes in start order', () => {
  const [snapshot] = aHost(definitions)
    .welcome()
    .effects.flatMap((effect) => (effect.kind === 'send' ? effect.message : []));
  assert.ok(snapshot?.kind === 'snapshot');
  assert.deepEqual(
    snapshot.processes.map(({ process }) => process),
    NAMES,
  );
});

test('a new agent judges what ended meanwhile in start order', () => {
  const processes = definitions.map((definition) => ({
    ...initialProcess(definition, WALL_START_MS),
    state: 'RUNNING' as const,
    child: aChild(),
  }));
  const ended = { kind: 'ended', exit: exitCode(0) } as const;
  const { booted } = aHost(definitions, {
    journal: { processes, bootId: 'boot-1' },
    sightings: Object.fromEntries(NAMES.map((name) => [name, ended])),
  });
  assert.deepEqual(
    changesIn(booted),
    NAMES.map((name) => `${name} EXITED`),
  );
});

test('a new agent goes on with operations in start order', () => {
  const before = aHost(idle);
  before.welcome();
  before.command('start', 'op-1', ...NAMES.toReversed());
  const { booted } = aHost(idle, { journal: before.journal() });
  assert.deepEqual(
    deedsIn(booted),
    NAMES.map((name) => `${name} spawn`),
  );
});

test('a shutdown that waits for its first tier gives up retries in the reverse of start order, as Supervisor does', () => {
  const host = aHost(idle);
  host.welcome();
  host.command('start', 'op-1', ...NAMES);
  const [last, ...others] = NAMES.toReversed();
  assert.ok(last);
  host.spawned(last);
  for (const name of others) host.give(name, { kind: 'spawnFailed', error: 'EAGAIN' });
  assert.deepEqual(changesIn(host.step({ kind: 'shutdown' })), [
    ...others.map((name) => `${name} FATAL`),
    `${last} STOPPING`,
  ]);
});

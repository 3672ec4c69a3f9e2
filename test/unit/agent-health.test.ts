/** Health checks: what a process is said to be, when it is looked at, and who waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthCheck, ProcessDefinition } from '../../agent/core/definition.ts';
import type { AgentStep } from '../../agent/core/state.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost, deedsIn, outcomesIn, type TestHost } from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';

const check: HealthCheck = {
  probe: { kind: 'tcp', host: '127.0.0.1', port: 80 },
  intervalMs: 10_000,
  timeoutMs: 5_000,
  retries: 3,
};
const web = aDefinition('web', { healthCheck: check, startMs: 0 });

/** When it is looked at next, where it is. */
function nextLooks({ effects }: AgentStep): readonly number[] {
  return effects.flatMap((effect) =>
    effect.kind === 'process' && effect.effect.kind === 'probe' ? effect.effect.delayMs : [],
  );
}

/** The present checking has found this. */
function probed(host: TestHost, error: string | null, sinceMonotonicMs?: number): AgentStep {
  const since = sinceMonotonicMs ?? host.process('web').health?.sinceMonotonicMs ?? -1;
  const result =
    error === null ? ({ isPassing: true } as const) : ({ isPassing: false, error } as const);
  const observation = { kind: 'probed', sinceMonotonicMs: since, result } as const;
  return host.step({ kind: 'observed', process: knownProcessName('web'), observation });
}

const healthOf = (host: TestHost) => host.process('web').health?.health ?? null;

test('it is looked at as soon as it runs, each second until it passes, then once an interval', () => {
  const host = aHost([web]);
  assert.deepEqual(nextLooks(host.comesUp('web')), [0]);
  assert.equal(healthOf(host), 'starting');
  assert.deepEqual(nextLooks(probed(host, 'refused')), [1_000]);
  assert.deepEqual(nextLooks(probed(host, null)), [10_000]);
  assert.equal(healthOf(host), 'healthy');
  assert.deepEqual(nextLooks(probed(host, null)), [10_000]);
});

test('an interval below a second is kept from the start', () => {
  const host = aHost([{ ...web, healthCheck: { ...check, intervalMs: 200 } }]);
  host.comesUp('web');
  assert.deepEqual(nextLooks(probed(host, 'refused')), [200]);
});

test('retries failures in a row make it unhealthy, and one success healthy again', () => {
  const host = aRunningHost(web);
  probed(host, null);
  probed(host, 'refused');
  probed(host, 'refused');
  probed(host, null);
  probed(host, 'refused');
  probed(host, 'refused');
  assert.equal(healthOf(host), 'healthy');
  assert.equal(host.process('web').health?.error, 'refused');
  probed(host, 'timed out');
  assert.equal(healthOf(host), 'unhealthy');
  probed(host, null);
  assert.deepEqual(host.process('web').health, {
    health: 'healthy',
    failures: 0,
    error: null,
    sinceMonotonicMs: 0,
  });
});

test('until it has passed once it has as long as that many checks take', () => {
  const host = aRunningHost(web);
  for (let second = 1; second < 30; second += 1) {
    host.pass(1_000);
    probed(host, 'refused');
  }
  assert.equal(healthOf(host), 'starting');
  host.pass(1_000);
  probed(host, 'refused');
  assert.equal(healthOf(host), 'unhealthy');
});

test('it is nothing while it does not run, and begins anew with the next child', () => {
  const host = aRunningHost(web);
  probed(host, null);
  host.pass(5_000);
  host.exited('web');
  assert.equal(healthOf(host), null);
  const again = host.comesUp('web', 102);
  assert.deepEqual(nextLooks(again), [0]);
  assert.equal(healthOf(host), 'starting');
});

test('an answer that comes too late says nothing about the next child', () => {
  const host = aRunningHost(web);
  host.pass(5_000);
  host.exited('web');
  assert.deepEqual(nextLooks(probed(host, null, 0)), []);
  host.comesUp('web', 102);
  assert.deepEqual(nextLooks(probed(host, null, 0)), []);
  assert.equal(healthOf(host), 'starting');
});

test('only a change of health is an event', () => {
  const host = aRunningHost(web);
  const eventsOf = ({ writes }: AgentStep) => writes.filter(({ kind }) => kind === 'event').length;
  assert.equal(eventsOf(probed(host, 'refused')), 0);
  assert.equal(eventsOf(probed(host, null)), 1);
  assert.equal(eventsOf(probed(host, null)), 0);
});

test('a start is done when its health check passes', () => {
  const host = aHost([{ ...web, autostart: false }]);
  host.welcome();
  host.command('start', 'op-1', 'web');
  assert.deepEqual(outcomesIn(host.comesUp('web')), []);
  assert.deepEqual(outcomesIn(probed(host, 'refused')), []);
  const [outcome] = outcomesIn(probed(host, null));
  assert.equal(outcome?.state, 'succeeded');
});

test('a start fails when it turns out unhealthy, and says what the check said', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-1', 'web');
  host.exited('web');
  host.comesUp('web', 102);
  host.pass(30_000);
  const [outcome] = outcomesIn(probed(host, 'connection refused'));
  assert.equal(outcome?.state, 'failed');
  assert.equal(outcome?.error, 'it runs, but it is unhealthy: connection refused');
});

test('starting what runs waits for its health, and fails at once where that is bad', () => {
  const host = aRunningHost(web);
  assert.deepEqual(outcomesIn(host.command('start', 'op-1', 'web')), []);
  assert.equal(outcomesIn(probed(host, null))[0]?.state, 'succeeded');
  assert.equal(outcomesIn(host.command('start', 'op-2', 'web'))[0]?.note, 'already running');
  for (let failure = 0; failure < 3; failure += 1) probed(host, 'refused');
  assert.equal(outcomesIn(host.command('start', 'op-3', 'web'))[0]?.state, 'failed');
});

test('a stop does not wait until a health check passes', () => {
  const host = aRunningHost(web);
  host.command('start', 'op-1', 'web');
  const [superseded] = outcomesIn(host.command('stop', 'op-2', 'web'));
  assert.equal(superseded?.operation, 'op-1');
  assert.match(superseded?.error ?? '', /a later order/);
  assert.equal(host.stateOf('web'), 'STOPPING');
});

test('a check that is configured while it runs begins at once; one that goes ends it', () => {
  const host = aRunningHost({ ...web, healthCheck: null });
  assert.equal(healthOf(host), null);
  const update = (definition: typeof web) => {
    host.command('update', `op-${definition.healthCheck === null}`, '*');
    const read = host.state().targets.size;
    assert.ok(read > 0);
    const target = [...host.state().targets.values()].findLast(({ phase }) => phase === 'updating');
    assert.ok(target);
    const key = `${target.operationId} update *`;
    const purpose = {
      kind: 'update',
      operationId: target.operationId,
      groups: [],
      by: { kind: 'target', key },
    } as const;
    return host.step({
      kind: 'configRead',
      purpose,
      reading: { kind: 'read', definitions: [definition] },
    });
  };
  assert.deepEqual(nextLooks(update(web)), [0]);
  assert.equal(healthOf(host), 'starting');
  assert.deepEqual(nextLooks(update({ ...web, healthCheck: null })), []);
  assert.equal(healthOf(host), null);
});

test('the next agent looks at once, and believes what was known until it knows better', () => {
  const before = aRunningHost(web);
  probed(before, null);
  const after = aHost([web], {
    journal: before.journal(),
    sightings: { web: { kind: 'alive' } },
    startsAtMs: 3_000,
  });
  assert.equal(healthOf(after), 'healthy');
  assert.deepEqual(nextLooks(after.booted), [0]);
});

test('an agent of the version before knew no checks: they begin with the next one', () => {
  const before = aRunningHost({ ...web, healthCheck: null });
  const journal = before.journal();
  const after = aHost([web], { journal, sightings: { web: { kind: 'alive' } }, startsAtMs: 9_000 });
  assert.equal(healthOf(after), 'starting');
  assert.equal(after.process('web').health?.sinceMonotonicMs, 9_000);
});

test('a restart that waits for its check is not begun again by the next agent', () => {
  const host = aRunningHost(web);
  probed(host, null);
  host.command('restart', 'op-1', 'web');
  host.exited('web');
  host.comesUp('web', 102);
  assert.equal(healthOf(host), 'starting');
  const sightings = { web: { kind: 'alive' } } as const;
  const after = aHost([web], { journal: host.journal(), sightings });
  assert.deepEqual(deedsIn(after.booted), ['web probe'], 'it runs, and is only looked at');
  const [outcome] = outcomesIn(probed(after, null));
  assert.deepEqual([outcome?.state, outcome?.newPid, outcome?.fault], ['succeeded', 102, null]);
});

test('an order that comes while it is starting does not wait for its check', () => {
  const host = aRunningHost({ ...web, startMs: 1_000 });
  probed(host, null);
  host.command('restart', 'op-1', 'web');
  host.exited('web');
  host.spawned('web', 102);
  host.command('stop', 'op-2', 'web');
  const step = host.timer('web', 'stayedUp');
  assert.equal(outcomesIn(step)[0]?.operation, 'op-1');
  assert.deepEqual(deedsIn(step).slice(-1), ['web stop TERM']);
});

/** The configuration says this now, and it is taken up. */
function update(host: TestHost, definition: ProcessDefinition): AgentStep {
  const by = { kind: 'order', order: 1, caller: ALICE } as const;
  const purpose = { kind: 'update', operationId: operationId('op-9'), groups: [], by } as const;
  const reading = { kind: 'read', definitions: [definition] } as const;
  return host.step({ kind: 'configRead', purpose, reading });
}

test('a start that waits for a check is up when there is no check any more', () => {
  const host = aHost([{ ...web, autostart: false }]);
  host.welcome();
  host.command('start', 'op-1', 'web');
  host.comesUp('web');
  const step = update(host, { ...web, autostart: false, healthCheck: null });
  assert.equal(outcomesIn(step)[0]?.state, 'succeeded');
});

test('another check begins at once, and what the one before finds does not count', () => {
  const host = aRunningHost(web);
  probed(host, null);
  const since = host.process('web').health?.sinceMonotonicMs;
  host.pass(1);
  const other = { ...check, probe: { kind: 'tcp', host: '127.0.0.1', port: 81 } } as const;
  assert.deepEqual(nextLooks(update(host, { ...web, healthCheck: other })), [0]);
  assert.equal(healthOf(host), 'starting');
  assert.deepEqual(nextLooks(probed(host, null, since)), []);
  assert.equal(healthOf(host), 'starting');
});

test('the journal is not written because all is well', () => {
  const host = aRunningHost(web);
  probed(host, null);
  assert.deepEqual(probed(host, null).writes, []);
});

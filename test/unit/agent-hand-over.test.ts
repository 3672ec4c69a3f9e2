/** A hand-over leaves everything as it is, for the next agent to find; what was not begun is not lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentStep } from '../../agent/core/state.ts';
import { aHost, aRunningHost, deedsIn, outcomesIn } from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { ALICE } from '../fakes/local-callers.ts';

const web = aDefinition('web');

const kindsIn = ({ effects }: Pick<AgentStep, 'effects'>) => effects.map(({ kind }) => kind);

test('the agent ends at once, and nothing is stopped', () => {
  const host = aRunningHost(web);
  const { effects } = host.step({ kind: 'handOver' });
  assert.deepEqual(effects, [{ kind: 'handOverComplete' }]);
});

test('what happens afterwards is for the next agent to find', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'handOver' });
  const before = host.state();
  const step = host.exited('web');
  assert.equal(host.state(), before);
  assert.deepEqual([step.writes, step.effects], [[], []]);
  const exit = { kind: 'code', code: 7 } as const;
  const after = aHost([web], {
    journal: host.journal(),
    sightings: { web: { kind: 'ended', exit, lastLines: ['last words'] } },
  });
  assert.deepEqual(deedsIn(after.booted), ['web spawn']);
  assert.deepEqual(after.process('web').exit, exit);
  assert.deepEqual(after.process('web').lastLines, ['last words']);
});

test('a command that comes too late is not answered, so that it is sent again', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'handOver' });
  const late = host.command('restart', 'op-1', 'web');
  assert.deepEqual([outcomesIn(late), late.effects], [[], []]);
  const sightings = { web: { kind: 'alive' } } as const;
  const after = aHost([web], { journal: host.journal(), sightings });
  after.welcome();
  assert.deepEqual(deedsIn(after.command('restart', 'op-1', 'web')), ['web stop TERM']);
});

test('a restart that is under way goes on with the next agent, once', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-1', 'web');
  host.step({ kind: 'handOver' });
  const sightings = { web: { kind: 'ended', exit: { kind: 'code', code: 0 } } } as const;
  const after = aHost([web], { journal: host.journal(), sightings });
  after.welcome();
  assert.deepEqual(deedsIn(after.booted), ['web spawn']);
  after.spawned('web', 102);
  assert.equal(outcomesIn(after.timer('web', 'stayedUp'))[0]?.state, 'succeeded');
});

test('it can be ordered on the host, who orders it hears that it is done, and the controller who it was', () => {
  const host = aRunningHost(web);
  const request = { kind: 'handover' } as const;
  const order = { order: 1, by: ALICE, command: 'handover' } as const;
  const { effects, writes } = host.step({ kind: 'order', request, ...order });
  assert.deepEqual(
    effects.filter(({ kind }) => kind === 'tell' || kind === 'handOverComplete'),
    [{ kind: 'tell', order: 1, news: { kind: 'done' } }, { kind: 'handOverComplete' }],
  );
  assert.ok(
    writes.some((write) => write.kind === 'event' && write.event.event.kind === 'localOrder'),
  );
});

test('an end that is under way is no hand-over', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'shutdown' });
  const { effects } = host.step({ kind: 'handOver' });
  assert.deepEqual(
    effects.map(({ kind }) => kind),
    ['warn'],
  );
  const ended = host.exited('web');
  assert.ok(ended.effects.some(({ kind }) => kind === 'shutdownComplete'));
});

test('while the journal cannot be written it waits, because the next agent would know nothing', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'journalFailed' });
  assert.deepEqual(kindsIn(host.step({ kind: 'handOver' })), ['warn']);
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn'], 'supervision goes on');
  assert.deepEqual(kindsIn(host.step({ kind: 'journalRecovered' })), ['handOverComplete']);
});

test('nobody on the host is told that it is done before it can be', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'journalFailed' });
  const request = { kind: 'handover' } as const;
  const order = { order: 1, by: ALICE, command: 'handover' } as const;
  const [told] = host.step({ kind: 'order', request, ...order }).effects;
  assert.equal(told?.kind === 'tell' && told.news.kind, 'refused');
});

test('a reload is over first: only this agent can finish it', () => {
  const host = aRunningHost(web);
  const reading = { kind: 'read', definitions: [web] } as const;
  host.step({ kind: 'configRead', purpose: { kind: 'reload', order: 1 }, reading });
  assert.deepEqual(kindsIn(host.step({ kind: 'handOver' })), ['warn']);
  const { effects } = host.exited('web');
  assert.equal(effects.at(-1)?.kind, 'handOverComplete');
  assert.equal(host.state().isHandingOver, true);
});

test('whoever asks for an end while it hands over is told that nothing is stopped', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'handOver' });
  const { effects } = host.step({ kind: 'shutdown' });
  assert.deepEqual(kindsIn({ effects }), ['warn']);
});

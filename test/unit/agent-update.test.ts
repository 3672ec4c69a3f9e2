/** An update touches only what changed, keeps what people asked for, and says what came of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import {
  aCommand,
  aHost,
  aRunningHost,
  BOOT_ID,
  changesIn,
  deedsIn,
  EPOCH,
  outcomesIn,
} from '../fakes/agent-host.ts';
import { anUpdate, aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const member = (number: number, overrides: Partial<ProcessDefinition> = {}) =>
  aDefinition('pool', {
    process: knownProcessName(`pool:pool_${number}`),
    name: `pool_${number}`,
    ...overrides,
  });

function aHostWithAlice(...definitions: readonly ProcessDefinition[]) {
  const host = aRunningHost(...definitions);
  const alice = aPerson(host, { kind: 'read', definitions });
  const updateTo = (...next: readonly ProcessDefinition[]) => {
    alice.setReading({ kind: 'read', definitions: next });
    return alice.order(anUpdate());
  };
  return { host, alice, updateTo };
}

test('nothing has changed: nothing is done, whatever the order of programs and variables', () => {
  const one = aDefinition('web', { environment: { A: '1', B: '2' } });
  const two = aDefinition('db');
  const { alice, updateTo } = aHostWithAlice(one, two);
  const step = updateTo(two, aDefinition('web', { environment: { B: '2', A: '1' } }));
  assert.deepEqual(deedsIn(step), []);
  assert.deepEqual(alice.heard(), ['done']);
});

test('what its child was started with has changed: it is restarted, and done when it is up', () => {
  for (const change of [
    { command: '/usr/bin/other' },
    { environment: { A: '1' } },
    { directory: '/srv' },
    { umask: 0o77 },
    { user: { name: 'www', uid: 33, gid: 33 } },
    { redirectStderr: true },
    { serverUrl: 'http://localhost:9001' },
  ]) {
    const { host, alice, updateTo } = aHostWithAlice(web);
    const what = JSON.stringify(change);
    assert.deepEqual(deedsIn(updateTo({ ...web, ...change })), ['web stop TERM'], what);
    assert.deepEqual(deedsIn(alice.listen(host.exited('web'))), ['web spawn'], what);
    host.spawned('web', 300);
    assert.deepEqual(alice.heard(), [], what);
    alice.listen(host.timer('web', 'stayedUp'));
    assert.deepEqual(alice.heard(), ['web stopped', 'web updated', 'done'], what);
    assert.equal(host.process('web').wanted, null, 'nobody asked for it');
  }
});

test('whatever else has changed is taken up while it runs', () => {
  for (const change of [
    { priority: 5 },
    { autostart: false },
    { autorestart: 'never' as const },
    { stopSignal: 'INT' },
    { stopWaitMs: 1 },
    { stdoutLog: { ...web.stdoutLog, backups: 3 } },
  ]) {
    const { host, alice, updateTo } = aHostWithAlice(web);
    const step = updateTo({ ...web, ...change });
    assert.deepEqual(deedsIn(step), [], JSON.stringify(change));
    assert.ok(step.effects.some(({ kind }) => kind === 'redefine'));
    assert.deepEqual(alice.heard(), ['web updated', 'done']);
    assert.deepEqual(host.process('web').definition, { ...web, ...change });
  }
});

test('fewer and more processes: the survivors are not touched', () => {
  const { host, alice, updateTo } = aHostWithAlice(member(0), member(1));
  assert.deepEqual(deedsIn(updateTo(member(0), member(1), member(2))), ['pool:pool_2 spawn']);
  host.spawned('pool:pool_2', 300);
  alice.listen(host.timer('pool:pool_2', 'stayedUp'));
  assert.deepEqual(alice.heard(), ['pool updated', 'done']);
  const fewer = aHostWithAlice(member(0), member(1));
  assert.deepEqual(deedsIn(fewer.updateTo(member(0))), ['pool:pool_1 stop TERM']);
  fewer.alice.listen(fewer.host.exited('pool:pool_1'));
  assert.deepEqual(fewer.alice.heard(), ['pool stopped', 'pool updated', 'done']);
  assert.equal(fewer.host.stateOf('pool:pool_1'), undefined);
  assert.equal(fewer.host.stateOf('pool:pool_0'), 'RUNNING');
});

test('what is gone is stopped and removed, and the controller learns of both', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  updateTo();
  const step = alice.listen(host.exited('web'));
  assert.deepEqual(alice.heard(), ['web stopped', 'web removed', 'done']);
  const kinds = step.writes.flatMap((write) =>
    write.kind === 'event' ? write.event.event.kind : [],
  );
  assert.ok(kinds.includes('processRemoved'));
  assert.ok(step.writes.some(({ kind }) => kind === 'processRemoved'));
  assert.ok(step.effects.some(({ kind }) => kind === 'forget'));
});

test('what is gone and did not run is removed at once', () => {
  const { alice, updateTo } = aHostWithAlice(aDefinition('web', { autostart: false }));
  updateTo();
  assert.deepEqual(alice.heard(), ['web removed', 'done']);
});

test('what is new is started if it is to be, and failing is said', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  const lazy = aDefinition('lazy', { autostart: false });
  const step = updateTo(web, aDefinition('cache'), lazy);
  assert.deepEqual(deedsIn(step), ['cache spawn']);
  assert.deepEqual(alice.heard(), ['lazy added']);
  host.spawned('cache', 300);
  alice.listen(host.exited('cache'));
  assert.deepEqual(alice.heard(), ['cache added failed', 'done']);
});

test('what people stopped stays down, and what they started stays up', () => {
  const { host, alice, updateTo } = aHostWithAlice(web);
  alice.order(control('stop', 'web'));
  host.exited('web');
  alice.heard();
  assert.deepEqual(deedsIn(updateTo({ ...web, command: '/usr/bin/other' })), []);
  assert.deepEqual(alice.heard(), ['web updated', 'done']);
  assert.equal(host.process('web').definition.command, '/usr/bin/other');

  const lazy = aDefinition('lazy', { autostart: false });
  const second = aHostWithAlice(lazy);
  second.alice.order(control('start', 'lazy'));
  second.host.spawned('lazy');
  second.host.timer('lazy', 'stayedUp');
  const step = second.updateTo({ ...lazy, command: '/usr/bin/other' });
  assert.deepEqual(deedsIn(step), ['lazy stop TERM']);
  assert.deepEqual(deedsIn(second.host.exited('lazy')), ['lazy spawn']);
});

test('a program that had failed for good is tried again when it was mended', () => {
  const { host, updateTo } = aHostWithAlice(aDefinition('web', { startRetries: 0 }));
  host.give('web', { kind: 'exited', exit: { kind: 'code', code: 1 }, lastLines: [] });
  host.spawned('web', 200);
  host.exited('web');
  assert.equal(host.stateOf('web'), 'FATAL');
  assert.deepEqual(deedsIn(updateTo(aDefinition('web', { command: 'mended' }))), ['web spawn']);
});

test('a program that has finished runs again when what it does has changed, not for anything else', () => {
  const job = aDefinition('job', { autorestart: 'never' });
  const { host, updateTo } = aHostWithAlice(job);
  host.exited('job', { kind: 'code', code: 0 });
  assert.equal(host.stateOf('job'), 'EXITED');
  assert.deepEqual(deedsIn(updateTo({ ...job, priority: 3 })), []);
  const second = aHostWithAlice(job);
  second.host.exited('job', { kind: 'code', code: 0 });
  assert.deepEqual(deedsIn(second.updateTo({ ...job, command: 'other' })), ['job spawn']);
});

test('only the groups that were named are looked at', () => {
  const { alice, host } = aHostWithAlice(web);
  alice.setReading({ kind: 'read', definitions: [aDefinition('cache'), aDefinition('queue')] });
  assert.deepEqual(deedsIn(alice.order(anUpdate('cache'))), ['cache spawn']);
  assert.equal(host.stateOf('web'), 'RUNNING');
  assert.equal(host.stateOf('queue'), undefined);
  const again = { ...anUpdate('nope'), operationId: 'u-2' } as ReturnType<typeof anUpdate>;
  alice.order(again);
  assert.deepEqual(alice.heard(), ['nope updated no-such-group', 'done']);
});

test('what is gone stops before what is new starts, and the tiers of each keep their order', () => {
  const low = aDefinition('low', { priority: 1, stopWaitMs: 0 });
  const high = aDefinition('high', { priority: 9 });
  const { host, alice, updateTo } = aHostWithAlice(low, high);
  const first = updateTo(aDefinition('one', { priority: 1 }), aDefinition('two', { priority: 2 }));
  assert.deepEqual(deedsIn(first), ['high stop TERM']);
  assert.deepEqual(deedsIn(alice.listen(host.exited('high'))), ['low stop TERM']);
  assert.deepEqual(deedsIn(alice.listen(host.exited('low'))), ['one spawn']);
  host.spawned('one');
  assert.deepEqual(deedsIn(alice.listen(host.timer('one', 'stayedUp'))), ['two spawn']);
});

test('a bad configuration changes nothing, and is reported until it is good', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.setReading({ kind: 'rejected', problem: 'agent.conf:3: nonsense' });
  const refused = alice.order(anUpdate());
  assert.deepEqual(deedsIn(refused), []);
  assert.deepEqual(alice.heard(), ['refused configuration']);
  const judged = (step: typeof refused) =>
    step.writes.flatMap((write) =>
      write.kind === 'event' && write.event.event.kind === 'configJudged'
        ? [write.event.event.problem]
        : [],
    );
  assert.deepEqual(judged(refused), ['agent.conf:3: nonsense']);
  const again = { ...anUpdate(), operationId: 'u-2' } as ReturnType<typeof anUpdate>;
  assert.deepEqual(judged(alice.order(again)), [], 'it is no news');
  assert.equal(host.state().configProblem, 'agent.conf:3: nonsense');
  alice.setReading({ kind: 'read', definitions: [web] });
  assert.deepEqual(judged(alice.order({ kind: 'reread' })), [null]);
});

test('an update that the controller orders is one target of the whole host', () => {
  const { host, alice } = aHostWithAlice(web);
  const next = [{ ...web, command: '/usr/bin/other' }, aDefinition('cache', { autostart: false })];
  alice.setReading({ kind: 'read', definitions: next });
  const command = aCommand('update', 'op-1', ['*']);
  const step = alice.read(host.receive(command));
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  host.exited('web');
  host.spawned('web', 300);
  const outcomes = outcomesIn(host.timer('web', 'stayedUp'));
  assert.deepEqual(
    outcomes.map(({ verb, state, note }) => [verb, state, note]),
    [
      ['restart', 'succeeded', null],
      ['update', 'succeeded', 'web updated, cache added'],
    ],
  );
  const repeated = host.receive(command);
  assert.deepEqual(deedsIn(repeated), []);
  assert.deepEqual(outcomesIn(repeated)[0]?.note, 'web updated, cache added');
});

test('an update that was interrupted by the end of the agent goes on with what is left', () => {
  const { host, alice } = aHostWithAlice(member(0), member(1));
  const next = [0, 1].map((number) => member(number, { command: 'new' }));
  alice.setReading({ kind: 'read', definitions: next });
  alice.read(host.receive(aCommand('update', 'op-1', ['*'])));
  host.exited('pool:pool_0');
  host.spawned('pool:pool_0', 300);
  host.timer('pool:pool_0', 'stayedUp');
  const alive = { kind: 'alive' } as const;
  const after = aHost(next, {
    journal: { ...host.journal(), bootId: BOOT_ID },
    sightings: { 'pool:pool_0': alive, 'pool:pool_1': alive },
  });
  const bob = aPerson(after, { kind: 'read', definitions: next });
  after.welcome();
  bob.read(after.booted);
  after.exited('pool:pool_1');
  after.spawned('pool:pool_1', 301);
  const outcomes = outcomesIn(after.timer('pool:pool_1', 'stayedUp'));
  assert.deepEqual(
    outcomes.map(({ verb, state }) => [verb, state]),
    [
      ['restart', 'succeeded'],
      ['update', 'succeeded'],
    ],
  );
  assert.equal(after.process('pool:pool_0').child?.pid, 300, 'it is restarted once');
});

test('an agent that starts with another configuration restarts nothing, and says what is stale', () => {
  const { host } = aHostWithAlice(web);
  const changed = { ...web, command: '/usr/bin/other' };
  const after = aHost([changed], {
    journal: { ...host.journal(), bootId: BOOT_ID },
    sightings: { web: { kind: 'alive' } },
  });
  assert.deepEqual(deedsIn(after.booted), []);
  const bob = aPerson(after, { kind: 'read', definitions: [changed] });
  bob.order({ kind: 'reread' });
  assert.deepEqual(bob.heard(), ['reread web changed', 'done']);
  assert.deepEqual(deedsIn(bob.order(anUpdate())), ['web stop TERM']);
});

test('an agent that finds a bad configuration goes by the last one, and reports it', () => {
  const { host } = aHostWithAlice(web, aDefinition('lazy', { autostart: false }));
  const reading = { kind: 'rejected', problem: 'no [section]' } as const;
  const after = aHost([], {
    reading,
    journal: { ...host.journal(), bootId: BOOT_ID },
    sightings: { web: { kind: 'alive' } },
  });
  assert.deepEqual([after.stateOf('web'), after.stateOf('lazy')], ['RUNNING', 'STOPPED']);
  const [snapshot] = after
    .welcome()
    .effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'snapshot' ? [effect.message] : [],
    );
  assert.equal(snapshot?.configProblem, 'no [section]');
  after.exited('web');
  assert.equal(after.stateOf('web'), 'STARTING', 'it is supervised as before');
});

test('the controller asks what would change and what is configured, and only its own session is answered', () => {
  const { host, alice } = aHostWithAlice(web);
  alice.setReading({ kind: 'read', definitions: [aDefinition('cache')] });
  const ask = (question: 'reread' | 'avail', sessionEpoch = EPOCH) =>
    alice
      .read(host.receive({ kind: 'question', sessionEpoch, questionId: 3, question }))
      .effects.flatMap((effect) =>
        effect.kind === 'send' && effect.message.kind === 'answer' ? [effect.message.answer] : [],
      );
  assert.deepEqual(ask('reread'), [
    {
      kind: 'reread',
      changes: [
        { group: 'cache', change: 'available' },
        { group: 'web', change: 'disappeared' },
      ],
    },
  ]);
  const [avail] = ask('avail');
  assert.ok(avail?.kind === 'avail');
  assert.deepEqual(
    avail.processes.map(({ process, inUse }) => [process, inUse]),
    [['cache', false]],
  );
  assert.deepEqual(ask('avail', EPOCH + 1), []);
  alice.setReading({ kind: 'rejected', problem: 'bad' });
  assert.deepEqual(ask('reread'), [{ kind: 'failed', error: 'bad' }]);
});

test('a process that is no longer configured when the agent starts goes when it has stopped', () => {
  const { host } = aHostWithAlice(web);
  const after = aHost([], {
    journal: { ...host.journal(), bootId: BOOT_ID },
    sightings: { web: { kind: 'alive' } },
  });
  assert.deepEqual(deedsIn(after.booted), ['web stop TERM']);
  assert.deepEqual(changesIn(after.exited('web')), ['web STOPPED']);
  assert.equal(after.stateOf('web'), undefined);
});

test('more processes than one message holds are not told, and the session goes on', () => {
  const { host, alice } = aHostWithAlice(web);
  const many = Array.from({ length: 9_000 }, (_, number) =>
    aDefinition(`process-${number}-${'x'.repeat(40)}`),
  );
  alice.setReading({ kind: 'read', definitions: many });
  alice.order({ kind: 'reread' });
  const question = {
    kind: 'question',
    sessionEpoch: EPOCH,
    questionId: 4,
    question: 'avail',
  } as const;
  const [answer] = host.receive(question).effects;
  assert.ok(answer?.kind === 'send' && answer.message.kind === 'answer');
  assert.equal(answer.message.answer.kind, 'failed');
});

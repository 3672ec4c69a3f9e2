import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationRequest } from '../../proto/operation.ts';
import {
  hostId,
  knownProcessName,
  type TargetOutcome,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import {
  accepted,
  anId,
  aRequest,
  aStatus,
  type FleetScript,
  fleetScript,
  settled,
  settledAs,
} from '../fakes/controller-fleet.ts';

/** a and b are connected, c is away. */
function fleet(): FleetScript {
  const script = fleetScript();
  script.connect('b', 2, [aStatus('web')]);
  script.connect('a', 1, [aStatus('web'), aStatus('db', { groupPriority: 5 })]);
  script.connect('c', 3, []);
  script.give({ kind: 'sessionEnded', host: hostId('c'), connection: 3 });
  return script;
}

const commands = (script: FleetScript) =>
  script.effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'command'
      ? [{ connection: effect.connection, ...effect.message }]
      : [],
  );

function submit(script: FleetScript, groups: readonly string[] = [], hosts = '@*') {
  script.submit(aRequest('update', hosts, groups));
}

function refusalOf(more: Partial<OperationRequest>): string {
  const script = fleet();
  script.submit(aRequest('update', '@*', [], more));
  const reply = script.effects.find((effect) => effect.kind === 'reply');
  assert.ok(reply?.kind === 'reply' && 'code' in reply.answer, JSON.stringify(reply));
  assert.equal(script.state.operations.size, 0);
  return `${reply.answer.code}: ${reply.answer.message}`;
}

function settle(
  script: FleetScript,
  host: string,
  connection: number,
  outcome: Partial<TargetOutcome>,
) {
  const event = settled(anId(), WHOLE_HOST, outcome.state ?? 'succeeded', 'update');
  const told = { ...event, outcome: { ...event.outcome, oldPid: null, newPid: null, ...outcome } };
  script.tell(host, connection, 1, told);
}

test('an update has one target for each selected host, whatever runs there, in one wave', () => {
  const script = fleet();
  submit(script);
  const { targets, waves, leftOut, state } = script.operation();
  assert.deepEqual(
    targets.map(({ host, process, state: each, wave, stopWave, oldPid }) => ({
      ...{ host, process, each, wave, stopWave, oldPid },
    })),
    [
      ['a', 'dispatched'],
      ['b', 'dispatched'],
      ['c', 'unreachable'],
    ].map(([host, each]) => ({
      ...{ host, process: WHOLE_HOST, each, wave: 0, stopWave: null, oldPid: null },
    })),
  );
  assert.deepEqual(waves, [
    {
      ...{ index: 0, action: 'update', groupPriority: 0, priority: 0, targets: 3, waitMs: 660_000 },
      ...{ batch: 0, batches: 1, isCanary: false },
    },
  ]);
  assert.deepEqual(leftOut, []);
  assert.equal(state, 'running');
});

test('its command names the whole host and the groups as they were typed', () => {
  const script = fleet();
  submit(script, ['web', 'queue'], 'a');
  assert.deepEqual(commands(script), [
    {
      connection: 1,
      kind: 'command',
      sessionEpoch: 2,
      operationId: anId(),
      verb: 'update',
      signal: null,
      processes: [WHOLE_HOST],
      startFollows: false,
      groups: ['web', 'queue'],
      minHealthyMs: 0,
      expiresInMs: null,
      sentAtMs: 0,
    },
  ]);
});

test('all groups are meant by none and by all', () => {
  for (const groups of [[], ['all'], ['web', 'all']]) {
    const script = fleet();
    submit(script, groups, 'a,b');
    assert.deepEqual(
      commands(script).map((command) => command.groups),
      [[], []],
    );
  }
});

test('other verbs have no groups', () => {
  const script = fleet();
  script.submit(aRequest('restart', 'a', ['web']));
  assert.deepEqual(
    commands(script).map(({ processes, groups }) => ({ processes, groups })),
    [{ processes: [knownProcessName('web')], groups: [] }],
  );
});

test('a host that comes back is told again, with its groups, until it has said how it ended', () => {
  const script = fleet();
  submit(script, ['web'], 'a');
  script.tell('a', 1, 1, accepted(anId(), WHOLE_HOST, 'update'));
  assert.equal(script.operation().targets[0]?.state, 'accepted');
  script.give({ kind: 'sessionEnded', host: hostId('a'), connection: 1 });
  script.connect('a', 9, [aStatus('web')]);
  assert.deepEqual(
    commands(script).map(({ connection, verb, groups }) => ({ connection, verb, groups })),
    [{ connection: 9, verb: 'update', groups: ['web'] }],
  );
});

test('what an agent says of a success and of a failure stands in the target', () => {
  const script = fleet();
  submit(script, [], 'a,b');
  settle(script, 'a', 1, { note: 'web updated, queue added' });
  const error = 'the configuration was rejected, and nothing was changed: agent.conf:3: …';
  settle(script, 'b', 2, { ...settledAs('failed'), error });
  const { targets, state } = script.operation();
  assert.deepEqual(
    targets.map((target) => [target.state, target.note, target.error]),
    [
      ['succeeded', 'web updated, queue added', null],
      ['failed', null, error],
    ],
  );
  assert.equal(state, 'failed');
});

test('what processes do meanwhile does not touch the target of their host', () => {
  const script = fleet();
  submit(script, [], 'a');
  script.tell('a', 1, 1, {
    kind: 'processChanged',
    process: aStatus('web', { state: 'STOPPING' }),
  });
  assert.equal(script.operation().targets[0]?.processState, 'UNKNOWN');
  script.tell('a', 1, 2, { kind: 'processRemoved', process: knownProcessName('web') });
  assert.equal(script.operation().targets[0]?.state, 'dispatched');
});

test('what makes no sense for an update is refused, and nothing is begun', () => {
  assert.match(refusalOf({ order: 'host' }), /^usage: an order of hosts \(host\) does not go with/);
  assert.match(refusalOf({ fullStop: true }), /^usage: a full stop goes with the verb restart/);
  assert.match(refusalOf({ signal: 'HUP' }), /^usage: a signal goes with the verb signal/);
  assert.match(refusalOf({ hosts: ' ' }), /^usage: no hosts are named/);
  assert.match(refusalOf({ expectHosts: 2 }), /^surprise: update would touch 3 hosts, and 2 hosts/);
  assert.match(refusalOf({ processes: ['x'.repeat(501)] }), /^usage: /);
});

test('as many hosts as were expected are updated', () => {
  const script = fleet();
  script.submit(aRequest('update', '@*', [], { expectHosts: 3 }));
  assert.equal(script.operation().targets.length, 3);
});

test('other verbs need processes', () => {
  const script = fleet();
  script.submit(aRequest('restart', '@*', []));
  assert.equal(script.state.operations.size, 0);
});

/** Two operations on the same processes: the second is refused, or waits its turn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executionOf, operationOf } from '../../controller/core/execution.ts';
import type { Operation, OperationRequest } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import type { Verb } from '../../proto/vocabulary.ts';
import {
  anId,
  aRequest,
  aStatus,
  type FleetScript,
  fleetScript,
  settled,
} from '../fakes/controller-fleet.ts';

const [FIRST, SECOND, THIRD] = [anId(1), anId(2), anId(3)];

function twoHosts(): FleetScript {
  const script = fleetScript();
  script.connect('a', 1, [aStatus('web'), aStatus('db')]);
  script.connect('b', 2, [aStatus('web'), aStatus('db')]);
  return script;
}

function restart(
  serial: number,
  hosts: string,
  processes: readonly string[],
  strategy: Partial<Strategy> = {},
  verb: Verb = 'restart',
): OperationRequest {
  const whole = { ...DEFAULT_STRATEGY, ...strategy };
  return aRequest(verb, hosts, processes, { id: anId(serial), strategy: whole });
}

const waits = { lockWaitMs: 60_000 } as const;

function answer(script: FleetScript) {
  const reply = script.effects.find((effect) => effect.kind === 'reply');
  return reply?.kind === 'reply' ? reply.answer : assert.fail('no reply');
}

const codeOf = (script: FleetScript): string => {
  const given = answer(script);
  return 'code' in given ? given.code : given.state;
};

const states = (script: FleetScript, ...serials: readonly number[]): string =>
  serials.map((serial) => script.operation(anId(serial)).state).join(' ');

test('what another operation has still to do is refused, with whom, since when and what ends it', () => {
  const script = twoHosts();
  script.submit({ ...restart(1, '@*', ['web'], { deadlineMs: 600_000 }), reason: 'deploy' });
  script.submit(restart(2, 'b', ['all']));
  const refused = answer(script);
  assert.ok('code' in refused);
  assert.equal(refused.code, 'locked');
  assert.equal(refused.message, `web on b is in use by the restart ${FIRST} of alice ("deploy")`);
  assert.match(
    refused.cause ?? '',
    /running since 2026-11-22 12:00:00 UTC, its deadline is 2026-11-22 12:10:00 UTC/,
  );
  assert.match(refused.fix ?? '', new RegExp(`--lock-wait 5m, .*fleetctl op cancel ${FIRST}`));
  assert.deepEqual([script.writes, script.state.operations.size], [[], 1]);
});

test('what is done with, or not its own, is free', () => {
  const script = twoHosts();
  script.submit(restart(1, '@*', ['web']));
  script.submit(restart(2, '@*', ['db']));
  assert.equal(codeOf(script), 'running');
  script.tell('a', 1, 1, settled(FIRST, 'web'));
  script.submit(restart(3, 'a', ['web']));
  assert.equal(codeOf(script), 'running');
});

test('a paused operation keeps what it has not begun, and says why it stands still', () => {
  const script = twoHosts();
  script.submit(restart(1, '@*', ['web'], { batch: [{ kind: 'count', count: 1 }] }));
  script.tell('a', 1, 1, settled(FIRST, 'web', 'failed'));
  assert.equal(states(script, 1), 'paused');
  script.submit(restart(2, 'b', ['web']));
  const refused = answer(script);
  assert.ok('code' in refused);
  assert.match(refused.cause ?? '', /paused since .*: |paused since .*1 target failed/);
  script.steer('cancel', { operation: FIRST });
  script.submit(restart(2, 'b', ['web']));
  assert.equal(codeOf(script), 'running');
});

test('an update of a host is about all that runs there, and the other way round', () => {
  const update = twoHosts();
  update.submit(restart(1, 'a', [], {}, 'update'));
  update.submit(restart(2, 'a', ['db']));
  assert.equal(codeOf(update), 'locked');
  update.submit(restart(3, 'b', ['db']));
  assert.equal(codeOf(update), 'running');
  const process = twoHosts();
  process.submit(restart(1, 'a', ['db']));
  process.submit(restart(2, '@*', [], {}, 'update'));
  assert.equal(codeOf(process), 'locked');
});

test('with --lock-wait it is stored, waits, says for whom, and begins when that is free', () => {
  const script = twoHosts();
  script.submit(restart(1, '@*', ['web']));
  script.submit(restart(2, 'b', ['all'], waits));
  assert.equal(codeOf(script), 'planned');
  assert.deepEqual(
    script.effects.filter((effect) => effect.kind === 'send'),
    [],
  );
  assert.equal(
    script.operation(SECOND).halt?.because,
    `it waits for the restart ${FIRST} of alice`,
  );
  script.tell('a', 1, 1, settled(FIRST, 'web'));
  assert.equal(states(script, 1, 2), 'running planned');
  script.tell('b', 2, 1, settled(FIRST, 'web'));
  assert.equal(states(script, 1, 2), 'succeeded running');
  assert.equal(script.operation(SECOND).halt, null);
});

test('those that wait go in the order in which they came, and none is overtaken', () => {
  const script = twoHosts();
  script.submit(restart(1, 'a', ['web']));
  script.submit(restart(2, '@*', ['web'], waits));
  script.submit(restart(3, 'b', ['web'], waits));
  assert.equal(states(script, 2, 3), 'planned planned', 'b is free, and the second comes first');
  script.submit(restart(4, 'b', ['web']));
  assert.equal(codeOf(script), 'locked');
  script.tell('a', 1, 1, settled(FIRST, 'web'));
  assert.equal(states(script, 2, 3), 'running planned');
  script.tell('b', 2, 1, settled(SECOND, 'web'));
  assert.equal(states(script, 2, 3), 'running running');
});

test('one that has waited for too long ends without having touched anything', () => {
  const script = twoHosts();
  script.submit(restart(1, 'a', ['web']));
  script.submit(restart(2, 'a', ['web'], waits));
  assert.ok(
    script.effects.some(
      (effect) =>
        effect.kind === 'operationTimer' &&
        effect.timer.kind === 'lockWait' &&
        effect.delayMs === 60_000,
    ),
  );
  script.submit(restart(3, 'a', ['web'], { lockWaitMs: 120_000 }));
  script.give({ kind: 'operationTimer', operation: SECOND, timer: { kind: 'lockWait' } });
  const { state, targets, halt } = script.operation(SECOND);
  assert.deepEqual([state, targets[0]?.state], ['expired', 'not-attempted']);
  assert.match(halt?.because ?? '', /it waited too long for the restart .* of alice/);
  assert.equal(states(script, 3), 'planned', 'the first one still runs');
  script.tell('a', 1, 1, settled(FIRST, 'web'));
  assert.equal(states(script, 3), 'running');
  script.give({ kind: 'operationTimer', operation: THIRD, timer: { kind: 'lockWait' } });
  assert.equal(states(script, 3), 'running', 'it waits no longer');
});

test('what ends at once when it begins frees what the next one waits for', () => {
  const script = twoHosts();
  script.submit(restart(1, 'a', ['web']));
  script.submit(restart(2, 'a', ['web'], waits));
  script.submit(restart(3, 'a', ['web'], waits));
  script.steer('cancel', { operation: SECOND });
  assert.equal(states(script, 2, 3), 'cancelled planned');
  script.tell('a', 1, 1, settled(FIRST, 'web'));
  assert.equal(states(script, 3), 'running');
});

test('a controller that comes back keeps them waiting, and begins what is free', () => {
  const script = twoHosts();
  script.submit(restart(1, 'a', ['web']));
  script.submit(restart(2, 'a', ['web'], waits));
  script.submit(restart(3, 'b', ['web'], waits));
  const stored: readonly Operation[] = [...script.state.operations.values()].map(operationOf);
  const byAge = stored.toSorted((left, right) => (left.id < right.id ? -1 : 1));
  const again = fleetScript({
    ...script.state,
    operations: PersistentMap.of(
      byAge.map((operation) => [
        operation.id,
        executionOf(operation, { errors: 0, lost: 0, canaries: 0 }),
      ]),
    ),
    live: new Set(byAge.map(({ id }) => id)),
  });
  again.wallMs += 10_000;
  again.give({ kind: 'boot' });
  assert.equal(states(again, 1, 2, 3), 'running planned running');
  const delays = again.effects.flatMap((effect) =>
    effect.kind === 'operationTimer' && effect.timer.kind === 'lockWait' ? [effect.delayMs] : [],
  );
  assert.deepEqual(delays, [50_000]);
});

test('who waits goes on where it was found to be blocked, and says so once for each holder', () => {
  const script = fleetScript();
  const names = Array.from({ length: 50 }, (_, index) => `p${index}`);
  script.connect(
    'a',
    1,
    names.map((name) => aStatus(name)),
  );
  script.submit(restart(1, 'a', ['all']));
  script.submit(restart(2, 'a', ['all'], waits));
  let moves = 0;
  for (const [index, name] of names.entries()) {
    script.tell('a', 1, index + 1, settled(FIRST, name));
    moves += script.writes.filter(
      (write) => write.kind === 'operationChanged' && write.id === SECOND && write.moved !== null,
    ).length;
  }
  assert.equal(states(script, 1, 2), 'succeeded running');
  assert.equal(moves, 1, 'only that it begins');
});

test('who waits for what it has lost itself waits no longer', () => {
  const script = twoHosts();
  const queued = { offline: { kind: 'queue', ttlMs: 600_000 } } as const;
  script.submit(restart(1, 'b', ['web'], { batch: [{ kind: 'count', count: 1 }], ...queued }));
  script.steer('pause', { operation: FIRST });
  script.submit(
    restart(2, '@*', ['web'], { ...waits, maxUnreachable: { kind: 'count', count: 9 } }),
  );
  assert.equal(states(script, 1, 2), 'paused planned');
  script.give({ kind: 'sessionEnded', host: script.host('b').host, connection: 2 });
  script.give({ kind: 'graceOver', host: script.host('b').host, lossCount: 1 });
  assert.equal(states(script, 2), 'running', 'b is lost to it, and a was free all the time');
});

test('what is done again needs no batches of its own', () => {
  const script = twoHosts();
  script.state = { ...script.state, batchRequiredAbove: 1 };
  const divided = { batch: [{ kind: 'count', count: 1 }], onError: 'continue' } as const;
  script.submit(restart(1, '@*', ['web'], divided));
  script.tell('a', 1, 1, settled(FIRST, 'web', 'failed'));
  script.tell('b', 2, 1, settled(FIRST, 'web', 'failed'));
  const retry = {
    kind: 'retry',
    id: SECOND,
    of: FIRST,
    reason: '',
    expectHosts: null,
    allowedOnly: false,
  } as const;
  script.submit(retry);
  assert.equal(codeOf(script), 'running');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlHandlers } from '../../controller/calls/api.ts';
import type { Guard } from '../../controller/door/guard.ts';
import type { FleetDriver } from '../../controller/driver.ts';
import type { Log } from '../../controller/ports.ts';
import { encodeSteering, encodeSubmission } from '../../proto/codec/submission.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, Steering } from '../../proto/operation.ts';
import { anOperation } from '../fakes/control-client.ts';
import { anActor, anId, aRequest, emptyFleet } from '../fakes/controller-fleet.ts';
import { fakeClock, fakeStore } from '../fakes/controller-ports.ts';

/** What is logged when the driver has answered a call so. */
async function loggedOf(
  call: 'SubmitOperation' | 'SteerOperation',
  wire: unknown,
  answer: Operation | Refusal,
): Promise<object> {
  const lines: object[] = [];
  const note = (details: object, text: string) => void lines.push({ ...details, text });
  const log: Log = { info: note, warn: note, error: note };
  const caller = { kind: 'operator', name: 'alice', actor: anActor() };
  const guard = {
    unary: (_rpc: string, handle: (request: unknown, caller: unknown) => unknown) => handle,
  } as unknown as Guard;
  const answering = async () => answer;
  const state = () => emptyFleet;
  const driver = { submit: answering, steer: answering, state } as unknown as FleetDriver;
  const logs = { read: () => assert.fail('nobody reads logs'), [Symbol.dispose]: () => undefined };
  const options = { driver, store: fakeStore(), logs, guard, clock: fakeClock(), log };
  const handle = controlHandlers(options)[call] as unknown as (
    request: unknown,
    from: unknown,
  ) => Promise<unknown>;
  await handle(wire, caller);
  const [line, ...others] = lines;
  assert.deepEqual(others, []);
  return line ?? assert.fail('nothing was logged');
}

function logged(answer: Operation | Refusal): Promise<object> {
  const request = aRequest('restart', 'a', ['web']);
  return loggedOf('SubmitOperation', encodeSubmission({ kind: 'operation', request }), answer);
}

function loggedSteering(more: Partial<Steering>, answer: Operation | Refusal): Promise<object> {
  const steering = {
    operation: '01a2',
    action: 'cancel',
    kill: true,
    reason: '',
    ...more,
  } as const;
  return loggedOf('SteerOperation', encodeSteering(steering), answer);
}

test('an operation is logged with who asked for what', async () => {
  const operation = anOperation({ hosts: 'prod-*', processes: ['web', 'shop:*'] });
  assert.deepEqual(await logged(operation), {
    operator: 'alice',
    id: operation.id,
    verb: operation.verb,
    hosts: 'prod-*',
    processes: '"web", "shop:*"',
    targets: operation.targets.length,
    text: 'operation',
  });
});

test('a selector of a megabyte and a thousand processes are one line of a few kilobytes', async () => {
  const line = await logged(
    anOperation({ hosts: 'a,'.repeat(500_000), processes: Array(1_000).fill('x'.repeat(500)) }),
  );
  assert.ok(JSON.stringify(line).length < 4_000);
});

test('what an operation was made from is logged with it', async () => {
  const operation = anOperation({ runbook: 'restart-web', retryOf: anId(7) });
  const { runbook, retryOf } = (await logged(operation)) as Record<string, unknown>;
  assert.deepEqual({ runbook, retryOf }, { runbook: 'restart-web', retryOf: anId(7) });
});

test('who steered an operation is logged, and why, in one line', async () => {
  const operation = anOperation({ state: 'draining' });
  assert.deepEqual(await loggedSteering({ reason: 'wrong build' }, operation), {
    ...{ operator: 'alice', id: operation.id, action: 'cancel', kill: true, state: 'draining' },
    ...{ reason: 'wrong build', text: 'steering' },
  });
  const long = await loggedSteering({ reason: 'x'.repeat(1_000_000) }, operation);
  assert.ok(JSON.stringify(long).length < 2_000);
});

test('what was refused is logged with its reason', async () => {
  const because = refusal('wrong-state', 'it has ended');
  const line = { operator: 'alice', code: 'wrong-state', text: 'refused: it has ended' };
  assert.deepEqual(await logged(because), line);
  assert.deepEqual(await loggedSteering({}, because), line);
});

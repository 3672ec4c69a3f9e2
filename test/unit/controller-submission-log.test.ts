import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { controlHandlers } from '../../controller/api.ts';
import type { FleetDriver } from '../../controller/driver.ts';
import type { Guard } from '../../controller/guard.ts';
import type { Log } from '../../controller/ports.ts';
import { encodeOperationRequest } from '../../proto/codec/operation.ts';
import type { Operation } from '../../proto/operation.ts';
import { anOperation } from '../fakes/control-client.ts';
import { aRequest } from '../fakes/controller-fleet.ts';
import { fakeClock } from '../fakes/controller-ports.ts';

/** What is logged when the driver has taken this operation. */
async function logged(operation: Operation): Promise<object> {
  const lines: object[] = [];
  const note = (details: object, text: string) => void lines.push({ ...details, text });
  const log: Log = { info: note, warn: note, error: note };
  const caller = { kind: 'operator', name: 'alice' };
  const guard = {
    unary: (_rpc: string, handle: (request: unknown, caller: unknown) => unknown) => handle,
  } as unknown as Guard;
  const driver = { submit: async () => operation } as unknown as FleetDriver;
  const store = { recentEvents: async () => [] };
  const logs = { read: () => assert.fail('nobody reads logs'), [Symbol.dispose]: () => undefined };
  const handlers = controlHandlers({ driver, store, logs, guard, clock: fakeClock(), log });
  const submit = handlers['SubmitOperation'] as unknown as (
    request: unknown,
    from: unknown,
  ) => Promise<ServerUnaryCall<unknown, unknown>>;
  await submit(encodeOperationRequest(aRequest('restart', 'a', ['web'])), caller);
  const [line, ...others] = lines;
  assert.deepEqual(others, []);
  return line ?? assert.fail('nothing was logged');
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

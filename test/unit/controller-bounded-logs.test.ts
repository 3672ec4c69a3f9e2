import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type WatchCall, watchOperation } from '../../controller/calls/watch-call.ts';
import { LOGS_MAX, withBoundedLogs } from '../../controller/core/bounded-logs.ts';
import { CLEAN, executionOf } from '../../controller/core/execution.ts';
import type { encodeOperationUpdate } from '../../proto/codec/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';
import { emptyFleet } from '../fakes/controller-fleet.ts';
import { fakeClock } from '../fakes/controller-ports.ts';

const logTail = ['bind: address in use'];

/** Every second target failed with a log. */
const failedOn = (hosts: number) =>
  anOperation({
    targets: Array.from({ length: 2 * hosts }, (_, n) =>
      n % 2 === 0
        ? aTarget(`prod-${n}`, 'web')
        : aTarget(`prod-${n}`, 'web', { state: 'failed', error: 'Exited too quickly', logTail }),
    ),
  });

test('an operation with few logs has them all, and is not copied', () => {
  const operation = failedOn(LOGS_MAX);
  assert.equal(withBoundedLogs(operation), operation);
});

test('of many logs the first are kept, and of every target all else', () => {
  const operation = failedOn(LOGS_MAX + 300);
  const bounded = withBoundedLogs(operation);
  assert.equal(bounded.targets.filter((target) => target.logTail.length > 0).length, LOGS_MAX);
  assert.deepEqual(
    bounded.targets.slice(0, 2 * LOGS_MAX),
    operation.targets.slice(0, 2 * LOGS_MAX),
  );
  const without = operation.targets.map((target) => ({ ...target, logTail: [] }));
  assert.deepEqual(bounded.targets.slice(2 * LOGS_MAX), without.slice(2 * LOGS_MAX));
});

test('who watches one that has ended is told it whole, with few logs, and no more', () => {
  const operation = failedOn(LOGS_MAX + 1);
  const told: (ReturnType<typeof encodeOperationUpdate> | 'end')[] = [];
  const call = Object.assign(new EventEmitter(), {
    request: { id: operation.id },
    write: (update: ReturnType<typeof encodeOperationUpdate>) => told.push(update),
    end: () => told.push('end'),
  });
  const driver = {
    deliver: () => {},
    submit: () => assert.fail(),
    steer: () => assert.fail(),
    ask: () => assert.fail(),
    identity: () => assert.fail(),
    state: () => ({
      ...emptyFleet,
      operations: PersistentMap.of([[operation.id, executionOf(operation, CLEAN)]]),
    }),
    watch: () => ({ operation, [Symbol.dispose]: () => {} }),
  };
  watchOperation(call as unknown as WatchCall, { driver, clock: fakeClock() }, 'alice');
  const [first, second, ...more] = told;
  const targets = first === 'end' ? [] : (first?.operation?.targets ?? []);
  assert.equal(targets.length, operation.targets.length);
  assert.equal(targets.filter(({ logTail = [] }) => logTail.length > 0).length, LOGS_MAX);
  assert.deepEqual([second, more], ['end', []]);
});

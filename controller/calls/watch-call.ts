/** The stream of `WatchOperation`: the operation as it stands, what changes, and that it has ended. */

import type { ServerWritableStream } from '@grpc/grpc-js';
import { refuseStream } from '../../proto/codec/error.ts';
import { encodeOperationUpdate } from '../../proto/codec/operation.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { OperationUpdate } from '../../proto/operation.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';
import { withBoundedLogs } from '../core/bounded-logs.ts';
import { findSeen } from '../core/operation-queries.ts';
import { type Sight, seenOperation, seenUpdate, sightOf } from '../core/visible.ts';
import type { FleetDriver } from '../driver.ts';
import type { Clock } from '../ports.ts';
import { createUpdateCollector, type UpdateWriter } from './update-collector.ts';

export type WatchCall = ServerWritableStream<
  { readonly id: string },
  ReturnType<typeof encodeOperationUpdate>
>;

export interface WatchServer {
  readonly driver: FleetDriver;
  readonly clock: Clock;
}

/**
 * What somebody sees costs a look at the whole fleet, and an operation on all of it is told of in
 * tens of thousands of updates. Rights that change count within this time, as at the door.
 */
const SIGHT_MS = 1_000;

function createSight(
  driver: Pick<FleetDriver, 'state'>,
  clock: Pick<Clock, 'now'>,
  operator: string,
): () => Sight {
  let current: Sight | null = null;
  let takenAtMs = 0;
  return () => {
    const { wallMs, monotonicMs } = clock.now();
    if (current === null || monotonicMs - takenAtMs >= SIGHT_MS) {
      current = sightOf(driver.state(), operator, wallMs);
      takenAtMs = monotonicMs;
    }
    return current;
  };
}

/** @param operator who sees of it what their roles allow */
export function watchOperation(
  call: WatchCall,
  { driver, clock }: WatchServer,
  operator: string,
): void {
  const writer: UpdateWriter = {
    // The callback, not `drain`: it comes when HTTP/2's flow control has let the message go.
    write: (update, onWritten) => void call.write(encodeOperationUpdate(update), onWritten),
    end: () => void call.end(),
  };
  const collector = createUpdateCollector(writer, clock);
  const sight = createSight(driver, clock, operator);
  const found = findSeen(driver.state(), call.request.id, sight());
  if (isRefusal(found)) return refuseStream(call, found);
  const { id } = found.facts;
  const take = (update: OperationUpdate): void => {
    const execution = driver.state().operations.get(id) ?? found;
    collector.take(seenUpdate(update, execution, sight()));
  };
  const watching = driver.watch(id, take);
  if (isRefusal(watching)) return refuseStream(call, watching);
  onStreamEnd(call, () => {
    watching[Symbol.dispose]();
    collector[Symbol.dispose]();
  });
  const operation = seenOperation(watching.operation, sight());
  collector.take({ kind: 'operation', operation: withBoundedLogs(operation) });
}

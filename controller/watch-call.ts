/** The stream of `WatchOperation`: the operation as it stands, what changes, and that it has ended. */

import type { ServerWritableStream } from '@grpc/grpc-js';
import { refuseStream } from '../proto/codec/error.ts';
import { encodeOperationUpdate } from '../proto/codec/operation.ts';
import { isRefusal } from '../proto/errors.ts';
import type { OperationUpdate } from '../proto/operation.ts';
import { onStreamEnd } from '../proto/stream-end.ts';
import { withBoundedLogs } from './core/bounded-logs.ts';
import { findSeen } from './core/operation-queries.ts';
import { type Sight, seenOperation, seenUpdate, sightOf } from './core/visible.ts';
import type { FleetDriver } from './driver.ts';
import type { Clock } from './ports.ts';
import { createUpdateCollector, type UpdateWriter } from './update-collector.ts';

export type WatchCall = ServerWritableStream<
  { readonly id: string },
  ReturnType<typeof encodeOperationUpdate>
>;

export interface WatchServer {
  readonly driver: FleetDriver;
  readonly clock: Clock;
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
  const sight = (): Sight => sightOf(driver.state(), operator, clock.now().wallMs);
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

/** The stream of `WatchOperation`: the operation as it stands, what changes, and that it has ended. */

import type { ServerWritableStream } from '@grpc/grpc-js';
import { refuseStream } from '../proto/codec/error.ts';
import { encodeOperationUpdate } from '../proto/codec/operation.ts';
import { isRefusal } from '../proto/errors.ts';
import { onStreamEnd } from '../proto/stream-end.ts';
import { withBoundedLogs } from './core/bounded-logs.ts';
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

export function watchOperation(call: WatchCall, { driver, clock }: WatchServer): void {
  const writer: UpdateWriter = {
    // The callback, not `drain`: it comes when HTTP/2's flow control has let the message go.
    write: (update, onWritten) => void call.write(encodeOperationUpdate(update), onWritten),
    end: () => void call.end(),
  };
  const collector = createUpdateCollector(writer, clock);
  const watching = driver.watch(call.request.id, collector.take);
  if (isRefusal(watching)) return refuseStream(call, watching);
  onStreamEnd(call, () => {
    watching[Symbol.dispose]();
    collector[Symbol.dispose]();
  });
  collector.take({ kind: 'operation', operation: withBoundedLogs(watching.operation) });
}

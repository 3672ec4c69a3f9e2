/**
 * When nobody is at the other end of a server's stream any more. grpc-js tells it by another event
 * for each way to leave (the caller cancels, the connection breaks, all was said), often by several.
 */
import type { EventEmitter } from 'node:events';

/** @param leave may be called more than once */
export function onStreamEnd(call: EventEmitter, leave: () => void): void {
  for (const event of ['cancelled', 'close', 'error', 'finish'] as const) call.on(event, leave);
}

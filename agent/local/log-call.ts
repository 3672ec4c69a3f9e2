/**
 * The stream of `ReadLog`: the end of a log and, for who follows it, what is written from then on.
 * The next piece is read when HTTP/2's flow control has let the last one go, so that a reader who is
 * slow, or sleeps, costs the agent no more than that piece.
 */

import type { ServerWritableStream } from '@grpc/grpc-js';
import { refuseStream } from '../../proto/codec/error.ts';
import { decodeLogRequest } from '../../proto/codec/local.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { CallerClaims, LogRequest } from '../../proto/local-orders.ts';
import { LOG_ANSWER_MAX_BYTES } from '../../proto/local-socket.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';

/** A log, and whether its reader may still read it. */
export interface GrantedLog {
  readonly log: ReadableLog;
  /** By the rules of now; null: they may. */
  readonly refusalNow: () => Promise<Refusal | null>;
}

/** A stream that is open. */
export interface LogReading extends Disposable {
  /** The rules have changed: one who may not read it any more is told so, and reads no further. */
  judgeAgain(): void;
}

/** One log, of a process or of the agent itself. */
export interface ReadableLog {
  /** Null where there is none, or none to be shown. */
  tail(bytes: number): Uint8Array | null;
  /** The last so many bytes, and then what is written after this call. */
  follow(
    take: (chunk: Uint8Array) => Promise<void>,
    from: { readonly tailBytes: number },
  ): Disposable;
}

export type LogCall = ServerWritableStream<
  Parameters<typeof decodeLogRequest>[0],
  { readonly data: Uint8Array }
>;

/** Small enough that what else goes over the connection is not kept waiting. */
const CHUNK_MAX_BYTES = 65_536;

/** @returns ends what follows, which would not end by itself */
export function readLog(
  call: LogCall,
  find: (request: LogRequest & CallerClaims) => Promise<GrantedLog | Refusal>,
): LogReading {
  let granted: GrantedLog | null = null;
  let following: Disposable | null = null;
  let isOver = false;
  const leave = (): void => {
    isOver = true;
    following?.[Symbol.dispose]();
    following = null;
  };
  onStreamEnd(call, leave);
  async function begin(): Promise<void> {
    const request = decodeLogRequest(call.request);
    const found = await find(request);
    if (isOver) return;
    if (isRefusal(found)) throw new FleetError(found);
    const { log } = found;
    if (log.tail(0) === null) throw new FleetError(NO_LOG);
    if (request.follow) {
      granted = found;
      following = log.follow((chunk) => send(call, chunk), { tailBytes: request.bytes });
    } else {
      void sendAll(call, tailOf(log, request.bytes));
    }
  }
  async function judge(): Promise<void> {
    const because = (await granted?.refusalNow()) ?? null;
    if (because !== null && !isOver) refuse(because);
  }
  function refuse(because: Refusal): void {
    leave();
    refuseStream(call, because);
  }
  const fail = (error: unknown): void => refuse(FleetError.refusalFrom(error));
  begin().catch(fail);
  return {
    judgeAgain: () => void judge().catch(fail),
    [Symbol.dispose]: () => {
      const wasFollowing = following !== null;
      leave();
      if (wasFollowing) call.end();
    },
  };
}

/** supervisorctl's words (`do_tail`). */
export const NO_LOG = refusal('nothing-matched', 'no log file');

/** One more than may be sent is asked for: the log may be shorter than what was asked for. */
function tailOf(log: ReadableLog, bytes: number): Uint8Array {
  const tail = log.tail(Math.min(bytes, LOG_ANSWER_MAX_BYTES + 1));
  if (tail === null) throw new FleetError(NO_LOG);
  if (tail.byteLength <= LOG_ANSWER_MAX_BYTES) return tail;
  throw new FleetError(
    refusal('usage', `${bytes} bytes of a log are too many`, {
      cause: `at most ${LOG_ANSWER_MAX_BYTES} are sent at once`,
      fix: 'follow it (-f), or read the file itself',
    }),
  );
}

async function sendAll(call: LogCall, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.byteLength && !call.cancelled; from += CHUNK_MAX_BYTES) {
    await send(call, bytes.subarray(from, from + CHUNK_MAX_BYTES));
  }
  call.end();
}

/** Resolves when it has gone; never, where the caller has. */
function send(call: LogCall, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => void call.write({ data }, () => resolve()));
}

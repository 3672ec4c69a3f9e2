/**
 * The stream of `GiveOrder`: what was ordered is carried out whether its giver listens or not, and
 * one who reads too slowly stops listening rather than filling the agent's memory.
 */

import type { ServerWritableStream } from '@grpc/grpc-js';
import { refuseStream } from '../../proto/codec/error.ts';
import { decodeOrder } from '../../proto/codec/local.ts';
import { encodeOrderNews } from '../../proto/codec/order-news.ts';
import { FleetError, isRefusal, refusal } from '../../proto/errors.ts';
import type { OrderNews } from '../../proto/local-orders.ts';
import { patternsProblem } from '../../proto/process-pattern.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';
import type { Callers } from './callers.ts';
import { withCanonicalSignal } from './canonical-signal.ts';
import type { OrderDesk } from './order-desk.ts';

export type OrderCall = ServerWritableStream<
  Parameters<typeof decodeOrder>[0],
  ReturnType<typeof encodeOrderNews>
>;

/** A restart of every process of a large host, twice over; each is some hundred bytes. */
const UNREAD_MAX = 20_000;

export async function giveOrder(
  call: OrderCall,
  { desk, callers }: { readonly desk: OrderDesk; readonly callers: Callers },
): Promise<void> {
  const leaving = new AbortController();
  onStreamEnd(call, () => leaving.abort());
  try {
    const { order: given, ...claims } = decodeOrder(call.request);
    const order = withCanonicalSignal(given);
    if (isRefusal(order)) return refuseStream(call, order);
    const problem = 'names' in order ? patternsProblem(order.names) : null;
    if (problem !== null) return refuseStream(call, problem);
    const caller = await callers.identify(claims);
    if (isRefusal(caller)) return refuseStream(call, caller);
    // Who has left before the order was taken has not given it.
    if (leaving.signal.aborted) return;
    const listening = desk.give(order, caller, newsWriter(call));
    leaving.signal.addEventListener('abort', () => listening[Symbol.dispose]());
  } catch (error) {
    refuseStream(call, FleetError.refusalFrom(error));
  }
}

function newsWriter(call: OrderCall): (news: OrderNews) => void {
  let unread = 0;
  return (news) => {
    if (unread > UNREAD_MAX) return;
    unread += 1;
    if (unread > UNREAD_MAX) return refuseStream(call, TOO_SLOW);
    call.write(encodeOrderNews(news), () => {
      unread -= 1;
    });
    if (news.kind === 'done' || news.kind === 'refused') call.end();
  };
}

const TOO_SLOW = refusal('exhausted', 'what happens is not being read; the order goes on', {
  fix: 'see how things stand with: fleetctl --local status',
});

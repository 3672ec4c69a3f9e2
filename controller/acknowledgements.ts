/**
 * Tells agents up to where their events are stored. Nothing waits for it: an agent only keeps what
 * it might have to send again. So the acknowledgements of a second leave as one, a frame for each
 * agent instead of one for each batch in which something of it was stored; and those of a large
 * fleet do not leave in one go, which would keep everything else waiting.
 */
import type { ConnectionId } from './core/host.ts';
import type { FleetEffect } from './core/state.ts';
import type { AgentLinks, Clock } from './ports.ts';

type Acknowledge = Extract<FleetEffect, { readonly kind: 'acknowledge' }>;

export const ACKNOWLEDGE_INTERVAL_MS = 1_000;

/** About 5 ms of work. */
export const ACKNOWLEDGED_AT_ONCE_MAX = 250;

/** @returns takes what is stored; of one connection the last counts */
export function createAcknowledgements(
  links: Pick<AgentLinks, 'send'>,
  clock: Pick<Clock, 'after' | 'soon'>,
): (effect: Acknowledge) => void {
  const pending = new Map<ConnectionId, Acknowledge>();
  let isDue = false;

  function sendSome(): void {
    let sent = 0;
    for (const [connection, { sessionEpoch, seq }] of pending) {
      if (sent === ACKNOWLEDGED_AT_ONCE_MAX) return clock.soon(sendSome);
      pending.delete(connection);
      links.send(connection, { kind: 'acknowledgement', sessionEpoch, seq });
      sent += 1;
    }
    isDue = false;
  }

  return (effect) => {
    pending.set(effect.connection, effect);
    if (isDue) return;
    isDue = true;
    clock.after(ACKNOWLEDGE_INTERVAL_MS, sendSome);
  };
}

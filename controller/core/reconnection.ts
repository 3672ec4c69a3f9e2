/**
 * How agents come back after the controller, or the way to it, was gone: spread over a time that
 * grows with the fleet, so that they do not arrive all at once. Who is given that time must not be
 * called lost before it is over.
 */

const SPREAD_PER_AGENT_MS = 8;
const SHORTEST_SPREAD_MS = 1_000;
const LONGEST_SPREAD_MS = 120_000;

/** For the connection itself, the handshake and the snapshot, when an agent's turn has come. */
const CONNECT_ALLOWANCE_MS = 5_000;

/** Each agent waits a random part of this before it dials again. */
export function reconnectSpreadMs(agents: number): number {
  return Math.min(LONGEST_SPREAD_MS, Math.max(SHORTEST_SPREAD_MS, agents * SPREAD_PER_AGENT_MS));
}

/** How long a host may be away before what it was told counts as lost. */
export function graceMs(unreachableAfterMs: number, agents: number): number {
  return Math.max(unreachableAfterMs, reconnectSpreadMs(agents) + CONNECT_ALLOWANCE_MS);
}

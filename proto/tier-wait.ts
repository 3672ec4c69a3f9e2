/**
 * How long a tier is waited for before the next begins, all the same and with a warning. The agent
 * asks at boot and at shutdown, the controller for the waves of an operation.
 */

/** Over and above `stopwaitsecs`, for SIGKILL to take effect. */
const KILL_ALLOWANCE_MS = 5_000;

/** Longer is a slip of the keyboard, and Node's timers end at 24.8 days. */
const WAIT_MAX_MS = 24 * 60 * 60 * 1_000;

interface Waited {
  readonly tierWaitMs: number;
  readonly stopWaitMs: number;
}

/** Of members that are started. 0: not waited for. */
export function startWaitMs(members: Iterable<Waited>): number {
  return longest(members, ({ tierWaitMs }) => tierWaitMs);
}

/** Of members that are stopped: no shorter than any of them may take. */
export function stopWaitMs(members: Iterable<Waited>): number {
  return longest(members, (member) =>
    Math.max(member.tierWaitMs, member.stopWaitMs + KILL_ALLOWANCE_MS),
  );
}

function longest(members: Iterable<Waited>, waitMsOf: (member: Waited) => number): number {
  let longestMs = 0;
  for (const member of members) longestMs = Math.max(longestMs, waitMsOf(member));
  return Math.min(longestMs, WAIT_MAX_MS);
}

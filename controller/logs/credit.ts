/**
 * How much of logs the controller holds. Agents send only what they have credit for, and credit is
 * given back when the caller's stream has let the data go: so a call can never hold more than the
 * windows of the hosts that it reads at once, however slowly, or never, its caller reads.
 *
 *   hosts read at once   window of each    together
 *   1 … 16               256 KiB           up to 4 MiB
 *   17 … 64              4 MiB / hosts     4 MiB
 *   65 … 1,000           64 KiB            up to 63 MiB, only where they are followed
 *
 * Without following, hosts beyond the 64th wait until another is done, so 10,000 of them take 4 MiB,
 * too. Followed ones must all be able to speak, so more than 1,000 of them are refused.
 */

import { type Refusal, refusal } from '../../proto/errors.ts';
import { LOG_BLOCK_MAX_BYTES } from '../../proto/log-messages.ts';

export interface CreditPlan {
  /** What each host may send that has not been let go yet. */
  readonly windowBytes: number;
  readonly hostsAtOnce: number;
  /** What the call may hold. */
  readonly reservedBytes: number;
}

const CALL_BYTES = 4 * 1_048_576;
/** Beyond it a host would not be faster, and its heartbeats would wait behind its logs. */
const WINDOW_MAX_BYTES = 4 * LOG_BLOCK_MAX_BYTES;
/** The largest block, or it could never be sent. */
const WINDOW_MIN_BYTES = LOG_BLOCK_MAX_BYTES;
const HOSTS_UNFOLLOWED_AT_ONCE = CALL_BYTES / WINDOW_MIN_BYTES;
const FOLLOWED_HOSTS_MAX = 1_000;

/** By all operators together. */
const CALLS_MAX = 16;
/** Of all calls together: two that follow a thousand hosts, and eight others. */
const RESERVED_MAX_BYTES = 160 * 1_048_576;

export function planCredit(hosts: number, follow: boolean): CreditPlan | Refusal {
  if (follow && hosts > FOLLOWED_HOSTS_MAX) {
    return refusal('usage', `${hosts} hosts are too many to be followed at once`, {
      cause: `the controller must be able to take something from each; it takes ${FOLLOWED_HOSTS_MAX}`,
      fix: 'name fewer hosts, or do not follow (-f)',
    });
  }
  const hostsAtOnce = follow ? hosts : Math.min(hosts, HOSTS_UNFOLLOWED_AT_ONCE);
  const share = Math.floor(CALL_BYTES / Math.max(1, hostsAtOnce));
  const windowBytes = Math.max(WINDOW_MIN_BYTES, Math.min(WINDOW_MAX_BYTES, share));
  return { windowBytes, hostsAtOnce, reservedBytes: windowBytes * hostsAtOnce };
}

export interface CallBudget {
  /** Until it is disposed of, the call counts. */
  reserve(bytes: number): Disposable | Refusal;
}

export function createCallBudget(): CallBudget {
  const calls = new Set<number>();
  let lastCall = 0;
  let reservedBytes = 0;
  return {
    reserve(bytes) {
      if (calls.size >= CALLS_MAX || reservedBytes + bytes > RESERVED_MAX_BYTES) {
        return refusal('exhausted', 'logs are being read by too many already', {
          cause: `${calls.size} are reading now; at most ${CALLS_MAX} can, fewer where they follow many hosts`,
          fix: 'try again later, or end a fleetctl logs -f that nobody looks at',
        });
      }
      lastCall += 1;
      const call = lastCall;
      calls.add(call);
      reservedBytes += bytes;
      return {
        [Symbol.dispose]: () => {
          if (calls.delete(call)) reservedBytes -= bytes;
        },
      };
    },
  };
}

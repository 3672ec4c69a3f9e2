/**
 * How late a command comes. It may have lain in a socket for a minute while this agent was stopped,
 * by then its controller has given the host up, or decided otherwise. What the
 * controller says carries its monotonic clock; how far ours is ahead of that, at the least, is what a
 * message takes that was not held up, and what one takes beyond it is its delay.
 *
 * The least is that of the last minutes only, because no two clocks run equally fast: a session lasts
 * for months, and a drift of seconds would look like a delay of all commands.
 */
import type { Instant } from '../../proto/instant.ts';

/** Of one session: another controller has another clock. */
export interface ControllerClock {
  readonly beganMonotonicMs: number;
  /** Since then. */
  readonly leastLeadMs: number;
  /** In the period before it. */
  readonly leastLeadBeforeMs: number;
}

/** A second's drift takes hours; and whatever held a message up is over in minutes. */
const PERIOD_MS = 10 * 60 * 1_000;

interface Heard {
  readonly clock: ControllerClock;
  /** How much later it comes than it might. */
  readonly delayMs: number;
}

/**
 * @param before null: nothing was heard in this session
 * @param atMs when it was sent, by the controller's monotonic clock
 */
export function hear(
  before: ControllerClock | null,
  atMs: number,
  { monotonicMs }: Instant,
): Heard {
  const leadMs = monotonicMs - atMs;
  const clock = withLead(before ?? begunWith(leadMs, monotonicMs), leadMs, monotonicMs);
  return { clock, delayMs: leadMs - Math.min(clock.leastLeadMs, clock.leastLeadBeforeMs) };
}

function withLead(clock: ControllerClock, leadMs: number, monotonicMs: number): ControllerClock {
  if (monotonicMs - clock.beganMonotonicMs >= PERIOD_MS) {
    return { ...begunWith(leadMs, monotonicMs), leastLeadBeforeMs: clock.leastLeadMs };
  }
  return leadMs < clock.leastLeadMs ? { ...clock, leastLeadMs: leadMs } : clock;
}

const begunWith = (leadMs: number, monotonicMs: number): ControllerClock => ({
  beganMonotonicMs: monotonicMs,
  leastLeadMs: leadMs,
  leastLeadBeforeMs: leadMs,
});

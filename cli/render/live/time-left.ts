/**
 * How long something is still waited for, where the operation says how long at most: a wanted state
 * that must last, a host that may come back, other operations that are in the way.
 */
import { formatElapsed } from '../time.ts';
import type { LivePicture, LiveTarget } from './model.ts';

/** Null: it does not say, or its beginning was not seen. */
export function timeLeftMs(
  { operation, begunMs }: Pick<LivePicture, 'operation' | 'begunMs'>,
  { target, sinceMs }: LiveTarget,
  nowMs: number,
): number | null {
  const { minHealthyMs, offline } = operation.strategy;
  switch (target.state) {
    case 'verifying':
      return sinceMs === null ? null : sinceMs + minHealthyMs - nowMs;
    case 'waiting':
      return offline.kind === 'queue' ? begunMs + offline.ttlMs - nowMs : null;
    default:
      return null;
  }
}

/** Of several the longest. */
export function longestLeftMs(
  picture: LivePicture,
  members: readonly LiveTarget[],
  nowMs: number,
): number | null {
  return members.reduce<number | null>((longest, member) => {
    const leftMs = timeLeftMs(picture, member, nowMs);
    return leftMs === null ? longest : Math.max(longest ?? leftMs, leftMs);
  }, null);
}

/** `7 s more`. Up to the next second, since `0 s more` would be over. */
export function moreText(leftMs: number): string {
  return `${formatElapsed(Math.ceil(Math.max(0, leftMs) / 1_000) * 1_000)} more`;
}

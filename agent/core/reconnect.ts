/**
 * When to dial again. The first try after a lost session is spread over the time that the
 * controller asked for (a fleet that returns all at once would keep it from answering); further
 * tries back off exponentially, half of each delay drawn by chance. The longest delay stays short
 * enough that agents are back within 10 s of the controller's own return, unless the fleet is so
 * large that its spread is longer.
 */

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

/**
 * Of a large fleet (more than 1,000 agents) further tries begin with this part of its spread: whoever
 * did not get through when it was busy would otherwise keep it so.
 */
const FIRST_PART_OF_SPREAD = 1 / 32;

/** Of a removed host, or one of two agents with one certificate: only people can change anything. */
const UNWELCOME_DELAY_MS = 60_000;

export interface Redial {
  /** 0 for the first try after a session that worked. */
  readonly attempt: number;
  /** From the last Welcome; 0 before the first. */
  readonly spreadMs: number;
  /** From 0 up to, and not including, 1. */
  readonly chance: number;
  /** The controller refused us because of who we are, and we are still the same. */
  readonly isUnwelcome: boolean;
}

export function redialDelayMs({ attempt, spreadMs, chance, isUnwelcome }: Redial): number {
  if (isUnwelcome) return UNWELCOME_DELAY_MS;
  if (attempt === 0) return chance * Math.max(FIRST_DELAY_MS, spreadMs);
  const longestMs = Math.max(LONGEST_DELAY_MS, spreadMs);
  const firstMs = Math.max(FIRST_DELAY_MS, spreadMs * FIRST_PART_OF_SPREAD);
  const baseMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20));
  return baseMs / 2 + (chance * baseMs) / 2;
}

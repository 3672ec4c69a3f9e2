/** What is said of a process that the fleet's operations leave alone, wherever that is decided. */
import type { Hold } from './vocabulary.ts';

/** `held by alice until 2026-11-22 16:20 UTC: debugging`. Not neutralised. */
export function heldText({ by, reason, untilMs }: Hold): string {
  return `held by ${by} until ${untilText(untilMs)}${reason === '' ? '' : `: ${reason}`}`;
}

/** `2026-11-22 16:20 UTC` */
export function untilText(untilMs: number): string {
  const shownMs = Math.max(-CALENDAR_END_MS, Math.min(untilMs, CALENDAR_END_MS));
  return `${new Date(shownMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The last that can be written down (ECMA-262, Time Values); an agent may send anything. */
const CALENDAR_END_MS = 8_640_000_000_000_000;

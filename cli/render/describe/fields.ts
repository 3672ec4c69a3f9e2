/** Facts of one thing, each under its own word, and the lines that stand below them. */
import { GAP } from '../table.ts';
import { displayWidth, neutralise, padToWidth } from '../text.ts';
import { formatDistance, formatTimestamp } from '../time.ts';

/** Null: there is nothing to say, which is said. */
export type Field = readonly [word: string, value: string | null];

export function fieldLines(fields: readonly Field[]): string {
  const width = Math.max(...fields.map(([word]) => displayWidth(word)));
  return fields
    .map(([word, value]) => `${padToWidth(word, width)}${GAP}${neutralise(value ?? '-')}\n`)
    .join('');
}

/** `2026-11-22T11:58:30.000Z (90 s ago)` */
export function momentText(atMs: number | null, nowMs: number): string | null {
  const timestamp = atMs === 0 ? null : formatTimestamp(atMs);
  if (atMs === null || timestamp === null) return null;
  const distance = formatDistance(Math.abs(nowMs - atMs));
  return atMs > nowMs ? `${timestamp} (in ${distance})` : `${timestamp} (${distance} ago)`;
}

/** As configured in seconds: `10 s`, `0.5 s`. */
export function secondsText(durationMs: number): string {
  return `${durationMs / 1000} s`;
}

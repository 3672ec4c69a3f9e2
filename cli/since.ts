/** A time as people say it: how long ago, or when. */
import type { Clock } from './ports.ts';

export type Since =
  | { readonly kind: 'ago'; readonly durationMs: number }
  | { readonly kind: 'at'; readonly wallMs: number };

/** By the clock of this machine, and sent as a time: those of other machines may differ from it. */
export function timeOf(since: Since | null, { nowMs }: Pick<Clock, 'nowMs'>): number | null {
  if (since === null) return null;
  return since.kind === 'at' ? since.wallMs : nowMs() - since.durationMs;
}

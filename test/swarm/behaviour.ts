/**
 * How simulated hosts behave: how long their programs take, and which hosts do not simply do as they
 * are told. Plain data, because it travels to the process where the agents are; all chance comes
 * from the host's name, so that the same fleet behaves the same way twice.
 */

/** Drawn evenly from it, both ends included. */
export interface Range {
  readonly minMs: number;
  readonly maxMs: number;
}

export type Fate =
  /** Does what it is told. */
  | 'obeys'
  /** Every program that is started prints its last lines and exits with 1. */
  | 'crashes'
  /** Connected and alive, but takes up no command. */
  | 'mute'
  /** Its connection breaks at the first command, and it does not come back. */
  | 'vanishes';

export interface Behaviour {
  /** From the stop signal to the exit of the program. */
  readonly stop: Range;
  /** From the wish to start a program until it is there. */
  readonly spawn: Range;
  /** From its start to its exit, on hosts that crash; a start fails that ends before `startMs`. */
  readonly crash: Range;
  readonly lastLines: readonly string[];
  /** What share of all hosts, 0 to 1; the others obey. */
  readonly shares: Readonly<Partial<Record<Exclude<Fate, 'obeys'>, number>>>;
  /** Hosts whose fate is not left to chance. */
  readonly fates: Readonly<Record<string, Fate>>;
}

export const OBEDIENT: Behaviour = {
  stop: { minMs: 1, maxMs: 3 },
  spawn: { minMs: 3, maxMs: 8 },
  crash: { minMs: 5, maxMs: 20 },
  lastLines: ['binding to 0.0.0.0:8080', 'error: address already in use'],
  shares: {},
  fates: {},
};

export function fateOf(host: string, { fates, shares }: Behaviour): Fate {
  const certain = fates[host];
  if (certain !== undefined) return certain;
  let left = chanceOf(host)();
  for (const fate of ['crashes', 'mute', 'vanishes'] as const) {
    left -= shares[fate] ?? 0;
    if (left < 0) return fate;
  }
  return 'obeys';
}

/** Numbers from 0 up to 1 that are always the same for this text (FNV-1a, then mulberry32). */
export function chanceOf(text: string): () => number {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(text)) seed = Math.imul(seed ^ byte, 0x01000193);
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function drawMs({ minMs, maxMs }: Range, chance: () => number): number {
  return minMs + chance() * (maxMs - minMs);
}

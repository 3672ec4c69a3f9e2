/** What a bench is, what it is given, and what it finds. */
import type { Daemons } from './daemons.ts';
import type { Spread } from './spread.ts';

export interface Bench {
  readonly name: string;
  /** One line: what is measured, and how often. */
  readonly summary: string;
  readonly run: (tools: BenchTools) => Promise<readonly Finding[]>;
}

export interface BenchTools {
  /** Of this bench alone; removed afterwards. */
  readonly directory: string;
  /** Ended afterwards. */
  readonly daemons: Daemons;
  /** False where there is none to compare with; the reader has been told why. */
  readonly hasSupervisor: boolean;
  /** What a reader must know to read the numbers. */
  readonly note: (text: string) => void;
}

/** One line of the table. All its numbers have the same unit. */
export interface Finding {
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  /** The peer or floor that was measured in turn with ours; null where there is none. */
  readonly peer: { readonly name: string; readonly spread: Spread } | null;
  readonly budget: Budget | null;
}

/** Every budget is held against medians. */
export type Budget =
  | { readonly kind: 'atMost'; readonly value: number }
  | { readonly kind: 'atLeast'; readonly value: number }
  /** Ours divided by the peer's. */
  | { readonly kind: 'ratioAtMost'; readonly ratio: number }
  /** The peer's divided by ours. */
  | { readonly kind: 'timesFaster'; readonly times: number };

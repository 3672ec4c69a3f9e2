/**
 * How an operation goes about its targets: how many at once, when it stops, how long it may take. The
 * figures and their defaults are part of the contract with users (docs/operations.md has them worked
 * out); how they are typed is in `strategy-text.ts`.
 */

/** So many, or so many of a hundred. */
export type Amount =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** What becomes of an operation when more went wrong than it allows. */
export const ON_ERRORS = ['pause', 'fail', 'continue'] as const;
export type OnError = (typeof ON_ERRORS)[number];

/** What becomes of hosts that are not connected when the plan is made. */
export type Offline =
  | { readonly kind: 'fail' }
  /** Left out, and said so. */
  | { readonly kind: 'skip' }
  /** Done when they come back, if that is soon enough; nobody else waits for them. */
  | { readonly kind: 'queue'; readonly ttlMs: number };

export interface Strategy {
  /**
   * Sizes of the batches that each tier is cut into, in targets, the last one again and again; with
   * `order: host` the sizes are in hosts, and the fleet is cut instead of the tiers.
   */
  readonly batch: readonly Amount[];
  /** A first batch of so many, of which not one may go wrong; 0: none. */
  readonly canary: number;
  /** From the end of one batch to the beginning of the next. */
  readonly batchWaitMs: number;
  /** The operation halts when more targets than this failed; percent of all targets. */
  readonly maxErrors: Amount;
  /** The same of hosts that were lost after the plan was made; percent of its hosts. */
  readonly maxUnreachable: Amount;
  /** How long the wanted state must hold without a break before a target counts as done. */
  readonly minHealthyMs: number;
  readonly onError: OnError;
  readonly offline: Offline;
  /** From its submission; nothing is begun any more after that. Null: as long as it takes. */
  readonly deadlineMs: number | null;
  /** How long it waits for other operations on the same processes; 0: not at all. */
  readonly lockWaitMs: number;
}

/** Nobody steps up in more sizes than this. */
export const BATCH_SIZES_MAX = 100;
/** Node's timers end at 2³¹ ms, which are not quite 25 days. */
export const DURATION_MAX_MS = 24 * 86_400_000;

export const ALL_AT_ONCE: readonly Amount[] = [{ kind: 'percent', percent: 100 }];
const NONE: Amount = { kind: 'count', count: 0 };

export const DEFAULT_STRATEGY: Strategy = {
  batch: ALL_AT_ONCE,
  canary: 0,
  batchWaitMs: 0,
  maxErrors: NONE,
  maxUnreachable: NONE,
  minHealthyMs: 0,
  onError: 'pause',
  offline: { kind: 'fail' },
  deadlineMs: null,
  lockWaitMs: 0,
};

/** Rounded down: 10 % of 19 are 1. */
export function countOf(amount: Amount, total: number): number {
  switch (amount.kind) {
    case 'count':
      return amount.count;
    case 'percent':
      return Math.floor((amount.percent * total) / 100);
  }
}

/**
 * How many each batch has, in order; together as many as there are. At least one each: a percentage
 * that comes to none would never end (Salt and Ansible round so, too).
 */
export function batchSizes(
  { batch, canary }: Pick<Strategy, 'batch' | 'canary'>,
  total: number,
): readonly number[] {
  const sizes: number[] = [];
  let left = total;
  const take = (wanted: number): void => {
    const size = Math.min(left, Math.max(1, wanted));
    sizes.push(size);
    left -= size;
  };
  if (canary > 0 && left > 0) take(canary);
  for (let index = 0; left > 0; index += 1) {
    const amount = batch[Math.min(index, batch.length - 1)] ?? ALL_AT_ONCE[0];
    take(amount === undefined ? left : countOf(amount, total));
  }
  return sizes;
}

/**
 * How the values of a strategy are typed, on fleetctl's command line and in `[runbook:NAME]`, and how
 * they are written down again: one grammar, so that what fleetctl shows can be pasted into either.
 */
import {
  ALL_AT_ONCE,
  type Amount,
  BATCH_SIZES_MAX,
  DEFAULT_STRATEGY,
  DURATION_MAX_MS,
  type Offline,
  ON_ERRORS,
  type OnError,
  type Strategy,
} from './strategy.ts';

/** What was typed is none of what can be. */
export interface NotUnderstood {
  /** A noun phrase, to stand after "expected is" or "must be". */
  readonly expected: string;
}

/** More than any fleet has; it fits the wire, and sums of it are exact. */
const COUNT_MAX = 1_000_000;

/** The longest first: the way back takes the first that divides. */
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

export function isNotUnderstood(value: unknown): value is NotUnderstood {
  return typeof value === 'object' && value !== null && 'expected' in value;
}

/** `5`, `10%`, or several sizes, `1,5,20%`, of which the last repeats. */
export function parseBatch(text: string): readonly Amount[] | NotUnderstood {
  const expected =
    'a size (5, 10%), or up to 100 of them with commas between (1,5,20%), each from 1 to 1000000 or from 1% to 100%';
  const words = text.split(',', BATCH_SIZES_MAX + 1);
  if (words.length > BATCH_SIZES_MAX) return { expected };
  const sizes: Amount[] = [];
  for (const word of words) {
    const size = amountOf(word.trim());
    // Of nothing there would never be an end.
    if (size === null || figureOf(size) === 0) return { expected };
    sizes.push(size);
  }
  return sizes;
}

/** `0`, `5`, `10%`: how much may go wrong. */
export function parseAmount(text: string): Amount | NotUnderstood {
  const expected = 'a whole number from 0 to 1000000, or from 0% to 100%';
  return amountOf(text.trim()) ?? { expected };
}

/** How many go first; 0: none do. */
export function parseCanary(text: string): number | NotUnderstood {
  const amount = amountOf(text.trim());
  if (amount?.kind === 'count') return amount.count;
  return { expected: 'a whole number from 0 to 1000000, and no percentage' };
}

/**
 * `30` (seconds), `30s`, `5m`, `2h`, `3d`: longer than nothing.
 *
 * @returns milliseconds, at most `maxMs`
 */
export function parseDuration(text: string, maxMs = DURATION_MAX_MS): number | NotUnderstood {
  const durationMs = parseWait(text, maxMs);
  return durationMs === 0 ? { expected: 'a duration longer than nothing' } : durationMs;
}

/** As `parseDuration`, or `0` for what is not waited for at all. */
export function parseWait(text: string, maxMs = DURATION_MAX_MS): number | NotUnderstood {
  const [, digits, letter] = /^(\d+)([smhd]?)$/.exec(text.trim()) ?? [];
  if (digits === undefined) {
    return { expected: 'a whole number of seconds, or 30s, 5m, 2h, 3d' };
  }
  const [, unitMs] = UNITS.find(([name]) => name === letter) ?? ['s', 1_000];
  const durationMs = Number(digits) * unitMs;
  return durationMs > maxMs ? { expected: `at most ${durationText(maxMs)}` } : durationMs;
}

/** `fail`, `skip`, `queue=2h`. */
export function parseOffline(text: string): Offline | NotUnderstood {
  const word = text.trim();
  if (word === 'fail' || word === 'skip') return { kind: word };
  const [, typed] = /^queue=(.*)$/s.exec(word) ?? [];
  if (typed === undefined)
    return { expected: 'fail, skip, or queue=2h with how long they may take' };
  const ttlMs = parseDuration(typed);
  if (typeof ttlMs === 'number') return { kind: 'queue', ttlMs };
  return { expected: `${ttlMs.expected} after queue=` };
}

export function parseOnError(text: string): OnError | NotUnderstood {
  const word = text.trim();
  return ON_ERRORS.find((known) => known === word) ?? { expected: ON_ERRORS.join(', ') };
}

export function batchText(batch: readonly Amount[]): string {
  return (batch.length === 0 ? ALL_AT_ONCE : batch).map(amountText).join(',');
}

export function amountText(amount: Amount): string {
  return amount.kind === 'count' ? `${amount.count}` : `${amount.percent}%`;
}

/** In the largest unit that it is a multiple of; up to the next second, as nothing finer is typed. */
export function durationText(durationMs: number): string {
  const wholeMs = Math.ceil(durationMs / 1_000) * 1_000;
  if (wholeMs === 0) return '0s';
  const [letter, unitMs] = UNITS.find(([, size]) => wholeMs % size === 0) ?? ['s', 1_000];
  return `${wholeMs / unitMs}${letter}`;
}

export function offlineText(offline: Offline): string {
  return offline.kind === 'queue' ? `queue=${durationText(offline.ttlMs)}` : offline.kind;
}

/** What differs from what is meant where nothing is said, as words of a command line. */
export function strategyWords(strategy: Strategy): readonly string[] {
  const texts = optionTexts(strategy);
  const usual = optionTexts(DEFAULT_STRATEGY);
  return Object.entries(texts).flatMap(([option, text]) =>
    text === null || text === usual[option as keyof typeof usual] ? [] : [option, text],
  );
}

function optionTexts(strategy: Strategy) {
  const { deadlineMs } = strategy;
  return {
    '--batch': batchText(strategy.batch),
    '--canary': `${strategy.canary}`,
    '--batch-wait': durationText(strategy.batchWaitMs),
    '--max-errors': amountText(strategy.maxErrors),
    '--max-unreachable': amountText(strategy.maxUnreachable),
    '--min-healthy-time': durationText(strategy.minHealthyMs),
    '--on-error': strategy.onError,
    '--offline': offlineText(strategy.offline),
    '--deadline': deadlineMs === null ? null : durationText(deadlineMs),
    '--lock-wait': durationText(strategy.lockWaitMs),
  };
}

function amountOf(word: string): Amount | null {
  const [, digits, sign] = /^(\d{1,7})(%?)$/.exec(word) ?? [];
  if (digits === undefined) return null;
  const value = Number(digits);
  if (sign === '%') return value <= 100 ? { kind: 'percent', percent: value } : null;
  return value <= COUNT_MAX ? { kind: 'count', count: value } : null;
}

function figureOf(amount: Amount): number {
  return amount.kind === 'count' ? amount.count : amount.percent;
}

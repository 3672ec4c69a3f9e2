/**
 * The times that `log_timestamps` puts before lines: `2026-11-22T20:15:00.123Z `. They sort as text,
 * so nothing is parsed.
 */

const STAMP_BYTES = 24;

/** Of what `toISOString` writes with four digits for the year. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31);

const PUNCTUATION: readonly (readonly [number, number])[] = [
  [4, '-'],
  [7, '-'],
  [10, 'T'],
  [13, ':'],
  [16, ':'],
  [19, '.'],
  [23, 'Z'],
  [24, ' '],
].map(([at, character]) => [at as number, String(character).charCodeAt(0)]);

export class SinceTest {
  readonly #since: Buffer;
  #isLate = true;
  #begins: 'early' | 'late' | 'unknown' = 'unknown';

  constructor(sinceMs: number) {
    const time = new Date(Math.min(TIME_MAX_MS, Math.max(0, sinceMs)));
    this.#since = Buffer.from(time.toISOString());
  }

  /** Whether the first line that has a time is older than what is wanted. */
  begins(): 'early' | 'late' | 'unknown' {
    return this.#begins;
  }

  /** A line without a time belongs to the one before it; those before the first are let through. */
  wants(line: Buffer): boolean {
    if (!PUNCTUATION.every(([at, code]) => line[at] === code)) return this.#isLate;
    this.#isLate = line.compare(this.#since, 0, STAMP_BYTES, 0, STAMP_BYTES) >= 0;
    if (this.#begins === 'unknown') this.#begins = this.#isLate ? 'late' : 'early';
    return this.#isLate;
  }
}

/**
 * What happened in a world, as one number: every frame that arrived and everything that was noted,
 * in order and with its moment. Two runs of one seed must come to the same.
 */
import { createHash } from 'node:crypto';

export class TraceHash {
  readonly #hash = createHash('sha256');
  readonly #print: ((line: string) => void) | null;
  #steps = 0;

  /** @param print where somebody wants to read along */
  constructor(print: ((line: string) => void) | null = null) {
    this.#print = print;
  }

  get steps(): number {
    return this.#steps;
  }

  frame(nowMs: number, host: string, direction: string, frame: Buffer): void {
    this.#steps += 1;
    this.#hash.update(`${nowMs} ${host} ${direction} `).update(frame);
  }

  note(nowMs: number, text: string): void {
    this.#steps += 1;
    this.#hash.update(`${nowMs} ${text}\n`);
    this.#print?.(`${(nowMs / 1_000).toFixed(3).padStart(9)}  ${text}`);
  }

  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }
}

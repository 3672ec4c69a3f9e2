/**
 * Adds up what of each process's output could not be written to its logs (a full disk, a reader that
 * does not follow), so that status can show it. A flood into a full disk fails thousands of times a
 * second; what becomes of it is told at most once a second.
 */
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { Observation } from '../../core/observe.ts';
import type { Clock } from '../../ports.ts';

type OutputLost = Extract<Observation, { readonly kind: 'outputLost' }>;

export type LossObserver = (process: ProcessName, observation: OutputLost) => void;

const TELLING_INTERVAL_MS = 1_000;

export class LostOutput {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #observe: LossObserver;
  readonly #totals = new Map<ProcessName, number>();
  /** Of these the total has grown since it was told. */
  readonly #untold = new Set<ProcessName>();

  constructor(clock: Pick<Clock, 'after'>, observe: LossObserver) {
    this.#clock = clock;
    this.#observe = observe;
  }

  /** Never tells within this call: it comes from the middle of a write. */
  add(process: ProcessName, bytes: number): void {
    this.#totals.set(process, (this.#totals.get(process) ?? 0) + bytes);
    if (this.#untold.size === 0) this.#clock.after(TELLING_INTERVAL_MS, () => this.#tell());
    this.#untold.add(process);
  }

  /** It is no longer configured: one of the same name begins at nothing. */
  forget(process: ProcessName): void {
    this.#totals.delete(process);
    this.#untold.delete(process);
  }

  #tell(): void {
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const process of untold) {
      const totalBytes = this.#totals.get(process) ?? 0;
      this.#observe(process, { kind: 'outputLost', totalBytes });
    }
  }
}

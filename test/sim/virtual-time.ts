/**
 * The one clock of a simulated fleet. Nothing in it waits: time jumps to whatever is due next, and
 * between two moments every promise, and all that was put off with `soon`, comes to rest.
 */

interface Timer {
  readonly dueMs: number;
  /** Of two that are due together the one set first fires first. */
  readonly serial: number;
  readonly callback: () => void;
}

export class VirtualTime {
  #nowMs = 0;
  #lastSerial = 0;
  /** A binary heap: the parent of `i` is `(i - 1) >> 1`. */
  readonly #timers: Timer[] = [];
  #soon: (() => void)[] = [];
  #isUnsettled = false;
  readonly #onMoment: () => void;

  /** @param onMoment called whenever all that was due has come to rest */
  constructor(onMoment: () => void = () => undefined) {
    this.#onMoment = onMoment;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): void {
    this.#lastSerial += 1;
    this.#push({ dueMs: this.#nowMs + delayMs, serial: this.#lastSerial, callback });
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** A promise was settled: whoever awaits it must be let on before time goes on. */
  unsettle(): void {
    this.#isUnsettled = true;
  }

  /** Lets time pass, and on the way everything that falls due. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.#settle();
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= untilMs; ) {
      this.#nowMs = next.dueMs;
      // What falls due in one moment makes one batch.
      while (next !== undefined && next.dueMs <= this.#nowMs) {
        this.#pop();
        next.callback();
        next = this.#timers[0];
      }
      await this.#settle();
      next = this.#timers[0];
    }
    this.#nowMs = untilMs;
  }

  async #settle(): Promise<void> {
    while (this.#soon.length > 0 || this.#isUnsettled) {
      const callbacks = this.#soon;
      this.#soon = [];
      this.#isUnsettled = false;
      for (const callback of callbacks) callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#onMoment();
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!isBefore(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const isRightLess =
        right < heap.length && isBefore(heap[right] as Timer, heap[left] as Timer);
      const least = isRightLess ? right : left;
      const below = heap[least] as Timer;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = least;
    }
    heap[index] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.serial < b.serial);
}

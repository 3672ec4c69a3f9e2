/**
 * An immutable queue, first in, first out. What is added or taken costs the same on average however
 * long the queue is; a copied array would cost its whole length each time.
 */

interface Link<Value> {
  readonly value: Value;
  readonly next: Link<Value> | null;
}

export class FifoQueue<Value> {
  readonly size: number;
  /** Null only where the queue is empty, so that what comes first is always at hand. */
  readonly #front: Link<Value> | null;
  /** What was added last comes first; turned round when the front is used up. */
  readonly #back: Link<Value> | null;

  private constructor(front: Link<Value> | null, back: Link<Value> | null, size: number) {
    this.#front = front ?? turnedRound(back);
    this.#back = front === null ? null : back;
    this.size = size;
  }

  static of<Value>(values: Iterable<Value>): FifoQueue<Value> {
    let queue = new FifoQueue<Value>(null, null, 0);
    for (const value of values) queue = queue.with(value);
    return queue;
  }

  /** Undefined where it is empty. */
  get first(): Value | undefined {
    return this.#front?.value;
  }

  with(value: Value): FifoQueue<Value> {
    return new FifoQueue(this.#front, { value, next: this.#back }, this.size + 1);
  }

  /** @returns null where it is empty */
  take(): { readonly value: Value; readonly rest: FifoQueue<Value> } | null {
    if (this.#front === null) return null;
    const { value, next } = this.#front;
    return { value, rest: new FifoQueue(next, this.#back, this.size - 1) };
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let link = this.#front; link !== null; link = link.next) yield link.value;
    for (let link = turnedRound(this.#back); link !== null; link = link.next) yield link.value;
  }
}

function turnedRound<Value>(links: Link<Value> | null): Link<Value> | null {
  let turned: Link<Value> | null = null;
  for (let link = links; link !== null; link = link.next) {
    turned = { value: link.value, next: turned };
  }
  return turned;
}

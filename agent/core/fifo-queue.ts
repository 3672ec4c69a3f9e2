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
  readonly #front: Link<Value> | null;
  /** What was added last comes first; turned round when the front is used up. */
  readonly #back: Link<Value> | null;

  private constructor(front: Link<Value> | null, back: Link<Value> | null, size: number) {
    this.#front = front;
    this.#back = back;
    this.size = size;
  }

  static of<Value>(values: Iterable<Value>): FifoQueue<Value> {
    let queue = new FifoQueue<Value>(null, null, 0);
    for (const value of values) queue = queue.with(value);
    return queue;
  }

  with(value: Value): FifoQueue<Value> {
    return new FifoQueue(this.#front, { value, next: this.#back }, this.size + 1);
  }

  /** @returns null where it is empty */
  take(): { readonly value: Value; readonly rest: FifoQueue<Value> } | null {
    const back = this.#front === null ? null : this.#back;
    const front = this.#front ?? turnedRound(this.#back);
    if (front === null) return null;
    return { value: front.value, rest: new FifoQueue(front.next, back, this.size - 1) };
  }
}

function turnedRound<Value>(links: Link<Value> | null): Link<Value> | null {
  let turned: Link<Value> | null = null;
  for (let link = links; link !== null; link = link.next) {
    turned = { value: link.value, next: turned };
  }
  return turned;
}

/**
 * An immutable list of fixed length whose changed copy costs a chunk, not the whole list: with
 * 10,000 targets that each change several times, copying an array each time would be most of the
 * controller's work.
 */

/** About the square root of the longest lists, where chunk and table of chunks cost the same. */
const CHUNK = 128;

export class PersistentList<Value> implements Iterable<Value> {
  readonly size: number;
  readonly #chunks: readonly (readonly Value[])[];

  private constructor(chunks: readonly (readonly Value[])[], size: number) {
    this.#chunks = chunks;
    this.size = size;
  }

  static of<Value>(values: readonly Value[]): PersistentList<Value> {
    const chunks: Value[][] = [];
    for (let from = 0; from < values.length; from += CHUNK) {
      chunks.push(values.slice(from, from + CHUNK));
    }
    return new PersistentList(chunks, values.length);
  }

  /** @throws RangeError where there is no such position: positions come from the list itself */
  at(position: number): Value {
    const value = this.#chunks[Math.floor(position / CHUNK)]?.[position % CHUNK];
    if (value === undefined) throw new RangeError(`no position ${position} of ${this.size}`);
    return value;
  }

  /** Each chunk is copied once, however many of its values change. */
  withAll(changes: Iterable<readonly [number, Value]>): PersistentList<Value> {
    const chunks = [...this.#chunks];
    const copied = new Map<number, Value[]>();
    for (const [position, value] of changes) {
      const index = Math.floor(position / CHUNK);
      const chunk = copied.get(index) ?? [...(chunks[index] ?? [])];
      copied.set(index, chunk);
      chunk[position % CHUNK] = value;
      chunks[index] = chunk;
    }
    return new PersistentList(chunks, this.size);
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (const chunk of this.#chunks) yield* chunk;
  }
}

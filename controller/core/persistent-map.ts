/**
 * An immutable map whose changed copy costs a few hundred entries, not all of them: the entries are
 * spread over fixed buckets and a change copies one bucket. With 10,000 hosts, each of which may
 * change at any moment, copying a plain Map would be most of the controller's work.
 */

const BUCKETS = 512;

export class PersistentMap<Key extends string, Value> implements Iterable<readonly [Key, Value]> {
  readonly size: number;
  readonly #buckets: readonly ReadonlyMap<Key, Value>[];

  private constructor(buckets: readonly ReadonlyMap<Key, Value>[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static of<Key extends string, Value>(
    entries: Iterable<readonly [Key, Value]>,
  ): PersistentMap<Key, Value> {
    const buckets = Array.from({ length: BUCKETS }, () => new Map<Key, Value>());
    for (const [key, value] of entries) buckets[bucketOf(key)]?.set(key, value);
    return new PersistentMap(
      buckets,
      buckets.reduce((sum, bucket) => sum + bucket.size, 0),
    );
  }

  get(key: Key): Value | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  with(key: Key, value: Value): PersistentMap<Key, Value> {
    const index = bucketOf(key);
    const bucket = new Map(this.#buckets[index]);
    const grown = bucket.has(key) ? 0 : 1;
    return new PersistentMap(this.#buckets.with(index, bucket.set(key, value)), this.size + grown);
  }

  without(key: Key): PersistentMap<Key, Value> {
    const index = bucketOf(key);
    const bucket = new Map(this.#buckets[index]);
    if (!bucket.delete(key)) return this;
    return new PersistentMap(this.#buckets.with(index, bucket), this.size - 1);
  }

  *[Symbol.iterator](): IterableIterator<readonly [Key, Value]> {
    for (const bucket of this.#buckets) yield* bucket;
  }

  *values(): IterableIterator<Value> {
    for (const bucket of this.#buckets) yield* bucket.values();
  }
}

/** FNV-1a: spreads names that differ in their last digit. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % BUCKETS;
}

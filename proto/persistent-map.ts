/**
 * An immutable map whose changed copy costs a hundred entries at most, not all of them: the entries
 * are spread over buckets, the buckets over shelves, and a change copies one bucket and its shelf.
 * With 10,000 hosts, each of which may change at any moment, copying a plain Map would be most of
 * the controller's work.
 */

/** Shelves, and buckets on each: with 10,000 entries a bucket has about ten. */
const WIDTH = 32;

type Bucket<Key, Value> = readonly (readonly [Key, Value])[];
type Shelf<Key, Value> = readonly Bucket<Key, Value>[];

export class PersistentMap<Key extends string, Value> implements Iterable<readonly [Key, Value]> {
  readonly size: number;
  readonly #shelves: readonly Shelf<Key, Value>[];

  private constructor(shelves: readonly Shelf<Key, Value>[], size: number) {
    this.#shelves = shelves;
    this.size = size;
  }

  static of<Key extends string, Value>(
    entries: Iterable<readonly [Key, Value]>,
  ): PersistentMap<Key, Value> {
    const buckets = () => Array.from({ length: WIDTH }, (): (readonly [Key, Value])[] => []);
    const shelves = Array.from({ length: WIDTH }, buckets);
    let size = 0;
    for (const entry of new Map(entries)) {
      const hash = hashOf(entry[0]);
      shelves[shelfOf(hash)]?.[bucketOf(hash)]?.push(entry);
      size += 1;
    }
    return new PersistentMap(shelves, size);
  }

  get(key: Key): Value | undefined {
    const bucket = this.#bucket(hashOf(key));
    return bucket[positionIn(bucket, key)]?.[1];
  }

  with(key: Key, value: Value): PersistentMap<Key, Value> {
    const hash = hashOf(key);
    const bucket = this.#bucket(hash);
    const position = positionIn(bucket, key);
    const entry = [key, value] as const;
    if (position < 0) return this.#withBucket(hash, [...bucket, entry], this.size + 1);
    return this.#withBucket(hash, bucket.with(position, entry), this.size);
  }

  without(key: Key): PersistentMap<Key, Value> {
    const hash = hashOf(key);
    const bucket = this.#bucket(hash);
    const position = positionIn(bucket, key);
    if (position < 0) return this;
    return this.#withBucket(hash, bucket.toSpliced(position, 1), this.size - 1);
  }

  *[Symbol.iterator](): IterableIterator<readonly [Key, Value]> {
    for (const shelf of this.#shelves) for (const bucket of shelf) yield* bucket;
  }

  *values(): IterableIterator<Value> {
    for (const [, value] of this) yield value;
  }

  #bucket(hash: number): Bucket<Key, Value> {
    return this.#shelves[shelfOf(hash)]?.[bucketOf(hash)] ?? [];
  }

  #withBucket(hash: number, bucket: Bucket<Key, Value>, size: number): PersistentMap<Key, Value> {
    const shelf = (this.#shelves[shelfOf(hash)] ?? []).with(bucketOf(hash), bucket);
    return new PersistentMap(this.#shelves.with(shelfOf(hash), shelf), size);
  }
}

function positionIn<Key>(bucket: Bucket<Key, unknown>, key: Key): number {
  return bucket.findIndex(([held]) => held === key);
}

function shelfOf(hash: number): number {
  return hash % WIDTH;
}

function bucketOf(hash: number): number {
  return (hash >>> 8) % WIDTH;
}

/** FNV-1a: spreads names that differ in their last digit. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

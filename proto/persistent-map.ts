/**
 * An immutable map whose changed copy costs a hundred entries or so, not all of them: the entries
 * are spread over buckets, the buckets over shelves, and a change copies one bucket and its shelf.
 * With 10,000 hosts, each of which may change at any moment, copying a plain Map would be most of
 * the controller's work. A small map is a single bucket, because an agent has many of those.
 */

/** Shelves, and buckets on each, of the largest maps: with 10,000 entries a bucket has two or three. */
const WIDEST = 64;

/** Entries of a bucket, on average, when a map is laid out anew and twice as wide. */
const CROWDED = 8;

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
    const last = new Map(entries);
    return new PersistentMap(laidOut([...last]), last.size);
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
    if (position >= 0) return this.#withBucket(hash, bucket.with(position, entry), this.size);
    const size = this.size + 1;
    // A bucket made by spreading would keep room for a dozen entries more.
    if (widthFor(size) <= this.#width) return this.#withBucket(hash, bucket.concat([entry]), size);
    return new PersistentMap(laidOut([...this, entry]), size);
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

  get #width(): number {
    return this.#shelves.length;
  }

  #bucket(hash: number): Bucket<Key, Value> {
    return this.#shelves[shelfOf(hash, this.#width)]?.[bucketOf(hash, this.#width)] ?? [];
  }

  #withBucket(hash: number, bucket: Bucket<Key, Value>, size: number): PersistentMap<Key, Value> {
    const at = shelfOf(hash, this.#width);
    const shelf = (this.#shelves[at] ?? []).with(bucketOf(hash, this.#width), bucket);
    return new PersistentMap(this.#shelves.with(at, shelf), size);
  }
}

function laidOut<Key extends string, Value>(
  entries: readonly (readonly [Key, Value])[],
): readonly Shelf<Key, Value>[] {
  const width = widthFor(entries.length);
  const buckets = () => Array.from({ length: width }, (): (readonly [Key, Value])[] => []);
  const shelves = Array.from({ length: width }, buckets);
  for (const entry of entries) {
    const hash = hashOf(entry[0]);
    shelves[shelfOf(hash, width)]?.[bucketOf(hash, width)]?.push(entry);
  }
  return shelves;
}

function widthFor(size: number): number {
  let width = 1;
  while (width < WIDEST && size > CROWDED * width * width) width *= 2;
  return width;
}

function positionIn<Key>(bucket: Bucket<Key, unknown>, key: Key): number {
  return bucket.findIndex(([held]) => held === key);
}

function shelfOf(hash: number, width: number): number {
  return hash % width;
}

function bucketOf(hash: number, width: number): number {
  return (hash >>> 8) % width;
}

/** FNV-1a: spreads names that differ in their last digit. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

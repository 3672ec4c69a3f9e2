/**
 * Things that have the same key, together, and a changed copy that costs no more than its one group:
 * what the indexes of certificates and of those who wait for one are made of.
 */
import { PersistentMap } from '../../proto/persistent-map.ts';

export type Grouped<Item> = PersistentMap<string, readonly Item[]>;

export function groupedBy<Item>(
  items: Iterable<Item>,
  keyOf: (item: Item) => string,
): Grouped<Item> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return PersistentMap.of(groups);
}

export function added<Item>(groups: Grouped<Item>, key: string, item: Item): Grouped<Item> {
  // Concatenated, which takes no room for more: almost every group is of one.
  return groups.with(key, (groups.get(key) ?? []).concat([item]));
}

/** This very item, not one that is like it. */
export function removed<Item>(groups: Grouped<Item>, key: string, item: Item): Grouped<Item> {
  const group = groups.get(key);
  if (group === undefined) return groups;
  const rest = group.filter((one) => one !== item);
  return rest.length === 0 ? groups.without(key) : groups.with(key, rest);
}

/** By which of the words that were typed something is answered, as far as names alone tell. */
import { groupOf, shownName } from './names.ts';

/** @returns the place of the last word that means a process; 0 where only the agent knows, as with patterns */
export function typedPlaces(names: readonly string[]): (process: string) => number {
  const places = new Map<string, number>();
  for (const [index, typed] of names.entries()) {
    for (const meant of [typed, shownName(typed)]) places.set(meant, index);
    const group = groupOf(typed);
    if (group !== null) places.set(`${group}:`, index);
  }
  return (process) => {
    const [group = ''] = process.split(':');
    return places.get(process) ?? places.get(`${group}:`) ?? 0;
  };
}

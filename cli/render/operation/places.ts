/** Where something is, whole: a list from which a host is missing would be trusted all the same. */

import { foldedList, foldNames } from '../../../proto/selector/fold.ts';
import { escapeUnsafe } from '../text.ts';
import { foldTargets, isWholeHosts, type Placed } from './fold-targets.ts';

/** `db, web:web_[0-3] on prod-[1-9]`, once for each set of hosts, the largest first. */
export function placesOf(targets: readonly Placed[]): readonly string[] {
  return foldTargets(targets).map(({ processes, hosts }) => {
    if (isWholeHosts(processes)) return foldedHosts(hosts);
    const names = foldNames(processes).map(escapeUnsafe);
    return `${names.join(', ')} on ${foldedHosts(hosts)}`;
  });
}

export function foldedHosts(hosts: Iterable<string>): string {
  return escapeUnsafe(foldedList(hosts));
}

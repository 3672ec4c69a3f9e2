/**
 * Many targets that share a reason as few words: `web:web_0 on prod-web-[1-2]: Exited too quickly`.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Target } from '../../../proto/operation.ts';
import { foldNames } from '../../../proto/selector/fold.ts';
import { WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { neutralise, plural, shortList } from '../text.ts';

/** Where something is, and what is to be said of it. */
export type Placed = Pick<Target, 'host' | 'process' | 'error'>;

/** Each of the processes on each of the hosts, and all for the same reason. */
export interface FoldedTargets<Folded extends Placed = Target> {
  readonly processes: readonly string[];
  readonly hosts: readonly string[];
  readonly error: string | null;
  readonly targets: readonly Folded[];
}

/** The largest first. */
export function foldTargets<Folded extends Placed>(
  targets: readonly Folded[],
): readonly FoldedTargets<Folded>[] {
  const ofProcesses = [
    ...groupBy(targets, ({ process, error }) => JSON.stringify([process, error])),
  ];
  const sharing = groupBy(ofProcesses, ([, ofProcess]) =>
    JSON.stringify([ofProcess[0]?.error, ofProcess.map(({ host }) => host).sort()]),
  );
  return [...sharing.values()]
    .map((groups) => {
      const all = groups.flatMap(([, ofProcess]) => ofProcess);
      return {
        processes: [...new Set(all.map(({ process }) => process))],
        hosts: [...new Set(all.map(({ host }) => host))],
        error: all[0]?.error ?? null,
        targets: all,
      };
    })
    .sort((left, right) => right.targets.length - left.targets.length);
}

const PROCESSES_NAMED_MAX = 3;
const HOST_PIECES_MAX = 5;
/** What leaves room for the reason on a line. */
const HOSTS_CHARACTERS_MAX = 120;

/** `web, api on prod-[1-40]`, without the reason; of whole hosts only where. */
export function describeWhere({
  processes,
  hosts,
}: Pick<FoldedTargets, 'processes' | 'hosts'>): string {
  if (isWholeHosts(processes)) return shortHosts(hosts);
  return `${shortList(processes, PROCESSES_NAMED_MAX)} on ${shortHosts(hosts)}`;
}

export function isWholeHosts(processes: readonly string[]): boolean {
  return processes.every((process) => process === WHOLE_HOST);
}

/** `prod-[1-40]`, or how many where that would be long: `312 hosts (prod-[1-40],web-1,…)`. */
export function shortHosts(hosts: readonly string[], piecesMax = HOST_PIECES_MAX): string {
  const pieces = foldNames(hosts);
  const whole = pieces.join(',');
  if (pieces.length <= piecesMax && whole.length <= HOSTS_CHARACTERS_MAX) return neutralise(whole);
  const some: string[] = [];
  for (const piece of pieces.slice(0, piecesMax)) {
    if ([...some, piece].join(',').length > HOSTS_CHARACTERS_MAX) break;
    some.push(piece);
  }
  const count = plural(hosts.length, 'host');
  return some.length === 0 ? count : `${count} (${neutralise(some.join(','))},…)`;
}

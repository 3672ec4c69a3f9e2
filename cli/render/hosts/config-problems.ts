/** Hosts that go by an earlier configuration, because the one that they found is wrong, and why. */
import { groupBy } from '../../../proto/group-by.ts';
import { sortNaturally } from '../../../proto/natural-order.ts';
import type { HostStatus } from '../../../proto/vocabulary.ts';
import { foldedHosts } from '../operation/places.ts';
import { neutraliseRemark } from '../text.ts';

/**
 * `web-[1-2]: config rejected: agent.conf:3: …`: hosts with the same problem share a line. Safe to
 * print.
 */
export function configProblemLines(hosts: readonly HostStatus[]): readonly string[] {
  const rejecting = sortNaturally(
    hosts.filter(({ configProblem }) => configProblem !== null),
    ({ host }) => host,
  );
  return [...groupBy(rejecting, ({ configProblem }) => configProblem)].map(([problem, alike]) => {
    const where = foldedHosts(alike.map(({ host }) => host));
    return `${where}: config rejected: ${neutraliseRemark(problem ?? '')}`;
  });
}

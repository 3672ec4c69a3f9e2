/**
 * What is wrong with hosts although their agents are there: one goes by an earlier configuration,
 * because that which it found is wrong, or has lost what it remembered. Hosts with the same problem
 * share a line.
 */
import { groupBy } from '../../../proto/group-by.ts';
import { sortNaturally } from '../../../proto/natural-order.ts';
import type { HostStatus } from '../../../proto/vocabulary.ts';
import { foldedHosts } from '../operation/places.ts';
import { neutraliseRemark } from '../text.ts';

type ProblemOf = (host: HostStatus) => string | null;

/** `web-[1-2]: config rejected: agent.conf:3: …`. Safe to print. */
export function configProblemLines(hosts: readonly HostStatus[]): readonly string[] {
  return problemLines(hosts, 'config rejected', ({ configProblem }) => configProblem);
}

/** `web-1: state lost: journal.db was damaged …`. Safe to print. */
export function stateProblemLines(hosts: readonly HostStatus[]): readonly string[] {
  return problemLines(hosts, 'state lost', ({ stateProblem }) => stateProblem);
}

/** `web-1: identity in doubt: a second agent … from 192.0.2.7`. Safe to print. */
export function identityProblemLines(hosts: readonly HostStatus[]): readonly string[] {
  return problemLines(hosts, 'identity in doubt', ({ identityProblem }) => identityProblem);
}

export function hostProblemLines(hosts: readonly HostStatus[]): readonly string[] {
  return [
    ...identityProblemLines(hosts),
    ...stateProblemLines(hosts),
    ...configProblemLines(hosts),
  ];
}

function problemLines(
  hosts: readonly HostStatus[],
  what: string,
  problemOf: ProblemOf,
): readonly string[] {
  const troubled = sortNaturally(
    hosts.filter((host) => problemOf(host) !== null),
    ({ host }) => host,
  );
  return [...groupBy(troubled, problemOf)].map(([problem, alike]) => {
    const where = foldedHosts(alike.map(({ host }) => host));
    return `${where}: ${what}: ${neutraliseRemark(problem ?? '')}`;
  });
}

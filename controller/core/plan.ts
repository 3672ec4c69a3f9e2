/**
 * From what was asked to what will be done: the targets, laid out in waves (`lay-out.ts`). Made once,
 * stored, never recomputed.
 */

import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { OperationFacts, OperationRequest, Target } from '../../proto/operation.ts';
import { matchProcesses, namesOfPatterns, nearestProcess } from '../../proto/process-pattern.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import type { Access } from './access.ts';
import { allowedProcesses, type Found, judgedOf } from './allowed.ts';
import { type Host, statusesOf } from './host.ts';
import { type Candidate, layOut } from './lay-out.ts';
import { planUpdate } from './plan-update.ts';
import { hostsText, surpriseAt } from './surprise.ts';
import { plannedTarget } from './target.ts';

/** Targets in the order of the waves; those that are not attempted have their verdict already. */
export type Plan = Pick<OperationFacts, 'waves' | 'leftOut' | 'notAllowed'> & {
  readonly targets: readonly Target[];
};

/**
 * @param chosen the hosts that `request.hosts` means
 * @param access of who asks; null: what is asked for was allowed as a whole
 */
export function makePlan(
  request: OperationRequest,
  chosen: readonly Host[] | Refusal,
  access: Access | null,
  nowMs: number,
): Plan | Refusal {
  if (isRefusal(chosen)) return chosen;
  if (request.verb === 'update') return planUpdate(request, chosen, access, nowMs);
  const { byHost, unmatched } = matchProcesses(request.processes, chosen.map(statusesOf));
  if (unmatched.length > 0) return nothingMatched(request, unmatched, chosen);
  const found = chosen.map((host, index) => ({ host, statuses: byHost[index] ?? [] }));
  return (
    planOf(request, found, access, nowMs) ?? nothingMatched(request, request.processes, chosen)
  );
}

/** @returns null where there is no target */
export function planOf(
  request: OperationRequest,
  found: readonly Found[],
  access: Access | null,
  nowMs: number,
): Plan | Refusal | null {
  const { verb, order, fullStop, strategy } = request;
  if (verb === 'update') {
    const hosts = found.map(({ host }) => host);
    return planUpdate(request, hosts, access, nowMs);
  }
  if (found.every(({ statuses }) => statuses.length === 0)) return null;
  const allowed =
    access === null ? { found, notAllowed: 0 } : allowedProcesses(access, judgedOf(request), found);
  if (isRefusal(allowed)) return allowed;
  const candidates = allowed.found.flatMap(({ host, statuses }): readonly Candidate[] =>
    statuses.map((status) => ({ status, target: plannedTarget(host, status, strategy, nowMs) })),
  );
  const touched = new Set(candidates.map(({ target }) => target.host));
  const surprise = surpriseAt(request, touched);
  if (surprise !== null) return surprise;
  const leftOut = allowed.found.map(({ host }) => host.host).filter((host) => !touched.has(host));
  return {
    ...layOut({ verb, order, fullStop, strategy }, candidates),
    leftOut: sortNaturally<HostId>(leftOut, (host) => host),
    notAllowed: allowed.notAllowed,
  };
}

/** Of a selector that a refusal repeats. */
const SELECTOR_SHOWN_MAX = 200;

function nothingMatched(
  request: OperationRequest,
  patterns: readonly string[],
  chosen: readonly Host[],
): Refusal {
  const names = namesOfPatterns(patterns);
  const selector = JSON.stringify(request.hosts.slice(0, SELECTOR_SHOWN_MAX));
  const were = chosen.length === 1 ? 'was' : 'were';
  const near = nearestProcess(patterns[0] ?? '', chosen.map(statusesOf));
  return refusal('nothing-matched', `no process matches ${names || 'an empty list'}`, {
    cause: `${hostsText(chosen.length)} ${were} selected by ${selector}`,
    fix: `${near === null ? '' : `did you mean ${near}? `}see what they run with: fleetctl status`,
  });
}

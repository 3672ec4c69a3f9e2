/**
 * The plan of an `update`: one target for each selected host, all in one wave. What changes on a host
 * only its agent knows, from files that the controller never sees; it keeps the order of tiers too.
 */
import type { Refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { OperationRequest, Target } from '../../proto/operation.ts';
import { startWaitMs, stopWaitMs } from '../../proto/tier-wait.ts';
import { WHOLE_HOST } from '../../proto/vocabulary.ts';
import { type Host, statusesOf } from './host.ts';
import type { Plan } from './plan.ts';
import { surpriseAt } from './surprise.ts';
import { plannedTarget } from './target.ts';

/** Over and above the slowest process: new ones may have to be started, tier by tier. */
const UPDATE_WAIT_MS = 10 * 60 * 1_000;

/** @param chosen at least one; each gets a target, whatever runs there */
export function planUpdate(request: OperationRequest, chosen: readonly Host[]): Plan | Refusal {
  const surprise = surpriseAt(request, new Set(chosen.map(({ host }) => host)));
  if (surprise !== null) return surprise;
  const targets: readonly Target[] = sortNaturally(chosen, ({ host }) => host).map((host) => ({
    ...plannedTarget(host, { process: WHOLE_HOST, state: 'UNKNOWN', pid: null }),
    wave: 0,
    stopWave: null,
  }));
  const waitMs = UPDATE_WAIT_MS + longestChangeMs(chosen);
  const wave = { index: 0, action: 'update', groupPriority: 0, priority: 0 } as const;
  return { waves: [{ ...wave, targets: targets.length, waitMs }], targets, leftOut: [] };
}

/** Which groups an agent takes up; none: all that changed (Supervisor supervisorctl.py, do_update). */
export function groupsOf({
  verb,
  processes,
}: Pick<OperationRequest, 'verb' | 'processes'>): readonly string[] {
  return verb !== 'update' || processes.includes('all') ? [] : processes;
}

/** Of what runs there now, one after the other would be the other extreme. */
function longestChangeMs(hosts: readonly Host[]): number {
  const statuses = hosts.flatMap(statusesOf);
  return stopWaitMs(statuses) + startWaitMs(statuses);
}

/**
 * The plan of an `update`: one target for each selected host, in as many waves as batches were asked
 * for. What changes on a host only its agent knows, from files that the controller never sees; it
 * keeps the order of tiers too.
 */
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { OperationRequest, Target, Wave } from '../../proto/operation.ts';
import { startWaitMs, stopWaitMs } from '../../proto/tier-wait.ts';
import { type Hold, type ProcessStatus, WHOLE_HOST } from '../../proto/vocabulary.ts';
import type { Access } from './access.ts';
import { type Allowed, allowedHosts, judgedOf } from './allowed.ts';
import { type Host, statusesOf } from './host.ts';
import { cutHosts } from './lay-out.ts';
import type { Plan } from './plan.ts';
import { surpriseAt } from './surprise.ts';
import { plannedTarget } from './target.ts';

/** Over and above the slowest process: new ones may have to be started, tier by tier. */
const UPDATE_WAIT_MS = 10 * 60 * 1_000;

/** @param chosen at least one; each gets a target, whatever runs there */
export function planUpdate(
  request: OperationRequest,
  chosen: readonly Host[],
  access: Access | null,
  nowMs: number,
): Plan | Refusal {
  const allowed = allowedOf(request, chosen, access);
  if (isRefusal(allowed)) return allowed;
  const hosts = allowed.found.map(({ host }) => host);
  const surprise = surpriseAt(request, new Set(hosts.map(({ host }) => host)));
  if (surprise !== null) return surprise;
  const { strategy } = request;
  const planned = sortNaturally(hosts, ({ host }) => host).map((host) => {
    const hold = heldAmong(host, groupsOf(request));
    const whole = { process: WHOLE_HOST, state: 'UNKNOWN', pid: null, hold } as const;
    return plannedTarget(host, whole, strategy, nowMs);
  });
  const batches = cutHosts(planned, strategy);
  const waitMs = UPDATE_WAIT_MS + longestChangeMs(hosts);
  const waves = batches.map(({ targets, ...place }, index): Wave => {
    const plain = { action: 'update', groupPriority: 0, priority: 0 } as const;
    return { index, ...plain, targets: targets.length, waitMs, ...place };
  });
  const targets = batches.flatMap((batch, wave) =>
    batch.targets.map((target): Target => ({ ...target, wave, stopWave: null })),
  );
  return { waves, targets, leftOut: [], notAllowed: allowed.notAllowed };
}

function allowedOf(
  request: OperationRequest,
  hosts: readonly Host[],
  access: Access | null,
): Allowed | Refusal {
  return access === null
    ? { found: hosts.map((host) => ({ host, statuses: [] })), notAllowed: 0 }
    : allowedHosts(access, judgedOf(request), hosts, groupsOf(request));
}

/** An update of the whole host would touch what somebody holds. */
function heldAmong(host: Host, groups: readonly string[]): Hold | null {
  const isConcerned = ({ group }: ProcessStatus): boolean =>
    groups.length === 0 || groups.includes(group);
  const held = statusesOf(host).find((status) => status.hold !== null && isConcerned(status));
  return held?.hold ?? null;
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

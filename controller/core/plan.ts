/**
 * From what was asked to what will be done: the targets, laid out in waves. A wave is a tier: the
 * targets on all selected hosts that share (group priority, program priority). Lower tiers start
 * first and stop last; a full stop goes through all tiers twice. Made once, stored, never
 * recomputed.
 */

import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { OperationFacts, OperationRequest, Target, Wave } from '../../proto/operation.ts';
import { matchProcesses, namesOfPatterns, nearestProcess } from '../../proto/process-pattern.ts';
import { startWaitMs, stopWaitMs } from '../../proto/tier-wait.ts';
import type { ProcessStatus, ProcessVerb } from '../../proto/vocabulary.ts';
import { type Host, statusesOf } from './host.ts';
import { planUpdate } from './plan-update.ts';
import { hostsText, surpriseAt } from './surprise.ts';
import { plannedTarget } from './target.ts';

/** Targets in the order of the waves; on hosts that are away they are unreachable already. */
export type Plan = Pick<OperationFacts, 'waves' | 'leftOut'> & {
  readonly targets: readonly Target[];
};

interface Candidate {
  readonly host: Host;
  readonly status: ProcessStatus;
}

/** Candidates of one tier, on all hosts. */
type Tier = readonly Candidate[];

/** @param chosen the hosts that `request.hosts` means */
export function makePlan(
  request: OperationRequest,
  chosen: readonly Host[] | Refusal,
): Plan | Refusal {
  if (isRefusal(chosen)) return chosen;
  const { verb } = request;
  if (verb === 'update') return planUpdate(request, chosen);
  const { byHost, unmatched } = matchProcesses(request.processes, chosen.map(statusesOf));
  if (unmatched.length > 0) return nothingMatched(request, unmatched, chosen);
  const candidates: readonly Candidate[] = chosen.flatMap((host, index) =>
    (byHost[index] ?? []).map((status) => ({ host, status })),
  );
  if (candidates.length === 0) return nothingMatched(request, request.processes, chosen);
  const touched = new Set(candidates.map(({ host }) => host.host));
  const surprise = surpriseAt(request, touched);
  if (surprise !== null) return surprise;
  const leftOut = sortNaturally(
    chosen.map(({ host }) => host).filter((host) => !touched.has(host)),
    (host) => host,
  );
  return { ...layOut({ verb, fullStop: request.fullStop }, tiersOf(verb, candidates)), leftOut };
}

function layOut(
  { verb, fullStop }: { readonly verb: ProcessVerb; readonly fullStop: boolean },
  tiers: readonly Tier[],
): Omit<Plan, 'leftOut'> {
  if (!fullStop) {
    const waves = tiers.map((tier, index) => waveOf(verb, tier, index));
    return { waves, targets: targetsOf(tiers, (wave) => ({ wave, stopWave: null })) };
  }
  // What starts last is stopped first: the waves of the stop mirror those of the start.
  const stops = tiers.toReversed().map((tier, index) => waveOf('stop', tier, index));
  const starts = tiers.map((tier, index) => waveOf('start', tier, tiers.length + index));
  const targets = targetsOf(tiers, (tier) => ({
    wave: tiers.length + tier,
    stopWave: tiers.length - 1 - tier,
  }));
  return { waves: [...stops, ...starts], targets };
}

/** In the order in which their waves begin. */
function tiersOf(verb: ProcessVerb, candidates: readonly Candidate[]): readonly Tier[] {
  const direction = verb === 'stop' ? -1 : 1;
  const sorted = [...candidates].sort(
    (a, b) => direction * compareTier(verb, a.status, b.status) || compareNames(a, b),
  );
  const tiers: Candidate[][] = [];
  for (const candidate of sorted) {
    const tier = tiers.at(-1);
    const first = tier?.[0];
    const belongs = first && compareTier(verb, first.status, candidate.status) === 0;
    if (belongs) tier?.push(candidate);
    else tiers.push([candidate]);
  }
  return tiers;
}

function waveOf(action: ProcessVerb, tier: Tier, index: number): Wave {
  const statuses = tier.map(({ status }) => status);
  const { groupPriority, priority } = statuses[0] as ProcessStatus;
  const waitMs = waitMsOf(action, statuses);
  return { index, action, groupPriority, priority, targets: tier.length, waitMs };
}

function waitMsOf(action: ProcessVerb, statuses: readonly ProcessStatus[]): number {
  switch (action) {
    case 'start':
    case 'signal':
      return startWaitMs(statuses);
    case 'stop':
      return stopWaitMs(statuses);
    case 'restart':
      return stopWaitMs(statuses) + startWaitMs(statuses);
  }
}

function targetsOf(
  tiers: readonly Tier[],
  place: (tier: number) => Pick<Target, 'wave' | 'stopWave'>,
): readonly Target[] {
  return tiers.flatMap((tier, index) =>
    tier.map(({ host, status }) => ({ ...plannedTarget(host, status), ...place(index) })),
  );
}

/** A signal has no order: everybody gets it at once. */
function compareTier(verb: ProcessVerb, a: ProcessStatus, b: ProcessStatus): number {
  if (verb === 'signal') return 0;
  return a.groupPriority - b.groupPriority || a.priority - b.priority;
}

function compareNames(a: Candidate, b: Candidate): number {
  if (a.host.host !== b.host.host) return a.host.host < b.host.host ? -1 : 1;
  return a.status.process < b.status.process ? -1 : 1;
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

/**
 * Does again what an operation has not done: a new operation, in the same manner, on exactly those of
 * its targets that are not good. What has succeeded is not touched a second time.
 */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { OperationRequest, Submission } from '../../proto/operation.ts';
import { isGood } from '../../proto/target.ts';
import type { HostId, OperationId, ProcessName } from '../../proto/vocabulary.ts';
import type { Access } from './access.ts';
import type { Found } from './allowed.ts';
import type { Execution } from './execution.ts';
import { type Plan, planOf } from './plan.ts';
import { requestProblem } from './request-problem.ts';
import type { FleetState } from './state.ts';

type Asked = Extract<Submission, { readonly kind: 'retry' }>;

interface Retried {
  readonly request: OperationRequest;
  readonly plan: Plan;
  readonly retryOf: OperationId;
}

/** @param access of who asks; null: it was allowed as a whole */
export function retried(
  state: FleetState,
  before: Execution,
  asked: Asked,
  access: Access | null,
  nowMs: number,
): Retried | Refusal {
  const { facts } = before;
  if (facts.endedAtMs === null) {
    return refusal('wrong-state', `operation ${facts.id} has not ended: it is ${facts.state}`, {
      cause: 'only what has ended can be done again',
      fix:
        facts.state === 'paused'
          ? `go on with it: fleetctl op resume ${facts.id}`
          : `see it end with: fleetctl op watch ${facts.id}`,
    });
  }
  const request = requestOf(before, asked);
  const problem = requestProblem(request);
  if (problem !== null) return problem;
  const plan = planOf(request, unfinishedOf(state, before), access, nowMs);
  if (isRefusal(plan)) return plan;
  if (plan === null) return nothingLeft(before);
  return { request, plan, retryOf: facts.id };
}

function requestOf({ facts }: Execution, asked: Asked): OperationRequest {
  const { id, reason, expectHosts, allowedOnly } = asked;
  const { verb, signal, hosts, processes, order, fullStop, strategy } = facts;
  const asBefore = { verb, signal, hosts, processes, order, fullStop, strategy };
  return {
    ...asBefore,
    id,
    expectHosts,
    allowedOnly,
    reason: reason === '' ? facts.reason : reason,
  };
}

/** Hosts with what is left to do there, as it is now; what is not configured any more is left out. */
function unfinishedOf(state: FleetState, { facts, targets }: Execution): readonly Found[] {
  const byHost = new Map<HostId, Set<ProcessName>>();
  for (const target of targets) {
    if (isGood(target)) continue;
    const names = byHost.get(target.host) ?? new Set();
    byHost.set(target.host, names.add(target.process));
  }
  return [...byHost].flatMap(([id, names]) => {
    const host = state.hosts.get(id);
    if (host === undefined) return [];
    const statuses = [...names].flatMap((name) => host.processes.get(name) ?? []);
    return facts.verb === 'update' || statuses.length > 0 ? [{ host, statuses }] : [];
  });
}

function nothingLeft({ facts, targets }: Execution): Refusal {
  const isAllGood = [...targets].every(isGood);
  return refusal('nothing-matched', `operation ${facts.id} left nothing to do again`, {
    cause: isAllGood
      ? 'each of its targets succeeded, or was left alone on purpose'
      : 'what it has not done is not configured any more',
    fix: `see what became of it with: fleetctl op show ${facts.id}`,
  });
}

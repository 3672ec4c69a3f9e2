/**
 * Who may pause, resume or cancel an operation: who might submit it as it was planned, or run the
 * runbook that it was made from. Who submitted it may always hold it up, also after their rights are
 * gone: that makes nothing happen.
 */
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Steering } from '../../proto/operation.ts';
import { isOpenState } from '../../proto/target.ts';
import type { HostId, ProcessStatus } from '../../proto/vocabulary.ts';
import { type Access, accessBy, mayEverywhere } from './access.ts';
import { allowedHosts, allowedProcesses, type Found } from './allowed.ts';
import { mayRun, mayRunAgain } from './delegated.ts';
import { type Denied, deniedRefusal } from './denied.ts';
import type { Execution } from './execution.ts';
import { groupsOf } from './plan-update.ts';
import type { FleetState } from './state.ts';
import { statusOfName } from './visible.ts';

/** @returns why not, or null */
export function steeringDenied(
  state: Pick<FleetState, 'hosts' | 'runbooks'>,
  given: Access,
  execution: Execution,
  { action, reason }: Steering,
): Refusal | null {
  const { facts, targets } = execution;
  const isHeldUp = action !== 'resume';
  const access = isHeldUp ? onAnyNumber(given) : given;
  if (facts.requestedBy === access.operator && isHeldUp) return null;
  if (facts.runbook !== null && isHeldUp && mayRun(access, facts.runbook)) return null;
  if (mayRunAgain(state, access, facts)) return null;
  const isUnlimited = mayEverywhere(access, facts.verb) && !access.roles.some(isParticular);
  if (isUnlimited) return null;
  const hasReason = `${facts.reason}${reason}`.trim() !== '';
  const act = { action: facts.verb, signal: facts.signal, hasReason };
  const { found, gone } = foundIn(state, execution);
  const judged = { act, allowedOnly: false };
  const hosts = found.map(({ host }) => host);
  const allowed =
    facts.verb === 'update'
      ? allowedHosts(access, judged, hosts, groupsOf(facts))
      : allowedProcesses(access, judged, found);
  const denied = isRefusal(allowed)
    ? allowed
    : gone.length > 0
      ? deniedRefusal(facts.verb, gone, targets.size)
      : null;
  return denied === null ? null : { ...denied, fix: FIX };
}

/** There is no leaving some of them out. */
const FIX = 'what you may is told by: fleetctl auth whoami';

/** To stop what somebody does to many hosts nobody needs the right to do it to as many. */
function onAnyNumber({ operator, roles }: Access): Access {
  const unlimited = roles.map((held) => ({ ...held, role: { ...held.role, maxHosts: null } }));
  return accessBy(operator, unlimited);
}

function foundIn({ hosts }: Pick<FleetState, 'hosts'>, { facts, targets }: Execution) {
  const statusesOf = new Map<HostId, ProcessStatus[]>();
  const because = 'the host is not in the fleet any more';
  const gone: Denied[] = [];
  for (const { host: id, process, state } of targets) {
    // What is over is nobody's to do any more; how all of it ended is not for everybody to hear.
    if (!isOpenState(state) && facts.endedAtMs === null) continue;
    const host = hosts.get(id);
    if (host === undefined) {
      gone.push({ host: id, process, because, isSeen: true });
      continue;
    }
    const statuses = statusesOf.get(id) ?? [];
    statusesOf.set(id, statuses);
    statuses.push(host.processes.get(process) ?? statusOfName(process));
  }
  const found = [...statusesOf].flatMap(([id, statuses]): readonly Found[] => {
    const host = hosts.get(id);
    return host === undefined ? [] : [{ host, statuses }];
  });
  return { found, gone };
}

/** There is more to a role than hosts and processes. */
const isParticular = ({ role }: Access['roles'][number]): boolean =>
  role.signals.length > 0 || role.reasonRequired || role.maxHosts !== null;

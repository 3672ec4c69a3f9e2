/**
 * Who may pause, resume or cancel an operation: who may do to each of its targets what it does, or run
 * the runbook that it was made from. Who submitted it may always hold it up, also after their rights
 * are gone: that makes nothing happen.
 */
import type { Refusal } from '../../proto/errors.ts';
import type { Steering } from '../../proto/operation.ts';
import { WHOLE_HOST } from '../../proto/vocabulary.ts';
import { type Access, type Act, judge, mayEverywhere } from './access.ts';
import { mayRun } from './delegated.ts';
import { type Denied, deniedRefusal } from './denied.ts';
import type { Execution } from './execution.ts';
import type { FleetState } from './state.ts';
import { statusOfName } from './visible.ts';

/** @returns why not, or null */
export function steeringDenied(
  state: Pick<FleetState, 'hosts'>,
  access: Access,
  execution: Execution,
  { action, reason }: Steering,
): Refusal | null {
  const { facts, targets } = execution;
  if (facts.requestedBy === access.operator && action !== 'resume') return null;
  if (facts.runbook !== null && mayRun(access, facts.runbook)) return null;
  const isUnlimited = mayEverywhere(access, facts.verb) && !access.roles.some(isParticular);
  if (isUnlimited) return null;
  const hasReason = `${facts.reason}${reason}`.trim() !== '';
  const act: Act = { action: facts.verb, signal: facts.signal, hasReason };
  const denied: Denied[] = [];
  for (const { host: id, process } of targets) {
    const host = state.hosts.get(id);
    if (host === undefined) {
      denied.push({ host: id, process, because: 'the host is not in the fleet any more' });
      continue;
    }
    const status = process === WHOLE_HOST ? null : host.processes.get(process);
    const about = status === null ? null : [status ?? statusOfName(process)];
    const verdict = judge(access, act, host, about);
    if (!verdict.isAllowed) denied.push({ host: id, process, because: verdict.because });
  }
  return denied.length === 0 ? null : deniedRefusal(facts.verb, denied, targets.size);
}

/** There is more to a role than hosts and processes. */
const isParticular = ({ role }: Access['roles'][number]): boolean =>
  role.signals.length > 0 || role.reasonRequired;

/** What somebody on this host may see of its processes. */
import type { Refusal } from '../../proto/errors.ts';
import type { LocalListing } from '../../proto/local-orders.ts';
import { compareGroupAndName } from '../../proto/text-order.ts';
import { allowedOf, type LocalCaller, refusalAnywhere, rightsOf } from '../core/local-access.ts';
import { statusOf } from '../core/process.ts';
import type { AgentState } from '../core/state.ts';

const LOOKING = { action: 'status', signal: null } as const;

/** A refusal where there is nothing that they may see, whatever is configured. */
export function listFor(
  { processes, rules, configProblem }: AgentState,
  caller: LocalCaller,
): Pick<LocalListing, 'processes' | 'withheld' | 'configProblem'> | Refusal {
  const rights = rightsOf(rules, caller);
  const denied = refusalAnywhere(rights, LOOKING.action);
  if (denied !== null) return denied;
  const statuses = [...processes.values()].map(statusOf).sort(compareGroupAndName);
  const seen = allowedOf(rights, LOOKING, statuses);
  return { processes: seen, withheld: statuses.length - seen.length, configProblem };
}

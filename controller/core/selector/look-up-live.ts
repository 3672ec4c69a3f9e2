/** The hosts of which a process is as a selector says (`live-term.ts`). */
import { type Refusal, refusal } from '../../../proto/errors.ts';
import { matchProcesses, nearestProcess } from '../../../proto/process-pattern.ts';
import { compileCondition } from '../../../proto/selector/live-term.ts';
import { clipped } from '../../../proto/selector/mistake.ts';
import type { LiveTerm } from '../../../proto/selector/syntax.ts';
import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import type { FleetView } from './fleet-view.ts';

/** Refused where it names a process that no host has; a pattern may match none. */
export function lookUpLive(term: LiveTerm, fleet: FleetView): Uint8Array | Refusal {
  const { byHost, unmatched } = matchProcesses([term.process], processesOf(fleet));
  if (unmatched.length > 0) return noSuchProcess(term.process, fleet);
  const holds = compileCondition(term, fleet.nowMs);
  return Uint8Array.from(fleet.hosts, ({ isConnected }, index) =>
    Number(byHost[index]?.some((status) => holds(status, isConnected))),
  );
}

function* processesOf({ hosts }: FleetView): Generator<Iterable<ProcessStatus>> {
  for (const { processes } of hosts) yield processes.values();
}

function noSuchProcess(process: string, fleet: FleetView): Refusal {
  const near = nearestProcess(process, processesOf(fleet));
  const { length } = fleet.hosts;
  return refusal('nothing-matched', `no host has a process ${clipped(process)}`, {
    cause: `"proc:" names it; ${length} ${length === 1 ? 'host was' : 'hosts were'} looked at`,
    fix: near === null ? 'see what there is with: fleetctl status' : `did you mean ${near}?`,
  });
}

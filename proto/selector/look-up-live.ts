/** The hosts of which a process is as a selector says (`live-term.ts`). */
import { nearest } from '../dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../errors.ts';
import { compilePattern } from '../process-pattern.ts';
import { hasWildcard } from '../wildcard.ts';
import { bytesOf, type FleetView } from './fleet-view.ts';
import { compileCondition } from './live-term.ts';
import { clipped } from './mistake.ts';
import type { LiveTerm } from './syntax.ts';

/** Refused where it names a process that no host has; a pattern may match none. */
export function lookUpLive(term: LiveTerm, fleet: FleetView): Uint8Array | Refusal {
  const meant = compilePattern(term.process);
  const holds = compileCondition(term, fleet.nowMs);
  let isKnown = isPattern(term.process);
  const bytes = bytesOf(fleet, ({ processes, isConnected }) => {
    const statuses = meant([...processes.values()]);
    isKnown ||= statuses.length > 0;
    return statuses.some((status) => holds(status, isConnected));
  });
  return isKnown ? bytes : noSuchProcess(term.process, fleet);
}

const isPattern = (process: string): boolean =>
  process === 'all' || process.endsWith(':') || hasWildcard(process);

function noSuchProcess(process: string, { hosts }: FleetView): Refusal {
  const known = new Set<string>();
  for (const { processes } of hosts) {
    for (const { process: shown, group, name, program } of processes.values()) {
      for (const word of [shown, group, name, program]) known.add(word);
    }
  }
  const near = nearest(process, known);
  return refusal('nothing-matched', `no host has a process ${clipped(process)}`, {
    cause: `"proc:" names it; ${hosts.length} hosts were looked at`,
    fix: near === null ? 'see what there is with: fleetctl status' : `did you mean ${near}?`,
  });
}

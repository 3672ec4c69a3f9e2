/**
 * One operation as it is carried out: each lane goes through its waves, and the next begins when
 * the one before is settled, or has been waited for long enough.
 *
 *   planned ──► running ──┬──► succeeded   every target succeeded
 *                         └──► failed      some did not; waves behind a failure are not attempted
 *
 * A target may be dispatched again and again (its host, or this controller, came back); its agent
 * knows it by its id.
 */

import type { OperationFacts, Target } from '../../proto/operation.ts';
import { isInFlight, isOpen, targetKey } from '../../proto/target.ts';
import type { HostId, ProcessName, ProcessState } from '../../proto/vocabulary.ts';
import {
  advance,
  type Draft,
  draftOf,
  type Execution,
  end,
  finished,
  isAwaitedIn,
  type OperationStep,
  replace,
  waitAgain,
} from './execution.ts';
import type { Host } from './host.ts';
import { type LaneKey, laneOf } from './lanes.ts';
import { heard, type TargetNews } from './target.ts';

/** Sends the first waves off, or ends at once where no target can be attempted. */
export function beginOperation(execution: Execution, wallMs: number): OperationStep {
  const facts: OperationFacts = { ...execution.facts, state: 'running' };
  return goOn(draftOf({ ...execution, facts }), execution.layout.lanes.keys(), wallMs);
}

/** After a restart of the controller: the waves under way are waited for afresh. */
export function resumeOperation(execution: Execution, wallMs: number): OperationStep {
  const draft = draftOf(execution);
  for (const lane of execution.layout.lanes.keys()) waitAgain(draft, lane);
  return goOn(draft, execution.layout.lanes.keys(), wallMs);
}

/** What an agent said of one target; a repeat, or news of a settled one, changes nothing. */
export function noteTarget(
  execution: Execution,
  host: HostId,
  process: ProcessName,
  news: TargetNews,
  wallMs: number,
): OperationStep {
  const position = execution.layout.positions.get(targetKey(host, process));
  if (position === undefined) return still(execution);
  const target = execution.targets.at(position);
  const next = heard(execution.facts, target, news);
  if (next === null) return still(execution);
  const draft = draftOf(execution);
  replace(draft, position, next);
  if (isInFlight(next)) return finished(draft);
  return goOn(draft, [laneOf(execution.facts, target)], wallMs);
}

/** The host has been away for too long: what happened to its open targets is not known. */
export function loseHost(
  execution: Execution,
  host: HostId,
  error: string,
  wallMs: number,
): OperationStep {
  return giveUp(execution, host, wallMs, (target) =>
    isOpen(target) ? { ...target, state: 'unreachable', error } : null,
  );
}

/** The host's agent forgot what it was told: asked again, it might do it a second time. */
export function loseJournal(
  execution: Execution,
  host: HostId,
  error: string,
  wallMs: number,
): OperationStep {
  return giveUp(execution, host, wallMs, (target) =>
    isInFlight(target) ? { ...target, state: 'indeterminate', error } : null,
  );
}

/** The wait is over: what is still in flight is overdue, and its lane goes on without it. */
export function endWaveWait(
  execution: Execution,
  lane: LaneKey,
  wave: number,
  wallMs: number,
): OperationStep {
  const step = execution.layout.lanes.get(lane)?.[execution.lanes.get(lane)?.step ?? -1];
  if (step?.wave !== wave) return still(execution);
  const draft = draftOf(execution);
  for (const position of step.members) {
    const target = execution.targets.at(position);
    if (isAwaitedIn(execution.facts, wave, target))
      replace(draft, position, { ...target, overdue: true });
  }
  return draft.changed.size === 0 ? still(execution) : goOn(draft, [lane], wallMs);
}

/** What the process of an open target is doing meanwhile. */
export function observeProcess(
  execution: Execution,
  host: HostId,
  process: ProcessName,
  processState: ProcessState,
): OperationStep {
  const position = execution.layout.positions.get(targetKey(host, process));
  return observe(execution, position === undefined ? [] : [position], (target) =>
    target.processState === processState ? null : { ...target, processState },
  );
}

/** Whether the host of open targets can be talked to, and what its processes were last seen doing. */
export function observeHost(
  execution: Execution,
  { host, processes }: Pick<Host, 'host' | 'processes'>,
  hostConnected: boolean,
): OperationStep {
  return observe(execution, execution.layout.ofHost.get(host) ?? [], (target) => {
    const processState = processes.get(target.process)?.state ?? target.processState;
    const isKnown = target.hostConnected === hostConnected && target.processState === processState;
    return isKnown ? null : { ...target, hostConnected, processState };
  });
}

/** What a host that is back has still to be told. */
export function inFlightOn({ layout, targets }: Execution, host: HostId): readonly Target[] {
  return (layout.ofHost.get(host) ?? []).map((position) => targets.at(position)).filter(isInFlight);
}

/** Begins what may begin in these lanes; ends the operation where nothing is left to wait for. */
function goOn(draft: Draft, lanes: Iterable<LaneKey>, wallMs: number): OperationStep {
  for (const lane of lanes) advance(draft, lane);
  if (draft.inFlight === 0) end(draft, wallMs);
  return finished(draft);
}

function giveUp(
  execution: Execution,
  host: HostId,
  wallMs: number,
  lose: (target: Target) => Target | null,
): OperationStep {
  const draft = draftOf(execution);
  const lanes = new Set<LaneKey>();
  for (const position of execution.layout.ofHost.get(host) ?? []) {
    const lost = lose(execution.targets.at(position));
    if (lost === null) continue;
    replace(draft, position, lost);
    lanes.add(laneOf(execution.facts, lost));
  }
  return draft.changed.size === 0 ? still(execution) : goOn(draft, lanes, wallMs);
}

function observe(
  execution: Execution,
  positions: readonly number[],
  look: (target: Target) => Target | null,
): OperationStep {
  const observed = new Map<number, Target>();
  for (const position of positions) {
    const target = execution.targets.at(position);
    const next = isOpen(target) ? look(target) : null;
    if (next !== null) observed.set(position, next);
  }
  if (observed.size === 0) return still(execution);
  const next = { ...execution, targets: execution.targets.withAll(observed) };
  return { ...still(next), observed: [...observed.values()] };
}

function still(execution: Execution): OperationStep {
  return { execution, changed: [], observed: [], dispatch: [], timers: [] };
}

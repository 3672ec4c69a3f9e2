/**
 * In which order processes start and stop: by priority, and in the reverse order (Supervisor's
 * `priority`, made to wait).
 * Processes that share (group priority, priority) form a tier; a tier is finished before the next
 * begins. Supervisor starts all tiers in one pass and ignores priorities inside a group; users have
 * asked for the waiting since 2012 (Supervisor #122).
 */
import { compareText } from '../../proto/text-order.ts';
import { startWaitMs, stopWaitMs } from '../../proto/tier-wait.ts';
import { type ProcessName, type ProcessState, STOPPED_STATES } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from './definition.ts';
import { dependencyDepths } from './dependencies.ts';
import type { ProcessRuntime } from './process.ts';

export type Direction = 'boot' | 'shutdown';

/** A walk through the tiers; `index` is the tier being waited for, -1 before the first. */
export interface Sequence {
  /** Of all that this agent has begun. */
  readonly number: number;
  readonly direction: Direction;
  readonly tiers: readonly (readonly ProcessName[])[];
  readonly index: number;
  /** Members of this tier that have not been settled once since it began. */
  readonly waitingFor: readonly ProcessName[];
}

export function sequenceOf(
  number: number,
  direction: Direction,
  definitions: Iterable<ProcessDefinition>,
): Sequence {
  const ascending = tiersOf(definitions);
  const tiers = direction === 'boot' ? ascending : ascending.reverse();
  return { number, direction, tiers, index: -1, waitingFor: [] };
}

export function inStartOrder(processes: Iterable<ProcessRuntime>): readonly ProcessRuntime[] {
  return [...processes].sort((a, b) => compareStartOrder(a.definition, b.definition));
}

export function isSettledFor(direction: Direction, state: ProcessState): boolean {
  if (direction === 'shutdown') return STOPPED_STATES.has(state);
  return state !== 'STARTING' && state !== 'STOPPING';
}

/** What is being stopped gets at least the time that it was promised. */
export function tierWaitMs(direction: Direction, members: readonly ProcessDefinition[]): number {
  return direction === 'boot' ? startWaitMs(members) : stopWaitMs(members);
}

/**
 * Processes that share a tier, lowest first. A tier some of whose members depend on others is
 * several, one after the other, so that these are stopped in the right order, too.
 */
export function tiersOf(definitions: Iterable<ProcessDefinition>): ProcessName[][] {
  const given = [...definitions];
  const depths = dependencyDepths(given, 'each tier');
  const depthOf = ({ process }: ProcessDefinition) => depths.get(process) ?? 0;
  const sorted = given.sort(
    (a, b) => compareTiers(a, b) || depthOf(a) - depthOf(b) || byName(a, b),
  );
  const tiers: ProcessName[][] = [];
  let previous: ProcessDefinition | undefined;
  for (const definition of sorted) {
    const isSameTier =
      previous !== undefined &&
      compareTiers(previous, definition) === 0 &&
      depthOf(previous) === depthOf(definition);
    if (isSameTier) tiers.at(-1)?.push(definition.process);
    else tiers.push([definition.process]);
    previous = definition;
  }
  return tiers;
}

function compareStartOrder(a: ProcessDefinition, b: ProcessDefinition): number {
  return compareTiers(a, b) || byName(a, b);
}

const compareTiers = (a: ProcessDefinition, b: ProcessDefinition): number =>
  a.groupPriority - b.groupPriority || a.priority - b.priority;

const byName = (a: ProcessDefinition, b: ProcessDefinition): number =>
  compareText(a.process, b.process);

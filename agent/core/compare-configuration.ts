/**
 * What differs between what is active on this host and a configuration as it was read: by group, as
 * people are told (supervisorctl `reread`), and by process, as an update acts on it. Supervisor
 * knows groups only and restarts every member of one in which anything has changed.
 */

import { groupBy } from '../../proto/group-by.ts';
import type { ChangedGroup, ConfiguredProcess } from '../../proto/host-questions.ts';
import { compareText } from '../../proto/text-order.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from './definition.ts';
import { isUp, isWantedUp, type ProcessRuntime } from './process.ts';
import { isSameValue } from './same-value.ts';
import { type AgentState, isRetired } from './state.ts';

/** By name, as Supervisor sorts. */
export function changedGroups(
  active: Iterable<ProcessRuntime>,
  available: readonly ProcessDefinition[],
): readonly ChangedGroup[] {
  const before = groupBy(active, ({ definition }) => definition.group);
  const after = groupBy(available, ({ group }) => group);
  const groups = [...new Set([...before.keys(), ...after.keys()])].sort(compareText);
  return groups.flatMap((group): ChangedGroup[] => {
    const [held, found] = [before.get(group), after.get(group)];
    if (held === undefined) return [{ group, change: 'available' }];
    if (found === undefined) return [{ group, change: 'disappeared' }];
    return isSameGroup(held, found) ? [] : [{ group, change: 'changed' }];
  });
}

export function configuredProcesses(
  active: { get(name: ProcessName): unknown },
  available: readonly ProcessDefinition[],
): readonly ConfiguredProcess[] {
  return [...available]
    .sort((a, b) => compareText(a.name, b.name))
    .map(({ process, group, name, autostart, groupPriority, priority }) => {
      const inUse = active.get(process) !== undefined;
      return { process, group, name, inUse, autostart, groupPriority, priority };
    });
}

/** What taking up a definition means for a process that is there already. */
export type Adjustment = 'none' | 'redefine' | 'restart' | 'start';

export function adjustmentOf(process: ProcessRuntime, next: ProcessDefinition): Adjustment {
  const isSame = isSameValue(process.definition, next);
  if (isUp(process)) {
    if (isLaunchedOtherwise(process, next)) return 'restart';
    return isSame ? 'none' : 'redefine';
  }
  if (isSame) return 'none';
  // It has done what it was there for, and what it does has not changed.
  if (process.state === 'EXITED' && !isLaunchedOtherwise(process, next)) return 'redefine';
  // Nothing of it runs, and somebody has just mended it: it is tried as if it were new.
  return isWantedUp(process, next) ? 'start' : 'redefine';
}

/** What taking up a configuration touches at all; who may have it taken up is judged by no other. */
export interface Touched {
  /** New or changed, as they would be then. */
  readonly changed: readonly ProcessDefinition[];
  /** Which it takes away, or which are to be taken away since an earlier one. */
  readonly gone: readonly ProcessDefinition[];
}

/** @param isMeant of all that there is; the others stay as they are */
export function touchedBy(
  state: AgentState,
  definitions: readonly ProcessDefinition[],
  isMeant: (definition: ProcessDefinition) => boolean,
): Touched {
  const meant = definitions.filter(isMeant);
  const found = new Set(meant.map(({ process }) => process));
  const gone = [...state.processes.values()].flatMap(({ definition }) => {
    return isMeant(definition) && !found.has(definition.process) ? [definition] : [];
  });
  const changed = meant.filter((definition) => {
    const process = state.processes.get(definition.process);
    if (process === undefined || isRetired(state, definition.process)) return true;
    return adjustmentOf(process, definition) !== 'none';
  });
  return { changed, gone };
}

/** Its child, or the one that is being started, was started with something else than this. */
export function isLaunchedOtherwise(process: ProcessRuntime, next: ProcessDefinition): boolean {
  const launched = process.launchedAs ?? process.definition;
  return LAUNCH_KEYS.some((key) => !isSameValue(launched[key], next[key]));
}

/** What a running program cannot be given any more. The rest is the agent's business alone. */
const LAUNCH_KEYS = [
  'command',
  'directory',
  'umask',
  'user',
  'serverUrl',
  'environment',
  'redirectStderr',
] as const satisfies readonly (keyof ProcessDefinition)[];

function isSameGroup(
  held: readonly ProcessRuntime[],
  found: readonly ProcessDefinition[],
): boolean {
  const definitions = new Map(found.map((definition) => [definition.process, definition]));
  return (
    held.length === found.length &&
    held.every((process) => {
      const next = definitions.get(process.definition.process);
      if (next === undefined || !isSameValue(process.definition, next)) return false;
      return !isUp(process) || !isLaunchedOtherwise(process, next);
    })
  );
}

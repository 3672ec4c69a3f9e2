/**
 * What differs between what is active on this host and a configuration as it was read: by group, as
 * people are told (supervisorctl `reread`), and by process, as an update acts on it. Supervisor
 * knows groups only and restarts every member of one in which anything has changed.
 */
import { groupBy } from '../../proto/group-by.ts';
import type { ChangedGroup, ConfiguredProcess } from '../../proto/host-questions.ts';
import { type OperationId, type ProcessName, RUNNING_STATES } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from './definition.ts';
import type { ProcessRuntime } from './process.ts';
import { isSameValue } from './same-value.ts';
import type { OrderId, TargetKey } from './state.ts';

/** Why the configuration is read, and so what becomes of the reading. */
export type ReadingPurpose =
  | { readonly kind: 'answer'; readonly to: Asker }
  | {
      readonly kind: 'update';
      readonly operationId: OperationId;
      /** None: all. */
      readonly groups: readonly string[];
      readonly by: UpdateRequester;
    }
  | { readonly kind: 'reload'; readonly order: OrderId };

export type Asker =
  | { readonly kind: 'order'; readonly order: OrderId }
  | { readonly kind: 'controller'; readonly questionId: number; readonly sessionEpoch: number };

export type UpdateRequester =
  | { readonly kind: 'order'; readonly order: OrderId }
  | { readonly kind: 'target'; readonly key: TargetKey };

/** By name, in the order of Python's `sorted`. */
export function changedGroups(
  active: Iterable<ProcessRuntime>,
  available: readonly ProcessDefinition[],
): readonly ChangedGroup[] {
  const before = groupBy(active, ({ definition }) => definition.group);
  const after = groupBy(available, ({ group }) => group);
  const groups = [...new Set([...before.keys(), ...after.keys()])].sort(byCodeUnits);
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
    .sort((a, b) => byCodeUnits(a.name, b.name))
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

export function isUp({ child, state }: ProcessRuntime): boolean {
  return child !== null || RUNNING_STATES.has(state) || state === 'STOPPING';
}

/** What people asked for last goes before `autostart`. */
export function isWantedUp(
  { wanted }: Pick<ProcessRuntime, 'wanted'>,
  { autostart }: Pick<ProcessDefinition, 'autostart'>,
): boolean {
  return wanted === null ? autostart : wanted === 'up';
}

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

function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

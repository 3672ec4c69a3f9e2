/**
 * Makes the definitions on this host what a configuration says, and finds out what is then to be done
 * about processes (`compare-configuration.ts`). Nothing is stopped or started here: that is what
 * `update.ts` makes of it.
 */
import { type Adjustment, adjustmentOf, touchedBy } from './compare-configuration.ts';
import { addProcess, redefineProcess } from './define-process.ts';
import type { ProcessDefinition } from './definition.ts';
import { isWantedUp, type ProcessRuntime } from './process.ts';
import { reinstate, retire } from './removal.ts';
import { isRetired, type Turn } from './state.ts';

export interface ChangedDefinitions {
  readonly group: string;
  readonly action: 'removed' | 'updated' | 'added';
}

export interface Changes {
  /** As supervisorctl tells of them: what is gone, what changed, what is new. */
  readonly groups: readonly ChangedDefinitions[];
  readonly stop: readonly ProcessDefinition[];
  readonly restart: readonly ProcessDefinition[];
  readonly start: readonly ProcessDefinition[];
}

/** @param isMeant of all that there is and of what the configuration says */
export function takeUpConfiguration(
  turn: Turn,
  definitions: readonly ProcessDefinition[],
  isMeant: (definition: ProcessDefinition) => boolean,
): Changes {
  const { changed, gone } = touchedBy(turn.state, definitions, isMeant);
  const active = [...turn.state.processes.values()];
  const groupsBefore = new Set(active.map(({ definition }) => definition.group));
  const groupsAfter = new Set(definitions.filter(isMeant).map(({ group }) => group));
  const touched = new Set<string>();
  const stop: ProcessDefinition[] = [];
  const restart: ProcessDefinition[] = [];
  const start: ProcessDefinition[] = [];
  for (const definition of gone) {
    touched.add(definition.group);
    retire(turn, definition.process);
    if (turn.state.processes.get(definition.process) !== undefined) stop.push(definition);
  }
  for (const definition of changed) {
    const process = turn.state.processes.get(definition.process);
    const adjustment = process === undefined ? 'add' : adjust(turn, process, definition);
    if (adjustment === 'none') continue;
    touched.add(definition.group);
    if (process === undefined) addProcess(turn, definition);
    else redefineProcess(turn, process, definition);
    if (adjustment === 'restart') restart.push(definition);
    const isStarted = adjustment === 'start' || (adjustment === 'add' && definition.autostart);
    if (isStarted) start.push(definition);
  }
  const groups = [...touched].sort().map((group) => {
    if (!groupsAfter.has(group)) return { group, action: 'removed' } as const;
    return { group, action: groupsBefore.has(group) ? 'updated' : 'added' } as const;
  });
  return { groups: inOrderOfTelling(groups), stop, restart, start };
}

/** One that was going, and is configured again, comes back. */
function adjust(turn: Turn, process: ProcessRuntime, definition: ProcessDefinition): Adjustment {
  const { process: name } = definition;
  if (!isRetired(turn.state, name)) return adjustmentOf(process, definition);
  reinstate(turn, name);
  const isLeaving = process.state === 'STOPPING' && isWantedUp(process, definition);
  return isLeaving ? 'start' : adjustmentOf(process, definition);
}

function inOrderOfTelling(groups: Changes['groups']): Changes['groups'] {
  const rank = { removed: 0, updated: 1, added: 2 } as const;
  return [...groups].sort((a, b) => rank[a.action] - rank[b.action]);
}

/**
 * `add` and `remove` of single groups (supervisorctl): takes a group up from the configuration as it
 * was read last, or takes one out that has stopped.
 */
import type { OrderNews } from '../../proto/local-orders.ts';
import { STOPPED_STATES } from '../../proto/vocabulary.ts';
import { addProcess } from './define-process.ts';
import { startWhenReady } from './dependencies.ts';
import { removeProcess } from './removal.ts';
import type { Turn } from './state.ts';
import { inStartOrder } from './tiers.ts';

type Tell = (news: OrderNews) => void;

export function addGroups(turn: Turn, groups: readonly string[], tell: Tell): void {
  for (const group of groups) {
    const news = { kind: 'group', group, action: 'added', error: null } as const;
    const definitions = turn.state.available.filter((definition) => definition.group === group);
    if (membersOf(turn, group).length > 0) tell({ ...news, fault: 'already-active' });
    else if (definitions.length === 0) tell({ ...news, fault: 'no-such-group' });
    else {
      for (const definition of definitions) addProcess(turn, definition);
      for (const process of inStartOrder(membersOf(turn, group))) {
        if (process.definition.autostart) startWhenReady(turn, process);
      }
      tell({ ...news, fault: null });
    }
  }
}

export function removeGroups(turn: Turn, groups: readonly string[], tell: Tell): void {
  for (const group of groups) {
    const news = { kind: 'group', group, action: 'removed', error: null } as const;
    const members = membersOf(turn, group);
    if (members.length === 0) tell({ ...news, fault: 'no-such-group' });
    else if (members.some(({ state, child }) => child !== null || !STOPPED_STATES.has(state))) {
      tell({ ...news, fault: 'still-running' });
    } else {
      for (const { definition } of members) removeProcess(turn, definition.process);
      tell({ ...news, fault: null });
    }
  }
}

function membersOf({ state }: Turn, group: string) {
  return [...state.processes.values()].filter(({ definition }) => definition.group === group);
}

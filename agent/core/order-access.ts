/**
 * Which right each order on the host's own socket needs. What is about single processes is judged for
 * each of them, and one that is not allowed refuses the order as a whole; what concerns the agent
 * itself is the role admin's. An update is judged again when the file has been read, on what it would
 * change (`update.ts`).
 */
import type { Refusal } from '../../proto/errors.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from './definition.ts';
import {
  allowedOf,
  type LocalCaller,
  type Rights,
  refusalAnywhere,
  refusalOf,
  refusalUnlessAdmin,
  rightsOf,
} from './local-access.ts';
import { namedProcesses } from './named-processes.ts';
import { initialProcess, statusOf } from './process.ts';
import type { AgentState } from './state.ts';

/** Null: it may be given. */
export function refusalOfOrder(
  state: AgentState,
  request: LocalOrder,
  caller: LocalCaller,
): Refusal | null {
  const rights = rightsOf(state.rules, caller);
  if (rights.kind === 'all') return null;
  switch (request.kind) {
    case 'control': {
      const { verb: action, signal, names } = request;
      return refusalAnywhere(rights, action) ?? ofNamed(state, rights, { action, signal }, names);
    }
    case 'hold':
    case 'release': {
      const act = { action: 'stop', signal: null } as const;
      return refusalAnywhere(rights, 'stop') ?? ofNamed(state, rights, act, request.names);
    }
    case 'add':
    case 'remove': {
      const isMeant = ({ group }: ProcessDefinition): boolean => request.groups.includes(group);
      const found = request.kind === 'add' ? state.available : activeDefinitions(state);
      return refusalAnywhere(rights, 'update') ?? ofUpdate(state, rights, found.filter(isMeant));
    }
    case 'update':
    case 'reread':
      return refusalAnywhere(rights, 'update');
    case 'avail':
      return refusalAnywhere(rights, 'status');
    case 'shutdown':
      return refusalUnlessAdmin(rights, 'end the agent');
    case 'reload':
      return refusalUnlessAdmin(rights, 'reload the agent');
    case 'handover':
      return refusalUnlessAdmin(rights, 'have the agent hand over');
  }
}

/** Why somebody may not have these taken up, changed or taken away; null: they may. */
export function refusalOfUpdate(
  state: AgentState,
  caller: LocalCaller,
  definitions: readonly ProcessDefinition[],
): Refusal | null {
  return ofUpdate(state, rightsOf(state.rules, caller), definitions);
}

/** Of what is configured, what somebody may see. */
export function visibleDefinitions(
  state: AgentState,
  caller: LocalCaller,
): readonly ProcessDefinition[] {
  const rights = rightsOf(state.rules, caller);
  if (rights.kind === 'all') return state.available;
  const act = { action: 'status', signal: null } as const;
  const seen = allowedOf(rights, act, withDefinitions(state, state.available));
  const names = new Set(seen.map(({ process }) => process));
  return state.available.filter(({ process }) => names.has(process));
}

/** All processes of the host, with these in place of those of their names. */
export function withDefinitions(
  state: AgentState,
  definitions: readonly ProcessDefinition[],
): readonly ProcessStatus[] {
  const added = definitions.map((definition) => statusOf(initialProcess(definition, 0)));
  const names = new Set(added.map(({ process }) => process));
  const others = [...state.processes.values()].map(statusOf);
  return [...others.filter(({ process }) => !names.has(process)), ...added];
}

function ofNamed(
  state: AgentState,
  rights: Rights,
  act: Parameters<typeof refusalOf>[1],
  names: readonly string[],
): Refusal | null {
  const { meant } = namedProcesses(state, names);
  const about = meant.map(({ process }) => process.definition.process);
  return refusalOf(rights, act, about, [...state.processes.values()].map(statusOf));
}

function ofUpdate(
  state: AgentState,
  rights: Rights,
  definitions: readonly ProcessDefinition[],
): Refusal | null {
  const act = { action: 'update', signal: null } as const;
  const about = definitions.map(({ process }) => process);
  return refusalOf(rights, act, about, withDefinitions(state, definitions));
}

const activeDefinitions = (state: AgentState): readonly ProcessDefinition[] =>
  [...state.processes.values()].map(({ definition }) => definition);

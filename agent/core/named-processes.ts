/**
 * The processes that somebody on the host means by names (`proto/process-pattern.ts`). Whether one is
 * named itself matters, as to supervisorctl: it is answered even where there is nothing to do, while
 * one that a group, a pattern or `all` stands for is then passed over.
 */
import { matchProcesses, meaningless } from '../../proto/process-pattern.ts';
import { type ProcessRuntime, statusOf } from './process.ts';
import type { AgentState } from './state.ts';

interface NamedProcess {
  readonly process: ProcessRuntime;
  readonly isNamedItself: boolean;
}

export interface NamedProcesses {
  /** Each once, in no order. */
  readonly meant: readonly NamedProcess[];
  /** Names that mean nothing here. */
  readonly meaningless: readonly string[];
}

export function namedProcesses(state: AgentState, names: readonly string[]): NamedProcesses {
  const processes = [...state.processes.values()];
  const statuses = processes.map(statusOf);
  const { byHost } = matchProcesses(names, [statuses]);
  const meant = new Set((byHost[0] ?? []).map(({ process }) => process));
  const typed = new Set(names);
  return {
    meant: processes
      .filter(({ definition }) => meant.has(definition.process))
      .map((process) => ({ process, isNamedItself: isNamedItself(process, typed) })),
    meaningless: meaningless(names, statuses),
  };
}

function isNamedItself({ definition }: ProcessRuntime, typed: ReadonlySet<string>): boolean {
  const { process, group, name } = definition;
  return typed.has(process) || typed.has(`${group}:${name}`);
}

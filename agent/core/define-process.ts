/**
 * Gives a process its first or another definition. Nothing is started or stopped by it: a program
 * that runs goes on as it was launched, and that it was launched otherwise is remembered.
 */

import type { Instant } from '../../proto/instant.ts';
import { emit, putProcess } from './apply-process.ts';
import { isLaunchedOtherwise } from './compare-configuration.ts';
import type { ProcessDefinition } from './definition.ts';
import { beginHealth, probeOf } from './health.ts';
import { initialProcess, isUp, type ProcessRuntime, statusOf } from './process.ts';
import { isSameValue } from './same-value.ts';
import type { Turn } from './state.ts';

/** A process of the same name that was removed has left timers behind, which must not fit this one. */
export function newProcess({ state, at }: Turn, definition: ProcessDefinition): ProcessRuntime {
  return { ...initialProcess(definition, at.wallMs), timerToken: state.firstTimerToken };
}

export function addProcess(turn: Turn, definition: ProcessDefinition): void {
  const process = newProcess(turn, definition);
  putProcess(turn, process);
  emit(turn, { kind: 'processChanged', process: statusOf(process) });
}

/** Whatever runs goes on as it was started, and is known to have been. */
export function redefineProcess(
  turn: Turn,
  process: ProcessRuntime,
  definition: ProcessDefinition,
): void {
  const { process: name } = definition;
  const isSameCheck = isSameValue(process.definition.healthCheck, definition.healthCheck);
  const before = isSameCheck ? process : { ...process, health: null };
  const redefined = withHealth(withDefinition(before, definition), turn.at);
  const status = statusOf(redefined);
  putProcess(turn, redefined);
  for (const effect of isSameCheck ? [] : probeOf(redefined.health, 0)) {
    turn.effects.push({ kind: 'process', process: name, effect });
  }
  turn.effects.push({ kind: 'redefine', definition });
  emit(turn, { kind: 'processChanged', process: status });
  // Operations and starts may have waited for its health, and its own start for what it needed.
  if (status.health !== (process.health?.health ?? null)) turn.entered.push(status);
  turn.prospects.push(name);
}

/** One that runs is checked as it is defined now. */
export function withHealth(process: ProcessRuntime, at: Instant): ProcessRuntime {
  const { definition, state, health } = process;
  if (state !== 'RUNNING' || definition.healthCheck === null) return { ...process, health: null };
  return { ...process, health: health ?? beginHealth(definition, at) };
}

export function withDefinition(
  process: ProcessRuntime,
  definition: ProcessDefinition,
): ProcessRuntime {
  const isOther = isUp(process) && isLaunchedOtherwise(process, definition);
  const launchedAs = isOther ? (process.launchedAs ?? process.definition) : null;
  // What was measured was judged by the old limit.
  const isSameLimit = process.definition.memoryMaxBytes === definition.memoryMaxBytes;
  const residentBytes = isSameLimit ? process.residentBytes : null;
  return { ...process, definition, launchedAs, residentBytes };
}

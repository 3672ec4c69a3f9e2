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
  const redefined = withHealth(withDefinition(process, definition), turn.at);
  const isCheckedAnew = redefined.health !== null && process.health === null;
  putProcess(turn, redefined);
  for (const effect of isCheckedAnew ? probeOf(redefined.health, 0) : []) {
    turn.effects.push({ kind: 'process', process: definition.process, effect });
  }
  turn.effects.push({ kind: 'redefine', definition });
  emit(turn, { kind: 'processChanged', process: statusOf(redefined) });
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
  return { ...process, definition, launchedAs };
}

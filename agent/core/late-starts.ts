/**
 * Processes that were still being stopped when the host's start came to them: an agent that ended
 * while it stopped everything left them so, or they outlasted a reload. Nobody else would start them.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { startWhenReady } from './dependencies.ts';
import { isWantedUp } from './process.ts';
import { isRetired, type Turn } from './state.ts';

export function startOnceStopped(turn: Turn, name: ProcessName): void {
  const lateStarts = new Set(turn.state.lateStarts).add(name);
  turn.state = { ...turn.state, lateStarts };
  turn.prospects.push(name);
}

/** Called when it has entered a state; whatever that is, it is late no longer. */
export function startIfLate(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (!turn.state.lateStarts.has(name) || process?.state === 'STOPPING') return;
  const lateStarts = new Set(turn.state.lateStarts);
  lateStarts.delete(name);
  turn.state = { ...turn.state, lateStarts };
  if (process?.state !== 'STOPPED' || isRetired(turn.state, name)) return;
  // Somebody may have asked for it to be down meanwhile.
  if (isWantedUp(process, process.definition)) startWhenReady(turn, process);
}

/**
 * Looks again at the starts that are held (`dependencies.ts`), whenever something has become of what
 * they wait for: they begin, or go on waiting, or there is nothing left to wait for. Then whoever
 * ordered the start is told so; the host's own starts at boot wait on, until somebody mends it.
 */
import { compareText } from '../../proto/text-order.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { forgetMember } from './advance-sequence.ts';
import { settle } from './carry-out-targets.ts';
import { holdStart, readinessOf, releaseStart, startNow } from './dependencies.ts';
import type { AgentState, Turn } from './state.ts';
import { activeTarget } from './target-records.ts';
import { failed, SUPERSEDED } from './verdict.ts';

/** @param changed it has entered a state, or something else is to be expected of it than before */
export function reviewHeldStarts(turn: Turn, changed: ProcessName): void {
  const { heldStarts } = turn.state;
  if (heldStarts.size === 0) return;
  const waiting = dependentsIn(heldStarts).get(changed) ?? [];
  for (const name of [changed, ...waiting.toSorted(compareText)]) review(turn, name);
}

/** Nobody wants its start any more: whoever ordered it is told so. */
export function giveUpStart(turn: Turn, name: ProcessName): void {
  if (turn.state.heldStarts.get(name) === undefined) return;
  releaseStart(turn, name);
  forgetMember(turn, name);
  turn.prospects.push(name);
  const target = activeTarget(turn, name);
  if (target?.phase === 'starting') settle(turn, target, SUPERSEDED);
}

function review(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined || turn.state.heldStarts.get(name) === undefined) return;
  const readiness = readinessOf(turn.state, process.definition);
  if (readiness.kind === 'ready') return startNow(turn, name);
  holdStart(turn, process, readiness);
  if (readiness.kind === 'wait') return;
  forgetMember(turn, name);
  if (readiness.kind === 'later') return;
  const target = activeTarget(turn, name);
  if (target?.phase !== 'starting') return;
  releaseStart(turn, name);
  turn.prospects.push(name);
  settle(turn, target, failed(readiness.because, 'failed'));
}

type Dependents = ReadonlyMap<ProcessName, readonly ProcessName[]>;

/** Of each process, whose starts wait for it: asked at every change of state, and rarely another one. */
function dependentsIn(heldStarts: AgentState['heldStarts']): Dependents {
  const known = DEPENDENTS.get(heldStarts);
  if (known !== undefined) return known;
  const dependents = new Map<ProcessName, ProcessName[]>();
  for (const [name, { needed }] of heldStarts) {
    for (const other of needed) {
      const waiting = dependents.get(other);
      if (waiting === undefined) dependents.set(other, [name]);
      else waiting.push(name);
    }
  }
  DEPENDENTS.set(heldStarts, dependents);
  return dependents;
}

const DEPENDENTS = new WeakMap<AgentState['heldStarts'], Dependents>();

/**
 * Looks again at the starts that are held (`dependencies.ts`), whenever something has become of what
 * they wait for: they begin, or go on waiting, or there is nothing left to wait for. Then whoever
 * ordered the start is told so; the host's own starts at boot wait on, until somebody mends it.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { forgetMember } from './advance-sequence.ts';
import { applyToProcess } from './apply-process.ts';
import { activeTarget, settle } from './carry-out-targets.ts';
import { holdStart, readinessOf, releaseStart } from './dependencies.ts';
import type { Turn } from './state.ts';
import { failed, SUPERSEDED } from './verdict.ts';

/** @param changed it has entered a state, or what was wanted of it is over */
export function reviewHeldStarts(turn: Turn, changed: ProcessName): void {
  for (const name of turn.state.heldStarts) {
    const process = turn.state.processes.get(name);
    const { dependsOn = [] } = process?.definition ?? {};
    if (dependsOn.some((dependency) => dependency.process === changed)) review(turn, name);
  }
}

/** Nobody wants its start any more: whoever ordered it is told so. */
export function giveUpStart(turn: Turn, name: ProcessName): void {
  if (!turn.state.heldStarts.has(name)) return;
  releaseStart(turn, name);
  supersede(turn, name);
}

/** What is ordered later does not wait until a health check passes, which may be long. */
export function endPatientStart(turn: Turn, name: ProcessName): void {
  if (turn.state.processes.get(name)?.state === 'RUNNING') supersede(turn, name);
}

function supersede(turn: Turn, name: ProcessName): void {
  const target = activeTarget(turn, name);
  if (target?.phase === 'starting') settle(turn, target, SUPERSEDED);
}

function review(turn: Turn, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined) return;
  const readiness = readinessOf(turn.state, process.definition);
  if (readiness.kind === 'ready') {
    releaseStart(turn, name);
    return applyToProcess(turn, name, { kind: 'start' });
  }
  holdStart(turn, name, readiness.for);
  if (readiness.kind === 'wait') return;
  forgetMember(turn, name);
  const target = activeTarget(turn, name);
  if (target?.phase !== 'starting') return;
  releaseStart(turn, name);
  settle(turn, target, failed(readiness.because, 'failed'));
}

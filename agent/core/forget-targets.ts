/**
 * Which settled targets the agent stops remembering, so that neither its memory nor its journal
 * grows for as long as it runs. A target is what answers a repeated command; one that was forgotten
 * too early would be carried out twice. So it is kept for a week, by a clock that cannot make it
 * look older than it is (`ageMs`), and for as long as the controller may not know its verdict,
 * because such a one it may still repeat.
 */

import { type TargetKey, type Turn, targetKey } from './state.ts';
import { ageMs, type TargetRecord } from './target.ts';

/** A controller repeats a command within hours at the most; a week is a wide margin. */
export const TARGET_RETENTION_MS = 7 * 24 * 60 * 60 * 1_000;

/** More than one, so that the old ones go faster than new ones come; few, so that no step is long. */
const EXAMINED_PER_NEW_TARGET = 4;

/**
 * Called when a command has been accepted as a whole, so that it never forgets what it repeats
 * itself. Looks at a few targets, those whose turn it is; what stays takes its turn again later.
 */
export function forgetOldTargets(turn: Turn, newTargets: number): void {
  // What is forgotten while commits fail would stay in the file.
  if (!turn.state.isJournalSound) return;
  let { targets, remembered } = turn.state;
  let unheard: ReadonlySet<TargetKey> | null = null;
  const count = Math.min(newTargets * EXAMINED_PER_NEW_TARGET, remembered.size);
  for (let examined = 0; examined < count; examined += 1) {
    const taken = remembered.take();
    if (taken === null) break;
    const { value: key, rest } = taken;
    const target = targets.get(key);
    const isOver = target !== undefined && isSettledAndOld(turn, target);
    if (isOver) unheard ??= unheardVerdicts(turn);
    if (isOver && unheard?.has(key) === false) {
      targets = targets.without(key);
      remembered = rest;
      turn.writes.push({ kind: 'targetForgotten', target });
    } else {
      remembered = rest.with(key);
    }
  }
  turn.state = { ...turn.state, targets, remembered };
}

function isSettledAndOld(turn: Turn, target: TargetRecord): boolean {
  return target.outcome !== null && ageMs(target, turn.at) > TARGET_RETENTION_MS;
}

/** Those whose verdict the controller has not acknowledged. */
function unheardVerdicts(turn: Turn): ReadonlySet<TargetKey> {
  return new Set(
    [...turn.state.outbox.kept].flatMap(({ event }) =>
      event.kind === 'targetSettled' ? targetKey(event) : [],
    ),
  );
}

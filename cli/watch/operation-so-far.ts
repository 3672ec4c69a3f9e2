/**
 * A whole operation out of the updates of its stream, which tells each change alone: the targets
 * as they were first, then each as it was told last, and what has become of the whole. It also knows
 * when there is nothing more to be seen of it for now.
 */

import type { Operation, OperationFacts, OperationUpdate, Target } from '../../proto/operation.ts';
import { isInFlight, targetKey } from '../../proto/target.ts';

export interface OperationSoFar {
  /**
   * @returns the operation once it has ended, or is paused with nothing under way any more; null
   *   while something may still happen by itself
   */
  readonly note: (update: OperationUpdate) => Operation | null;
}

export function createOperationSoFar(): OperationSoFar {
  let facts: OperationFacts | null = null;
  const targets = createTargetsSoFar();
  const whole = () => (facts === null ? null : { ...facts, targets: targets.all() });
  const atRest = () => {
    if (facts === null) return null;
    const isPaused = facts.state === 'paused' && targets.inFlight() === 0;
    return isPaused || facts.endedAtMs !== null ? whole() : null;
  };
  return {
    note: (update) => {
      switch (update.kind) {
        case 'operation': {
          // After a broken stream it comes again, and counts.
          const { targets: told, ...rest } = update.operation;
          targets.startOver();
          targets.note(told);
          facts = rest;
          return atRest();
        }
        case 'targets':
          if (facts !== null) targets.note(update.targets);
          return atRest();
        case 'moved':
          if (facts !== null) facts = update.facts;
          return atRest();
        case 'ended':
          if (facts !== null) facts = update.facts;
          return whole();
      }
    },
  };
}

/** Counts what is under way as it goes: of ten thousand targets each may come with its own update. */
function createTargetsSoFar() {
  /** In the order of the plan. */
  const byKey = new Map<string, Target>();
  let inFlight = 0;
  return {
    startOver: () => {
      byKey.clear();
      inFlight = 0;
    },
    note: (told: readonly Target[]) => {
      for (const target of told) {
        const key = targetKey(target.host, target.process);
        const before = byKey.get(key);
        if (before !== undefined && isInFlight(before)) inFlight -= 1;
        if (isInFlight(target)) inFlight += 1;
        byKey.set(key, target);
      }
    },
    inFlight: () => inFlight,
    all: (): readonly Target[] => [...byKey.values()],
  };
}

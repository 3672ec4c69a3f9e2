/**
 * What is known of a running operation, folded from the updates of its stream: each target as it is
 * now, and since when. An update costs as much as it has targets; all counting is left to the
 * frames, of which there are fewer.
 */

import type {
  Operation,
  OperationFacts,
  OperationUpdate,
  Target,
} from '../../../proto/operation.ts';
import { currentWave, isInFlight, targetKey } from '../../../proto/target.ts';

export interface LiveTarget {
  readonly target: Target;
  /** Monotonic time since when it does what it does; null where that began before we looked. */
  readonly sinceMs: number | null;
}

export interface LivePicture {
  readonly operation: OperationFacts;
  /** In the order of the plan. */
  readonly targets: readonly LiveTarget[];
  readonly hostCount: number;
  /** Monotonic time. */
  readonly begunMs: number;
  /** By index: monotonic time since when a wave is waited for; null where that is not known. */
  readonly waveSinceMs: ReadonlyMap<number, number | null>;
  /** Monotonic time since when the stream is broken, or null. */
  readonly lostSinceMs: number | null;
}

/** The same moment on both clocks. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface LiveModel {
  readonly note: (update: OperationUpdate, at: Moment) => void;
  /** The stream broke; what was known stays until it is back. */
  readonly loseSight: (at: Moment) => void;
  /** Null until the operation has been seen. */
  readonly picture: () => LivePicture | null;
}

/** Between submitting and watching an agent may have begun; what it does is no older than that. */
const YOUNG_MS = 2_000;

export function createLiveModel(): LiveModel {
  const targets = new Map<string, LiveTarget>();
  const waveSinceMs = new Map<number, number | null>();
  let seen: Seen | null = null;
  let lostSinceMs: number | null = null;

  const noteTargets = (changed: readonly Target[], sinceMs: number | null) => {
    for (const target of changed) {
      const key = targetKey(target.host, target.process);
      const before = targets.get(key);
      const goesOn = before !== undefined && activityKey(before.target) === activityKey(target);
      targets.set(key, { target, sinceMs: goesOn ? before.sinceMs : sinceMs });
      const wave = currentWave(target);
      if (isInFlight(target) && !waveSinceMs.has(wave)) waveSinceMs.set(wave, sinceMs);
    }
  };
  const noteWhole = (whole: Operation, { monotonicMs, wallMs }: Moment) => {
    const { targets: all, ...operation } = whole;
    // The clocks of two machines: good enough for what began before we looked.
    const ageMs = Math.max(0, wallMs - operation.startedAtMs);
    const sawBeginning = seen === null && (ageMs < YOUNG_MS || !all.some(isUnderWay));
    const begunMs = seen?.begunMs ?? monotonicMs - (ageMs < YOUNG_MS || !sawBeginning ? ageMs : 0);
    const hostCount = seen?.hostCount ?? new Set(all.map((target) => target.host)).size;
    seen = { operation, begunMs, hostCount };
    noteTargets(all, sawBeginning ? monotonicMs : null);
  };
  return {
    note: (update, { monotonicMs, wallMs }) => {
      const wasLost = lostSinceMs !== null;
      lostSinceMs = null;
      switch (update.kind) {
        case 'operation':
          // Its controller may be another by now, which waits for the wave anew.
          if (wasLost) waveSinceMs.clear();
          return noteWhole(update.operation, { monotonicMs, wallMs });
        case 'targets':
          return noteTargets(update.targets, monotonicMs);
        // How each target ended was told before.
        case 'moved':
        case 'ended':
          if (seen !== null) seen = { ...seen, operation: update.facts };
          return;
      }
    },
    loseSight: ({ monotonicMs }) => {
      lostSinceMs ??= monotonicMs;
    },
    picture: () =>
      seen === null ? null : { ...seen, targets: [...targets.values()], waveSinceMs, lostSinceMs },
  };
}

type Seen = Pick<LivePicture, 'operation' | 'begunMs' | 'hostCount'>;

function isUnderWay({ state, stopped }: Target): boolean {
  return stopped || !BEFORE_BEGINNING.has(state);
}

/** What a target may be in when nobody has done anything yet. */
const BEFORE_BEGINNING: ReadonlySet<Target['state']> = new Set<Target['state']>([
  'pending',
  'waiting',
  'dispatched',
  'unreachable',
  'skipped',
]);

function activityKey({ state, processState, stopped, hostConnected }: Target): string {
  return `${state} ${processState} ${stopped} ${hostConnected}`;
}

/**
 * The lines of a running operation: one per target that settles, under a heading per wave where
 * there are several. After a broken stream the whole operation comes again; what was printed is
 * not printed twice, unless it ended differently after all.
 */
import {
  OPEN_TARGET_STATES,
  type Operation,
  type OperationUpdate,
  type Target,
  type TargetState,
  type Wave,
} from '../../proto/vocabulary.ts';
import type { Paint } from './paint.ts';
import { type TargetLine, targetLines } from './target-line.ts';
import { plural } from './text.ts';

export interface Progress {
  /** The lines that this update adds, in order. */
  readonly next: (update: OperationUpdate) => readonly string[];
}

export function startProgress(paint: Paint): Progress {
  const printed = new Map<string, TargetState>();
  const headed = new Set<number>();
  let waves: readonly Wave[] = [];
  let lineOf: TargetLine | null = null;

  const nextTarget = (target: Target): readonly string[] => {
    const heading = headingFor(waves, headed, target);
    const key = `${target.host}\n${target.process}`;
    if (!isNews(target.state) || printed.get(key) === target.state || lineOf === null) {
      return heading;
    }
    printed.set(key, target.state);
    return [...heading, lineOf(target)];
  };
  return {
    next: (update) => {
      if (update.kind === 'target') return nextTarget(update.target);
      lineOf ??= targetLines(update.operation, paint);
      waves = update.operation.waves;
      return inWaveOrder(update.operation).flatMap(nextTarget);
    },
  };
}

/** `wave 1 of 3 (group priority 10, priority 999): 4 targets` */
export function waveHeading(wave: Wave, position: number, count: number): string {
  const tier = `group priority ${wave.groupPriority}, priority ${wave.priority}`;
  return `wave ${position} of ${count} (${tier}): ${plural(wave.targets, 'target')}`;
}

function inWaveOrder(operation: Operation): readonly Target[] {
  return [...operation.targets].sort((left, right) => left.wave - right.wave);
}

/** Targets that were never attempted are counted at the end; thousands of lines would say nothing. */
function isNews(state: TargetState): boolean {
  return !OPEN_TARGET_STATES.has(state) && state !== 'not-attempted';
}

/** A host that was lost from the beginning does not mean that its wave has begun. */
function headingFor(
  waves: readonly Wave[],
  headed: Set<number>,
  { wave, state }: Target,
): readonly string[] {
  if (state === 'pending' || state === 'unreachable' || state === 'not-attempted') return [];
  if (waves.length < 2 || headed.has(wave)) return [];
  headed.add(wave);
  const position = waves.findIndex(({ index }) => index === wave);
  const found = waves[position];
  return found === undefined ? [] : [waveHeading(found, position + 1, waves.length)];
}

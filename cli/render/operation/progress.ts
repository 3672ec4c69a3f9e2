/**
 * A running operation where the screen is none: one line per change, so that a log tells what
 * happened. Waves have headings where there are several; targets that settle, that are overdue, that
 * are watched, or that a full stop brought down, and hosts that go and come back, have a line each,
 * and so has whatever holds up the operation itself.
 *
 * After a broken stream the whole operation comes again; what was told is not told twice, unless it
 * ended differently after all.
 */

import type {
  Operation,
  OperationFacts,
  OperationUpdate,
  Target,
} from '../../../proto/operation.ts';
import { currentWave, isInFlight, isOpen, isOpenState, targetKey } from '../../../proto/target.ts';
import { WHOLE_HOST } from '../../../proto/vocabulary.ts';
import type { Paint } from '../paint.ts';
import { plural } from '../text.ts';
import { formatDuration } from '../time.ts';
import {
  type Happening,
  pids,
  settledHappening,
  type TargetLine,
  targetLines,
} from './target-line.ts';
import { waveNumber, waveText } from './waves.ts';
import { drainText, haltText, targetNoun, untilText, watchedText } from './words.ts';

export interface Progress {
  /** The lines that this update adds, in order. */
  readonly next: (update: OperationUpdate) => readonly string[];
}

export function startProgress(paint: Paint): Progress {
  let known: Known | null = null;
  return {
    next: (update) => {
      switch (update.kind) {
        case 'operation': {
          const { targets, ...operation } = update.operation;
          const before = known?.operation ?? null;
          known = { ...(known ?? nothingTold(update.operation, paint)), operation };
          const lines = linesFor(known, targets);
          return operation.endedAtMs === null ? [...lines, ...moveLines(before, known)] : lines;
        }
        case 'moved': {
          if (known === null) return [];
          const before = known.operation;
          known = { ...known, operation: update.facts };
          return moveLines(before, known);
        }
        case 'targets':
          return known === null ? [] : linesFor(known, update.targets);
        // The sentence that comes next says it.
        case 'ended':
          return [];
      }
    },
  };
}

function moveLines(
  before: OperationFacts | null,
  { operation, targets }: Known,
): readonly string[] {
  const text = heldUpText(operation);
  if (text === (before === null ? null : heldUpText(before))) return [];
  // Then nobody watches any longer: the sentence that comes next says it.
  if (operation.state === 'paused' && ![...targets.values()].some(isInFlight)) return [];
  return [text ?? (before?.state === 'planned' ? 'it begins' : 'it goes on')];
}

/** What holds the operation up, and what that means for it; null: nothing does. */
function heldUpText(operation: OperationFacts): string | null {
  const text = haltText(operation);
  switch (operation.state) {
    case 'planned':
      return text;
    case 'paused':
      return `${text}; nothing new begins, what has begun goes on`;
    case 'draining':
      return `${text}; nothing new begins, ${drainText(operation)}`;
    default:
      return null;
  }
}

/** What was told so far. */
interface Known {
  readonly operation: OperationFacts;
  readonly lineOf: TargetLine;
  readonly targets: Map<string, Target>;
  readonly headedWaves: Set<number>;
  readonly hostsAway: Set<string>;
}

function nothingTold(operation: Operation, paint: Paint): Known {
  return {
    operation,
    lineOf: targetLines(operation, paint),
    targets: new Map(),
    headedWaves: new Set(),
    hostsAway: new Set(),
  };
}

/** Something to tell, under the heading of its wave. */
interface News {
  /** Null where it belongs to none. */
  readonly wave: number | null;
  /** Null where the heading itself is the news. */
  readonly line: string | null;
}

function linesFor(known: Known, targets: readonly Target[]): readonly string[] {
  const news = targets.flatMap((target) => {
    const key = targetKey(target.host, target.process);
    const before = known.targets.get(key) ?? null;
    known.targets.set(key, target);
    return newsOf(known, before, target);
  });
  return news
    .sort((left, right) => (left.wave ?? -1) - (right.wave ?? -1))
    .flatMap(({ wave, line }) => [...headingFor(known, wave), ...(line === null ? [] : [line])]);
}

function newsOf(known: Known, before: Target | null, target: Target): readonly News[] {
  const { operation, lineOf } = known;
  const news: News[] = hostNews(known, target);
  const wave = currentWave(target);
  if (!isOpen(target)) {
    if (before?.state === target.state || isLeftOver(target)) return news;
    const line = lineOf(target, settledHappening(operation, target));
    // What was settled from the beginning does not mean that its wave has begun.
    return [...news, { wave: hasBegun(target) ? wave : null, line }];
  }
  if (target.stopped && before?.stopped !== true) {
    news.push({ wave: target.stopWave, line: lineOf(target, stoppedHappening(target)) });
  }
  if (isInFlight(target)) news.push({ wave, line: null });
  if (target.state === 'verifying' && before?.state !== 'verifying') {
    const facts = [pids(target), watchedText(operation, target)].filter((fact) => fact !== '');
    news.push({ wave, line: lineOf(target, { word: 'verifying', tone: 'busy', facts }) });
  }
  if (target.overdue && before?.overdue !== true) {
    const facts = [overdueText(operation, target)];
    news.push({ wave, line: lineOf(target, { word: 'OVERDUE', tone: 'bad', facts }) });
  }
  return news;
}

/** What was never begun is counted at the end; thousands of lines would say nothing. */
function isLeftOver({ state, dispatchedAtMs }: Target): boolean {
  return state === 'not-attempted' || (state === 'cancelled' && dispatchedAtMs === null);
}

function hasBegun({ state, dispatchedAtMs }: Target): boolean {
  return state !== 'unreachable' && (state !== 'skipped' || dispatchedAtMs !== null);
}

function overdueText({ waves }: OperationFacts, target: Target): string {
  // The last wave keeps nobody waiting but whoever watches.
  const isLast = currentWave(target) === waves.length - 1;
  const goesOn = isLast ? 'still waited for' : 'the next wave goes on without it';
  return target.process === WHOLE_HOST
    ? goesOn
    : `its process is ${target.processState}; ${goesOn}`;
}

/** Once per host, however many targets it has. */
function hostNews({ hostsAway, lineOf, operation }: Known, target: Target): News[] {
  const { host, hostConnected, state } = target;
  if (!isOpenState(state) || hostsAway.has(host) === !hostConnected) return [];
  if (hostConnected) hostsAway.delete(host);
  else hostsAway.add(host);
  const line = lineOf({ host, process: '' }, hostHappening(operation, target));
  return [{ wave: null, line }];
}

function hostHappening(operation: OperationFacts, { hostConnected, state }: Target): Happening {
  if (hostConnected) return { word: 'back', tone: 'good', facts: ['connected again'] };
  return state === 'waiting'
    ? { word: 'waiting', tone: null, facts: [`not connected${untilText(operation)}`] }
    : { word: 'AWAY', tone: 'bad', facts: ['not connected; given up unless it returns'] };
}

function stoppedHappening(target: Target): Happening {
  const took = target.durationMs === null ? '' : formatDuration(target.durationMs);
  const next = `to be started in wave ${waveNumber(target.wave)}`;
  const facts = [pids(target), took, next].filter((fact) => fact !== '');
  return { word: 'stopped', tone: null, facts };
}

function headingFor({ operation, headedWaves }: Known, index: number | null): readonly string[] {
  const { waves } = operation;
  const wave = index === null ? undefined : waves[index];
  if (waves.length < 2 || wave === undefined || headedWaves.has(wave.index)) return [];
  headedWaves.add(wave.index);
  return [`${waveText(operation, wave)}: ${plural(wave.targets, targetNoun(operation.verb))}`];
}

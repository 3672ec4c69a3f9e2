/** One target as one line: where, what happened to it, which pids, how long, why. */
import type { Operation, OperationFacts, Target } from '../../../proto/operation.ts';
import { type TargetState, WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { wasOnlyStarted, wasUntouched } from '../../outcome.ts';
import type { Paint, Tone } from '../paint.ts';
import { displayWidth, neutralise, neutraliseRemark, padToWidth } from '../text.ts';
import { formatDuration } from '../time.ts';
import { PAST_TENSE } from './words.ts';

/** Lays out in columns what happened where. */
export type TargetLine = (
  place: { readonly host: string; readonly process: string },
  what: Happening,
) => string;

export interface Happening {
  readonly word: string;
  readonly tone: Tone | null;
  /** What there is to add; safe to print. */
  readonly facts: readonly string[];
}

/** A few overlong names must not push all lines apart. */
const COLUMN_WIDTH_MAX = 40;

/** Problems in capitals, so that they stand out without colour. */
const WORDS: Readonly<Record<Exclude<TargetState, 'succeeded'>, string>> = {
  pending: 'pending',
  waiting: 'waiting',
  dispatched: 'sent',
  accepted: 'accepted',
  verifying: 'verifying',
  failed: 'FAILED',
  'timed-out': 'TIMED OUT',
  unreachable: 'UNREACHABLE',
  indeterminate: 'INDETERMINATE',
  skipped: 'skipped',
  cancelled: 'cancelled',
  'not-attempted': 'NOT ATTEMPTED',
};

const WORD_WIDTH = WORDS.unreachable.length;

/** Columns are as wide as this operation's names, so that lines printed one by one still align. */
export function targetLines(operation: Operation, paint: Paint): TargetLine {
  const hostWidth = columnWidth(operation.targets.map((target) => target.host));
  const processWidth = columnWidth(
    operation.targets.map((target) => target.process).filter((name) => name !== WHOLE_HOST),
  );
  return ({ host, process }, { word, tone, facts }) => {
    const name = process === WHOLE_HOST ? '' : neutralise(process);
    const columns = [
      padToWidth(neutralise(host), hostWidth),
      ...(processWidth === 0 ? [] : [padToWidth(name, processWidth)]),
      paint(word, tone) + ' '.repeat(Math.max(0, WORD_WIDTH - word.length)),
      ...facts,
    ];
    return columns.join('   ').trimEnd();
  };
}

export function settledHappening(operation: OperationFacts, target: Target): Happening {
  const { durationMs } = target;
  const duration = durationMs === null ? '' : formatDuration(durationMs);
  // Of what held already, the word says it.
  const remark = wasUntouched(operation.verb, target) ? '' : remarkOf(target);
  const facts = [pids(target), duration, remark];
  return {
    ...settledWord(operation, target),
    facts: facts.filter((fact) => fact !== ''),
  };
}

/** Why it failed, or what there is to say of a success; safe to print. */
export function remarkOf({ error, note }: Pick<Target, 'error' | 'note'>): string {
  return neutraliseRemark(error ?? note ?? '');
}

/** The short of it, for those who look at thousands. */
export function settledWord(
  operation: OperationFacts,
  target: Target,
): Pick<Happening, 'word' | 'tone'> {
  const { state } = target;
  if (state === 'succeeded') return { word: successWord(operation, target), tone: 'good' };
  return { word: WORDS[state], tone: isTrouble(state) ? 'bad' : null };
}

/** Settled, and not as wanted. */
export function isTrouble(state: TargetState): boolean {
  return TROUBLES.has(state);
}

const TROUBLES: ReadonlySet<TargetState> = new Set<TargetState>([
  'failed',
  'timed-out',
  'unreachable',
  'indeterminate',
]);

export function pids({ oldPid, newPid }: Target): string {
  if (oldPid !== null && newPid !== null && oldPid !== newPid) return `pid ${oldPid} → ${newPid}`;
  const pid = newPid ?? oldPid;
  return pid === null ? '' : `pid ${pid}`;
}

function successWord({ verb }: OperationFacts, target: Target): string {
  if (wasUntouched(verb, target)) return verb === 'stop' ? 'was down' : 'was up';
  return PAST_TENSE[wasOnlyStarted(verb, target) ? 'start' : verb];
}

function columnWidth(names: readonly string[]): number {
  const widest = names.reduce((width, name) => Math.max(width, displayWidth(neutralise(name))), 0);
  return Math.min(widest, COLUMN_WIDTH_MAX);
}

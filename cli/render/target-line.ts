/** One settled target as one line: where, what happened, which pids, how long. */
import type { Operation, Target, TargetState } from '../../proto/vocabulary.ts';
import { PAST_TENSE } from '../outcome.ts';
import type { Paint, Tone } from './paint.ts';
import { displayWidth, neutralise, padToWidth } from './text.ts';
import { formatDuration } from './time.ts';

export type TargetLine = (target: Target) => string;

/** A few overlong names must not push all lines apart. */
const COLUMN_WIDTH_MAX = 40;

/** Problems in capitals, so that they stand out without colour. */
const HAPPENED: Readonly<Record<Exclude<TargetState, 'succeeded'>, string>> = {
  pending: 'pending',
  dispatched: 'sent',
  accepted: 'accepted',
  failed: 'FAILED',
  unreachable: 'UNREACHABLE',
  indeterminate: 'INDETERMINATE',
  'not-attempted': 'NOT ATTEMPTED',
};

const HAPPENED_WIDTH = HAPPENED.unreachable.length;

/** Columns are as wide as this operation's names, so that lines printed one by one still align. */
export function targetLines(operation: Operation, paint: Paint): TargetLine {
  const hostWidth = columnWidth(operation.targets.map((target) => target.host));
  const processWidth = columnWidth(operation.targets.map((target) => target.process));
  return (target) => {
    const what = happened(operation, target);
    const columns = [
      padToWidth(neutralise(target.host), hostWidth),
      padToWidth(neutralise(target.process), processWidth),
      paint(what, tone(target.state)) + ' '.repeat(Math.max(0, HAPPENED_WIDTH - what.length)),
      ...facts(target),
    ];
    return columns.join('   ').trimEnd();
  };
}

function columnWidth(names: readonly string[]): number {
  const widest = names.reduce((width, name) => Math.max(width, displayWidth(neutralise(name))), 0);
  return Math.min(widest, COLUMN_WIDTH_MAX);
}

function happened({ verb }: Operation, target: Target): string {
  if (target.state !== 'succeeded') return HAPPENED[target.state];
  // What was found as wanted was not touched, and nobody should think that it was.
  const { oldPid, newPid } = target;
  if (verb === 'start' && oldPid !== null && oldPid === newPid) return 'was up';
  if (verb === 'stop' && oldPid === null) return 'was down';
  return PAST_TENSE[verb];
}

function tone(state: TargetState): Tone | null {
  if (state === 'succeeded') return 'good';
  return state === 'failed' || state === 'unreachable' || state === 'indeterminate' ? 'bad' : null;
}

function facts(target: Target): readonly string[] {
  return [
    pids(target),
    target.durationMs === null ? '' : formatDuration(target.durationMs),
    target.error === null ? '' : neutralise(target.error),
  ].filter((fact) => fact !== '');
}

function pids({ oldPid, newPid }: Target): string {
  if (oldPid !== null && newPid !== null && oldPid !== newPid) return `pid ${oldPid} → ${newPid}`;
  const pid = newPid ?? oldPid;
  return pid === null ? '' : `pid ${pid}`;
}

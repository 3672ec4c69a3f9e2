/**
 * Everything of one operation, as it stands: what was asked, its waves, and its targets folded by
 * what became of them, problems first.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, OperationFacts, Target } from '../../../proto/operation.ts';
import { isGood, isOpen } from '../../../proto/target.ts';
import { type TargetState, type Verb, WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { wasLeftStopped } from '../../outcome.ts';
import type { Paint, Tone } from '../paint.ts';
import { cell, renderTable } from '../table.ts';
import { escapeUnsafe, plural } from '../text.ts';
import { formatDistance, formatDuration, formatTimestamp } from '../time.ts';
import { foldedHosts, placesOf } from './places.ts';
import { limitsText, strategyText } from './strategy.ts';
import { remarkOf, settledWord } from './target-line.ts';
import { batchesText, type WaveRun, waveRuns, wavesText } from './wave-runs.ts';
import { waveNumber } from './waves.ts';
import {
  haltText,
  notAllowedText,
  orderText,
  selectionText,
  targetNoun,
  untilText,
  verbText,
  watchedText,
} from './words.ts';

/** In the order in which they are shown: what a person must look at first. */
const STATES: Readonly<Record<TargetState, { readonly text: string; readonly tone: Tone | null }>> =
  {
    failed: { text: 'FAILED', tone: 'bad' },
    'timed-out': { text: 'TIMED OUT', tone: 'bad' },
    indeterminate: { text: 'INDETERMINATE', tone: 'bad' },
    unreachable: { text: 'UNREACHABLE', tone: 'bad' },
    'not-attempted': { text: 'NOT ATTEMPTED', tone: null },
    cancelled: { text: 'cancelled', tone: null },
    skipped: { text: 'skipped', tone: null },
    accepted: { text: 'under way', tone: 'busy' },
    verifying: { text: 'verifying', tone: 'busy' },
    dispatched: { text: 'sent', tone: 'busy' },
    waiting: { text: 'waiting', tone: null },
    pending: { text: 'pending', tone: null },
    succeeded: { text: '', tone: 'good' },
  };
const STATE_ORDER = Object.keys(STATES) as readonly TargetState[];

/** Without the sentence and the logs at its end, which `renderEpilogue` has. */
export function renderOperation(operation: Operation, nowMs: number, paint: Paint): string {
  const sections = [
    renderFacts(operation, nowMs),
    waveTable(operation, paint),
    targetLines(operation, paint),
  ];
  return sections.join('\n');
}

function renderFacts(operation: Operation, nowMs: number): string {
  const { startedAtMs, endedAtMs, requestedBy, reason, leftOut, expectHosts } = operation;
  const { verb, withheld } = operation;
  const hosts = new Set(operation.targets.map((target) => target.host)).size;
  const started = formatTimestamp(startedAtMs) ?? '-';
  const strategy = strategyText(operation);
  const facts: readonly (readonly [string, string | null])[] = [
    ['operation', operation.id],
    ['verb', verbText(operation)],
    [operation.verb === 'update' ? 'groups' : 'processes', selectionText(operation)],
    ['hosts', `${operation.hosts} (${plural(hosts, 'host')})`],
    ['left out', leftOut.length === 0 ? null : `${foldedHosts(leftOut)}: no such process`],
    ['allowed only', notAllowedText(operation)],
    ['not shown', withheld === 0 ? null : withheldTargets(verb, withheld)],
    ['expected', expectHosts === null ? null : plural(expectHosts, 'host')],
    ['by', requestedBy],
    ['runbook', operation.runbook],
    ['retry of', operation.retryOf],
    ['reason', reason === '' ? null : reason],
    ['order', orderText(operation)],
    ['strategy', strategy === '' ? null : strategy],
    ['limits', operation.waves.length < 2 ? null : limitsText(operation)],
    ['state', stateText(operation, nowMs)],
    ['started', `${started}, ${formatDistance(nowMs - startedAtMs)} ago`],
    ['took', endedAtMs === null ? null : formatDuration(endedAtMs - startedAtMs)],
  ];
  const shown = facts.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}   ${escapeUnsafe(value ?? '')}\n`)
    .join('');
}

function withheldTargets(verb: Verb, count: number): string {
  const them = count === 1 ? 'it' : 'them';
  return `${plural(count, targetNoun(verb))}: your roles do not allow status on ${them}`;
}

/** `paused by bob: wait for the database, 2 min ago`, `running`. */
function stateText(operation: Operation, nowMs: number): string {
  const { state, halt } = operation;
  const text = haltText(operation);
  if (text === null || halt === null) return state;
  const how = state === 'draining' ? `${state}: ${text}` : text;
  return `${how}, ${formatDistance(nowMs - halt.atMs)} ago`;
}

function waveTable(operation: Operation, paint: Paint): string {
  const { waves, targets } = operation;
  const isBatched = waves.some(({ batches, isCanary }) => batches > 1 || isCanary);
  const done = doneByWave(targets);
  const rows = waveRuns(operation).map((run) => waveCells(run, done, isBatched, waves.length));
  const batch = isBatched ? ['BATCH'] : [];
  const header = ['WAVE', 'ACTION', 'GROUP PRIORITY', 'PRIORITY', ...batch, 'DONE'];
  return renderTable([...header, 'NEXT WAITS AT MOST'], rows, paint);
}

function waveCells(
  run: WaveRun,
  done: ReadonlyMap<number, number>,
  isBatched: boolean,
  waveCount: number,
) {
  const [first] = run;
  const finished = run.reduce((sum, { index }) => sum + (done.get(index) ?? 0), 0);
  const targets = run.reduce((sum, wave) => sum + wave.targets, 0);
  const waitMs = run.reduce((longest, wave) => Math.max(longest, wave.waitMs), 0);
  // The last one is waited for until it is done.
  const isLast = run.length === 1 && first.index === waveCount - 1;
  return [
    cell(wavesText(run).replace(/^waves? /, '')),
    cell(first.action),
    cell(first.groupPriority),
    cell(first.priority),
    ...(isBatched ? [cell(batchesText(run).replace(/\bbatch(es)? /, '') || null)] : []),
    cell(`${finished}/${targets}`),
    cell(isLast ? null : formatDistance(waitMs)),
  ];
}

/** By the index of the wave; of a full stop what was stopped is done in one, what was started in another. */
function doneByWave(targets: readonly Target[]): ReadonlyMap<number, number> {
  const done = new Map<number, number>();
  const count = (wave: number) => done.set(wave, (done.get(wave) ?? 0) + 1);
  for (const target of targets) {
    const isPast = target.stopped || target.state === 'skipped';
    if (target.stopWave !== null && isPast) count(target.stopWave);
    if (target.wave !== target.stopWave && isGood(target)) count(target.wave);
  }
  return done;
}

function targetLines(operation: Operation, paint: Paint): string {
  const byState = groupBy(operation.targets, (target) => target.state);
  const groups = STATE_ORDER.flatMap((state) => {
    const textOf = (target: Target) =>
      state === 'succeeded' ? settledWord(operation, target).word : STATES[state].text;
    return [...groupBy(byState.get(state) ?? [], textOf)].flatMap(([text, alike]) =>
      [...groupBy(alike, (target) => noteOf(operation, target))].map(([note, targets]) => ({
        text,
        tone: STATES[state].tone,
        note,
        targets,
      })),
    );
  });
  const width = Math.max(0, ...groups.map(({ text }) => text.length));
  return groups
    .flatMap(({ text, tone, note, targets }) =>
      placesOf(targets).map((place) => {
        const padding = ' '.repeat(width - text.length);
        return `${paint(text, tone)}${padding}   ${place}${note === '' ? '' : `: ${note}`}\n`;
      }),
    )
    .join('');
}

/** Why it stands as it does, or what it waits for. */
function noteOf(operation: OperationFacts, target: Target): string {
  const { state, overdue, processState } = target;
  const remark = remarkOf(target);
  const stop = stopNote(target);
  const notes: string[] = [];
  if (remark !== '') notes.push(remark);
  if (state === 'accepted' && target.process !== WHOLE_HOST) notes.push(`is ${processState}`);
  if (state === 'waiting') notes.push(`its host is away${untilText(operation)}`);
  if (state === 'verifying') notes.push(watchedText(operation, target));
  if (stop !== null) notes.push(stop);
  if (overdue) notes.push('took longer than its wave was waited for');
  return notes.join('; ');
}

/** Where the first half of its full stop has left it. */
function stopNote(target: Target): string | null {
  if (isOpen(target)) {
    const isBegun = target.state === 'accepted' || target.state === 'verifying';
    const isToBeStarted = target.stopped && !isBegun;
    return isToBeStarted ? `stopped, to be started in wave ${waveNumber(target.wave)}` : null;
  }
  // Of one that was not begun its error says so.
  const isTold = target.state === 'not-attempted' || target.state === 'cancelled';
  const isUntold = wasLeftStopped(target) && !isTold;
  return isUntold ? 'was stopped, with no word of a start since' : null;
}

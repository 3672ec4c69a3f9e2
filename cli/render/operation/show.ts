/**
 * Everything of one operation, as it stands: what was asked, its waves, and its targets folded by
 * what became of them, problems first.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target, Wave } from '../../../proto/operation.ts';
import { isOpen } from '../../../proto/target.ts';
import { type TargetState, WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { wasLeftStopped } from '../../outcome.ts';
import type { Paint, Tone } from '../paint.ts';
import { cell, renderTable } from '../table.ts';
import { escapeUnsafe, plural } from '../text.ts';
import { formatDistance, formatDuration, formatTimestamp } from '../time.ts';
import { foldedHosts, placesOf } from './places.ts';
import { remarkOf, settledWord } from './target-line.ts';
import { waveNumber } from './waves.ts';
import { orderText, selectionText, verbText } from './words.ts';

/** In the order in which they are shown: what a person must look at first. */
const STATES: Readonly<Record<TargetState, { readonly text: string; readonly tone: Tone | null }>> =
  {
    failed: { text: 'FAILED', tone: 'bad' },
    indeterminate: { text: 'INDETERMINATE', tone: 'bad' },
    unreachable: { text: 'UNREACHABLE', tone: 'bad' },
    'not-attempted': { text: 'NOT ATTEMPTED', tone: null },
    accepted: { text: 'under way', tone: 'busy' },
    dispatched: { text: 'sent', tone: 'busy' },
    pending: { text: 'pending', tone: null },
    succeeded: { text: '', tone: 'good' },
  };
const STATE_ORDER = Object.keys(STATES) as readonly TargetState[];

const WAVE_HEADER = ['WAVE', 'ACTION', 'GROUP PRIORITY', 'PRIORITY', 'DONE', 'NEXT WAITS AT MOST'];

/** Without the sentence and the logs at its end, which `renderEpilogue` has. */
export function renderOperation(operation: Operation, nowMs: number, paint: Paint): string {
  const waves = operation.waves.map((wave, position) => waveCells(operation, wave, position));
  const sections = [
    renderFacts(operation, nowMs),
    renderTable(WAVE_HEADER, waves, paint),
    targetLines(operation, paint),
  ];
  return sections.join('\n');
}

function renderFacts(operation: Operation, nowMs: number): string {
  const { startedAtMs, endedAtMs, requestedBy, reason, leftOut, expectHosts } = operation;
  const hosts = new Set(operation.targets.map((target) => target.host)).size;
  const started = formatTimestamp(startedAtMs) ?? '-';
  const facts: readonly (readonly [string, string | null])[] = [
    ['operation', operation.id],
    ['verb', verbText(operation)],
    [operation.verb === 'update' ? 'groups' : 'processes', selectionText(operation)],
    ['hosts', `${operation.hosts} (${plural(hosts, 'host')})`],
    ['left out', leftOut.length === 0 ? null : `${foldedHosts(leftOut)}: no such process`],
    ['expected', expectHosts === null ? null : plural(expectHosts, 'host')],
    ['by', requestedBy],
    ['reason', reason === '' ? null : reason],
    ['order', orderText(operation)],
    ['state', operation.state],
    ['started', `${started}, ${formatDistance(nowMs - startedAtMs)} ago`],
    ['took', endedAtMs === null ? null : formatDuration(endedAtMs - startedAtMs)],
  ];
  const shown = facts.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}   ${escapeUnsafe(value ?? '')}\n`)
    .join('');
}

function waveCells({ targets, waves }: Operation, wave: Wave, position: number) {
  const finished = targets.filter((target) => isDoneIn(target, wave)).length;
  // The last one is waited for until it is done.
  const isLast = position === waves.length - 1;
  return [
    cell(position + 1),
    cell(wave.action),
    cell(wave.groupPriority),
    cell(wave.priority),
    cell(`${finished}/${wave.targets}`),
    cell(isLast ? null : formatDistance(wave.waitMs)),
  ];
}

function isDoneIn(target: Target, wave: Wave): boolean {
  if (target.stopWave === wave.index) return target.stopped;
  return target.wave === wave.index && target.state === 'succeeded';
}

function targetLines(operation: Operation, paint: Paint): string {
  const byState = groupBy(operation.targets, (target) => target.state);
  const groups = STATE_ORDER.flatMap((state) => {
    const textOf = (target: Target) =>
      state === 'succeeded' ? settledWord(operation, target).word : STATES[state].text;
    return [...groupBy(byState.get(state) ?? [], textOf)].flatMap(([text, alike]) =>
      [...groupBy(alike, noteOf)].map(([note, targets]) => ({
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
function noteOf(target: Target): string {
  const { state, overdue, processState } = target;
  const remark = remarkOf(target);
  const stop = stopNote(target);
  const notes: string[] = [];
  if (remark !== '') notes.push(remark);
  if (state === 'accepted' && target.process !== WHOLE_HOST) notes.push(`is ${processState}`);
  if (stop !== null) notes.push(stop);
  if (overdue) notes.push('took longer than its wave was waited for');
  return notes.join('; ');
}

/** Where the first half of its full stop has left it. */
function stopNote(target: Target): string | null {
  if (isOpen(target)) {
    const isToBeStarted = target.stopped && target.state !== 'accepted';
    return isToBeStarted ? `stopped, to be started in wave ${waveNumber(target.wave)}` : null;
  }
  // Of one that was not attempted its error says so.
  const isUntold = wasLeftStopped(target) && target.state !== 'not-attempted';
  return isUntold ? 'was stopped, with no word of a start since' : null;
}

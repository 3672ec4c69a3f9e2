/** What happened, as agents reported it: one line each, the newest at the bottom as in a log. */
import {
  type AgentEvent,
  type HostId,
  type ProcessStatus,
  type SettledState,
  type StoredEvent,
  type TargetOutcome,
  WHOLE_HOST,
} from '../../../proto/vocabulary.ts';
import type { Paint, Tone } from '../paint.ts';
import { lastingDetail, type StatusEntry, shownStateOf, toneOf } from '../status/entry.ts';
import { counted } from '../status/summary.ts';
import { GAP } from '../table.ts';
import { neutralise, neutraliseRemark } from '../text.ts';
import { formatDuration, formatTimestamp } from '../time.ts';

export interface EventView {
  readonly paint: Paint;
  /** Then its name needs not stand in each line. */
  readonly isOfOneProcess: boolean;
}

/** @param events newest first */
export function eventLines(
  events: readonly StoredEvent[],
  { paint, isOfOneProcess }: EventView,
): string {
  if (events.length === 0) return '\nno events are kept\n';
  const lines = [...events].reverse().map((stored) => {
    const { event } = stored;
    const columns = [
      formatTimestamp(stored.atMs) ?? '-',
      ...(isOfOneProcess ? [] : [neutralise(subjectOf(event))]),
      paint(neutraliseRemark(eventText(stored)), eventTone(stored)),
    ];
    return `${columns.join(GAP)}\n`;
  });
  return `\nlast events\n${lines.join('')}`;
}

/** The process, where it is about one. */
function subjectOf(event: AgentEvent): string {
  switch (event.kind) {
    case 'processChanged':
      return event.process.process;
    case 'localOrder':
    case 'configJudged':
    case 'eventsMissing':
      return '-';
    case 'processRemoved':
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      return event.process === WHOLE_HOST ? '-' : event.process;
  }
}

function eventText({ host, seq, event }: StoredEvent): string {
  switch (event.kind) {
    case 'processChanged': {
      const { pid } = event.process;
      const entry = entryOf(event.process, host);
      const facts = [pid === null ? '' : `pid ${pid}`, lastingDetail(entry)];
      return [entry.state, ...facts].filter((fact) => fact !== '').join(', ');
    }
    case 'processRemoved':
      return 'removed: it is no longer configured';
    case 'localOrder': {
      const { command, requestedBy, operationId } = event;
      const operation = operationId === null ? '' : `, operation ${operationId}`;
      return `${command} by ${requestedBy} on the host${operation}`;
    }
    case 'configJudged':
      return event.problem === null ? 'config accepted' : `config rejected: ${event.problem}`;
    case 'targetAccepted': {
      const before = event.oldPid === null ? '' : `, pid ${event.oldPid} before`;
      return `${event.verb} accepted, operation ${event.operationId}, generation ${event.generation}${before}`;
    }
    case 'targetVerifying':
      return `${event.verb} verifying: it is as wanted, and is watched, operation ${event.operationId}`;
    case 'eventsMissing':
      return missingText(event.untilSeq - seq + 1);
    case 'targetSettled':
      return `${event.verb} ${outcomeText(event.outcome)}, operation ${event.operationId}`;
  }
}

function outcomeText(outcome: TargetOutcome): string {
  const { state, oldPid, newPid, durationMs } = outcome;
  const remark = outcome.error ?? outcome.note;
  const before = oldPid === null ? '' : `${oldPid} → `;
  const pids = oldPid === newPid || newPid === null ? '' : `, pid ${before}${newPid}`;
  const why = remark === null ? '' : `: ${remark}`;
  return `${state} after ${formatDuration(durationMs)}${pids}${why}`;
}

/** Its agent had no room for more while the controller was away, or the controller has lost them. */
function missingText(count: number): string {
  return `${counted(count, 'event', 'events')} missing, which never came`;
}

function entryOf(status: ProcessStatus, host: HostId): StatusEntry {
  return { host, state: shownStateOf(status), sinceMs: null, status };
}

function eventTone({ host, event }: StoredEvent): Tone | null {
  switch (event.kind) {
    case 'processChanged':
      return toneOf(entryOf(event.process, host));
    case 'processRemoved':
    case 'localOrder':
    case 'targetAccepted':
    case 'targetVerifying':
    case 'eventsMissing':
      return null;
    case 'configJudged':
      return event.problem === null ? 'good' : 'bad';
    case 'targetSettled':
      return settledTone(event.outcome.state);
  }
}

/** Nothing went wrong where it was left alone on purpose. */
function settledTone(state: SettledState): Tone | null {
  switch (state) {
    case 'succeeded':
      return 'good';
    case 'skipped':
    case 'cancelled':
      return null;
    case 'failed':
    case 'timed-out':
    case 'indeterminate':
      return 'bad';
  }
}

/** What happened, as agents reported it: one line each, the newest at the bottom as in a log. */
import type { AgentEvent, StoredEvent, TargetOutcome } from '../../../proto/vocabulary.ts';
import type { Paint, Tone } from '../paint.ts';
import { lastingDetail, TONES } from '../status/entry.ts';
import { GAP } from '../table.ts';
import { neutralise } from '../text.ts';
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
    const process = event.kind === 'processChanged' ? event.process.process : event.process;
    const columns = [
      formatTimestamp(stored.atMs) ?? '-',
      ...(isOfOneProcess ? [] : [neutralise(process)]),
      paint(neutralise(eventText(stored)), toneOf(event)),
    ];
    return `${columns.join(GAP)}\n`;
  });
  return `\nlast events\n${lines.join('')}`;
}

function eventText({ host, event }: StoredEvent): string {
  switch (event.kind) {
    case 'processChanged': {
      const status = event.process;
      const entry = { host, state: status.state, sinceMs: null, status };
      const facts = [status.pid === null ? '' : `pid ${status.pid}`, lastingDetail(entry)];
      return [status.state, ...facts].filter((fact) => fact !== '').join(', ');
    }
    case 'targetAccepted': {
      const before = event.oldPid === null ? '' : `, pid ${event.oldPid} before`;
      return `${event.verb} accepted, operation ${event.operationId}, generation ${event.generation}${before}`;
    }
    case 'targetSettled':
      return `${event.verb} ${outcomeText(event.outcome)}, operation ${event.operationId}`;
  }
}

function outcomeText({ state, error, oldPid, newPid, durationMs }: TargetOutcome): string {
  const before = oldPid === null ? '' : `${oldPid} → `;
  const pids = oldPid === newPid || newPid === null ? '' : `, pid ${before}${newPid}`;
  const why = error === null ? '' : `: ${error}`;
  return `${state} after ${formatDuration(durationMs)}${pids}${why}`;
}

function toneOf(event: AgentEvent): Tone | null {
  switch (event.kind) {
    case 'processChanged':
      return TONES[event.process.state];
    case 'targetAccepted':
      return null;
    case 'targetSettled':
      return event.outcome.state === 'succeeded' ? 'good' : 'bad';
  }
}

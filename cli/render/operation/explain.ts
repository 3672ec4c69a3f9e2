/**
 * `fleetctl op explain`: one timeline for each target of an operation on one host, told from the
 * moment in which its agent accepted it, how the two clocks differ, and what is not known.
 */
import type { Explanation, Target } from '../../../proto/operation.ts';
import { isOpen } from '../../../proto/target.ts';
import { type AgentEvent, type StoredEvent, WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { eventItem } from '../describe/json.ts';
import { renderDocument } from '../json.ts';
import { activityOf } from '../live/activity.ts';
import type { Paint } from '../paint.ts';
import { GAP } from '../table.ts';
import { neutralise } from '../text.ts';
import { formatDuration, formatTimestamp } from '../time.ts';
import { factFields, targetFields } from './json.ts';
import { remarkOf, settledHappening } from './target-line.ts';
import { acceptedAtMs, eventsOf, type Step, timelineOf } from './timeline.ts';
import { haltText, verbText } from './words.ts';

export function renderExplanation(explanation: Explanation, paint: Paint): string {
  const { facts, targets } = explanation;
  const sections = targets.map((target) => targetLines(explanation, target, paint));
  const head = `operation ${neutralise(facts.id)}: ${neutralise(verbText(facts))} by ${neutralise(facts.requestedBy)}`;
  const lines = [
    `${head}, ${haltText(facts) ?? facts.state}`,
    ...sections.flatMap((section) => ['', ...section]),
    '',
    clockText(explanation),
  ];
  return `${lines.join('\n')}\n`;
}

export function renderExplanationJson(explanation: Explanation): string {
  const { facts, targets, events, clockLeadMs } = explanation;
  return renderDocument('Explanation', {
    operation: factFields(facts),
    targets: targets.map(targetFields),
    clockLeadMs,
    events: events.map((stored) => ({
      ...eventItem(stored),
      storedAt: formatTimestamp(stored.storedAtMs),
      offsetMs: offsetOf(explanation, stored),
    })),
  });
}

/** From the acceptance of the target that it is about; null where it is about none, or has no time. */
function offsetOf(explanation: Explanation, stored: StoredEvent): number | null {
  if (stored.event.kind === 'eventsMissing') return null;
  const target = explanation.targets.find((each) => eventsOf(explanation, each).includes(stored));
  if (target === undefined) return null;
  const zeroMs = acceptedAtMs(target, eventsOf(explanation, target));
  return zeroMs === null ? null : stored.atMs - zeroMs;
}

function targetLines(explanation: Explanation, target: Target, paint: Paint): readonly string[] {
  const events = eventsOf(explanation, target);
  const steps = timelineOf(explanation, target);
  const zeroMs =
    acceptedAtMs(target, events) ?? steps.find(({ atMs }) => atMs !== null)?.atMs ?? null;
  const unknown = unknownText(target, events);
  return [
    headingOf(explanation, target, paint),
    ...stepLines(steps, zeroMs, paint),
    ...(unknown === null ? [] : [`  ${unknown}`]),
    ...zeroLines(target, events, zeroMs),
  ];
}

function headingOf({ facts }: Explanation, target: Target, paint: Paint): string {
  const { host, process } = target;
  const where =
    process === WHOLE_HOST ? neutralise(host) : `${neutralise(process)} on ${neutralise(host)}`;
  if (!isOpen(target)) {
    const { word, tone, facts: rest } = settledHappening(facts, target);
    return [`${where}: ${paint(word, tone)}`, ...rest].join(GAP);
  }
  const { word, tone, why } = activityOf(facts, target);
  return [`${where}: ${paint(word, tone)}`, ...(why === null ? [] : [why])].join(GAP);
}

function stepLines(steps: readonly Step[], zeroMs: number | null, paint: Paint): readonly string[] {
  const rows = steps.map((step) => ({
    ...step,
    offset: step.atMs === null || zeroMs === null ? '' : offsetText(step.atMs - zeroMs),
  }));
  const offsetWidth = Math.max(0, ...rows.map(({ offset }) => offset.length));
  const wordWidth = Math.max(0, ...rows.map(({ word }) => word.length));
  return rows.map(({ offset, word, tone, facts }) => {
    const padding = ' '.repeat(wordWidth - word.length);
    return `  ${offset.padStart(offsetWidth)}${GAP}${paint(word, tone)}${padding}${GAP}${facts.join(', ')}`.trimEnd();
  });
}

/** `+12 ms`, `+1.204 s`, `-3 ms`. */
function offsetText(offsetMs: number): string {
  const sign = offsetMs < 0 ? '-' : '+';
  return `${sign}${exactDuration(Math.abs(offsetMs))}`;
}

/** To the millisecond, as long as anybody cares. */
function exactDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${durationMs} ms`;
  return durationMs < 60_000 ? `${(durationMs / 1_000).toFixed(3)} s` : formatDuration(durationMs);
}

/** What the timeline leaves open, said rather than left to be guessed; null where it tells all. */
function unknownText(target: Target, events: readonly StoredEvent[]): string | null {
  const { dispatchedAtMs, hostConnected } = target;
  const has = (kind: AgentEvent['kind']) => events.some(({ event }) => event.kind === kind);
  if (has('targetSettled')) return null;
  if (isOpen(target)) {
    if (dispatchedAtMs === null) return 'nothing was sent to its agent yet';
    if (!hostConnected) {
      return 'its host is not connected: what has happened there since is not known';
    }
    return has('targetAccepted') ? null : 'its agent has not told of it yet';
  }
  if (dispatchedAtMs === null && events.length === 0) {
    return 'nothing was sent to its agent';
  }
  const remark = remarkOf(target);
  const because = remark === '' ? '' : `: ${remark}`;
  return events.length === 0
    ? 'its agent told nothing of it, or that is not kept any more'
    : `its agent gave no verdict; that it is ${target.state} is what the controller concluded${because}`;
}

function zeroLines(
  target: Target,
  events: readonly StoredEvent[],
  zeroMs: number | null,
): readonly string[] {
  const at = formatTimestamp(zeroMs);
  if (at === null) return sentAtLines(target);
  const isAccepted = acceptedAtMs(target, events) !== null;
  const what = isAccepted ? '' : ', the first that is known: its acceptance is not';
  return [`  +0 ms is ${at} by the clock of the host${what}`];
}

/** Without an event there is no clock of the host to go by. */
function sentAtLines({ dispatchedAtMs }: Target): readonly string[] {
  const at = formatTimestamp(dispatchedAtMs);
  return at === null ? [] : [`  it was sent at ${at} by the clock of the controller`];
}

function clockText({ clockLeadMs }: Explanation): string {
  if (clockLeadMs === null) {
    return 'how the clocks of host and controller differ is not known: no event tells';
  }
  if (clockLeadMs === 0) return 'the clocks of host and controller agree';
  const distance = exactDuration(Math.abs(clockLeadMs));
  // Each message takes a while, which looks just like a clock that is behind.
  return clockLeadMs > 0
    ? `the host's clock is ${distance} behind the controller's, or messages took that long`
    : `the host's clock is ${distance} ahead of the controller's, or more by what messages took`;
}

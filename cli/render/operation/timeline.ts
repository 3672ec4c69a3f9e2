/**
 * What one target went through, step by step, by the clock of its host alone: two clocks never agree
 * to the millisecond, and that is how fast most of it goes.
 */
import type { Explanation, OperationFacts, Target } from '../../../proto/operation.ts';
import {
  type AgentEvent,
  type ProcessName,
  type ProcessStatus,
  type StoredEvent,
  type Verb,
  WHOLE_HOST,
} from '../../../proto/vocabulary.ts';
import type { Tone } from '../paint.ts';
import { endingText } from '../status/entry.ts';
import { neutralise, neutraliseRemark, plural } from '../text.ts';
import { formatDuration } from '../time.ts';
import { settledHappening } from './target-line.ts';
import { watchedText } from './words.ts';

/** A command came twice, or was taken back too late. */
const ASKED_AGAIN = 'asked again: on record already';

export interface Step {
  /** By the clock of the host; null where that is not known. */
  readonly atMs: number | null;
  readonly word: string;
  readonly tone: Tone | null;
  /** Safe to print. */
  readonly facts: readonly string[];
}

/** Of the events of its host those that are about it, and what is missing between them. */
export function eventsOf({ events }: Explanation, target: Target): readonly StoredEvent[] {
  return events.filter(({ event }) => isAbout(target, event));
}

/** The moment from which everything is counted: when its agent put it on record. */
export function acceptedAtMs(target: Target, events: readonly StoredEvent[]): number | null {
  const accepted = events.find(
    ({ event }) => event.kind === 'targetAccepted' && event.process === target.process,
  );
  return accepted?.atMs ?? null;
}

/** Oldest first. */
export function timelineOf(explanation: Explanation, target: Target): readonly Step[] {
  const events = eventsOf(explanation, target);
  const steps: Step[] = [];
  const before = new Map<ProcessName, ProcessStatus>();
  const sentBefore = acceptanceOfTheLast(events) ?? events[0];
  let accepted: Verb | null = null;
  for (const stored of events) {
    const { event } = stored;
    if (stored === sentBefore) steps.push(...dispatchedSteps(explanation, target));
    if (event.kind === 'targetAccepted' && event.verb === accepted) {
      steps.push({ atMs: stored.atMs, word: 'accepted', tone: null, facts: [ASKED_AGAIN] });
      continue;
    }
    if (event.kind === 'targetAccepted') accepted = event.verb;
    steps.push(...stepsOf(explanation.facts, target, stored, before));
  }
  return events.length === 0 ? dispatchedSteps(explanation, target) : steps;
}

/** A full stop is sent twice; of the first half no time is kept. */
function acceptanceOfTheLast(events: readonly StoredEvent[]): StoredEvent | undefined {
  const acceptances = events.flatMap((stored) =>
    stored.event.kind === 'targetAccepted' ? [{ stored, verb: stored.event.verb }] : [],
  );
  const last = acceptances.at(-1);
  return acceptances.find(({ verb }) => verb === last?.verb)?.stored;
}

function isAbout({ process }: Target, event: AgentEvent): boolean {
  switch (event.kind) {
    case 'eventsMissing':
      return true;
    case 'processChanged':
      return process === WHOLE_HOST || event.process.process === process;
    case 'processRemoved':
      return process === WHOLE_HOST || event.process === process;
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      return event.process === process;
    case 'localOrder':
    case 'configJudged':
      return false;
  }
}

function dispatchedSteps({ clockLeadMs }: Explanation, target: Target): readonly Step[] {
  const { dispatchedAtMs } = target;
  if (dispatchedAtMs === null) return [];
  const atMs = clockLeadMs === null ? null : dispatchedAtMs - clockLeadMs;
  return [{ atMs, word: 'dispatched', tone: null, facts: ["by the controller's clock"] }];
}

function stepsOf(
  facts: OperationFacts,
  target: Target,
  { atMs, seq, event }: StoredEvent,
  before: Map<ProcessName, ProcessStatus>,
): readonly Step[] {
  switch (event.kind) {
    case 'targetAccepted': {
      const generation = event.verb === 'restart' ? [`generation ${event.generation}`] : [];
      const pid = event.oldPid === null ? [] : [`pid ${event.oldPid}`];
      const verb = event.verb === facts.verb ? [] : [`to ${event.verb}`];
      return [{ atMs, word: 'accepted', tone: null, facts: [...verb, ...generation, ...pid] }];
    }
    case 'processChanged': {
      const last = before.get(event.process.process) ?? null;
      before.set(event.process.process, event.process);
      const step = changeOf(last, event.process, atMs);
      return step === null ? [] : [named(target, event.process.process, { atMs, ...step })];
    }
    case 'processRemoved': {
      const step: Step = { atMs, word: 'removed', tone: null, facts: ['no longer configured'] };
      return [named(target, event.process, step)];
    }
    case 'targetVerifying':
      return [{ atMs, word: 'verifying', tone: 'busy', facts: [watchedText(facts, target)] }];
    case 'targetSettled': {
      const settled = settledHappening(
        { ...facts, verb: event.verb },
        { ...target, ...event.outcome },
      );
      return [{ atMs, ...settled }];
    }
    case 'eventsMissing': {
      const count = plural(event.untilSeq - seq + 1, 'event');
      const gap = `${count} missing: the agent had no room for them`;
      return [{ atMs: null, word: 'gap', tone: 'bad', facts: [gap] }];
    }
    case 'localOrder':
    case 'configJudged':
      return [];
  }
}

/** An update is about many processes. */
function named(target: Target, process: ProcessName, step: Step): Step {
  if (target.process !== WHOLE_HOST) return step;
  return { ...step, facts: [neutralise(process), ...step.facts] };
}

/** Null where nothing changed that tells how it went. */
function changeOf(
  before: ProcessStatus | null,
  status: ProcessStatus,
  atMs: number,
): Omit<Step, 'atMs'> | null {
  const { state, pid, health, healthError, waitsFor } = status;
  if (before === null || before.state !== state) return stateStep(status, atMs);
  if (before.pid !== pid && pid !== null) {
    return { word: 'spawned', tone: null, facts: [`pid ${pid}`] };
  }
  if (before.health !== health && health !== null) {
    const why = healthError === null ? [] : [neutraliseRemark(healthError)];
    const tone = health === 'healthy' ? 'good' : health === 'unhealthy' ? 'bad' : 'busy';
    return { word: health === 'starting' ? 'health unknown' : health, tone, facts: why };
  }
  if (before.waitsFor !== waitsFor && waitsFor !== null) {
    return { word: 'waits', tone: 'busy', facts: [`for ${neutraliseRemark(waitsFor)}`] };
  }
  return null;
}

function stateStep(status: ProcessStatus, atMs: number): Omit<Step, 'atMs'> {
  const { state, pid, lastError, nextTryAtMs, waitsFor } = status;
  const pidFacts = pid === null ? [] : [`pid ${pid}`];
  const error = lastError === null ? [] : [neutraliseRemark(lastError)];
  switch (state) {
    case 'STOPPING':
      return { word: state, tone: 'busy', facts: [...pidFacts, 'its stop signal was sent'] };
    case 'STARTING': {
      const waits = waitsFor === null ? [] : [`waits for ${neutraliseRemark(waitsFor)}`];
      return { word: state, tone: 'busy', facts: [...pidFacts, ...waits] };
    }
    case 'RUNNING':
      return { word: state, tone: 'good', facts: [...pidFacts, ...healthFacts(status)] };
    case 'STOPPED':
    case 'EXITED':
      return { word: state, tone: null, facts: endingFacts(status) };
    case 'BACKOFF': {
      const next =
        nextTryAtMs === null ? [] : [`next try after ${formatDuration(nextTryAtMs - atMs)}`];
      return {
        word: state,
        tone: 'bad',
        facts: [...(error[0] ? error : endingFacts(status)), ...next],
      };
    }
    case 'FATAL':
    case 'UNKNOWN':
      return { word: state, tone: 'bad', facts: error[0] ? error : endingFacts(status) };
  }
}

function endingFacts(status: ProcessStatus): readonly string[] {
  const ending = endingText(status);
  return ending === null ? [] : [neutralise(ending)];
}

function healthFacts({ health }: ProcessStatus): readonly string[] {
  if (health === null) return [];
  return [health === 'starting' ? 'its health check has not passed yet' : health];
}

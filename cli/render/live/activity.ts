/**
 * What a target is doing, in words for people: its state says how far it came with controller and
 * agent, its process' state what the machine is at, its host's connection whether we would hear.
 */

import type { OperationFacts, Target } from '../../../proto/operation.ts';
import { currentWave, isInFlight } from '../../../proto/target.ts';
import { WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { settledWord } from '../operation/target-line.ts';
import { waveNumber } from '../operation/waves.ts';
import { watchedText } from '../operation/words.ts';
import type { Tone } from '../paint.ts';

/** The first are what a person must see first. */
export const ACTIVITY_KINDS = [
  'failed',
  'timed-out',
  'indeterminate',
  'unreachable',
  'overdue',
  'away',
  'stopping',
  'starting',
  'accepted',
  'verifying',
  'sent',
  'stopped',
  'waiting',
  'offline',
  'done',
  'skipped',
  'cancelled',
  'not-attempted',
] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

export interface Activity {
  readonly kind: ActivityKind;
  readonly word: string;
  readonly tone: Tone | null;
  /** What it waits for, or null. */
  readonly why: string | null;
}

export function isProblem(kind: ActivityKind): boolean {
  return PROBLEMS.has(kind);
}

const PROBLEMS: ReadonlySet<ActivityKind> = new Set<ActivityKind>([
  'failed',
  'timed-out',
  'indeterminate',
  'unreachable',
  'overdue',
  'away',
]);

export function activityOf(operation: OperationFacts, target: Target): Activity {
  if (!isInFlight(target)) return restingActivity(operation, target);
  const activity = inFlightActivity(operation, target);
  if (!target.overdue) return activity;
  return {
    kind: 'overdue',
    word: 'OVERDUE',
    tone: 'bad',
    why: `${activity.word}: ${activity.why}`,
  };
}

/** As if it were in time: an overdue target is still stopping or starting. */
export function inFlightActivity(operation: OperationFacts, target: Target): Activity {
  const { state, processState, hostConnected } = target;
  if (!hostConnected) return AWAY;
  if (state === 'dispatched') return SENT;
  if (state === 'verifying') {
    return activity('verifying', 'verifying', 'busy', watchedText(operation, target));
  }
  if (target.process === WHOLE_HOST) return UPDATING;
  switch (processState) {
    case 'STOPPING':
      return STOPPING;
    case 'STARTING':
      return STARTING;
    default:
      return { ...ACCEPTED, why: `its process is ${processState}` };
  }
}

const AWAY = activity('away', 'host away', 'bad', 'not connected; given up unless it returns');
const SENT = activity('sent', 'sent', null, 'its agent has not answered yet');
const STOPPING = activity('stopping', 'stopping', 'busy', 'until it exits or is killed');
const STARTING = activity('starting', 'starting', 'busy', 'must stay up for its startsecs');
const ACCEPTED = activity('accepted', 'accepted', 'busy', null);
const OFFLINE = activity('offline', 'waiting', 'faint', 'for its host');
const UPDATING = activity('accepted', 'updating', 'busy', 'takes up its configuration');

function restingActivity(operation: OperationFacts, target: Target): Activity {
  switch (target.state) {
    case 'pending':
      return pendingActivity(operation, target);
    case 'waiting':
      return OFFLINE;
    case 'failed':
    case 'timed-out':
    case 'indeterminate':
    case 'unreachable':
    case 'skipped':
    case 'cancelled':
    case 'not-attempted':
      return { kind: target.state, ...settledWord(operation, target), why: null };
    case 'succeeded':
    // In flight, so not here.
    case 'dispatched':
    case 'accepted':
    case 'verifying':
      return { kind: 'done', ...settledWord(operation, target), why: null };
  }
}

function pendingActivity({ waves }: OperationFacts, target: Target): Activity {
  const wave = `wave ${waveNumber(currentWave(target))}`;
  if (target.stopped) return activity('stopped', 'stopped', null, `to be started in ${wave}`);
  return activity('waiting', 'waiting', 'faint', waves.length > 1 ? `for ${wave}` : null);
}

function activity(
  kind: ActivityKind,
  word: string,
  tone: Tone | null,
  why: string | null,
): Activity {
  return { kind, word, tone, why };
}

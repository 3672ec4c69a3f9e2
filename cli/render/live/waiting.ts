/**
 * What an operation waits for, and why, as one sentence: `waiting for 3 targets of wave 1: 2 stopping
 * on prod-[1-2], 1 on web-9, whose host is not connected`, `paused by bob: wait for the database`.
 */

import { groupBy } from '../../../proto/group-by.ts';
import { currentWave, isInFlight } from '../../../proto/target.ts';
import { waveNumbers } from '../operation/waves.ts';
import { drainText, haltText, targetNoun } from '../operation/words.ts';
import { plural } from '../text.ts';
import { formatElapsed, formatExact } from '../time.ts';
import { ACTIVITY_KINDS, type ActivityKind, inFlightActivity } from './activity.ts';
import { hostsText } from './groups.ts';
import type { LivePicture, LiveTarget } from './model.ts';
import { longestLeftMs, moreText } from './time-left.ts';

export function waitingText(picture: LivePicture, nowMs: number): string {
  if (picture.lostSinceMs !== null) {
    const lost = formatElapsed(nowMs - picture.lostSinceMs);
    return `lost sight of the operation, which goes on; looking for the controller for ${lost}`;
  }
  const held = heldUpText(picture, nowMs);
  const inFlight = inFlightText(picture, nowMs);
  if (held !== null) return inFlight === null ? held : `${held}; ${inFlight}`;
  return inFlight ?? idleText(picture, nowMs);
}

/** Why nothing new begins; null while something may. */
function heldUpText({ operation, begunMs }: LivePicture, nowMs: number): string | null {
  const text = haltText(operation);
  switch (operation.state) {
    case 'planned': {
      const leftMs = begunMs + operation.strategy.lockWaitMs - nowMs;
      return leftMs < 0 ? text : `${text} (at most ${moreText(leftMs)})`;
    }
    case 'draining':
      return operation.halt?.kill === true ? `${text}; ${drainText(operation)}` : text;
    default:
      return text;
  }
}

function inFlightText(picture: LivePicture, nowMs: number): string | null {
  const inFlight = picture.targets.filter(({ target }) => isInFlight(target));
  if (inFlight.length === 0) return null;
  const inTime = inFlight.filter(({ target }) => !target.overdue);
  const overdue = inFlight.filter(({ target }) => target.overdue);
  const noun = targetNoun(picture.operation.verb);
  if (inTime.length === 0) return `waiting for ${extent(picture, overdue, `overdue ${noun}`)}`;
  const also =
    overdue.length === 0 ? '' : `; still going on: ${extent(picture, overdue, `overdue ${noun}`)}`;
  return `waiting for ${extent(picture, inTime, noun, patience(picture, inTime, nowMs))}${also}`;
}

/** Nothing is under way: between two batches, or when all that is left are hosts that are away. */
function idleText(picture: LivePicture, nowMs: number): string {
  const { batchWaitMs } = picture.operation.strategy;
  const has = (wanted: string) => picture.targets.some(({ target }) => target.state === wanted);
  if (has('pending')) {
    const hasBegun = picture.targets.some(({ target }) => target.dispatchedAtMs !== null);
    return batchWaitMs > 0 && hasBegun
      ? `waiting ${formatExact(batchWaitMs)} before the next wave`
      : 'waiting for the controller';
  }
  const away = picture.targets.filter(({ target }) => target.state === 'waiting');
  if (away.length === 0) return 'waiting for the controller';
  const leftMs = longestLeftMs(picture, away, nowMs);
  const bound = leftMs === null ? '' : ` (at most ${moreText(leftMs)})`;
  const noun = targetNoun(picture.operation.verb);
  return `waiting for ${plural(away.length, noun)}${bound}: ${clause('away', away)}`;
}

function extent(
  { operation }: LivePicture,
  members: readonly LiveTarget[],
  noun: string,
  bound = '',
): string {
  const waves = waveNumbers(members.map(({ target }) => currentWave(target)));
  const ofWaves = operation.waves.length > 1 ? ` of ${waves}` : '';
  const byKind = groupBy(members, ({ target }) => inFlightActivity(operation, target).kind);
  const rank = (kind: ActivityKind) =>
    // Last, because a clause follows that would swallow the others.
    kind === 'away' ? ACTIVITY_KINDS.length : ACTIVITY_KINDS.indexOf(kind);
  const clauses = [...byKind]
    .sort(([left], [right]) => rank(left) - rank(right))
    .map(([kind, ofKind]) => clause(kind, ofKind));
  return `${plural(members.length, noun)}${ofWaves}${bound}: ${clauses.join(', ')}`;
}

function clause(kind: ActivityKind, members: readonly LiveTarget[]): string {
  const hosts = hostsText(members);
  const count = members.length;
  switch (kind) {
    case 'away': {
      const isOne = members.every(({ target }) => target.host === members[0]?.target.host);
      return `${count} on ${hosts}, whose ${isOne ? 'host is' : 'hosts are'} not connected`;
    }
    case 'sent':
      return `${count} sent to ${hosts}`;
    default:
      return `${count} ${kind} on ${hosts}`;
  }
}

/** With `order: host` each host has its own wait, and behind the last wave nothing follows. */
function patience(
  { operation, waveSinceMs }: LivePicture,
  members: readonly LiveTarget[],
  nowMs: number,
): string {
  const index = members.reduce((last, { target }) => Math.max(last, currentWave(target)), 0);
  const sinceMs = waveSinceMs.get(index) ?? null;
  const wave = operation.waves[index];
  if (wave === undefined || sinceMs === null || operation.order === 'host') return '';
  const leftMs = sinceMs + wave.waitMs - nowMs;
  const isLast = index === operation.waves.length - 1;
  return isLast || leftMs < 0 ? '' : ` (at most ${formatElapsed(leftMs)} more)`;
}

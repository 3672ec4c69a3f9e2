/**
 * What a running operation waits for, and why, as one sentence: `waiting for 3 targets of wave 1:
 * 2 stopping on prod-[1-2], 1 on web-9, whose host is not connected`.
 */

import { groupBy } from '../../../proto/group-by.ts';
import { currentWave, isInFlight } from '../../../proto/target.ts';
import { waveNumbers } from '../operation/waves.ts';
import { targetNoun } from '../operation/words.ts';
import { plural } from '../text.ts';
import { formatElapsed } from '../time.ts';
import { ACTIVITY_KINDS, type ActivityKind, inFlightActivity } from './activity.ts';
import { hostsText } from './groups.ts';
import type { LivePicture, LiveTarget } from './model.ts';

export function waitingText(picture: LivePicture, nowMs: number): string {
  if (picture.lostSinceMs !== null) {
    const lost = formatElapsed(nowMs - picture.lostSinceMs);
    return `lost sight of the operation, which goes on; looking for the controller for ${lost}`;
  }
  const inFlight = picture.targets.filter(({ target }) => isInFlight(target));
  const inTime = inFlight.filter(({ target }) => !target.overdue);
  const overdue = inFlight.filter(({ target }) => target.overdue);
  if (inFlight.length === 0) return 'waiting for the controller';
  const noun = targetNoun(picture.operation.verb);
  if (inTime.length === 0) return `waiting for ${extent(picture, overdue, `overdue ${noun}`)}`;
  const also =
    overdue.length === 0 ? '' : `; still going on: ${extent(picture, overdue, `overdue ${noun}`)}`;
  return `waiting for ${extent(picture, inTime, noun, patience(picture, inTime, nowMs))}${also}`;
}

function extent(
  { operation }: LivePicture,
  members: readonly LiveTarget[],
  noun: string,
  bound = '',
): string {
  const waves = waveNumbers(members.map(({ target }) => currentWave(target)));
  const ofWaves = operation.waves.length > 1 ? ` of ${waves}` : '';
  const byKind = groupBy(members, ({ target }) => inFlightActivity(target).kind);
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

/** Few targets, each on a row of its own: where, what it is doing, for how long, and why. */

import { groupBy } from '../../../proto/group-by.ts';
import { isOpen } from '../../../proto/target.ts';
import { WHOLE_HOST } from '../../../proto/vocabulary.ts';
import { cutToWidth } from '../fit.ts';
import { settledHappening } from '../operation/target-line.ts';
import { heldState } from '../operation/words.ts';
import type { Paint } from '../paint.ts';
import { displayWidth, neutralise, padToWidth } from '../text.ts';
import { formatElapsed } from '../time.ts';
import { ACTIVITY_KINDS, type Activity, activityOf, isProblem } from './activity.ts';
import { type Block, type LiveScreen, logOf } from './block.ts';
import type { LivePicture, LiveTarget } from './model.ts';
import { moreText, timeLeftMs } from './time-left.ts';

const GAP = '   ';
const WORD_WIDTH = 'UNREACHABLE'.length;
/** What a row needs beside its names, to say what happens. */
const REST_WIDTH = WORD_WIDTH + 2 * GAP.length + 18;

interface Row {
  readonly live: LiveTarget;
  readonly activity: Activity;
}

/** Problems first; otherwise as planned, so that rows stay where they are. */
export function targetBlocks(
  picture: LivePicture,
  { columns, nowMs }: LiveScreen,
  paint: Paint,
): readonly Block[] {
  const rows = picture.targets.map((live) => ({
    live,
    activity: activityOf(picture.operation, live.target),
  }));
  const widths = nameWidths(rows, columns);
  const lineOf = ({ live, activity }: Row): string => {
    const { host, process } = live.target;
    const names = [
      cell(host, widths.host),
      ...(widths.process === 0 ? [] : [cell(process, widths.process)]),
    ];
    const word =
      paint(activity.word, activity.tone) +
      ' '.repeat(Math.max(0, WORD_WIDTH - activity.word.length));
    const room = columns - 1 - (widths.host + widths.process + WORD_WIDTH + 2 * GAP.length);
    return [...names, word, ...facts(picture, { live, activity }, { nowMs, room })]
      .join(GAP)
      .trimEnd();
  };
  const problems = rows.filter(({ activity }) => isProblem(activity.kind));
  const others = rows.filter(({ activity }) => !isProblem(activity.kind));
  // Those that failed in the same way stand together above the log that they share.
  const sharing = [...groupBy(problems, ({ live, activity }) => `${activity.kind} ${logOf(live)}`)];
  const order = ([first]: readonly Row[]) => ACTIVITY_KINDS.indexOf(first?.activity.kind ?? 'done');
  const problemBlocks = sharing
    .map(([, group]) => group)
    .sort((left, right) => order(left) - order(right))
    .map((group) => ({
      rows: group.map(lineOf),
      details: [],
      logs: group.slice(0, 1).flatMap(({ live }) => logOf(live)),
      isProblem: true,
    }));
  return [...problemBlocks, { rows: others.map(lineOf), details: [], logs: [], isProblem: false }];
}

function facts(
  picture: LivePicture,
  { live, activity }: Row,
  { nowMs, room }: { readonly nowMs: number; readonly room: number },
): readonly string[] {
  const { target, sinceMs } = live;
  if (!isOpen(target)) {
    const { facts } = settledHappening(picture.operation, target);
    return target.error === null ? facts : errorFirst(facts, room);
  }
  const leftMs = activity.kind === 'overdue' ? null : timeLeftMs(picture, live, nowMs);
  if (activity.kind === 'verifying' && leftMs !== null) {
    return [`${heldState(picture.operation, target)}, watched for ${moreText(leftMs)}`];
  }
  if (activity.kind === 'offline') {
    return [leftMs === null ? 'for its host' : `for its host, ${moreText(leftMs)}`];
  }
  const isTimed = target.state !== 'pending' && sinceMs !== null;
  const duration = isTimed ? formatElapsed(nowMs - sinceMs) : null;
  return [duration, activity.why].filter((fact) => fact !== null);
}

/** Why it failed is not to be cut for the sake of its pid, and a pid that is cut is another one. */
function errorFirst(facts: readonly string[], room: number): readonly string[] {
  const [error = '', ...others] = facts.toReversed();
  const kept = [error];
  let left = room - GAP.length - displayWidth(error);
  for (const fact of others) {
    left -= GAP.length + fact.length;
    if (left >= 0) kept.push(fact);
  }
  return kept;
}

/** As wide as the names, unless there would be no room left for what happens. */
function nameWidths(rows: readonly Row[], columns: number) {
  const widest = (names: readonly string[]) =>
    names.reduce((width, name) => Math.max(width, displayWidth(neutralise(name))), 0);
  const hosts = widest(rows.map(({ live }) => live.target.host));
  const named = rows.filter(({ live }) => live.target.process !== WHOLE_HOST);
  const processes = widest(named.map(({ live }) => live.target.process));
  const room = Math.max(16, columns - 1 - REST_WIDTH - GAP.length);
  const host = Math.min(hosts, Math.max(room - processes, Math.floor(room / 2)));
  return { host, process: Math.min(processes, room - host) };
}

function cell(name: string, width: number): string {
  return padToWidth(cutToWidth(neutralise(name), width), width);
}

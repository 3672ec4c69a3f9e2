/** Few targets, each on a row of its own: where, what it is doing, for how long, and why. */
import { OPEN_TARGET_STATES } from '../../proto/vocabulary.ts';
import { groupBy } from '../group-by.ts';
import { cutToWidth } from './fit.ts';
import { ACTIVITY_KINDS, type Activity, activityOf, isProblem } from './live-activity.ts';
import { type Block, type LiveScreen, logOf } from './live-block.ts';
import type { LivePicture, LiveTarget } from './live-model.ts';
import type { Paint } from './paint.ts';
import { settledHappening } from './target-line.ts';
import { displayWidth, neutralise, padToWidth } from './text.ts';
import { formatElapsed } from './time.ts';

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
    const names = [cell(host, widths.host), cell(process, widths.process)];
    const word =
      paint(activity.word, activity.tone) +
      ' '.repeat(Math.max(0, WORD_WIDTH - activity.word.length));
    return [...names, word, ...facts(picture, { live, activity }, nowMs)].join(GAP).trimEnd();
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

function facts(picture: LivePicture, { live, activity }: Row, nowMs: number): readonly string[] {
  const { target, sinceMs } = live;
  if (!OPEN_TARGET_STATES.has(target.state)) {
    const { facts } = settledHappening(picture.operation, target);
    // Why it failed is not to be cut off for the sake of its pid.
    return target.error === null ? facts : facts.toReversed();
  }
  const isTimed = target.state !== 'pending' && sinceMs !== null;
  const duration = isTimed ? formatElapsed(nowMs - sinceMs) : null;
  return [duration, activity.why].filter((fact) => fact !== null);
}

/** As wide as the names, unless there would be no room left for what happens. */
function nameWidths(rows: readonly Row[], columns: number) {
  const widest = (names: readonly string[]) =>
    names.reduce((width, name) => Math.max(width, displayWidth(neutralise(name))), 0);
  const hosts = widest(rows.map(({ live }) => live.target.host));
  const processes = widest(rows.map(({ live }) => live.target.process));
  const room = Math.max(16, columns - 1 - REST_WIDTH - GAP.length);
  const host = Math.min(hosts, Math.max(room - processes, Math.floor(room / 2)));
  return { host, process: Math.min(processes, room - host) };
}

function cell(name: string, width: number): string {
  return padToWidth(cutToWidth(neutralise(name), width), width);
}

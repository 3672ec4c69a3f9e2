/**
 * Many targets, counted by what they are doing: one row per group, problems first and by reason.
 * Names are folded only where they are few, since a frame is made ten times a second.
 */
import { isWholeHosts, shortHosts } from '../operation/fold-targets.ts';
import type { Paint } from '../paint.ts';
import { neutraliseRemark, plural, shortList } from '../text.ts';
import { formatElapsed } from '../time.ts';
import { ACTIVITY_KINDS, type Activity, activityOf, isProblem } from './activity.ts';
import { type Block, type LiveScreen, logOf } from './block.ts';
import type { LivePicture, LiveTarget } from './model.ts';
import { longestLeftMs, moreText } from './time-left.ts';

const WORD_WIDTH = 'UNREACHABLE'.length;
const HOSTS_FOLDED_MAX = 100;
const HOST_PIECES_MAX = 3;
const PROCESSES_NAMED_MAX = 2;

interface Group {
  readonly activity: Activity;
  readonly members: LiveTarget[];
}

/** @param blocksMax the rest could not be shown, and thousands of errors are thousands of groups */
export function groupBlocks(
  picture: LivePicture,
  { nowMs }: LiveScreen,
  paint: Paint,
  blocksMax: number,
): readonly Block[] {
  const groups = groupsOf(picture);
  const countWidth = String(picture.targets.length).length;
  return groups.map((group, index) => {
    if (index >= blocksMax) return NOT_SHOWN;
    const { activity, members } = group;
    const word =
      paint(activity.word, activity.tone) +
      ' '.repeat(Math.max(0, WORD_WIDTH - activity.word.length));
    const count = String(members.length).padStart(countWidth);
    const row = `${word}   ${count}   ${detailOf(picture, group, nowMs)}`.trimEnd();
    const indent = ' '.repeat(WORD_WIDTH + countWidth + 6);
    const withLog = members.find(({ target }) => target.logTail.length > 0);
    return {
      rows: [row],
      details: hasReason(group) ? [`${indent}${whereText(members)}`] : [],
      logs: withLog === undefined ? [] : logOf(withLog),
      isProblem: isProblem(activity.kind),
    };
  });
}

/** `prod-[1-2]`, `312 hosts`. */
export function hostsText(members: readonly LiveTarget[]): string {
  const hosts = [...new Set<string>(members.map(({ target }) => target.host))];
  return hosts.length > HOSTS_FOLDED_MAX
    ? plural(hosts.length, 'host')
    : shortHosts(hosts, HOST_PIECES_MAX);
}

/** Counted, but never looked at. */
const NOT_SHOWN: Block = { rows: [''], details: [], logs: [], isProblem: false };

function groupsOf({ operation, targets }: LivePicture): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const live of targets) {
    const activity = activityOf(operation, live.target);
    const { error, note } = live.target;
    const key = `${activity.word} ${activity.why ?? error ?? note ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { activity, members: [live] });
    else group.members.push(live);
  }
  const rank = ({ activity }: Group) => ACTIVITY_KINDS.indexOf(activity.kind);
  // Of problems the most frequent first; what waits for its wave stays in the order of the waves.
  const weight = ({ activity, members }: Group) => (isProblem(activity.kind) ? members.length : 0);
  return [...groups.values()].sort(
    (left, right) => rank(left) - rank(right) || weight(right) - weight(left),
  );
}

function detailOf(picture: LivePicture, { activity, members }: Group, nowMs: number): string {
  const { why } = activity;
  switch (activity.kind) {
    case 'failed':
    case 'timed-out':
    case 'indeterminate':
    case 'unreachable':
    case 'skipped':
      return reasonOf(members) ?? whereText(members);
    case 'overdue':
    case 'away':
    case 'stopping':
    case 'starting':
    case 'accepted':
    case 'sent': {
      const sinceMs = earliestMs(members);
      const longest = sinceMs === null ? null : `up to ${formatElapsed(nowMs - sinceMs)}`;
      return [`on ${hostsText(members)}`, longest, why].filter((part) => part !== null).join(', ');
    }
    case 'verifying':
    case 'offline': {
      const leftMs = longestLeftMs(picture, members, nowMs);
      const left = leftMs === null ? null : `at most ${moreText(leftMs)}`;
      return [`on ${hostsText(members)}`, why, left].filter((part) => part !== null).join(', ');
    }
    case 'waiting':
    case 'stopped':
      return why ?? '';
    case 'done':
      return neutraliseRemark(members[0]?.target.note ?? '');
    case 'cancelled':
      return reasonOf(members) ?? '';
    case 'not-attempted':
      return '';
  }
}

/** Why all of them ended so, or were left alone; safe to print. */
function reasonOf(members: readonly LiveTarget[]): string | null {
  const target = members[0]?.target;
  const reason = target?.error ?? target?.note ?? null;
  return reason === null ? null : neutraliseRemark(reason);
}

/** Only of what has settled with a reason, which takes the row. */
function hasReason({ activity, members }: Group): boolean {
  const isExplained = isProblem(activity.kind) || activity.kind === 'skipped';
  return isExplained && reasonOf(members) !== null;
}

function whereText(members: readonly LiveTarget[]): string {
  const processes = [...new Set<string>(members.map(({ target }) => target.process))];
  if (isWholeHosts(processes)) return hostsText(members);
  return `${shortList(processes, PROCESSES_NAMED_MAX)} on ${hostsText(members)}`;
}

function earliestMs(members: readonly LiveTarget[]): number | null {
  return members.reduce<number | null>((earliest, { sinceMs }) => {
    if (sinceMs === null || earliest === null) return earliest ?? sinceMs;
    return Math.min(earliest, sinceMs);
  }, null);
}

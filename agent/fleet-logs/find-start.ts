/**
 * Where in a log reading begins, so that it gives the last so many lines that are wanted. Searched
 * backwards in segments, each of which is read forwards; a generator, because a log can be large and
 * the agent has other things to do.
 */
import { LOG_LINE_MAX_BYTES } from '../../proto/log-messages.ts';
import type { SinceTest } from './line-times.ts';
import { type LineTest, lineEnd, NEWLINE } from './lines.ts';
import type { LogHistory } from './log-history.ts';

export interface Start {
  /** In the history: 0 is its end. */
  readonly at: number;
  /** So many of the lines that are wanted come too early still. */
  readonly skipLines: number;
  /** There may be more before it, which was not looked at. */
  readonly isCutShort: boolean;
  /** It is where the time that was asked for is thought to be; the lines themselves do not say. */
  readonly isByGuess: boolean;
}

export interface StartSearch {
  readonly history: LogHistory;
  readonly lines: number;
  /** Anew for each segment; `since` null: lines say nothing of their time, or nobody asks. */
  readonly test: () => { readonly wants: LineTest; readonly since: SinceTest | null };
  /** Good between two steps of the search only. */
  readonly scratch: Buffer;
  readonly isTimeUp: () => boolean;
}

/** Of each log. More takes a grep minutes, and asks for a tool that is made for that. */
export const SEARCH_MAX_BYTES = 64 * 1_048_576;

/** Most people want a few lines, which are in the first one. */
const FIRST_SEGMENT_BYTES = 65_536;
const SEGMENT_MAX_BYTES = 1_048_576;

export function* findStart(search: StartSearch): Generator<void, Start> {
  const { history, lines } = search;
  const limit = -SEARCH_MAX_BYTES;
  let segmentBytes = FIRST_SEGMENT_BYTES;
  let end = 0;
  for (let wanted = 0; wanted < lines; ) {
    const target = Math.max(limit, end - segmentBytes);
    const from = history.reach(target);
    const isFloor = from > target || (from === target && history.reach(target - 1) === target);
    const isLast = isFloor || from <= limit;
    const begin = isFloor ? from : yield* firstLineBehind(search, from, end);
    segmentBytes *= 2;
    if (begin === null && !isLast) continue;
    const segment = { begin: begin ?? from, end };
    const { count, begins } = yield* countWanted(search, segment);
    wanted += count;
    const isEnough = wanted >= lines || begins === 'early';
    if (isEnough || isLast) {
      return {
        at: segment.begin,
        skipLines: Math.max(0, wanted - lines),
        isCutShort: !isEnough && !isFloor,
        isByGuess: !isEnough && isFloor && begins === 'unknown',
      };
    }
    end = segment.begin;
    segmentBytes = Math.min(segmentBytes, SEGMENT_MAX_BYTES);
  }
  return { at: 0, skipLines: 0, isCutShort: false, isByGuess: false };
}

/** The first that begins behind `from`; null: none does before `end`. */
function* firstLineBehind(
  { history, scratch }: StartSearch,
  from: number,
  end: number,
): Generator<void, number | null> {
  for (let at = from; at < end; ) {
    const into = scratch.subarray(0, Math.min(scratch.length, end - at));
    const length = history.read(at, into);
    if (length === 0) return null;
    const found = into.subarray(0, length).indexOf(NEWLINE);
    if (found >= 0) return at + found + 1 < end ? at + found + 1 : null;
    at += length;
    yield;
  }
  return null;
}

interface Segment {
  readonly begin: number;
  readonly end: number;
}

function* countWanted(
  { history, test, scratch, isTimeUp }: StartSearch,
  { begin, end }: Segment,
): Generator<void, { readonly count: number; readonly begins: ReturnType<SinceTest['begins']> }> {
  const { wants, since } = test();
  let count = 0;
  for (let at = begin; at < end; ) {
    const chunk = readAcross(history, at, scratch.subarray(0, Math.min(scratch.length, end - at)));
    const isLast = at + chunk.length >= end || chunk.length < LOG_LINE_MAX_BYTES;
    let from = 0;
    for (let to = lineEnd(chunk, 0, isLast); to !== null; to = lineEnd(chunk, from, isLast)) {
      if (wants(chunk.subarray(from, to))) count += 1;
      from = to;
      if (isTimeUp()) break;
    }
    if (from === 0) break; // emptied, or moved out of reach meanwhile
    at += from;
    yield;
  }
  return { count, begins: since?.begins() ?? 'unknown' };
}

/** A line may begin in one file and end in the next. */
function readAcross(history: LogHistory, at: number, into: Buffer): Buffer {
  let length = 0;
  while (length < into.length) {
    const read = history.read(at + length, into.subarray(length));
    if (read === 0) break;
    length += read;
  }
  return into.subarray(0, length);
}

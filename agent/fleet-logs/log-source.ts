/**
 * One log that a reader has asked for: first what is there, then what comes. It does a little each
 * time it is asked, so that nobody else is kept waiting, and it keeps nothing between: what was not
 * taken yet is read from the file again.
 */

import type { LogChannel } from '../../proto/local-orders.ts';
import {
  LOG_BEHIND_MAX_BYTES,
  LOG_BLOCK_MAX_BYTES,
  LOG_LINE_MAX_BYTES,
  type LogBlock,
  type LogSelection,
} from '../../proto/log-messages.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { findStart, type Start } from './find-start.ts';
import type { Grep } from './grep.ts';
import { SinceTest } from './line-times.ts';
import { type LineTest, NEWLINE, takeLines } from './lines.ts';
import { LogGap, NO_LOSS } from './log-gap.ts';
import { LogHistory, type SinceDoubt } from './log-history.ts';
import {
  beginningOf,
  bytesAhead,
  type LogPosition,
  locate,
  partAt,
  positionIn,
} from './log-parts.ts';
import type { LogTimes } from './log-times.ts';
import { readOn, type Stretch } from './read-on.ts';

export interface SourceName {
  readonly process: ProcessName;
  readonly channel: LogChannel;
}

export interface SourceOptions extends SourceName {
  readonly path: string;
  /** Of those that follow: an update may move it. Null: no log is kept any more. */
  readonly pathNow: () => string | null;
  /** Whether its lines begin with the time. */
  readonly isStamped: boolean;
  readonly selection: LogSelection;
  readonly grep: Grep | null;
  readonly times: LogTimes;
}

export type Step =
  | ({ readonly kind: 'block' } & Pick<LogBlock, 'data' | 'skippedBytes' | 'skippedMore'>)
  /** It has done its share for now, and there is more to do. */
  | { readonly kind: 'working' }
  /** The next line needs more room than there is. */
  | { readonly kind: 'full' }
  /** All of the history was told; what follows is what is added. */
  | { readonly kind: 'historyTold' }
  /** Until the log grows. */
  | { readonly kind: 'waiting' };

export interface Share {
  readonly roomBytes: number;
  /** By the monotonic clock. */
  readonly nowMs: () => number;
}

/** What there is to say of how far back it could look. */
export interface SourceDoubts {
  readonly isCutShort: boolean;
  readonly since: SinceDoubt | null;
}

/** Of one step: a batch of the driver's takes about as long. */
const SHARE_MS = 2;

/** A line whose end does not come is shown without: they may be a program's last words. */
const UNFINISHED_LINE_WAIT_MS = 1_000;

/** What is left of what a reader is too far behind for. */
const NEAR_END_BYTES = LOG_BLOCK_MAX_BYTES;

const NO_GAP = { skippedBytes: 0, skippedMore: false } as const;

/** Of all sources: a step is done before the next begins. */
const scratch = Buffer.alloc(LOG_BLOCK_MAX_BYTES);

export class LogSource {
  readonly name: SourceName;
  readonly #options: SourceOptions;
  readonly #test: LineTest;
  readonly #gap = new LogGap();
  #path: string;
  #search: Generator<void, Start> | null = null;
  #history: LogHistory | null = null;
  #position: LogPosition | null = null;
  /** Null: it is behind that, and follows. */
  #until: LogPosition | null = null;
  #skipLines = 0;
  #unfinished: { readonly bytes: number; readonly sinceMs: number } | null = null;
  #doubts: SourceDoubts = { isCutShort: false, since: null };
  #deadlineMs = 0;

  constructor(options: SourceOptions) {
    this.name = { process: options.process, channel: options.channel };
    this.#options = options;
    this.#path = options.path;
    this.#test = this.#testOf(this.#sinceTest());
  }

  doubts(): SourceDoubts {
    return this.#doubts;
  }

  step(share: Share): Step {
    this.#deadlineMs = share.nowMs() + SHARE_MS;
    const position = this.#position;
    if (position === null) return this.#lookForStart(share);
    const until = this.#until;
    const step =
      until === null ? this.#follow(position, share) : this.#readOn(position, until, share);
    if (step.kind !== 'waiting') return step;
    if (until === null) return this.#changeLog();
    this.#until = null;
    return { kind: 'historyTold' };
  }

  /** All of this one is told. What is in the next is new, since whoever writes it has just moved. */
  #changeLog(): Step {
    if (!this.#isMoved()) return { kind: 'waiting' };
    this.#path = this.#options.pathNow() ?? this.#path;
    this.#position = beginningOf(this.#path);
    this.#gap.isMidLine = false;
    this.#unfinished = null;
    return { kind: 'working' };
  }

  #isMoved(): boolean {
    const path = this.#options.pathNow();
    return path !== null && path !== this.#path;
  }

  #lookForStart({ nowMs }: Share): Step {
    const { selection, times } = this.#options;
    const { from, sinceMs } = selection;
    this.#history ??= new LogHistory(this.#path, { sinceMs, times });
    const history = this.#history;
    if (from.kind === 'bytes') return this.#begin(history, history.reach(-from.bytes));
    this.#search ??= findStart({
      history,
      lines: from.lines,
      scratch,
      test: () => {
        const since = this.#sinceTest();
        return { since, wants: this.#testOf(since) };
      },
      isTimeUp: () => nowMs() >= this.#deadlineMs,
    });
    const found = this.#search.next();
    if (!found.done) return { kind: 'working' };
    const { at, skipLines, isCutShort, isByGuess } = found.value;
    this.#skipLines = skipLines;
    this.#doubts = { isCutShort, since: isByGuess ? history.doubt() : null };
    return this.#begin(history, at);
  }

  #begin(history: LogHistory, at: number): Step {
    this.#position = history.positionAt(at);
    this.#until = history.end();
    this.#search = null;
    this.#history = null;
    return { kind: 'working' };
  }

  #follow(position: LogPosition, share: Share): Step {
    const place = locate(this.#path, position);
    const ahead = place === null ? 0 : bytesAhead(this.#path, place);
    if (ahead <= LOG_BEHIND_MAX_BYTES) return this.#readOn(position, null, share);
    const newest = partAt(this.#path, 0);
    if (newest === null) return { kind: 'waiting' };
    const offset = Math.max(0, newest.file.size - NEAR_END_BYTES);
    this.#position = positionIn(newest, offset);
    const skippedBytes = ahead - (newest.file.size - offset);
    this.#gap.add(place ?? NO_LOSS);
    this.#gap.add({ skippedBytes, skippedMore: false, isMidLine: true });
    return { kind: 'working' };
  }

  #readOn(position: LogPosition, until: LogPosition | null, share: Share): Step {
    const { from } = this.#options.selection;
    const isRaw = from.kind === 'bytes';
    const room = isRaw ? Math.min(scratch.length, share.roomBytes) : scratch.length;
    const into = scratch.subarray(0, room);
    const stretch = readOn(this.#path, position, { scratch: into, until });
    this.#gap.add(stretch);
    if (stretch.data.length === 0)
      return this.#moveTo(stretch.after(0), Buffer.alloc(0), 'waiting');
    if (isRaw) {
      const data = Buffer.from(stretch.data);
      return this.#moveTo(stretch.after(data.length), data, 'working');
    }
    return this.#gap.isMidLine ? this.#leaveLine(stretch) : this.#takeLines(stretch, share);
  }

  /**
   * Where something was skipped, the next line begins behind the end of one: half a line would be
   * taken for a whole one, and a line more is missing in any case.
   */
  #leaveLine({ data, isEnd, after }: Stretch): Step {
    const end = data.indexOf(NEWLINE) + 1;
    // What is longer than lines can be is told in pieces, so any of them will do.
    const isTooLong = end === 0 && data.length >= LOG_LINE_MAX_BYTES;
    if (end === 0 && !isTooLong && isEnd && this.#until === null && !this.#isMoved()) {
      this.#position = after(0);
      return { kind: 'waiting' };
    }
    const skippedBytes = end === 0 ? data.length : end;
    this.#gap.isMidLine = end === 0 && !isTooLong;
    this.#gap.add({ ...NO_LOSS, skippedBytes });
    this.#position = after(skippedBytes);
    return { kind: 'working' };
  }

  #takeLines({ data: chunk, isEnd, after }: Stretch, { roomBytes, nowMs }: Share): Step {
    const { follow } = this.#options.selection;
    const isOver = isEnd && (this.#until === null ? this.#isMoved() : !follow);
    const isLast = isOver || (isEnd && this.#isUnfinishedForLong(chunk, nowMs()));
    const { data, consumed, isFull } = takeLines(chunk, {
      wants: (line) => this.#wants(line),
      isLast,
      roomBytes,
      isTimeUp: () => nowMs() >= this.#deadlineMs,
    });
    const isAtEnd = isEnd && consumed === 0;
    if (!isFull || consumed > 0) {
      return this.#moveTo(after(consumed), data, isAtEnd ? 'waiting' : 'working');
    }
    // What was lost before it is counted, and not to be looked for again.
    this.#position = after(0);
    return { kind: 'full' };
  }

  #wants(line: Buffer): boolean {
    if (!this.#test(line)) return false;
    if (this.#skipLines === 0) return true;
    this.#skipLines -= 1;
    return false;
  }

  #isUnfinishedForLong(chunk: Buffer, nowMs: number): boolean {
    const bytes = chunk.length - (chunk.lastIndexOf(NEWLINE) + 1);
    // Only where it is all there is left, so that it has been looked at before.
    if (bytes !== chunk.length || this.#until !== null) return false;
    if (this.#unfinished?.bytes !== bytes) this.#unfinished = { bytes, sinceMs: nowMs };
    return nowMs - this.#unfinished.sinceMs >= UNFINISHED_LINE_WAIT_MS;
  }

  #moveTo(position: LogPosition, data: Buffer, otherwise: 'waiting' | 'working'): Step {
    this.#position = position;
    const gap = this.#gap.take();
    if (data.length === 0 && gap === null) return { kind: otherwise };
    this.#unfinished = null;
    return { kind: 'block', data, ...(gap ?? NO_GAP) };
  }

  #sinceTest(): SinceTest | null {
    const { isStamped, selection } = this.#options;
    return isStamped && selection.sinceMs !== null ? new SinceTest(selection.sinceMs) : null;
  }

  #testOf(since: SinceTest | null): LineTest {
    const { grep } = this.#options;
    return (line) => (since?.wants(line) ?? true) && (grep?.(line) ?? true);
  }
}

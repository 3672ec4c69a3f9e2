/**
 * One log that a reader has asked for: first what is there, then what comes. It does a little each
 * time it is asked, so that nobody else is kept waiting, and it keeps nothing between: what was not
 * taken yet is read from the file again.
 */

import type { LogChannel } from '../../proto/local-orders.ts';
import {
  LOG_BEHIND_MAX_BYTES,
  LOG_BLOCK_MAX_BYTES,
  type LogSelection,
} from '../../proto/log-messages.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { findStart, type Start } from './find-start.ts';
import type { Grep } from './grep.ts';
import { SinceTest } from './line-times.ts';
import { type LineTest, NEWLINE, takeLines } from './lines.ts';
import { LogHistory, type SinceDoubt } from './log-history.ts';
import { bytesAhead, type LogPosition, locate, partAt, positionIn } from './log-parts.ts';
import type { LogTimes } from './log-times.ts';
import { readOn, type Stretch } from './read-on.ts';

export interface SourceName {
  readonly process: ProcessName;
  readonly channel: LogChannel;
}

export interface SourceOptions extends SourceName {
  readonly path: string;
  /** Whether its lines begin with the time. */
  readonly isStamped: boolean;
  readonly selection: LogSelection;
  readonly grep: Grep | null;
  readonly times: LogTimes;
}

export type Step =
  | { readonly kind: 'block'; readonly data: Buffer; readonly skippedBytes: number }
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

/** Of all sources: a step is done before the next begins. */
const scratch = Buffer.alloc(LOG_BLOCK_MAX_BYTES);

export class LogSource {
  readonly name: SourceName;
  readonly #options: SourceOptions;
  readonly #test: LineTest;
  #search: Generator<void, Start> | null = null;
  #history: LogHistory | null = null;
  #position: LogPosition | null = null;
  /** Null: it is behind that, and follows. */
  #until: LogPosition | null = null;
  #skipLines = 0;
  #skippedBytes = 0;
  #isInMidLine = false;
  #unfinished: { readonly bytes: number; readonly sinceMs: number } | null = null;
  #doubts: SourceDoubts = { isCutShort: false, since: null };
  #deadlineMs = 0;

  constructor(options: SourceOptions) {
    this.name = { process: options.process, channel: options.channel };
    this.#options = options;
    this.#test = this.#testOf(this.#sinceTest());
  }

  doubts(): SourceDoubts {
    return this.#doubts;
  }

  step(share: Share): Step {
    this.#deadlineMs = share.nowMs() + SHARE_MS;
    const position = this.#position;
    if (position === null) return this.#lookForStart(share);
    if (this.#until === null) return this.#follow(position, share);
    const step = this.#readOn(position, this.#until, share);
    if (step.kind !== 'waiting') return step;
    this.#until = null;
    return { kind: 'historyTold' };
  }

  #lookForStart({ nowMs }: Share): Step {
    const { path, selection, times } = this.#options;
    const { from, sinceMs } = selection;
    this.#history ??= new LogHistory(path, { sinceMs, times });
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
    const place = locate(this.#options.path, position);
    const ahead = place === null ? 0 : bytesAhead(this.#options.path, place);
    if (ahead <= LOG_BEHIND_MAX_BYTES) return this.#readOn(position, null, share);
    const newest = partAt(this.#options.path, 0);
    if (newest === null) return { kind: 'waiting' };
    const offset = Math.max(0, newest.file.size - NEAR_END_BYTES);
    this.#position = positionIn(this.#options.path, newest, offset);
    this.#isInMidLine = this.#options.selection.from.kind === 'lines';
    this.#skippedBytes += (place?.skippedBytes ?? 0) + ahead - (newest.file.size - offset);
    return { kind: 'working' };
  }

  #readOn(position: LogPosition, until: LogPosition | null, share: Share): Step {
    const { from } = this.#options.selection;
    const isRaw = from.kind === 'bytes';
    const room = isRaw ? Math.min(scratch.length, share.roomBytes) : scratch.length;
    const into = scratch.subarray(0, room);
    const stretch = readOn(this.#options.path, position, { scratch: into, until });
    this.#skippedBytes += stretch.skippedBytes;
    if (stretch.data.length === 0)
      return this.#moveTo(stretch.after(0), Buffer.alloc(0), 'waiting');
    if (isRaw) {
      const data = Buffer.from(stretch.data);
      return this.#moveTo(stretch.after(data.length), data, 'working');
    }
    return this.#isInMidLine ? this.#leaveLine(stretch) : this.#takeLines(stretch, share);
  }

  /** Where something was skipped, the next line begins behind the end of one. */
  #leaveLine({ data, after }: Stretch): Step {
    const end = data.indexOf(NEWLINE) + 1 || data.length;
    this.#isInMidLine = false;
    this.#skippedBytes += end;
    this.#position = after(end);
    return { kind: 'working' };
  }

  #takeLines({ data: chunk, isEnd, after }: Stretch, { roomBytes, nowMs }: Share): Step {
    const isOver = isEnd && this.#until !== null && !this.#options.selection.follow;
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
    // What was lost before it is counted by now.
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
    if (data.length === 0 && this.#skippedBytes === 0) return { kind: otherwise };
    const skippedBytes = this.#skippedBytes;
    this.#skippedBytes = 0;
    this.#unfinished = null;
    return { kind: 'block', data, skippedBytes };
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

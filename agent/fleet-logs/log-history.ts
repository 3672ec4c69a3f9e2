/**
 * What a log holds at one moment, backups included, addressed from its end: 0 is the end, and what
 * is older is negative. Backups are looked at only as far back as somebody asks, and none that was
 * written to last before what is wanted.
 */

import { LOG_LINE_MAX_BYTES } from '../../proto/log-messages.ts';
import { isSameFile } from '../adapters/host/same-file.ts';
import { NEWLINE } from './lines.ts';
import {
  findFile,
  findPart,
  type LogPart,
  type LogPosition,
  NOWHERE,
  partAt,
  positionIn,
  readPart,
} from './log-parts.ts';
import type { LogTimes } from './log-times.ts';

interface Span {
  readonly part: LogPart;
  readonly begin: number;
  readonly end: number;
}

export interface SinceDoubt {
  /** Of what came before, no time is known; or: the oldest may have come at that time already. */
  readonly kind: 'timesKnownSince' | 'linesSince';
  readonly atMs: number;
}

/** That a line is older by so little than asked for is not worth a word. */
const CLOSE_MS = 10_000;

export interface HistoryOptions {
  /** Older parts are not wanted; null: all are. */
  readonly sinceMs: number | null;
  readonly times: LogTimes;
}

export class LogHistory {
  readonly #path: string;
  readonly #options: HistoryOptions;
  /** Also where nothing of it is wanted: what comes next is behind it. */
  readonly #newest: LogPart | null;
  /** Newest first. */
  readonly #spans: Span[] = [];
  #isWhole = false;
  #floor: number | null = null;
  #doubt: SinceDoubt | null = null;

  constructor(path: string, options: HistoryOptions) {
    this.#path = path;
    this.#options = options;
    this.#newest = partAt(path, 0) ?? partAt(path, 1);
    this.#addOlder();
  }

  /** Where reading forwards of all this ends. */
  end(): LogPosition {
    const newest = this.#newest;
    return newest === null ? NOWHERE : positionIn(newest, newest.file.size);
  }

  /** @returns `at`, or the oldest position that is wanted and still there */
  reach(at: number): number {
    while (this.#begin() > at && !this.#isWhole) this.#addOlder();
    return Math.max(at, this.#floor ?? this.#begin());
  }

  /** Whether what is wanted may begin with lines that are older than was asked for. */
  doubt(): SinceDoubt | null {
    return this.#doubt;
  }

  /** @returns how much was read of `into`; less than fits only where the file changes, or is gone */
  read(at: number, into: Buffer): number {
    const span = this.#spanAt(at);
    if (span === null) return 0;
    const part = findFile(this.#path, span.part.file, span.part.path);
    if (part === null) return 0;
    const length = Math.min(into.length, span.end - at);
    const read = { offset: at - span.begin, into: into.subarray(0, length) };
    return readPart(part, read);
  }

  positionAt(at: number): LogPosition {
    const span = this.#spanAt(at);
    if (span === null) return this.end();
    const part = findFile(this.#path, span.part.file, span.part.path) ?? span.part;
    return positionIn(part, at - span.begin);
  }

  #begin(): number {
    return this.#spans.at(-1)?.begin ?? 0;
  }

  #spanAt(at: number): Span | null {
    return this.#spans.find(({ begin, end }) => begin <= at && at < end) ?? null;
  }

  #addOlder(): void {
    const part = this.#olderPart();
    const { sinceMs } = this.#options;
    if (part === null || (sinceMs !== null && part.file.mtimeMs < sinceMs)) {
      this.#isWhole = true;
      return;
    }
    const end = this.#begin();
    const begin = end - part.file.size;
    this.#spans.push({ part, begin, end });
    if (sinceMs !== null) this.#lookAtTimes(part, begin, sinceMs);
  }

  #olderPart(): LogPart | null {
    const oldest = this.#spans.at(-1);
    if (oldest === undefined) return this.#newest;
    const now = findPart(this.#path, oldest.part.file);
    const older = now === null ? null : partAt(this.#path, now.index + 1);
    const isKnown = older !== null && this.#spans.some((span) => isSame(span.part, older));
    return isKnown ? null : older;
  }

  #lookAtTimes(part: LogPart, begin: number, sinceMs: number): void {
    const { times } = this.#options;
    const known = times.before(part.file, sinceMs);
    if (known !== null) {
      this.#floor = begin + lineBeginIn(part, known.offset);
      this.#isWhole = true;
      const isClose = sinceMs - known.atMs <= CLOSE_MS;
      this.#doubt = isClose ? null : { kind: 'linesSince', atMs: known.atMs };
      return;
    }
    // A file that was begun after that time holds nothing older; systems that do not know when it
    // was begun give the time of its last change.
    const { birthtimeMs, mtimeMs } = part.file;
    const wasBegunLater = birthtimeMs >= sinceMs && birthtimeMs < mtimeMs;
    const knownMs = times.since(part.file) ?? mtimeMs;
    this.#doubt = wasBegunLater ? null : { kind: 'timesKnownSince', atMs: knownMs };
  }
}

/** The log may have ended in the middle of a line when it was looked at; that one came later, then. */
function lineBeginIn(part: LogPart, offset: number): number {
  const into = Buffer.alloc(Math.min(LOG_LINE_MAX_BYTES, offset));
  const length = readPart(part, { offset: offset - into.length, into });
  if (length < into.length) return offset;
  const end = into.lastIndexOf(NEWLINE);
  return end < 0 && into.length < offset ? offset : offset - into.length + end + 1;
}

const isSame = (one: LogPart, other: LogPart): boolean => isSameFile(one.file, other.file);

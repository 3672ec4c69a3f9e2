/** Takes lines out of pieces of a log: which are whole, which are wanted, how many there is room for. */
import { LOG_LINE_MAX_BYTES } from '../../proto/log-messages.ts';

/** With its end, where it has one. */
export type LineTest = (line: Buffer) => boolean;

export interface TakenLines {
  /** What is wanted of them; a copy. */
  readonly data: Buffer;
  /** Bytes of the chunk that are done with. */
  readonly consumed: number;
  /** The next one is wanted and there is no room for it. */
  readonly isFull: boolean;
}

export interface TakeOptions {
  readonly wants: LineTest;
  /** Whether what is left at the end is a line, although it has no end. */
  readonly isLast: boolean;
  readonly roomBytes: number;
  /** Asked after each line, so that expensive tests keep nobody waiting. */
  readonly isTimeUp: () => boolean;
}

/** @param chunk begins where a line does */
export function takeLines(chunk: Buffer, options: TakeOptions): TakenLines {
  const { wants, isLast, roomBytes, isTimeUp } = options;
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let from = 0;
  let isFull = false;
  for (let end = lineEnd(chunk, from, isLast); end !== null; end = lineEnd(chunk, from, isLast)) {
    const line = chunk.subarray(from, end);
    if (wants(line)) {
      isFull = keptBytes + line.length > roomBytes;
      if (isFull) break;
      kept.push(line);
      keptBytes += line.length;
    }
    from = end;
    if (isTimeUp()) break;
  }
  return { data: Buffer.concat(kept, keptBytes), consumed: from, isFull };
}

/** Behind the line that begins at `from`; null where its end has not come yet. */
export function lineEnd(chunk: Buffer, from: number, isLast: boolean): number | null {
  const at = chunk.indexOf(NEWLINE, from);
  if (at >= 0 && at - from < LOG_LINE_MAX_BYTES) return at + 1;
  if (chunk.length - from >= LOG_LINE_MAX_BYTES) return from + LOG_LINE_MAX_BYTES;
  return isLast && from < chunk.length ? chunk.length : null;
}

export const NEWLINE = 0x0a;

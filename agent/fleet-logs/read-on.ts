/**
 * Reads a log onwards from a position, from one file of it into the next. A file that was rotated
 * away is left only when its successor has something: until whoever writes the log is told of it,
 * what was moved aside by others still grows.
 */
import {
  findPart,
  type LogPart,
  type LogPosition,
  locate,
  type Place,
  partAt,
  positionBehind,
  readPart,
} from './log-parts.ts';

export interface Stretch {
  readonly data: Buffer;
  /** Known to be lost before `data`. */
  readonly skippedBytes: number;
  /** Whether there is no more than this for now. */
  readonly isEnd: boolean;
  /** The position behind the first so many bytes of `data`; to be asked while `data` is good. */
  readonly after: (length: number) => LogPosition;
}

interface Piece {
  readonly part: LogPart;
  readonly offset: number;
  readonly length: number;
}

/**
 * @param until where to end although there may be more; null: where the log ends
 * @param scratch what `data` is a part of: good until it is used again
 */
export function readOn(
  path: string,
  position: LogPosition,
  { scratch, until }: { readonly scratch: Buffer; readonly until: LogPosition | null },
): Stretch {
  const place = locate(path, position);
  const last = until === null ? 0 : lastIndexOf(path, until);
  if (place === null || last === null || place.part.index < last) return nothingAfter(position);
  const pieces = [...readPieces(path, place, { scratch, until, last })];
  const length = pieces.reduce((total, piece) => total + piece.length, 0);
  const data = scratch.subarray(0, length);
  return {
    data,
    skippedBytes: place.skippedBytes,
    isEnd: length < scratch.length,
    after: (consumed) => positionAfter(place, pieces, data.subarray(0, consumed)),
  };
}

const nothingAfter = (position: LogPosition): Stretch => {
  return { data: Buffer.alloc(0), skippedBytes: 0, isEnd: true, after: () => position };
};

/** Null: what was the end is gone, and all that came before it. */
const lastIndexOf = (path: string, { file }: LogPosition): number | null =>
  file === null ? null : (findPart(path, file)?.index ?? null);

interface Limits {
  readonly scratch: Buffer;
  readonly until: LogPosition | null;
  readonly last: number;
}

function* readPieces(path: string, place: Place, { scratch, until, last }: Limits) {
  let length = 0;
  for (let { index } = place.part; index >= last; index -= 1) {
    const isFirst = index === place.part.index;
    const part = isFirst ? place.part : partAt(path, index);
    if (part === null) continue;
    const offset = isFirst ? place.offset : 0;
    const end = until !== null && index === last ? until.offset : part.file.size;
    const room = Math.min(scratch.length - length, Math.max(0, end - offset));
    const into = scratch.subarray(length, length + room);
    const piece: Piece = { part, offset, length: readPart(path, part, { offset, into }) };
    length += piece.length;
    yield piece;
    if (length === scratch.length) return;
  }
}

function positionAfter(place: Place, pieces: readonly Piece[], data: Buffer): LogPosition {
  let start = 0;
  for (const { part, offset, length } of pieces) {
    const end = start + length;
    if (data.length <= end) {
      const isFirst = part === place.part;
      const read = data.subarray(start);
      const before = isFirst ? [place.before, read] : [read];
      return positionBehind(part.file, offset + read.length, before);
    }
    start = end;
  }
  return positionBehind(place.part.file, place.offset, [place.before]);
}

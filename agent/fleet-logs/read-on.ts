/**
 * Reads a log onwards from a position, from one file of it into the next. A file that was rotated
 * away is left only when its successor has something: until whoever writes the log is told of it,
 * what was moved aside by others still grows.
 */
import { isSameFile } from '../adapters/host/same-file.ts';
import { type Loss, NO_LOSS } from './log-gap.ts';
import {
  findFile,
  type LogPart,
  type LogPosition,
  locate,
  type Place,
  partAt,
  positionBehind,
  readPart,
} from './log-parts.ts';

/** What is lost was lost before `data`. */
export interface Stretch extends Loss {
  readonly data: Buffer;
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
  const end = until === null ? null : endOf(path, until);
  if (place === null || end === 'gone') return nothingAfter(position);
  if (end !== null && place.part.index < end.part.index) return nothingAfter(position);
  const pieces = [...readPieces(path, place, { scratch, end })];
  const length = pieces.reduce((total, piece) => total + piece.length, 0);
  const data = scratch.subarray(0, length);
  const { skippedBytes, skippedMore, isMidLine } = place;
  return {
    data,
    ...{ skippedBytes, skippedMore, isMidLine },
    isEnd: length < scratch.length,
    after: (consumed) => positionAfter(place, pieces, data.subarray(0, consumed)),
  };
}

function nothingAfter(position: LogPosition): Stretch {
  return { ...NO_LOSS, data: Buffer.alloc(0), isEnd: true, after: () => position };
}

interface End {
  readonly part: LogPart;
  readonly offset: number;
}

/** Gone is what was the end, and all that came before it. */
function endOf(path: string, { file, offset, foundAt }: LogPosition): End | 'gone' {
  const part = file === null ? null : findFile(path, file, foundAt);
  return part === null ? 'gone' : { part, offset };
}

interface Limits {
  readonly scratch: Buffer;
  readonly end: End | null;
}

function* readPieces(path: string, place: Place, { scratch, end }: Limits) {
  let length = 0;
  for (const part of partsOnward(path, place.part, end?.part ?? null)) {
    const offset = part === place.part ? place.offset : 0;
    const isLast = end !== null && isSameFile(end.part.file, part.file);
    const to = isLast ? end.offset : part.file.size;
    const room = Math.min(scratch.length - length, Math.max(0, to - offset));
    const into = scratch.subarray(length, length + room);
    const piece: Piece = { part, offset, length: readPart(part, { offset, into }) };
    length += piece.length;
    yield piece;
    if (isLast || length === scratch.length) return;
  }
}

function* partsOnward(path: string, from: LogPart, end: LogPart | null): Generator<LogPart> {
  yield from;
  for (let index = Math.ceil(from.index) - 1; index >= 0; index -= 1) {
    // Renamed by somebody else meanwhile; it stands before what has taken its place.
    const isBeforeThis = end !== null && end.index > index && end.index < index + 1;
    if (isBeforeThis && end.index < from.index) yield end;
    const part = partAt(path, index);
    if (part !== null) yield part;
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
      return positionBehind(part, offset + read.length, before);
    }
    start = end;
  }
  return positionBehind(place.part, place.offset, [place.before]);
}

/**
 * The folded rows of `fleetctl status` as a table. On a terminal its lines fit, and say how much was
 * left out; anywhere else everything is there.
 */
import { type FoldedName, foldToParts } from '../../../proto/selector/fold.ts';
import { cutToWidth } from '../fit.ts';
import { fitNames } from '../hosts/fitted.ts';
import { cell, GAP, wholeCell } from '../table.ts';
import { displayWidth, neutralise } from '../text.ts';
import { formatDistance } from '../time.ts';
import { countOf, type Span, type StatusFold } from './folded.ts';
import type { StatusTable } from './table.ts';

const HEADER = ['STATE', 'COUNT', 'FOR', 'PROCESS', 'HOSTS', 'DETAIL'] as const;

/** Of a column that is made to fit; on a screen for which this is too much, lines are wrapped. */
const FITTED_WIDTH_MIN = 14;
const INDENT = '    ';

/** @param columns of the terminal; null: off a terminal */
export function foldedTable(
  folds: readonly StatusFold[],
  nowMs: number,
  columns: number | null,
): StatusTable {
  const rows = folds.map((fold) => factsOf(fold, nowMs));
  const { processes, hosts, isDetailBelow } = layOut(rows, columns);
  return {
    header: isDetailBelow ? HEADER.slice(0, -1) : HEADER,
    rows: rows.map((row) => ({
      key: JSON.stringify([row.fold.state, row.fold.processes, row.fold.detail]),
      // Whoever started again is the youngest of its row.
      content: JSON.stringify([row.fold.hosts, row.fold.sinceMs?.last]),
      cells: [
        cell(row.fold.state, row.fold.tone),
        cell(row.count),
        cell(row.since),
        wholeCell(fitNames(row.processes, processes, 'processes') || '-'),
        wholeCell(fitNames(row.hosts, hosts, 'hosts')),
        ...(isDetailBelow ? [] : [wholeCell(row.detail)]),
      ],
      below:
        isDetailBelow && row.detail !== ''
          ? INDENT + cutToWidth(row.detail, (columns ?? 0) - INDENT.length)
          : '',
    })),
  };
}

interface Facts {
  readonly fold: StatusFold;
  readonly count: string;
  readonly since: string;
  readonly processes: readonly FoldedName[];
  readonly hosts: readonly FoldedName[];
  readonly detail: string;
}

const WORDS = { format: formatDistance, between: ' to ' };
const NARROW = { format: (ms: number) => formatDistance(ms).replace(/ (.).*/, '$1'), between: '-' };

function factsOf(fold: StatusFold, nowMs: number): Facts {
  const since = fold.sinceMs;
  const next = fold.nextTryAtMs;
  return {
    fold,
    count: fold.processes.length === 0 ? '-' : String(countOf(fold)),
    since: since === null ? '-' : distances(since, (atMs) => nowMs - atMs, NARROW),
    processes: foldToParts(fold.processes),
    hosts: foldToParts(fold.hosts),
    detail: [
      neutralise(fold.detail),
      next === null ? '' : `next try in ${distances(next, (atMs) => atMs - nowMs, WORDS)}`,
    ]
      .filter((part) => part !== '')
      .join('; '),
  };
}

/** `3 s`, or `3 s to 5 h` where it is not everywhere the same. */
function distances(
  span: Span,
  distance: (atMs: number) => number,
  { format, between }: { readonly format: (ms: number) => string; readonly between: string },
): string {
  const [near = 0, far = 0] = [distance(span.first), distance(span.last)].sort((a, b) => a - b);
  return [...new Set([format(near), format(far)])].join(between);
}

interface Layout {
  readonly processes: number;
  readonly hosts: number;
  /** On a narrow screen, since half a reason is none. */
  readonly isDetailBelow: boolean;
}

function layOut(rows: readonly Facts[], columns: number | null): Layout {
  const whole = { processes: Infinity, hosts: Infinity, isDetailBelow: false };
  if (columns === null) return whole;
  const widest = (column: number, textOf: (row: Facts) => string) =>
    rows.reduce(
      (width, row) => Math.max(width, displayWidth(textOf(row))),
      HEADER[column]?.length ?? 0,
    );
  const fixed =
    widest(0, ({ fold }) => fold.state) +
    widest(1, ({ count }) => count) +
    widest(2, ({ since }) => since);
  const wanted = [
    widest(3, (row) => fitNames(row.processes, Infinity, '')),
    widest(4, (row) => fitNames(row.hosts, Infinity, '')),
  ] as const;
  const detail = widest(5, (row) => row.detail);
  const room = columns - fixed - GAP.length * 4;
  if (wanted[0] + wanted[1] + GAP.length + detail <= room) return whole;
  const [processes, hosts] = shareRoom(room, wanted);
  return { processes, hosts, isDetailBelow: true };
}

/** Who needs less than its half gets what it needs, and the other the rest. */
function shareRoom(
  room: number,
  [left, right]: readonly [number, number],
): readonly [number, number] {
  const half = Math.max(FITTED_WIDTH_MIN, Math.floor(room / 2));
  const rest = (taken: number) => Math.max(FITTED_WIDTH_MIN, room - taken);
  if (left <= half) return [left, rest(left)];
  return right <= half ? [rest(right), right] : [half, half];
}

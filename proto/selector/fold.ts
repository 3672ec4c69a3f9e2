/**
 * Writes many host names as few: `prod-01 … prod-40, db-1` becomes `db-1`, `prod-[01-40]`. What
 * comes out, joined with commas, is a selector that means exactly the names that went in, so that
 * people can paste it and a table can say "these 40" without naming each.
 *
 * One number of a name varies, never two: `[1-3]-[1-9]` saves little, hides holes, and the best
 * choice of several is slow to find (clustershell#565). Steps are read but never written.
 */
import { sortNaturally } from '../natural-order.ts';

/** Some of the names, for who has room for only a part of them. */
export interface FoldedName {
  readonly before: string;
  /** Empty for a name that stands for itself, which is then in `before`. */
  readonly ranges: readonly NumberRange[];
  readonly after: string;
}

interface NumberRange {
  /** `07` or `01-40` */
  readonly text: string;
  readonly count: number;
}

/** In natural order; a name given twice counts once. */
export function foldNames(names: Iterable<string>): readonly string[] {
  return foldToParts(names).map(foldedText);
}

export function foldedList(names: Iterable<string>): string {
  return foldNames(names).join(',');
}

/** As `foldNames`, in parts. */
export function foldToParts(names: Iterable<string>): readonly FoldedName[] {
  const { byFrame, alone } = groupByFrame([...new Set(names)]);
  const parts = [...byFrame].map(([frame, digits]) => foldFrame(frame, digits));
  for (const name of alone) parts.push({ before: name, ranges: [], after: '' });
  return sortNaturally(parts, firstName);
}

export function foldedText({ before, ranges, after }: FoldedName): string {
  if (ranges.length === 0) return before;
  return `${before}[${ranges.map(({ text }) => text).join()}]${after}`;
}

/** One number of a name, and the rest of it, which names that are folded together share. */
interface Axis {
  /** The name with `HOLE` where the number was. */
  readonly frame: string;
  readonly digits: string;
}

interface Groups {
  /** The numbers that occur in each frame. */
  readonly byFrame: ReadonlyMap<string, readonly string[]>;
  /** Names that stand for themselves. */
  readonly alone: readonly string[];
}

/** No name that is folded has one. */
const HOLE = '[';
/**
 * As names of hosts are (`isIdentityName`), and those of most processes, which are folded for
 * reading only. All others stand for themselves.
 */
const FOLDABLE = /^[A-Za-z0-9][\w.:-]{0,254}$/;
/** What a selector reads as a number (`parseSelector`). */
const DIGITS_MAX = 9;
/** The last ones of a name: each costs a look-up, and what varies is nearly always at the end. */
const AXES_MAX = 6;

/**
 * Each name goes where most others would go with it. Among equals that is its last number: hosts
 * are counted within a rack, not racks within a number.
 */
function groupByFrame(names: readonly string[]): Groups {
  const axesOf = names.map(axesOfName);
  const sizes = new Map<string, number>();
  for (const axes of axesOf) {
    for (const { frame } of axes) sizes.set(frame, (sizes.get(frame) ?? 0) + 1);
  }
  const byFrame = new Map<string, string[]>();
  const alone: string[] = [];
  for (const [index, name] of names.entries()) {
    const axis = largest(axesOf[index] ?? [], sizes);
    if (axis === null) {
      alone.push(name);
      continue;
    }
    const group = byFrame.get(axis.frame);
    if (group === undefined) byFrame.set(axis.frame, [axis.digits]);
    else group.push(axis.digits);
  }
  return { byFrame, alone };
}

function axesOfName(name: string): readonly Axis[] {
  if (!FOLDABLE.test(name)) return [];
  return [...name.matchAll(/\d+/g)]
    .slice(-AXES_MAX)
    .filter(([digits]) => digits.length <= DIGITS_MAX)
    .map(({ 0: digits, index }) => ({
      frame: name.slice(0, index) + HOLE + name.slice(index + digits.length),
      digits,
    }));
}

function largest(axes: readonly Axis[], sizes: ReadonlyMap<string, number>): Axis | null {
  let best: Axis | null = null;
  let bestSize = 0;
  for (const axis of axes) {
    const size = sizes.get(axis.frame) ?? 0;
    if (size < bestSize) continue;
    best = axis;
    bestSize = size;
  }
  return best;
}

/** `01 02 03 7` in `web-[` → `web-[01-03,7]`. */
function foldFrame(frame: string, digits: readonly string[]): FoldedName {
  const [before = '', after = ''] = frame.split(HOLE);
  const [only = ''] = digits;
  if (digits.length === 1) return { before: before + only + after, ranges: [], after: '' };
  return { before, ranges: foldDigits(digits), after };
}

function firstName({ before, ranges: [first], after }: FoldedName): string {
  return first === undefined ? before : before + first.text.replace(/-.*/, '') + after;
}

/** @param texts each once */
function foldDigits(texts: readonly string[]): readonly NumberRange[] {
  const left = new Set(texts);
  // Padded ones first: `10` belongs to `09` rather than to `9`, where both are there.
  const starts = [...texts].sort((a, b) => Number(isPadded(b)) - Number(isPadded(a)) || +a - +b);
  const found: { first: string; range: NumberRange }[] = [];
  for (const first of starts) {
    if (!left.delete(first)) continue;
    let last = first;
    for (let next = successor(last, first); left.delete(next); next = successor(last, first)) {
      last = next;
    }
    const text = last === first ? first : `${first}-${last}`;
    found.push({ first, range: { text, count: Number(last) - Number(first) + 1 } });
  }
  return found
    .sort((a, b) => +a.first - +b.first || a.first.length - b.first.length)
    .map(({ range }) => range);
}

/**
 * A padded range ends where its padding does (`01-99,100`): tools disagree on what `01-100` means.
 * No number has the text that is returned then.
 */
function successor(text: string, first: string): string {
  if (!isPadded(first)) return String(Number(text) + 1);
  const next = String(Number(text) + 1).padStart(first.length, '0');
  return next.length === first.length ? next : '';
}

function isPadded(digits: string): boolean {
  return digits.length > 1 && digits.startsWith('0');
}

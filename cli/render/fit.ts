/**
 * Makes lines fit a screen: measures, cuts and breaks text that was neutralised and may hold our
 * own colours, which take no room.
 */
import { displayWidth } from './text.ts';

/** What `painter` puts around text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const COLOUR = /\u001b\[[0-9;]*m/g;
const NO_COLOUR = '\u001b[0m';
const PLAIN = /^[\u0020-\u007e]*$/;

export function paintedWidth(line: string): number {
  return displayWidth(line.replace(COLOUR, ''));
}

/** At most `width` columns; what had to be cut ends in `…`. */
export function cutToWidth(line: string, width: number): string {
  if (paintedWidth(line) <= width) return line;
  if (width <= 0) return '';
  let kept = '';
  let left = width - 1;
  let isColoured = false;
  for (const [piece, isColour] of pieces(line)) {
    if (isColour) {
      kept += piece;
      isColoured = piece !== NO_COLOUR;
      continue;
    }
    const beginning = beginningOf(piece, left);
    kept += beginning;
    left -= displayWidth(beginning);
    if (beginning.length < piece.length) break;
  }
  return `${kept}…${isColoured ? NO_COLOUR : ''}`;
}

/** Breaks uncoloured text between words; what does not fit `linesMax` lines is cut. */
export function wrapWords(text: string, width: number, linesMax: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    const fits = displayWidth(longer) <= width;
    if (fits || line === '' || lines.length === linesMax - 1) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  return [...lines, line].map((each) => cutToWidth(each, width));
}

/** Rows that a line takes on a screen that wraps it. */
export function rowsOf(line: string, columns: number): number {
  const text = line.replace(COLOUR, '');
  if (PLAIN.test(text)) return Math.max(1, Math.ceil(text.length / columns));
  let rows = 1;
  let column = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const width = displayWidth(segment);
    // A wide character that does not fit the last column goes to the next row whole.
    if (column + width > columns) {
      rows += 1;
      column = 0;
    }
    column += width;
  }
  return rows;
}

function* pieces(line: string): Generator<readonly [piece: string, isColour: boolean]> {
  let from = 0;
  for (const { 0: colour, index } of line.matchAll(COLOUR)) {
    if (index > from) yield [line.slice(from, index), false];
    yield [colour, true];
    from = index + colour.length;
  }
  if (from < line.length) yield [line.slice(from), false];
}

function beginningOf(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(0, width);
  let kept = '';
  let left = width;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= displayWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept;
}

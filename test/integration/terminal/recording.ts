/** All that a program wrote to its terminal, taken apart into the updates that the terminal showed. */

/** Synchronized update: what stands between is shown at once, by terminals that know it. */
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';

export interface Recording {
  /** Without what begins and ends them. */
  readonly updates: readonly string[];
  readonly before: string;
  readonly between: readonly string[];
  readonly after: string;
}

export function readRecording(bytes: string): Recording {
  const [before = '', ...begun] = bytes.split(BEGIN_UPDATE);
  const pieces = begun.map((piece) => piece.split(END_UPDATE));
  const outside = pieces.map((piece) => piece.slice(1).join(END_UPDATE));
  return {
    updates: pieces.map(([update = '']) => update),
    before,
    between: outside.slice(0, -1),
    after: outside.at(-1) ?? '',
  };
}

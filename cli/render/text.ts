/**
 * Makes text from elsewhere safe and measurable on a terminal. Host names, process names, errors
 * and log lines come from other machines: an escape sequence in one could rewrite the screen, a
 * bidirectional override could show one name as another.
 */

/** C0, DEL, C1, bidirectional controls, invisible characters, line separators, lone surrogates. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point here
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/** `ESC [ … m`: colours in log lines, which only cost legibility when shown as escapes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const COLOUR = /\u001b\[[0-9;:]*m/g;

/** Long enough for any real name or error, short enough that one row cannot flood the screen. */
const SHOWN_CHARACTERS_MAX = 400;

/** One line in which every unsafe character is shown as its escape. */
export function neutralise(text: string): string {
  return escapeUnsafe(clip(text));
}

/** As `neutralise`, but whole: for a command to paste, of which a part would be wrong. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/** As `neutralise`, for an error that may have lines of its own, such as those of a configuration. */
export function neutraliseRemark(text: string): string {
  return neutralise(oneLine(text));
}

/** Line ends between words as `; `; any other stays, to be shown as what it is. */
export function oneLine(text: string): string {
  return text.replace(/(?<=\S)\n\s*(?=\S)/g, '; ');
}

/** As `neutralise`, for a line of a log: tabs become spaces, colours go. */
export function neutraliseLogLine(line: string): string {
  return neutralise(line.replace(COLOUR, '').replaceAll('\t', '    '));
}

/**
 * As `escapeUnsafe`, for a whole log, whose lines stay lines. A carriage return alone would let what
 * follows it overwrite the line.
 */
export function neutraliseLog(text: string): string {
  return text.replace(UNSAFE, (character, at: number) => {
    const isLineEnd = character === '\r' && text[at + 1] === '\n';
    return isLineEnd || LAYOUT.has(character) ? character : escapeCharacter(character);
  });
}

const LAYOUT: ReadonlySet<string> = new Set(['\n', '\t']);

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The same characters inside JSON, where `JSON.stringify` leaves all but C0 as they are. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const PLAIN = /^[\u0020-\u007e]*$/;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Columns that a terminal gives to text that was neutralised (Unicode UAX #11, in short). */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** The first few and how many more, for lists that may be a whole fleet. */
export function shortList(items: readonly string[], max: number): string {
  const shown = items.slice(0, max).map(neutralise).join(', ');
  return items.length > max ? `${shown} and ${items.length - max} more` : shown;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function clip(text: string): string {
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}

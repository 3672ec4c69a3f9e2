/**
 * A text as Python's `repr` shows it, because Supervisor's messages show commands so and people
 * know, search for and match those lines: `'a b'`, but `"it's"`, and `\n`, `\x1b`, `\u2028` for
 * what cannot be seen.
 */

export function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const shown = text.replace(HIDDEN_OR_SPECIAL, (character) =>
    character === "'" && quote === '"' ? character : escaped(character),
  );
  return quote + shown + quote;
}

/** White space but the plain one, control and format characters, half surrogate pairs, … */
const HIDDEN_OR_SPECIAL = /[\\']|(?! )[\p{C}\p{Z}]/gu;

const SHORT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

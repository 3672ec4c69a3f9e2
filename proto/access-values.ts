/**
 * The kinds of values that roles and policies have. What is written with nothing behind the `=` is
 * never taken for "no limit": somebody has deleted a name too many.
 */
import { nearest } from './dialect/did-you-mean.ts';
import { quoted } from './dialect/problem.ts';
import type { Parser } from './dialect/settings.ts';
import { isRefusal } from './errors.ts';
import { patternsProblem } from './process-pattern.ts';
import { parseSignalName } from './signal-name.ts';

/** Names and patterns, in none of which there is a blank; perhaps none of them. */
export const processPatterns: Parser<readonly string[]> = {
  expected: 'processes (web, group:name, group:*, a pattern, all), separated by commas',
  parse(found) {
    const patterns = wordsOf(found);
    const problem = patternsProblem(patterns);
    return problem === null ? { ok: true, value: patterns } : { ok: false, why: problem.message };
  },
};

export const signal: Parser<string> = {
  expected: 'the name of a signal, for example HUP',
  parse(found) {
    const name = parseSignalName(found);
    if (!isRefusal(name)) return { ok: true, value: name };
    return { ok: false, why: `${name.message}; ${name.fix}` };
  },
};

export const signals: Parser<readonly string[]> = {
  expected: 'names of signals, for example HUP, USR1',
  parse(found, context) {
    const parsed = wordsOf(found).map((word) => signal.parse(word, context));
    const wrong = parsed.find((one) => !one.ok);
    if (wrong !== undefined) return wrong as typeof wrong & { readonly ok: false };
    return { ok: true, value: [...new Set(parsed.flatMap((one) => (one.ok ? one.value : [])))] };
  },
};

/**
 * Some of these words, each once; perhaps none.
 * @param instead what was meant by words that people are likely to write
 */
export function someOf<Word extends string>(
  words: readonly Word[],
  instead: Readonly<Record<string, string>> = {},
): Parser<readonly Word[]> {
  const known: readonly string[] = words;
  return {
    expected: `any of ${words.join(', ')}, separated by commas`,
    parse(found) {
      const named = [...new Set(wordsOf(found))];
      const unknown = named.find((word) => !known.includes(word));
      if (unknown === undefined) return { ok: true, value: named as Word[] };
      const near = nearest(unknown.toLowerCase(), words);
      const advice = Object.hasOwn(instead, unknown) ? instead[unknown] : undefined;
      const meant = advice ?? (near === null ? null : `did you mean ${near}?`);
      const why = `${quoted(unknown)} is none of ${words.join(', ')}`;
      return { ok: false, why: meant === null ? why : `${why}; ${meant}` };
    },
  };
}

/** For limits, which without anything in them would be none. */
export function notEmpty<Item>(parser: Parser<readonly Item[]>): Parser<readonly Item[]> {
  return {
    ...parser,
    parse(found, context) {
      const parsed = parser.parse(found, context);
      if (!parsed.ok || parsed.value.length > 0) return parsed;
      const why = `expected ${parser.expected}, found nothing; without the line there is no such limit`;
      return { ok: false, why };
    },
  };
}

/** Between commas, blanks and line ends. */
export function wordsOf(found: string): readonly string[] {
  return found.split(/[\s,]+/).filter((word) => word !== '');
}

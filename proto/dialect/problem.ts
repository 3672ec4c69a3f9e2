/**
 * What is wrong with a configuration, as data, and the one text form of it.
 *
 * A person mends a file once if all faults are told at once, so nothing that reads a configuration
 * stops at the first one or throws: it adds to `Findings`, and whoever asked decides what they mean.
 *
 * There are three kinds. An error: the configuration cannot be used. A warning: somebody may have
 * meant something else, which `--strict` does not let pass. A notice: as it was written, so it is
 * understood, and it is good to know that some of it has no effect.
 */

/** A file as it is named to people, and its absolute directory: what `%(here)s` means in it. */
export interface Source {
  readonly file: string;
  readonly directory: string;
}

/** `line` counts from 1; 0 means the file as a whole. */
export interface Place {
  readonly source: Source;
  readonly line: number;
}

/** What a problem is about; section and key are null where there is none yet. */
export interface Subject {
  readonly place: Place;
  readonly section: string | null;
  readonly key: string | null;
}

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly section: string | null;
  readonly key: string | null;
  readonly message: string;
  /** How to mend it, where that can be said; may have several lines. */
  readonly hint: string | null;
}

/** Text, or how to find it: searching for what was meant takes long where much is wrong. */
type Hint = string | null | (() => string | null);

/** Gathers problems in the order they are met; the same one twice is kept once. */
export interface Findings extends Found {
  readonly error: Tell;
  readonly warning: Tell;
  readonly notice: Tell;
  /** Later ones of the same topic are dropped: one line about the servers, not one for each. */
  readonly noticeOnce: (topic: string, subject: Subject, message: string) => void;
}

export interface Found {
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly notices: readonly Problem[];
}

type Tell = (subject: Subject, message: string, hint?: Hint) => void;

/** Beyond so many problems, hints are no longer searched for. */
const SEARCHED_MAX = 200;

export function createFindings(): Findings {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  const notices: Problem[] = [];
  const seen = new Set<string>();
  const add = (to: Problem[], subject: Subject, message: string, hint: Hint): void => {
    const { place, section, key } = subject;
    const problem = { file: place.source.file, line: place.line, section, key, message };
    const identity = JSON.stringify(problem);
    if (seen.has(identity)) return;
    seen.add(identity);
    const isLate = typeof hint === 'function' && to.length >= SEARCHED_MAX;
    to.push({ ...problem, hint: isLate ? null : textOf(hint) });
  };
  return {
    errors,
    warnings,
    notices,
    error: (subject, message, hint = null) => add(errors, subject, message, hint),
    warning: (subject, message, hint = null) => add(warnings, subject, message, hint),
    notice: (subject, message, hint = null) => add(notices, subject, message, hint),
    noticeOnce: (topic, subject, message) => {
      if (seen.has(topic)) return;
      seen.add(topic);
      add(notices, subject, message, null);
    },
  };
}

const textOf = (hint: Hint): string | null => (typeof hint === 'function' ? hint() : hint);

/** More than this helps nobody: the first ones usually explain the rest. */
const SHOWN_MAX = 50;

/**
 * `agent.conf:12: [program:web] startsecs: expected …, found "ten"`, hints indented below; errors
 * before warnings before notices, each in file order, and a count. Empty where there is nothing to
 * say.
 */
export function formatProblems({
  errors = [],
  warnings = [],
  notices = [],
}: Partial<Found>): string {
  const kinds = [
    { noun: 'error', label: '', problems: errors },
    { noun: 'warning', label: 'warning: ', problems: warnings },
    { noun: 'notice', label: 'notice: ', problems: notices },
  ].filter(({ problems }) => problems.length > 0);
  if (kinds.length === 0) return '';
  return [
    ...kinds.flatMap(({ problems, label }) => formatList(problems, label)),
    kinds.map(({ problems, noun }) => counted(problems.length, noun)).join(', '),
  ].join('\n');
}

/** Longer values are shown by their beginning. */
const QUOTED_MAX = 60;

/** A value as it is shown to people: quoted, shortened, control characters made visible. */
export function quoted(text: string): string {
  return text === '' ? 'nothing' : `"${printable(shortened(text))}"`;
}

function formatList(problems: readonly Problem[], label: string): readonly string[] {
  const lines = inFileOrder(problems)
    .slice(0, SHOWN_MAX)
    .flatMap((one) => formatOne(one, label));
  const more = problems.length - SHOWN_MAX;
  return more > 0 ? [...lines, `… and ${more} more like these`] : lines;
}

function formatOne(problem: Problem, label: string): readonly string[] {
  const where = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file;
  const section = problem.section === null ? '' : `[${shortened(problem.section)}] `;
  const key = problem.key === null ? '' : `${shortened(problem.key)}: `;
  const hint = problem.hint === null ? [] : problem.hint.split('\n');
  return [
    printable(`${where}: ${label}${section}${key}${problem.message}`),
    ...hint.map((line) => `    ${printable(line)}`),
  ];
}

/** Files stay in the order in which they were first spoken of, that is, of reading. */
function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  const rank = new Map<string, number>();
  for (const { file } of problems) if (!rank.has(file)) rank.set(file, rank.size);
  const rankOf = (problem: Problem): number => rank.get(problem.file) ?? 0;
  return problems.toSorted((a, b) => rankOf(a) - rankOf(b) || a.line - b.line);
}

const shortened = (name: string): string =>
  name.length > QUOTED_MAX ? `${name.slice(0, QUOTED_MAX)}…` : name;

/** Otherwise a hostile file could write escape sequences to the terminal of whoever checks it. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '\n') return '\\n';
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/**
 * What `fleetctl --local [--socket PATH] VERB …` says. Behind the verb the grammar is
 * supervisorctl's, where `-5` is a number of bytes and `-HUP` a bad signal; only our own few options
 * are recognised anywhere.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';

const LOCAL = '--local';

export type LocalFormat = 'table' | 'json' | 'jsonl';
const FORMATS: readonly LocalFormat[] = ['table', 'json', 'jsonl'];

/** Options of single verbs; `verbs/table.ts` knows of which. */
export const VERB_OPTIONS = ['--for', '--reason'] as const;
export type VerbOption = (typeof VERB_OPTIONS)[number];
export type VerbOptions = Readonly<Partial<Record<VerbOption, string>>>;

export interface LocalLine {
  readonly kind: 'line';
  /** Null: the default. */
  readonly socket: string | null;
  readonly format: LocalFormat;
  readonly wantsHelp: boolean;
  /** Each as typed, blanks included. */
  readonly options: VerbOptions;
  /** Without blanks; the first is the verb. */
  readonly words: readonly string[];
}

export type LocalArguments = LocalLine | { readonly kind: 'wrong'; readonly refusal: Refusal };

/** Whether this host's own agent is meant, wherever it is said. */
export function isLocal(words: readonly string[]): boolean {
  return beforeDashes(words).includes(LOCAL);
}

/** @param words the command line without node and script */
export function parseLocalArguments(words: readonly string[]): LocalArguments {
  const options = beforeDashes(words);
  const rest: string[] = [];
  const given = new Map<string, string>();
  for (let index = 0; index < options.length; index++) {
    const word = options[index] as string;
    const option = optionOf(word);
    if (option === null) {
      const unknown = unknownOption(word, rest.length > 0);
      if (unknown !== null) return wrong(unknown);
      rest.push(word);
    } else if (option.takesValue) {
      const value = option.value ?? options[++index];
      const problem = valueProblem(option.name, value, given);
      if (problem !== null) return wrong(problem);
      given.set(option.name, value as string);
    } else {
      given.set(option.name, '');
    }
  }
  return {
    kind: 'line',
    socket: given.get('--socket') ?? null,
    format: (given.get('--output') ?? 'table') as LocalFormat,
    wantsHelp: given.has('--help'),
    options: Object.fromEntries(
      VERB_OPTIONS.flatMap((option) => {
        const value = given.get(option);
        return value === undefined ? [] : [[option, value]];
      }),
    ),
    words: wordsOf([...rest, ...words.slice(options.length + 1)]),
  };
}

interface Option {
  readonly name: string;
  readonly takesValue: boolean;
  /** Of `--socket=PATH`; null where the next word is it. */
  readonly value: string | null;
}

function optionOf(word: string): Option | null {
  if (word === LOCAL) return { name: LOCAL, takesValue: false, value: null };
  if (word === '-h' || word === '--help') return { name: '--help', takesValue: false, value: null };
  const [, name, value] = /^(--socket|--output|-o|--for|--reason)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === undefined) return null;
  return { name: name === '-o' ? '--output' : name, takesValue: true, value: value ?? null };
}

/** Before the verb every dash is an option; behind it only what looks like one of ours. */
function unknownOption(word: string, isBehindVerb: boolean): Refusal | null {
  if (!(isBehindVerb ? /^--[a-z]/i : /^-/).test(word)) return null;
  const [name = ''] = word.split('=');
  const near = nearest(name, [LOCAL, '--socket', '--output', '--help', ...VERB_OPTIONS]);
  return usage(`unknown option ${JSON.stringify(name)} with ${LOCAL}`, {
    fix: near === null ? `fleetctl ${LOCAL} help shows what there is` : `did you mean ${near}?`,
  });
}

function valueProblem(
  name: string,
  value: string | undefined,
  given: ReadonlyMap<string, string>,
): Refusal | null {
  if (given.has(name)) return usage(`${name} is given twice`);
  if (value === undefined || value === '') {
    const expected = EXPECTED[name] ?? FORMATS.join(', ');
    return usage(`${name} needs a value`, { cause: `expected is ${expected}` });
  }
  if (name !== '--output' || (FORMATS as readonly string[]).includes(value)) return null;
  return usage(`${name} ${JSON.stringify(value)} is not understood`, {
    cause: `expected is one of ${FORMATS.join(', ')}`,
  });
}

const EXPECTED: Readonly<Record<string, string>> = {
  '--socket': 'a path',
  '--for': 'how long, such as 2h',
  '--reason': 'a text, in quotes where it has blanks',
};

/** supervisorctl reads its words as one line, so `'start web db'` is three of them. */
function wordsOf(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
}

function beforeDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}

function usage(message: string, more: { cause?: string; fix?: string } = {}): Refusal {
  return refusal('usage', message, more);
}

const wrong = (because: Refusal): LocalArguments => ({ kind: 'wrong', refusal: because });

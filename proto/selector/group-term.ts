/**
 * `@NAME`: a group that the controller's configuration defines; `@key:value`: the hosts that carry
 * a label, as a group that must not be empty; `@*`: the whole fleet, the only way to say so.
 */
import { keyProblem } from './label-term.ts';
import { type Mistake, mistake } from './mistake.ts';
import { expandRanges } from './ranges.ts';
import { endsTerm, peek, type Reader, readName, readValue } from './reader.ts';
import type { Term } from './syntax.ts';

const UNFIT_IN_NAME = /[^\w.-]/u;
const UNFIT_IN_VALUE = /[^\p{L}\p{N}_./:@%+~-]/u;

/** The reader stands behind the `@`, which stood at `at`. */
export function readGroup(reader: Reader, at: number): Term | Mistake {
  if (peek(reader) === '*') {
    reader.at += 1;
    if (endsTerm(peek(reader))) return { kind: 'everything', at };
    return mistake(reader.at, 'after @*, the whole fleet, an operator is missing');
  }
  const wordAt = reader.at;
  const word = readName(reader);
  const colon = word.indexOf(':');
  if (colon !== -1) return readLabelGroup(reader, word, colon, at);
  if (word === '') return mistake(wordAt, 'the name of a group is missing here, for example @web');
  const wildcard = word.search(/[*?]/);
  if (wildcard !== -1) {
    const fix = 'labels take patterns, for example env=pro*; the whole fleet is spelled @*';
    return mistake(wordAt + wildcard, 'groups are named in full, or by ranges', fix);
  }
  const what = 'the name of a group';
  const names = expandRanges(word, wordAt, { unfit: UNFIT_IN_NAME, what });
  return 'kind' in names ? names : { kind: 'groups', at, names };
}

function readLabelGroup(reader: Reader, word: string, colon: number, at: number): Term | Mistake {
  const key = word.slice(0, colon);
  const wrong = keyProblem(key, at + 1);
  if (wrong !== null) return wrong;
  const text = word.slice(colon + 1);
  const valueAt = at + 1 + colon + 1;
  if (text === '') {
    const quoted = readValue(reader, `@${key}:prod`);
    return 'kind' in quoted ? quoted : { kind: 'labelGroups', at, key, values: [quoted.value] };
  }
  const what = 'a value without quotation marks';
  const values = expandRanges(text, valueAt, { unfit: UNFIT_IN_VALUE, what });
  return 'kind' in values ? values : { kind: 'labelGroups', at, key, values };
}

/** One term of a selector: its first characters say of which sort it is. */
import { nearest } from '../dialect/did-you-mean.ts';
import { hasWildcard } from '../wildcard.ts';
import { readGroup } from './group-term.ts';
import { readLabelCondition } from './label-term.ts';
import { WORD_LENGTH_MAX } from './limits.ts';
import { readLive } from './live-term.ts';
import { type Mistake, mistake } from './mistake.ts';
import { readOutcome } from './outcome-term.ts';
import { expandRanges, unfitCharacter } from './ranges.ts';
import { endsTerm, looksAt, peek, type Reader, readBare, readName, readQuoted } from './reader.ts';
import { readRegex } from './regex-term.ts';
import type { Complement, Term } from './syntax.ts';

/** The reader stands at its first character, which is no space. */
export function readTerm(reader: Reader): Term | Complement | Mistake {
  const at = reader.at;
  const first = peek(reader);
  if (first === '@' || first === '~') {
    reader.at += 1;
    return first === '@' ? readGroup(reader, at) : readRegex(reader, at);
  }
  if (first === '-' && endsTerm(reader.text[at + 1])) {
    reader.at += 1;
    return { kind: 'list', at, end: reader.at, path: null };
  }
  const plain = looksAt(reader, PLAIN_NAME);
  if (plain !== null) {
    reader.at += plain.length;
    return { kind: 'names', at, names: [plain] };
  }
  const prefix = looksAt(reader, /[A-Za-z_]\w{0,31}:/y);
  if (prefix === null) return readNameOrCondition(reader, at);
  if (!isPrefix(prefix)) return unknownPrefix(prefix, at);
  reader.at += prefix.length;
  return READERS[prefix](reader, at);
}

/** The most of long lists: a host name behind which no condition can follow. */
const PLAIN_NAME = /[\w.-]{1,255}(?=[,&^)]|$)/y;

const READERS = {
  'ip:': readNetwork,
  'proc:': readLive,
  'op:': readOutcome,
  'file:': readList,
} as const satisfies Record<string, (reader: Reader, at: number) => Term | Mistake>;

const isPrefix = (text: string): text is keyof typeof READERS => Object.hasOwn(READERS, text);

function unknownPrefix(prefix: string, at: number): Mistake {
  const near = nearest(prefix, Object.keys(READERS));
  const known = `${Object.keys(READERS).join(', ')} and @key:value`;
  const fix = near === null ? null : `did you mean ${near}?`;
  return mistake(at, `${prefix} is not known; there are ${known}`, fix);
}

const UNFIT_IN_NAME = /[^\w.*?-]/u;

function readNameOrCondition(reader: Reader, at: number): Term | Complement | Mistake {
  const word = readName(reader);
  const condition = readLabelCondition(reader, word, at);
  if (condition !== null) return condition;
  const what = 'the name of a host';
  const stopped = peek(reader);
  if (stopped !== undefined && (word === '' || !endsTerm(stopped))) {
    return unfitCharacter(stopped, reader.at, what);
  }
  const names = expandRanges(word, at, { unfit: UNFIT_IN_NAME, what });
  if ('kind' in names) return names;
  return hasWildcard(word) ? { kind: 'globs', at, globs: names } : { kind: 'names', at, names };
}

/** What it means is judged by `network.ts`, where the package is that fleetctl does without. */
function readNetwork(reader: Reader, at: number): Term | Mistake {
  const networkAt = reader.at;
  const network = readBare(reader, '');
  const example = 'for example ip:10.0.0.0/8 or ip:fd00::/8';
  if (network === '') return mistake(networkAt, `an address is missing here, ${example}`);
  if (network.length > WORD_LENGTH_MAX)
    return mistake(networkAt, `an address has at most ${WORD_LENGTH_MAX} characters`);
  return { kind: 'network', at, network };
}

function readList(reader: Reader, at: number): Term | Mistake {
  const pathAt = reader.at;
  let path: string;
  if (peek(reader) === '"') {
    const quoted = readQuoted(reader);
    if ('kind' in quoted) return quoted;
    path = quoted.raw.replace(/\\(.)/gsu, '$1');
  } else {
    path = readBare(reader, '"');
  }
  if (path === '') return mistake(pathAt, 'a path is missing here, for example file:hosts.txt');
  return { kind: 'list', at, end: reader.at, path };
}

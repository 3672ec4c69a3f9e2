/**
 * The kinds of values that keys have: each knows how to read its text and how to say what it
 * expects. Where a key is Supervisor's, the rule is Supervisor's (datatypes.py).
 */
import { isAbsolute, join } from 'node:path/posix';
import { LABEL_LENGTH_MAX, LABELS_MAX } from '../text-limits.ts';
import { parseKeyValues } from './environment.ts';
import { quoted } from './problem.ts';
import type { Parsed, Parser } from './settings.ts';
import { strip } from './white-space.ts';
import { octalNumber, wholeNumber } from './whole-number.ts';

export interface Address {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** As a gRPC target and for people: an IPv6 address gets its brackets. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const right = <Value>(value: Value): Parsed<Value> => ({ ok: true, value });
const WRONG = { ok: false } as const;

export const boolean: Parser<boolean> = {
  expected: 'true or false (also yes/no, on/off, 1/0)',
  parse: (text) => {
    const lower = text.toLowerCase();
    if (TRUTHY.includes(lower)) return right(true);
    return FALSY.includes(lower) ? right(false) : WRONG;
  },
};

export const TRUTHY: readonly string[] = ['yes', 'true', 'on', '1'];
export const FALSY: readonly string[] = ['no', 'false', 'off', '0'];

export function integer(limits: {
  readonly min: number;
  readonly max?: number;
  /** What is counted, as in "a number of processes". */
  readonly meaning?: string;
}): Parser<number> {
  const { min, max = Number.MAX_SAFE_INTEGER, meaning = 'a whole number' } = limits;
  const range = max === Number.MAX_SAFE_INTEGER ? `≥ ${min}` : `${min} to ${max}`;
  const lowest = min === Number.MIN_SAFE_INTEGER ? '' : ` (${range})`;
  return {
    expected: `${meaning}${lowest}`,
    parse: (text) => {
      const value = wholeNumber(text);
      return value === null || value < min || value > max ? WRONG : right(value);
    },
  };
}

/**
 * Written in seconds, read as milliseconds. A century at most: it says "never" and still can be
 * added to a time. Beware that Node's timers hold 24 days.
 */
export const seconds: Parser<number> = {
  expected: 'seconds (a whole number ≥ 0)',
  parse: (text) => {
    const value = wholeNumber(text);
    return value === null || value < 0 || value > SECONDS_MAX ? WRONG : right(value * 1000);
  },
};
const SECONDS_MAX = 100 * 366 * 86_400;

export const bytes: Parser<number> = {
  expected: 'a size (bytes, or a whole number with KB, MB or GB)',
  parse: (text) => {
    const unit = BYTE_UNITS[text.slice(-2).toLowerCase()];
    const count = wholeNumber(unit === undefined ? text : text.slice(0, -2));
    if (count === null) return WRONG;
    // Some write -1 for "no limit", which Supervisor takes as it takes 0.
    if (count < 0) return { ok: true, value: 0, doubt: 'a negative size means the same as 0' };
    const value = count * (unit ?? 1);
    return Number.isSafeInteger(value) ? right(value) : WRONG;
  },
};
const BYTE_UNITS: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** File permissions that are taken away, as in `022`. */
export const umask: Parser<number> = {
  expected: 'an octal number from 000 to 777',
  parse: (text) => {
    const value = octalNumber(text);
    return value === null || value < 0 || value > 0o777 ? WRONG : right(value);
  },
};

/** Any text but none at all. */
export const text = (expected: string): Parser<string> => ({
  expected,
  parse: (found) => (found === '' ? WRONG : right(found)),
});

/** Items between commas or line ends; empty ones do not count. */
export const list = (expected: string): Parser<readonly string[]> => ({
  expected,
  parse: (found) => right(items(found)),
});

/** At least one item, each read by the parser of one. */
export const listOf = <Value>(item: Parser<Value>): Parser<readonly Value[]> => ({
  expected: `one or several of ${item.expected}, separated by commas`,
  parse: (found, context) => {
    const parsed = items(found).map((one) => item.parse(one, context));
    const values = parsed.flatMap((one) => (one.ok ? [one.value] : []));
    return values.length === 0 || values.length < parsed.length ? WRONG : right(values);
  },
});

/**
 * Absolute; a relative one counts from the directory of the file it stands in, unlike in
 * Supervisor's sections, where it counts from wherever the daemon was started.
 */
export const path = (meaning: string): Parser<string> => ({
  expected: meaning,
  parse: (found, { here, home }) => {
    if (found === '' || found.includes('\n')) return WRONG;
    const expanded = expandHome(found, home);
    return right(isAbsolute(expanded) ? expanded : join(here, expanded));
  },
});

/**
 * `~/x` where HOME is known. Other users' homes (`~other/x`) are not looked up. Nothing else of the
 * path changes: where a link is in it, `a/../b` is not `b`.
 */
export function expandHome(found: string, home: string | null): string {
  if (home === null || (found !== '~' && !found.startsWith('~/'))) return found;
  return home.replace(/\/+$/, '') + found.slice(1) || '/';
}

/** Where to connect to. */
export const address: Parser<Address> = {
  expected: 'host:port (an IPv6 address in brackets, [::1]:7460)',
  parse: (found) => {
    const parsed = splitAddress(found);
    return parsed === null || parsed.host === '' || parsed.port === 0 ? WRONG : right(parsed);
  },
};

/** Where to listen: no host or `*` is every IPv4 address, port 0 any free port. */
export const listenAddress: Parser<Address> = {
  expected: 'host:port (0.0.0.0 for every address; an IPv6 address in brackets, [::]:7460)',
  parse: (found) => {
    const parsed = splitAddress(found.replace(/^\*?:/, '0.0.0.0:'));
    return parsed === null || parsed.host === '' ? WRONG : right(parsed);
  },
};

/** Supervisor's `environment`. Its problems never show a value: it may be a secret. */
export const environment: Parser<ReadonlyMap<string, string>> = {
  expected: 'KEY="value" pairs, separated by commas',
  parse: (found) => {
    const parsed = parseKeyValues(found);
    if (!parsed.ok) return { ok: false, why: parsed.why };
    return { ok: true, value: parsed.values, doubt: parsed.doubt };
  },
};

/** `env="prod",role="web"`: names that a selector can spell, values of one line. */
export const labels: Parser<Readonly<Record<string, string>>> = {
  expected: 'name="value" pairs, separated by commas',
  parse: (found) => {
    const parsed = parseKeyValues(found);
    if (!parsed.ok) return { ok: false, why: parsed.why };
    const entries = [...parsed.values];
    const tooMuch = labelsTooMuch(entries);
    if (tooMuch !== null) return { ok: false, why: tooMuch };
    const areFit = entries.every(
      ([name, value]) => LABEL_NAME.test(name) && LABEL_VALUE.test(value),
    );
    if (!areFit) return WRONG;
    return { ok: true, value: Object.fromEntries(parsed.values), doubt: parsed.doubt };
  },
};
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const LABEL_VALUE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;
const LABEL_NAME_LENGTH_MAX = 63;

/** What the controller would not take; null where it would. */
function labelsTooMuch(entries: readonly (readonly [string, string])[]): string | null {
  if (entries.length > LABELS_MAX) {
    return `${entries.length} labels are too many; a host may have ${LABELS_MAX}`;
  }
  for (const [name, value] of entries) {
    if (name.length > LABEL_NAME_LENGTH_MAX) {
      return `the label ${quoted(name.slice(0, 20))}… has a name of ${name.length} characters; at most ${LABEL_NAME_LENGTH_MAX} are taken`;
    }
    if (value.length > LABEL_LENGTH_MAX) {
      return `the label ${quoted(name)} has a value of ${value.length} characters; at most ${LABEL_LENGTH_MAX} are taken`;
    }
  }
  return null;
}

const items = (found: string): readonly string[] =>
  found
    .split(/[,\n]/)
    .map(strip)
    .filter((item) => item !== '');

function splitAddress(found: string): Address | null {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(found);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? null : { host: match[1] ?? match[2] ?? '', port };
}

/**
 * What processes are like now: `proc:web.state!=RUNNING`, `proc:shop:*.uptime<5m`. True of a host
 * if at least one of its processes that are meant is so; a host without such a process never is.
 * What a process does not have (an exit code while it has never ended, an uptime while it is down)
 * satisfies no comparison, `!=` neither.
 */
import { nearest } from '../dialect/did-you-mean.ts';
import { PROCESS_STATES, type ProcessStatus } from '../vocabulary.ts';
import { WORD_LENGTH_MAX } from './limits.ts';
import { clipped, type Mistake, mistake } from './mistake.ts';
import { looksAt, type Reader, readBare, readValue, skipSpace } from './reader.ts';
import type { Comparison, LiveCondition, LiveTerm } from './syntax.ts';

const FIELDS = ['state', 'restarts', 'uptime', 'exitcode', 'signal'] as const;
type Field = (typeof FIELDS)[number];

const UNREACHABLE = 'UNREACHABLE';
const STATES: readonly string[] = [...PROCESS_STATES, UNREACHABLE];

/** The reader stands behind `proc:`, which began at `at`. */
export function readLive(reader: Reader, at: number): LiveTerm | Mistake {
  const subjectAt = reader.at;
  const subject = readBare(reader, '"=<>');
  const dot = subject.lastIndexOf('.');
  const process = subject.slice(0, Math.max(0, dot));
  if (process === '') {
    return mistake(subjectAt, 'expected PROCESS.FIELD, for example proc:web.state=RUNNING');
  }
  const field = subject.slice(dot + 1);
  const fieldAt = subjectAt + dot + 1;
  if (!isField(field)) return unknownField(field, fieldAt);
  if (process.length > WORD_LENGTH_MAX) {
    return mistake(subjectAt, `the name of a process has at most ${WORD_LENGTH_MAX} characters`);
  }
  skipSpace(reader);
  const comparisonAt = reader.at;
  const comparison = looksAt(reader, /[<>]=?|!?=/y) as Comparison | null;
  if (comparison === null) {
    const all = '=, !=, <, <=, > or >=';
    return mistake(comparisonAt, `a comparison is missing here: ${all}`, example(field));
  }
  reader.at += comparison.length;
  if (isTextual(field) && comparison !== '=' && comparison !== '!=') {
    return mistake(comparisonAt, `${field} is compared by = or !=, for it has no order`);
  }
  skipSpace(reader);
  const valueAt = reader.at;
  const found = readValue(reader, `${field}${EXAMPLES[field]}`);
  if ('kind' in found) return found;
  const condition = conditionOf(field, found.value, valueAt);
  return condition.kind === 'mistake'
    ? condition
    : { kind: 'live', at, process, comparison, condition: condition.condition };
}

/** @returns whether one process, of a host that is connected or not, satisfies it */
export function compileCondition(
  { comparison, condition }: LiveTerm,
  nowMs: number,
): (status: ProcessStatus, isConnected: boolean) => boolean {
  const compare = COMPARE[comparison];
  return (status, isConnected) => {
    const found = FIELD_VALUES[condition.field](status, isConnected, nowMs);
    return found !== null && compare(found, condition.value);
  };
}

type Value = string | number;

const COMPARE = {
  '=': (found, value) => found === value,
  '!=': (found, value) => found !== value,
  '<': (found, value) => found < value,
  '<=': (found, value) => found <= value,
  '>': (found, value) => found > value,
  '>=': (found, value) => found >= value,
} as const satisfies Record<Comparison, (found: Value, value: Value) => boolean>;

/** Of a host that is away, what was heard last, but no uptime: nobody knows whether it still runs. */
const FIELD_VALUES = {
  state: ({ state }, isConnected) => (isConnected ? state : UNREACHABLE),
  restarts: ({ restarts }) => restarts,
  exitcode: ({ exitCode }) => exitCode,
  signal: ({ exitSignal }) => exitSignal?.toUpperCase() ?? null,
  uptime: ({ pid, startedAtMs }, isConnected, nowMs) =>
    isConnected && pid !== null && startedAtMs !== null ? nowMs - startedAtMs : null,
} as const satisfies Record<
  Field,
  (status: ProcessStatus, isConnected: boolean, nowMs: number) => Value | null
>;

const EXAMPLES: Readonly<Record<Field, string>> = {
  state: '=RUNNING',
  restarts: '>3',
  exitcode: '!=0',
  signal: '=KILL',
  uptime: '<5m',
};

const example = (field: Field): string => `for example proc:web.${field}${EXAMPLES[field]}`;

const isField = (text: string): text is Field => (FIELDS as readonly string[]).includes(text);
const isTextual = (field: Field): boolean => field === 'state' || field === 'signal';

function unknownField(field: string, at: number): Mistake {
  const near = nearest(field, FIELDS);
  const found = field === '' ? 'a field is missing here' : `no field is called ${field}`;
  const fix = near === null ? null : `did you mean ${near}?`;
  return mistake(at, `${found}; there are ${FIELDS.join(', ')}`, fix);
}

type ConditionRead = { readonly kind: 'condition'; readonly condition: LiveCondition } | Mistake;

function conditionOf(field: Field, text: string, at: number): ConditionRead {
  switch (field) {
    case 'state':
      return stateCondition(text, at);
    case 'signal': {
      const signal = text.toUpperCase().replace(/^SIG/, '');
      if (/^[A-Z][A-Z0-9+-]*$/.test(signal)) return read({ field, value: signal });
      return mistake(at, 'expected the name of a signal, for example KILL');
    }
    case 'uptime': {
      const durationMs = durationOf(text);
      if (durationMs !== null) return read({ field, value: durationMs });
      return mistake(at, 'expected a time such as 90 (seconds), 5m, 2h or 1d');
    }
    case 'restarts':
    case 'exitcode':
      if (/^\d{1,15}$/.test(text)) return read({ field, value: Number(text) });
      return mistake(at, 'expected a whole number');
  }
}

const read = (condition: LiveCondition): ConditionRead => ({ kind: 'condition', condition });

function stateCondition(text: string, at: number): ConditionRead {
  const state = text.toUpperCase();
  if (STATES.includes(state)) return read({ field: 'state', value: state });
  const near = nearest(state, STATES);
  const fix = near === null ? `there are ${STATES.join(', ')}` : `did you mean ${near}?`;
  return mistake(at, `no state is called ${clipped(text)}`, fix);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function durationOf(text: string): number | null {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text);
  return match === null ? null : Number(match[1]) * (UNITS_MS[match[2] || 's'] ?? 0);
}

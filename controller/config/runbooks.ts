/**
 * `[runbook:NAME]` of `controller.conf`: operations that are saved under a name, to be run as
 * `fleetctl run NAME`. Each key is spelled as the option of fleetctl; what could not be carried out
 * whatever the fleet is like is told when the file is read.
 */
import { processPatterns, signal } from '../../proto/access-values.ts';
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  findEntry,
  isWhole,
  optional,
  type Parser,
  type ReadContext,
  readPartly,
  required,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { boolean, text } from '../../proto/dialect/values.ts';
import { ORDERS, type Runbook } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import {
  isNotUnderstood,
  type NotUnderstood,
  parseAmount,
  parseBatch,
  parseCanary,
  parseDuration,
  parseOffline,
  parseOnError,
  parseWait,
} from '../../proto/strategy-text.ts';
import { REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { operationId, VERBS } from '../../proto/vocabulary.ts';
import { requestProblem } from '../core/request-problem.ts';
import { hostGroupNames } from './host-groups.ts';
import { checkSavedTerms, readSavedSelector } from './selector-setting.ts';

const PREFIX = 'runbook:';

export const isRunbook = (section: IniSection): boolean => section.name.startsWith(PREFIX);

/** In the order of the file. Those that are wrong are told, and left out. */
export function readRunbooks(
  document: IniDocument,
  context: ReadContext,
): ReadonlyMap<string, Runbook> {
  const groups = hostGroupNames(document);
  const runbooks = [...document.sections.values()]
    .filter(isRunbook)
    .flatMap((section) => readRunbook(section, groups, context) ?? []);
  return new Map(runbooks.map((runbook) => [runbook.name, runbook]));
}

/** What can be typed after `fleetctl run` without quotation marks, and is no option. */
const NAME = /^[A-Za-z0-9_][\w.-]{0,62}$/;

const remark: Parser<string> = {
  expected: `a text of at most ${REMARK_LENGTH_MAX} characters`,
  parse: (found) =>
    found.length <= REMARK_LENGTH_MAX ? { ok: true, value: found } : { ok: false },
};

const RUNBOOK = {
  description: optional(remark, ''),
  verb: required(oneOf(VERBS)),
  signal: optional(signal, null),
  processes: optional(processPatterns, []),
  hosts: required(text('a selector of hosts, for example @web or env=prod')),
  order: optional(oneOf(ORDERS), 'tier' as const),
  full_stop: optional(boolean, false),
  reason: optional(remark, ''),
  batch: optional(typed(parseBatch), DEFAULT_STRATEGY.batch),
  canary: optional(typed(parseCanary), DEFAULT_STRATEGY.canary),
  batch_wait: optional(typed(parseWait), DEFAULT_STRATEGY.batchWaitMs),
  max_errors: optional(typed(parseAmount), DEFAULT_STRATEGY.maxErrors),
  max_unreachable: optional(typed(parseAmount), DEFAULT_STRATEGY.maxUnreachable),
  min_healthy_time: optional(typed(parseWait), DEFAULT_STRATEGY.minHealthyMs),
  on_error: optional(typed(parseOnError), DEFAULT_STRATEGY.onError),
  offline: optional(typed(parseOffline), DEFAULT_STRATEGY.offline),
  deadline: optional(typed(parseDuration), DEFAULT_STRATEGY.deadlineMs),
  lock_wait: optional(typed(parseWait), DEFAULT_STRATEGY.lockWaitMs),
};
type RunbookValues = Values<typeof RUNBOOK>;

function readRunbook(
  section: IniSection,
  groups: readonly string[],
  context: ReadContext,
): Runbook | null {
  const { findings } = context;
  checkKeys(section, { known: Object.keys(RUNBOOK), notYet: [], unknownIs: 'error' }, findings);
  const name = section.name.slice(PREFIX.length);
  if (!NAME.test(name)) {
    const message = `expected a name of letters, digits, dots, dashes and underscores after "runbook:", found ${quoted(name)}`;
    findings.error(subjectOf(section, null), message);
  }
  const values = readPartly(section, RUNBOOK, context);
  if (values.hosts !== undefined) {
    const saved = readSavedSelector(section, values.hosts, context);
    if (saved !== null) checkSavedTerms('a runbook', saved, groups, context);
  }
  const found = [...contradictions(values)];
  for (const { key, why } of found) {
    const subject = subjectOf(section, findEntry(section, key, context.defaults));
    findings.error({ ...subject, key }, why);
  }
  if (!isWhole(values, RUNBOOK) || found.length > 0) return null;
  const runbook = runbookOf(name, values);
  const refused = requestProblem({
    ...runbook,
    id: operationId(''),
    expectHosts: null,
    allowedOnly: false,
  });
  if (refused !== null) {
    const why = refused.cause === null ? '' : `: ${refused.cause}`;
    findings.error(subjectOf(section, null), `${refused.message}${why}`, refused.fix);
  }
  return runbook;
}

function runbookOf(name: string, values: RunbookValues): Runbook {
  const { description, verb, signal: sent, processes: patterns, hosts, order, reason } = values;
  return {
    ...{ name, description, verb, signal: sent, hosts, processes: patterns, order, reason },
    fullStop: values.full_stop,
    strategy: strategyOf(values),
  };
}

function strategyOf(values: RunbookValues): Strategy {
  return {
    batch: values.batch,
    canary: values.canary,
    batchWaitMs: values.batch_wait,
    maxErrors: values.max_errors,
    maxUnreachable: values.max_unreachable,
    minHealthyMs: values.min_healthy_time,
    onError: values.on_error,
    offline: values.offline,
    deadlineMs: values.deadline,
    lockWaitMs: values.lock_wait,
  };
}

/**
 * Keys that are right, each by itself, and do not go together. Whatever else the core would refuse is
 * told after it, but without a key.
 * @param values without those that are wrong
 */
function* contradictions(
  values: Partial<RunbookValues>,
): Iterable<{ readonly key: keyof RunbookValues; readonly why: string }> {
  const { verb, order, canary, processes: patterns, signal: sent, full_stop: fullStop } = values;
  if (fullStop === true && canary !== undefined && canary > 0) {
    yield { key: 'canary', why: 'does not go with full_stop, which stops everything first' };
  }
  if (verb === undefined) return;
  if (verb === 'signal' && sent === null) {
    yield { key: 'verb', why: 'with signal, the key signal must say which' };
  }
  if (verb !== 'signal' && typeof sent === 'string') {
    yield { key: 'signal', why: `goes with verb = signal, not with ${verb}` };
  }
  if (verb !== 'update' && patterns?.length === 0) {
    yield { key: 'processes', why: `with ${verb}, say which processes; all are spelled all` };
  }
  if (verb !== 'restart' && fullStop === true) {
    yield { key: 'full_stop', why: `goes with verb = restart, not with ${verb}` };
  }
  if (verb === 'update' && order === 'host') {
    yield { key: 'order', why: 'does not go with verb = update, which is about whole hosts' };
  }
}

/** As fleetctl reads it on its command line. */
function typed<Value>(read: (found: string) => Value | NotUnderstood): Parser<Value> {
  return {
    expected: 'what the option of the same name takes',
    isLiteral: true,
    parse(found) {
      const value = read(found);
      if (!isNotUnderstood(value)) return { ok: true, value: value as Value };
      return { ok: false, why: `expected ${value.expected}, found ${quoted(found)}` };
    },
  };
}

function oneOf<Word extends string>(words: readonly Word[]): Parser<Word> {
  const expected = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return {
    expected,
    parse(found) {
      const word = words.find((known) => known === found);
      if (word !== undefined) return { ok: true, value: word };
      const near = nearest(found, words);
      const why = `expected ${expected}, found ${quoted(found)}`;
      return { ok: false, why: near === null ? why : `${why}; did you mean ${near}?` };
    },
  };
}

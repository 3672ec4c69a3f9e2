/**
 * `healthcheck` and how often it is made. The meanings and defaults are those of compose files, in
 * which people have written such checks for years.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import type { IniSection } from '../../proto/dialect/ini.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import {
  optional,
  type Parsed,
  type Parser,
  type ReadContext,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { address, integer, seconds } from '../../proto/dialect/values.ts';
import { strip } from '../../proto/dialect/white-space.ts';
import { splitWords } from '../../proto/dialect/words.ts';
import type { HealthCheck, HealthProbe } from '../core/definition.ts';

const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_RETRIES = 3;

const healthProbe: Parser<HealthProbe | null> = {
  expected: 'exec COMMAND, http URL, tcp PORT, tcp HOST:PORT or none',
  parse: (text, context) => {
    const written = strip(text);
    if (written === '' || written.toLowerCase() === 'none') return { ok: true, value: null };
    const [, kind = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(written) ?? [];
    switch (kind.toLowerCase()) {
      case 'exec':
        return execProbe(rest);
      case 'http':
        return httpProbe(rest);
      case 'tcp':
        return tcpProbe(rest, context);
      default:
        return { ok: false, why: unknownKind(kind, written) };
    }
  },
};

/** Nobody waits for an answer that long, and without a pause between two the checks would spin. */
const someSeconds: Parser<number> = {
  expected: 'seconds (a whole number ≥ 1)',
  parse: (text, context) => {
    const parsed = seconds.parse(text, context);
    return parsed.ok && parsed.value > 0 ? parsed : { ok: false };
  },
};

export const healthTable = {
  healthcheck: optional(healthProbe, null),
  healthcheck_interval: optional(someSeconds, DEFAULT_INTERVAL_MS),
  healthcheck_timeout: optional(someSeconds, DEFAULT_TIMEOUT_MS),
  healthcheck_retries: optional(integer({ min: 1 }), DEFAULT_RETRIES),
};

type HealthValues = Values<typeof healthTable>;

export function defineHealthCheck(values: HealthValues): HealthCheck | null {
  if (values.healthcheck === null) return null;
  return {
    probe: values.healthcheck,
    intervalMs: values.healthcheck_interval,
    timeoutMs: values.healthcheck_timeout,
    retries: values.healthcheck_retries,
  };
}

/** A limit of its own that a section gives to a check that it does not have. */
export function warnOfHealthCheck(
  section: IniSection,
  { healthcheck }: Partial<HealthValues>,
  { findings }: ReadContext,
): void {
  if (healthcheck !== null) return;
  for (const key of Object.keys(healthTable)) {
    const entry = section.entries.get(key);
    if (key === 'healthcheck' || entry === undefined) continue;
    findings.warning(subjectOf(section, entry), 'has no effect without healthcheck');
  }
}

const wrong = (why: string): Parsed<HealthProbe> => ({ ok: false, why });

function execProbe(command: string): Parsed<HealthProbe> {
  if (command === '') return wrong('expected a command after exec, found nothing');
  const split = splitWords(command);
  if (!split.ok) return wrong(`the command cannot be split into words: ${split.why}`);
  if (split.words[0] === '') return wrong('expected a command after exec, found an empty word');
  return { ok: true, value: { kind: 'exec', command } };
}

function httpProbe(text: string): Parsed<HealthProbe> {
  // The parser of URLs would pass over white space within one.
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) {
    return wrong(`expected http://… or https://… after http, found ${quoted(text)}`);
  }
  return { ok: true, value: { kind: 'http', url: text } };
}

function tcpProbe(text: string, context: Parameters<Parser<unknown>['parse']>[1]) {
  const whole = /^\d+$/.test(text) ? `127.0.0.1:${text}` : text;
  const parsed = address.parse(whole, context);
  if (!parsed.ok) return wrong(`expected PORT or HOST:PORT after tcp, found ${quoted(text)}`);
  return { ok: true, value: { kind: 'tcp', ...parsed.value } } as const;
}

function unknownKind(kind: string, written: string): string {
  const expected = `expected ${healthProbe.expected}, found ${quoted(written)}`;
  if (/^https?:\/\//i.test(written)) return `${expected}; write http in front of the URL`;
  const near = nearest(kind, ['exec', 'http', 'tcp', 'none']);
  return near === null ? expected : `${expected}; did you mean ${near}?`;
}

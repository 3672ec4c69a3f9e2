/**
 * Whole files as people write them, section by section: every key that `configparser` finds, its
 * value, what `%` makes of that, and the words or pairs in it. Python reads each file from disk, as
 * Supervisor does.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseKeyValues } from '../../proto/dialect/environment.ts';
import { expand } from '../../proto/dialect/expand.ts';
import { type IniDocument, type IniSection, parseIni } from '../../proto/dialect/ini.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import { createFindings } from '../../proto/dialect/problem.ts';
import { cannotParse, splitWords } from '../../proto/dialect/words.ts';
import { judge } from './dialect/judge.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.conf'))
  .toSorted();

const VARIABLES = {
  ...{ here: '/etc/app', program_name: 'app', group_name: 'shop', process_num: 3, numprocs: 8 },
  ...{ host_node_name: 'web-1', ENV_HOME: '/home/app', ENV_PATH: '/usr/bin:/bin' },
  ...{ ENV_RELEASE: '2024-05-01', ENV_DISCOUNT: '50%', 'ENV_NAME_(with)_parentheses': 'x y' },
};

const theirs = judge({ corpus: files.map((name) => [join(FIXTURES, name), VARIABLES]) }).corpus;

files.forEach((name, index) => {
  test(`${name} means what it means to Python`, () => {
    const file = nodeConfigFiles.readText(join(FIXTURES, name));
    assert.ok(file.kind === 'text');
    const findings = createFindings();
    const document = parseIni(file.text, { file: name, directory: '/' }, findings);
    assert.deepEqual(findings.errors, []);
    const ours = [...document.sections.values()].map((one) => [one.name, read(one, document)]);
    assert.deepEqual(ours, theirs[index]);
  });
});

test('the corpus holds what makes files hard to read', () => {
  const corpus = files.map((name) => readFileSync(join(FIXTURES, name), 'utf8'));
  assert.ok(corpus.length >= 20, `${corpus.length} files`);
  const features: Readonly<Record<string, RegExp>> = {
    'a byte order mark': /^\uFEFF/,
    CRLF: /\r\n/,
    'CR alone': /\r[^\n]/,
    tabs: /\t=/,
    continuations: /=.*\n[ \t]+\S/,
    'a comment within quotes': /"[^"\n]* ;[^"\n]*"/,
    'both comment signs': /;.*#/,
    unicode: /[^\0-\u00ff]/,
    'no line end at the end': /[^\s]$/,
    '[DEFAULT]': /^\[DEFAULT\]/m,
    'a section twice': /^(\[program:\w+\])[\s\S]*^\1/m,
  };
  for (const [feature, pattern] of Object.entries(features)) {
    assert.ok(
      corpus.some((text) => pattern.test(text)),
      `no file has ${feature}`,
    );
  }
});

test('the values of the corpus exercise every outcome', () => {
  const entries = theirs.flatMap((sections) => sections as [string, unknown[][]][]);
  const all = entries.flatMap(([, items]) => items);
  const outcome = (key: string, isOutcome: (read: unknown, expanded: unknown) => boolean) =>
    all.filter(([name, , expanded, found]) => name === key && isOutcome(found, expanded)).length;
  const isPairs = (found: unknown) => Array.isArray(found);
  assert.ok(outcome('command', Array.isArray) > 50);
  assert.ok(outcome('command', (found) => typeof found === 'string') >= 3);
  assert.ok(outcome('command', (_, expanded) => expanded === null) >= 4);
  assert.ok(outcome('environment', isPairs) >= 15);
  assert.ok(outcome('environment', (found, text) => found === null && text !== null) >= 3);
});

/** As `judge.py` answers about a corpus: `[key, value, expanded, words or pairs]` for each key. */
function read(section: IniSection, { defaults }: IniDocument): readonly unknown[] {
  // In Python's order: the defaults first.
  const entries = new Map([...defaults, ...section.entries]);
  return [...entries.values()].map(({ key, value }) => {
    const expanded = expand(value, [new Map(Object.entries(VARIABLES))]);
    if (!expanded.ok) return [key, value, null, null];
    return [key, value, expanded.text, GRAMMARS[key]?.(expanded.text) ?? null];
  });
}

const GRAMMARS: Readonly<Record<string, (text: string) => unknown>> = {
  command: (text) => {
    const split = splitWords(text);
    return split.ok ? split.words : cannotParse(text, split.why);
  },
  environment: (text) => {
    const parsed = parseKeyValues(text);
    return parsed.ok ? [...parsed.values] : null;
  },
};

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compilePatterns,
  namesOfPatterns,
  namesWithoutMatch,
  patternsProblem,
} from '../../proto/process-pattern.ts';
import { processName } from '../../proto/vocabulary.ts';
import { aStatus } from '../fakes/controller-fleet.ts';

/** One host: `web` alone, numbered `api`, and a group `back` of two programs. */
const STATUSES = [
  aStatus('web'),
  aStatus('api:api_0'),
  aStatus('api:api_1'),
  aStatus('back:queue', { program: 'queue' }),
  aStatus('back:mail', { program: 'mail' }),
  aStatus('mail'),
];

const matched = (...patterns: readonly string[]): readonly string[] =>
  compilePatterns(patterns)(STATUSES).map((status) => status.process);

test('each way to name processes finds them in the order of the host', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    web: ['web'],
    'web:web': ['web'],
    'web:*': ['web'],
    'web:': ['web'],
    api: ['api:api_0', 'api:api_1'],
    'api:api_1': ['api:api_1'],
    'api:*': ['api:api_0', 'api:api_1'],
    'api:api_?': ['api:api_0', 'api:api_1'],
    // A member of a group, where nothing of more weight is called so.
    api_0: ['api:api_0'],
    'api_*': ['api:api_0', 'api:api_1'],
    back: ['back:queue', 'back:mail'],
    queue: ['back:queue'],
    // The process of that name wins over the program.
    mail: ['mail'],
    'mail*': ['back:mail', 'mail'],
    'back:m*': ['back:mail'],
    '*:*': STATUSES.map((status) => status.process),
    '*': STATUSES.map((status) => status.process),
    all: STATUSES.map((status) => status.process),
    'all:': [],
    '': [],
    ':': [],
    WEB: [],
    'web:api_0': [],
    '(web|mail)*': [],
    'w[e]b*': [],
  };
  for (const [pattern, processes] of Object.entries(examples)) {
    assert.deepEqual(matched(pattern), processes, JSON.stringify(pattern));
  }
});

test('no pattern at all matches nothing, several match their union once', () => {
  assert.deepEqual(matched(), []);
  assert.deepEqual(matched('mail', 'web', 'web:*'), ['web', 'mail']);
});

test('the result is a part of what was given, in its order and without repeats', () => {
  const letter = fc.constantFrom('a', 'b');
  const status = fc.tuple(letter, letter, letter).map(([group, name, program]) =>
    aStatus(`${group}:${name}`, {
      process: processName(group, name),
      program,
    }),
  );
  const unit = fc.constantFrom('a', 'b', '*', '?', ':', 'all');
  const patterns = fc.array(fc.string({ unit, maxLength: 4 }), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(status, { maxLength: 8 }), patterns, (given, wanted) => {
      const found = compilePatterns(wanted)(given);
      assert.deepEqual(
        found,
        given.filter((held) => found.includes(held)),
      );
      for (const [index, held] of given.entries()) {
        const named = new Set([`${held.group}:${held.name}`, held.process as string]);
        if (wanted.some((pattern) => named.has(pattern))) {
          assert.ok(found.includes(given[index] as typeof held));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('more patterns, or longer ones, than a fleet could be asked for are refused', () => {
  assert.equal(patternsProblem(['web', 'x'.repeat(500)]), null);
  assert.equal(patternsProblem(Array(1_000).fill('a')), null);
  assert.match(patternsProblem(Array(1_001).fill('a'))?.message ?? '', /1001 .* too many/);
  const long = patternsProblem(['web', `*${'x'.repeat(100_000)}`]);
  assert.equal(long?.code, 'usage');
  assert.ok((long?.message.length ?? 0) < 200);
});

test('a refusal names the first few patterns', () => {
  assert.equal(namesOfPatterns(['a', 'b"']), '"a", "b\\""');
  assert.equal(
    namesOfPatterns(['1', '2', '3', '4', '5', '6', '7']),
    '"1", "2", "3", "4", "5" and 2 more',
  );
});

test('a name that nothing is called like is told, beside names that exist; a wildcard may match nothing', () => {
  const unmatched = (...patterns: string[]) => namesWithoutMatch(patterns, [[], STATUSES]);
  assert.deepEqual(unmatched('web', 'wep', 'api:api_9', 'nothing*', 'nobody:', 'all'), [
    'wep',
    'api:api_9',
  ]);
  assert.deepEqual(unmatched(), []);
});

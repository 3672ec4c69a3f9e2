import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  matchProcesses,
  meaningless,
  namesOfPatterns,
  nearestProcess,
  patternsProblem,
} from '../../proto/process-pattern.ts';
import { type ProcessStatus, processName } from '../../proto/vocabulary.ts';
import { matchesWildcard } from '../../proto/wildcard.ts';
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
  (matchProcesses(patterns, [STATUSES]).byHost[0] ?? []).map((status) => status.process);

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

/** The rules once more, one word after another and as slowly as they are told. */
function matchOneByOne(pattern: string, statuses: readonly ProcessStatus[]) {
  if (pattern === 'all') return statuses;
  const whole = pattern.endsWith(':') ? `${pattern}*` : pattern;
  const fullName = ({ group, name }: ProcessStatus) => `${group}:${name}`;
  if (/[*?]/.test(whole)) {
    const matches = (name: string) => matchesWildcard(whole, name);
    return whole.includes(':')
      ? statuses.filter((status) => matches(fullName(status)))
      : statuses.filter(({ process, name }) => matches(process) || matches(name));
  }
  if (whole.includes(':')) return statuses.filter((status) => fullName(status) === whole);
  const rules: readonly ((status: ProcessStatus) => boolean)[] = [
    ({ process }) => process === whole,
    ({ group, program }) => group === whole || program === whole,
    ({ name }) => name === whole,
  ];
  return rules.map((rule) => statuses.filter(rule)).find(({ length }) => length > 0) ?? [];
}

test('all words together mean what each means alone, on each host and of the whole fleet', () => {
  const letter = fc.constantFrom('a', 'b', 'c', 'ab');
  const status = fc.tuple(letter, letter, letter).map(([group, name, program]) =>
    aStatus(`${group}:${name}`, {
      process: processName(group, name),
      program,
    }),
  );
  const hosts = fc.array(fc.array(status, { maxLength: 5 }), { maxLength: 3 });
  const unit = fc.constantFrom('a', 'b', 'c', 'd', '*', '?', ':', 'all');
  const patterns = fc.array(fc.string({ unit, maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(hosts, patterns, (given, wanted) => {
      const { byHost, unmatched } = matchProcesses(wanted, given);
      const expected = given.map((statuses) => {
        const meant = new Set(wanted.flatMap((pattern) => matchOneByOne(pattern, statuses)));
        return statuses.filter((held) => meant.has(held));
      });
      assert.deepEqual(byHost, expected);
      const isMissing = (pattern: string) =>
        !/[*?]|:$|^all$/.test(pattern) &&
        given.every((statuses) => matchOneByOne(pattern, statuses).length === 0);
      assert.deepEqual(unmatched, wanted.filter(isMissing));
    }),
    { numRuns: 1_000 },
  );
});

test('a thousand names cost no more looks at a process than one does', () => {
  const looksFor = (patterns: readonly string[]): number => {
    let looks = 0;
    const counted = STATUSES.map(
      (status) =>
        new Proxy(status, {
          get: (held, key) => {
            looks += 1;
            return held[key as keyof ProcessStatus];
          },
        }),
    );
    matchProcesses(patterns, [counted, counted]);
    return looks;
  };
  const words = Array.from({ length: 1_000 }, (_, index) => `web-${index}`);
  const full = words.map((word) => `shop:${word}`);
  const groups = words.map((word) => `${word}:*`);
  for (const patterns of [words, full, groups]) {
    assert.equal(looksFor(patterns), looksFor(patterns.slice(0, 1)), patterns[0]);
  }
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

test('more globs than a fleet can be searched for are refused, however many groups are named', () => {
  const numbered = (count: number, more: string) =>
    Array.from({ length: count }, (_, index) => `web-${index}${more}`);
  const groups = [...numbered(300, ':*'), ...numbered(300, ':'), 'all', 'web'];
  assert.equal(patternsProblem([...groups, ...numbered(50, '*')]), null);
  const refused = patternsProblem([...groups, ...numbered(50, '*'), 'we?:*']);
  assert.equal(refused?.code, 'usage');
  assert.match(refused?.message ?? '', /^51 patterns .* too many$/);
  assert.match(refused?.cause ?? '', /at most 50/);
  assert.ok(refused?.fix);
});

test('a name that nothing is called like is told, beside names that exist; a wildcard may match nothing', () => {
  const unmatched = (...patterns: string[]) => matchProcesses(patterns, [[], STATUSES]).unmatched;
  assert.deepEqual(unmatched('web', 'wep', 'api:api_9', 'nothing*', 'nobody:', 'all'), [
    'wep',
    'api:api_9',
  ]);
  assert.deepEqual(unmatched('mail', 'back:mail', 'all', 'web:web'), []);
  assert.deepEqual(unmatched(), []);
});

test('what was meant is looked for among names that occur, and not among all of a huge fleet', () => {
  assert.equal(nearestProcess('wbe', [STATUSES]), 'web');
  assert.equal(nearestProcess('quite different', [STATUSES]), null);
  let hostsRead = 0;
  function* hugeFleet() {
    for (; hostsRead < 10_000; hostsRead += 1) {
      yield Array.from({ length: 20 }, (_, index) => aStatus(`${hostsRead}-${index}`));
    }
  }
  assert.equal(nearestProcess('0-01', hugeFleet()), '0-0');
  assert.ok(hostsRead <= 200, `${hostsRead} hosts`);
});

test('on one host exactly those patterns mean nothing that alone find nothing', () => {
  const piece = fc.constantFrom(
    'web',
    'api',
    'api_0',
    'back',
    'mail',
    'queue',
    'no',
    '*',
    '?ail',
    '',
  );
  const pattern = fc.oneof(
    fc.constant('all'),
    piece,
    fc.tuple(piece, piece).map(([group, name]) => `${group}:${name}`),
  );
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 6 }), (patterns) => {
      const expected = patterns.filter((one) => one !== 'all' && matched(one).length === 0);
      assert.deepEqual(meaningless(patterns, STATUSES), expected);
    }),
  );
  assert.deepEqual(meaningless(['all'], []), []);
});

test('as many names as are taken, on the largest host, are looked up at once', () => {
  const statuses = Array.from({ length: 10_000 }, (_, index) => aStatus(`web:web_${index}`));
  const patterns = Array.from({ length: 1_000 }, (_, index) => `no_${index}`);
  const cpuBefore = process.cpuUsage();
  assert.equal(meaningless(patterns, statuses).length, patterns.length);
  assert.ok(process.cpuUsage(cpuBefore).user < 300_000);
});

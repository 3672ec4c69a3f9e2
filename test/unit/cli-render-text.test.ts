// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what is tested
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderError } from '../../cli/render/error.ts';
import { renderDocument, renderErrorJson, renderList } from '../../cli/render/json.ts';
import { painter } from '../../cli/render/paint.ts';
import { shellWord } from '../../cli/render/shell.ts';
import { cell, renderTable } from '../../cli/render/table.ts';
import {
  displayWidth,
  neutralise,
  neutraliseLog,
  neutraliseLogLine,
  shortList,
} from '../../cli/render/text.ts';
import {
  formatDistance,
  formatDuration,
  formatTimestamp,
  formatUptime,
} from '../../cli/render/time.ts';
import { refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { anyText } from '../fakes/any-text.ts';

/** Cursor up, C1 introducer, carriage return, bidirectional override, zero width, line separator. */
const HOSTILE = 'a\u001b[2A\u009bK\r\u202eb\u200bc\u2028';
const DANGEROUS =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/;

test('what came from another machine cannot steer the terminal', () => {
  assert.equal(neutralise(HOSTILE), 'a\\x1b[2A\\x9bK\\x0d\\u202eb\\u200bc\\u2028');
  assert.equal(neutralise('lone \ud800 surrogate'), 'lone \\ud800 surrogate');
  assert.equal(neutralise('żółć 東京 🚀'), 'żółć 東京 🚀');
  fc.assert(fc.property(anyText(), (text) => !DANGEROUS.test(neutralise(text))));
});

test('a name as long as a book takes one row, not the screen', () => {
  assert.equal(neutralise('x'.repeat(1_000_000)).length, 401);
});

test('a log line loses its colours and keeps its indentation', () => {
  assert.equal(neutraliseLogLine('\u001b[1;31mError\u001b[0m\tat web.js'), 'Error    at web.js');
  assert.equal(neutraliseLogLine('\u001b]0;title\u0007'), '\\x1b]0;title\\x07');
});

test('a table aligns names that are wide or hostile, and no line ends in spaces', () => {
  const table = renderTable(
    ['HOST', 'STATE', 'DETAIL'],
    [
      [cell('東京-1'), cell('RUNNING', 'good'), cell('')],
      [cell('a\nb'), cell(null), cell('gone')],
    ],
    painter(false),
  );
  assert.equal(
    table,
    ['HOST     STATE     DETAIL', '東京-1   RUNNING', 'a\\x0ab   -         gone', ''].join('\n'),
  );
});

test('colour adds nothing but itself', () => {
  const rows = [[cell('web'), cell('FATAL', 'bad'), cell('x')]];
  const coloured = renderTable(['A', 'B', 'C'], rows, painter(true));
  assert.match(coloured, /\u001b\[31mFATAL\u001b\[0m/);
  assert.equal(
    coloured.replace(/\u001b\[\d+m/g, ''),
    renderTable(['A', 'B', 'C'], rows, painter(false)),
  );
});

test('width counts wide characters twice and combining ones not at all', () => {
  assert.equal(displayWidth('web'), 3);
  assert.equal(displayWidth('東京'), 4);
  assert.equal(displayWidth('e\u0301'), 1);
});

test('JSON stays JSON and shows no raw control character', () => {
  const document = renderDocument('HostList', { items: [{ host: HOSTILE, label: '\u007f' }] });
  assert.ok(!DANGEROUS.test(document));
  assert.deepEqual(JSON.parse(document), {
    apiVersion: 'fleetvisor/v1',
    kind: 'HostList',
    items: [{ host: HOSTILE, label: '\u007f' }],
  });
  assert.equal(renderList('HostList', [{ a: 1 }, { a: 2 }], 'jsonl'), '{"a":1}\n{"a":2}\n');
});

test('an error says what, why and how to mend it, each in its place', () => {
  const because = refusal('configuration', 'two problems', {
    cause: 'first\nsecond\u001b[2J',
    fix: 'edit it',
  });
  assert.equal(
    renderError(because),
    'error: two problems\ncause: first\n       second\\x1b[2J\nfix:   edit it\n',
  );
  assert.deepEqual(JSON.parse(renderErrorJson(refusal('denied', 'no'))), {
    kind: 'Error',
    code: 'denied',
    message: 'no',
    cause: null,
    fix: null,
  });
});

test('an interruption is not called an error', () => {
  assert.equal(
    renderError(refusal('interrupted', 'it goes on', { fix: 'fleetctl op watch 1' })),
    'interrupted: it goes on\nnext: fleetctl op watch 1\n',
  );
});

test('hosts are in the order in which people count', () => {
  const hosts = ['prod-10', 'prod-2', 'prod-2a', 'prod-02', 'dev-1', 'prod', '2', '10'];
  assert.deepEqual(sorted(hosts), [
    '2',
    '10',
    'dev-1',
    'prod',
    'prod-02',
    'prod-2',
    'prod-2a',
    'prod-10',
  ]);
});

test('the natural order is total: in whatever order names come, they end in the same', () => {
  const names = fc.array(fc.stringMatching(/^[ab0-2-]{0,6}$/), { maxLength: 4 });
  fc.assert(
    fc.property(names, (some) => {
      const order = sorted(some);
      assert.deepEqual(sorted(some.toReversed()), order);
      assert.deepEqual(sorted([...some.slice(1), ...some.slice(0, 1)]), order);
    }),
    { numRuns: 2_000 },
  );
});

const sorted = (names: readonly string[]) => sortNaturally(names, (name) => name);

test('uptime reads as in supervisorctl', () => {
  assert.equal(formatUptime(83), '0:01:23');
  assert.equal(formatUptime(86_401), '1 day, 0:00:01');
  assert.equal(formatUptime(2 * 86_400 + 36_000), '2 days, 10:00:00');
});

test('durations and distances are as precise as they are useful', () => {
  assert.deepEqual([3, 312, 1_100, 59_960, 125_000].map(formatDuration), [
    '3 ms',
    '0.3 s',
    '1.1 s',
    '1 min 0 s',
    '2 min 5 s',
  ]);
  assert.deepEqual([-5, 40_000, 180_000, 18_000_000, 400 * 86_400_000].map(formatDistance), [
    '0 s',
    '40 s',
    '3 min',
    '5 h',
    '400 days',
  ]);
});

test('a time that no calendar knows is null, not a crash', () => {
  assert.equal(formatTimestamp(0), '1970-01-01T00:00:00.000Z');
  assert.equal(formatTimestamp(Number.MAX_SAFE_INTEGER), null);
  assert.equal(formatTimestamp(null), null);
});

test('commands to paste are quoted only where the shell would read them otherwise', () => {
  assert.equal(shellWord('prod-1,prod-2'), 'prod-1,prod-2');
  assert.equal(shellWord('web:*'), "'web:*'");
  assert.equal(shellWord("it's"), "'it'\\''s'");
  assert.equal(shellWord(''), "''");
});

test('a list of a whole fleet is cut to what a line can hold', () => {
  assert.equal(shortList(['a', 'b', 'c'], 2), 'a, b and 1 more');
  assert.equal(shortList(['a', 'b'], 2), 'a, b');
});

test('a log on a terminal keeps its lines, and none of them overwrites itself', () => {
  assert.equal(neutraliseLog('a\r\n\tb\n'), 'a\r\n\tb\n');
  assert.equal(neutraliseLog('paid 1\rpaid 9\n'), 'paid 1\\x0dpaid 9\n');
  assert.equal(neutraliseLog('paid 1\r'), 'paid 1\\x0d');
  assert.equal(neutraliseLog('\u001b[2J'), '\\x1b[2J');
});

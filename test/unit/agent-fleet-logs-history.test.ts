import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGrep, type Grep } from '../../agent/fleet-logs/grep.ts';
import { LogTimes } from '../../agent/fleet-logs/log-times.ts';
import { isRefusal } from '../../proto/errors.ts';
import { LOG_BLOCK_MAX_BYTES, LOG_LINE_MAX_BYTES } from '../../proto/log-messages.ts';
import {
  ALL_LINES,
  handReader,
  lastBytes,
  lastLines,
  logPathFor,
  writtenAt,
} from '../fakes/fleet-logs.ts';

const numbered = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `line ${from + index}\n`);

async function grepFor(expression: string): Promise<Grep> {
  const grep = await compileGrep(expression);
  assert.ok(!isRefusal(grep));
  return grep;
}

test('the last lines are told, also those that were rotated away', (context) => {
  const path = logPathFor(context);
  const lines = numbered(30);
  writeFileSync(`${path}.2`, lines.slice(0, 10).join(''));
  writeFileSync(`${path}.1`, lines.slice(10, 20).join(''));
  writeFileSync(path, lines.slice(20).join(''));
  for (const count of [0, 1, 9, 10, 11, 20, 29, 30, 31, ALL_LINES]) {
    const wanted = lines.slice(Math.max(0, 30 - count)).join('');
    assert.equal(handReader(path, lastLines(count)).tell().text, wanted, `${count}`);
  }
});

test('any text, cut into any parts, gives its last lines and its last bytes', (context) => {
  const path = logPathFor(context);
  const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 30 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(pieces, fc.nat(12), fc.nat(60), (parts, count, bytes) => {
      for (let index = 1; index < 5; index += 1) rmSync(`${path}.${index}`, { force: true });
      parts.forEach((text, index) => {
        writeFileSync(index === 0 ? path : `${path}.${index}`, text);
      });
      const whole = parts.toReversed().join('');
      const lines = whole.match(/[^\n]*\n|[^\n]+$/g) ?? [];
      const wanted = count === 0 ? '' : lines.slice(-count).join('');
      assert.equal(handReader(path, lastLines(count)).tell().text, wanted);
      const tail = bytes === 0 ? '' : whole.slice(-bytes);
      assert.equal(handReader(path, lastBytes(bytes)).tell().text, tail);
    }),
    { numRuns: 60 },
  );
});

test('lines are counted right across segments of the search, and blocks hold whole lines', (context) => {
  const path = logPathFor(context);
  const lines = numbered(20_000);
  writeFileSync(path, lines.join(''));
  for (const count of [5_000, 5_957, 19_999, 20_000]) {
    const { text, blocks } = handReader(path, lastLines(count)).tell();
    assert.equal(text, lines.slice(-count).join(''));
    for (const block of blocks) {
      assert.ok(block.length <= LOG_BLOCK_MAX_BYTES);
      assert.equal(block.at(-1), 0x0a);
    }
  }
});

test('a line that is too long is told in pieces, none of it is lost', (context) => {
  const path = logPathFor(context);
  const long = 'x'.repeat(3 * LOG_LINE_MAX_BYTES + 5);
  writeFileSync(path, `first\n${long}\nlast\n`);
  const { text, blocks } = handReader(path, lastLines(ALL_LINES)).tell();
  assert.equal(text, `first\n${long}\nlast\n`);
  assert.ok(blocks.every(({ length }) => length <= LOG_BLOCK_MAX_BYTES));
  writeFileSync(path, long);
  assert.equal(handReader(path, lastLines(ALL_LINES)).tell().text, long);
});

test('only lines with a match are told, as many of them as were asked for', async (context) => {
  const path = logPathFor(context);
  writeFileSync(`${path}.1`, numbered(10_000).join(''));
  writeFileSync(path, numbered(10_000, 10_000).join(''));
  const grep = await grepFor('[05]00$');
  const reader = handReader(path, lastLines(32), { grep });
  const wanted = Array.from({ length: 32 }, (_, index) => `line ${(index + 8) * 500}\n`);
  assert.equal(reader.tell().text, wanted.join(''));
});

test('an expression sees lines without their end, and bytes that are no text', async (context) => {
  const path = logPathFor(context);
  writeFileSync(path, Buffer.from('one\r\ntwo\n\xff\xfethree\nfour', 'latin1'));
  for (const [expression, found] of [
    ['e$', 'one\r\n\ufffd\ufffdthree\n'],
    ['^two$', 'two\n'],
    ['^four$', 'four'],
    ['', 'one\r\ntwo\n\ufffd\ufffdthree\nfour'],
  ] as const) {
    const grep = await grepFor(expression);
    assert.equal(handReader(path, lastLines(ALL_LINES), { grep }).tell().text, found, expression);
  }
});

test('an expression that cannot be read, or is too large, is refused in words', async () => {
  const bad = await compileGrep('(');
  assert.ok(isRefusal(bad));
  assert.match(bad.message, /^bad expression "\(": .*missing closing/);
  const large = await compileGrep('a{900}');
  assert.ok(isRefusal(large));
  assert.match(large.message, /too large: 90\d steps/);
});

// ── since ───────────────────────────────────────────────────────────────────────────────────────

/** In the future: the files of these tests were begun long before. */
const NOON_MS = Date.UTC(2099, 10, 22, 12);
const stamped = (minute: number, text: string) =>
  `${new Date(NOON_MS + minute * 60_000).toISOString()} ${text}\n`;

test('where lines say when they came, exactly those since then are told', (context) => {
  const path = logPathFor(context);
  const lines = Array.from({ length: 4_000 }, (_, index) => stamped(index, `number ${index}`));
  writeFileSync(`${path}.1`, lines.slice(0, 2_400).join(''));
  writeFileSync(path, lines.slice(2_400).join(''));
  writtenAt(`${path}.1`, NOON_MS + 2_400 * 60_000);
  writtenAt(path, NOON_MS + 30_000 * 60_000);
  for (const minute of [0, 2_399, 2_400, 3_000.5, 3_999, 4_001]) {
    const selection = lastLines(ALL_LINES, { sinceMs: NOON_MS + minute * 60_000 });
    const reader = handReader(path, selection, { isStamped: true });
    assert.equal(reader.tell().text, lines.slice(Math.ceil(minute)).join(''), `${minute}`);
    assert.deepEqual(reader.source.doubts(), { isCutShort: false, since: null });
  }
});

test('lines without a time go with the one before them', (context) => {
  const path = logPathFor(context);
  const text = [stamped(1, 'old'), '  at old\n', stamped(5, 'new'), '  at new\n'];
  writeFileSync(path, text.join(''));
  writtenAt(path, NOON_MS + 300_000);
  const reader = handReader(path, lastLines(ALL_LINES, { sinceMs: NOON_MS + 120_000 }), {
    isStamped: true,
  });
  assert.equal(reader.tell().text, text.slice(2).join(''));
});

test('a backup that was written to last before then is not even opened', (context) => {
  const path = logPathFor(context);
  writeFileSync(`${path}.1`, 'old\n');
  writtenAt(`${path}.1`, NOON_MS - 1_000);
  writeFileSync(path, 'new\n');
  writtenAt(path, NOON_MS + 5_000);
  const reader = handReader(path, lastLines(ALL_LINES, { sinceMs: NOON_MS }));
  assert.equal(reader.tell().text, 'new\n');
  const later = handReader(path, lastLines(ALL_LINES, { sinceMs: NOON_MS + 6_000 }));
  assert.equal(later.tell().text, '');
});

test('where the agent saw the log grow, it knows from where on; and says how exactly', (context) => {
  const path = logPathFor(context);
  const times = new LogTimes();
  const facts = () => statSync(path);
  writeFileSync(path, 'one\n');
  times.look(path, facts(), NOON_MS);
  writeFileSync(path, 'one\ntwo\n');
  times.look(path, facts(), NOON_MS + 60_000);
  writeFileSync(path, 'one\ntwo\nthree\n');
  writtenAt(path, NOON_MS + 120_000);
  const since = (sinceMs: number) => {
    const reader = handReader(path, lastLines(ALL_LINES, { sinceMs }), { times });
    return { text: reader.tell().text, doubt: reader.source.doubts().since };
  };
  assert.deepEqual(since(NOON_MS + 61_000), { text: 'three\n', doubt: null });
  assert.deepEqual(since(NOON_MS + 1_000), { text: 'two\nthree\n', doubt: null });
  assert.deepEqual(since(NOON_MS + 50_000), {
    text: 'two\nthree\n',
    doubt: { kind: 'linesSince', atMs: NOON_MS },
  });
  assert.deepEqual(since(NOON_MS - 1_000), {
    text: 'one\ntwo\nthree\n',
    doubt: { kind: 'timesKnownSince', atMs: NOON_MS },
  });
});

test('a line that was being printed when the log was looked at is told from its beginning', (context) => {
  const path = logPathFor(context);
  const times = new LogTimes();
  writeFileSync(path, 'old\nhalf');
  times.look(path, statSync(path), NOON_MS);
  appendFileSync(path, ' and whole\n');
  writtenAt(path, NOON_MS + 60_000);
  const selection = lastLines(ALL_LINES, { sinceMs: NOON_MS + 1_000 });
  assert.equal(handReader(path, selection, { times }).tell().text, 'half and whole\n');
  const long = 'x'.repeat(LOG_LINE_MAX_BYTES + 5);
  writeFileSync(path, `old\n${long}`);
  times.look(path, statSync(path), NOON_MS + 120_000);
  appendFileSync(path, 'end\n');
  writtenAt(path, NOON_MS + 180_000);
  const later = lastLines(ALL_LINES, { sinceMs: NOON_MS + 121_000 });
  assert.equal(handReader(path, later, { times }).tell().text, 'end\n');
});

// ── limits, and what others do to logs ──────────────────────────────────────────────────────────

test('a search does a little at a time', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, numbered(20_000).join(''));
  let nowMs = 0;
  let tested = 0;
  const slow = handReader(path, lastLines(1), {
    grep: () => {
      nowMs += 1;
      tested += 1;
      return false;
    },
  }).source;
  for (let step = 0; step < 50; step += 1) {
    const before = tested;
    slow.step({ roomBytes: 1_000, nowMs: () => nowMs });
    assert.ok(tested - before <= 3, `${tested - before} lines in one step`);
  }
  assert.equal(tested > 50, true);
});

test('a link in a directory of others is not followed, and a folder is no log', (context) => {
  const path = logPathFor(context);
  const secret = `${path}.secret`;
  writeFileSync(secret, 'secret\n');
  const folder = `${path}.d`;
  mkdirSync(folder, { mode: 0o777 });
  const previous = process.umask(0);
  const open = `${path}.open`;
  mkdirSync(open, { mode: 0o777 });
  process.umask(previous);
  symlinkSync(secret, `${open}/x.log`);
  assert.equal(handReader(`${open}/x.log`, lastLines(10)).tell().text, '');
  assert.equal(handReader(`${open}/x.log`, lastBytes(10)).tell().text, '');
  writeFileSync(`${open}/y.log`, 'mine\n');
  symlinkSync(secret, `${open}/y.log.1`);
  assert.equal(handReader(`${open}/y.log`, lastLines(10)).tell().text, 'mine\n');
  assert.equal(handReader(folder, lastLines(10)).tell().text, '');
});

test('what is removed or emptied while it is told is said to be missing', (context) => {
  const path = logPathFor(context);
  const lines = numbered(30_000).join('');
  writeFileSync(`${path}.1`, lines);
  writeFileSync(path, 'first\nthe end\n');
  const reader = handReader(path, lastLines(ALL_LINES));
  const begin = reader.tell({ roomBytes: 50_000 });
  assert.equal(begin.text, lines.slice(0, begin.text.length));
  rmSync(`${path}.1`);
  const tooNarrow = reader.tell({ roomBytes: 3 });
  assert.deepEqual([tooNarrow.last, tooNarrow.text], ['full', '']);
  const rest = reader.tell();
  assert.equal(rest.text, 'the end\n');
  // Its first line may have begun in the file that is gone.
  const untold = lines.length - begin.text.length + 'first\n'.length;
  assert.deepEqual([rest.skippedBytes, rest.skippedMore], [untold, true]);
  assert.equal(rest.last, 'historyTold');
});

test('the rest of a line whose beginning is gone is not told, now or later', (context) => {
  for (const follow of [false, true]) {
    const path = logPathFor(context);
    const lines = numbered(30_000).join('');
    writeFileSync(`${path}.1`, lines);
    writeFileSync(path, 'rest');
    const reader = handReader(path, lastLines(ALL_LINES, { follow }));
    const begin = reader.tell({ roomBytes: 50_000 });
    rmSync(`${path}.1`);
    const { text, skippedBytes, last } = reader.tell();
    assert.deepEqual([text, last], ['', 'historyTold']);
    assert.equal(skippedBytes, lines.length - begin.text.length + 'rest'.length);
    if (!follow) continue;
    appendFileSync(path, ' of it\nwhole\n');
    assert.equal(reader.tell().text, 'whole\n');
  }
});

test('a log that is renamed while it is told is told to where it ended', (context) => {
  const path = logPathFor(context);
  const older = numbered(3_000);
  const lines = numbered(3_000, 3_000);
  writeFileSync(`${path}.1`, older.join(''));
  writeFileSync(path, lines.join(''));
  const reader = handReader(path, lastLines(4_000));
  const begin = reader.tell({ roomBytes: 5_000 });
  renameSync(path, `${path}-20261122`);
  writeFileSync(path, 'new\n');
  const { text, skippedBytes, last } = reader.tell();
  assert.equal(begin.text + text, [...older, ...lines].slice(-4_000).join(''));
  assert.deepEqual([skippedBytes, last], [0, 'historyTold']);
});

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  LOG_BEHIND_MAX_BYTES,
  LOG_BLOCK_MAX_BYTES,
  LOG_LINE_MAX_BYTES,
} from '../../proto/log-messages.ts';
import {
  type HandReader,
  handReader,
  lastBytes,
  lastLines,
  logPathFor,
  writtenAt,
} from '../fakes/fleet-logs.ts';

const follow = { follow: true } as const;

/** As `LogFile` and logrotate do. */
function rotate(path: string, backups: number): void {
  for (let index = backups; index >= 1; index -= 1) {
    const from = index === 1 ? path : `${path}.${index - 1}`;
    if (existsSync(from)) renameSync(from, `${path}.${index}`);
  }
}

test('what is added is told once, behind what was there', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'one\ntwo\n');
  const reader = handReader(path, lastLines(1, follow));
  assert.deepEqual([reader.tell().text, reader.tell().last], ['two\n', 'waiting']);
  appendFileSync(path, 'three\n');
  assert.equal(reader.tell().text, 'three\n');
  assert.equal(reader.tell().text, '');
});

test('a log that is not there yet is told from its beginning', (context) => {
  const path = logPathFor(context);
  const reader = handReader(path, lastLines(10, follow));
  assert.equal(reader.tell().last, 'historyTold');
  assert.equal(reader.tell().last, 'waiting');
  writeFileSync(path, 'one\n');
  assert.equal(reader.tell().text, 'one\n');
});

test('through any writes and rotations no line is missed or told twice', (context) => {
  const path = logPathFor(context);
  const backups = 9;
  const steps = fc.array(fc.constantFrom('line', 'half', 'rotate', 'tell', 'tell a bit'), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (list) => {
      for (let index = 1; index <= backups; index += 1) rmSync(`${path}.${index}`, { force: true });
      rmSync(path, { force: true });
      const reader = handReader(path, lastLines(10, follow));
      reader.tell();
      let written = '';
      let told = '';
      let number = 0;
      let rotations = 0;
      for (const step of [...list, 'end'] as const) {
        if (step === 'line' || step === 'half' || step === 'end') {
          number += 1;
          const text = step === 'half' ? `${number} and ` : `${number}\n`;
          appendFileSync(path, text);
          written += text;
        } else if (step === 'rotate' && rotations < backups && existsSync(path)) {
          rotations += 1;
          rotate(path, backups);
        } else if (step === 'tell') {
          told += reader.tell().text;
        } else {
          told += reader.tell({ roomBytes: 8 }).text;
        }
      }
      assert.equal(told + reader.tell().text, written);
    }),
    { numRuns: 60 },
  );
});

test('what is too old to be wanted is not told either when something comes', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'old 1\nold 2\n');
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(path, hourAgo, hourAgo);
  const reader = handReader(path, lastLines(100, { ...follow, sinceMs: Date.now() - 600_000 }));
  assert.equal(reader.tell().text, '');
  appendFileSync(path, 'new\n');
  assert.equal(reader.tell().text, 'new\n');
});

test('what was moved aside by others is read until a new one has something', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, '');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  renameSync(path, `${path}.1`);
  writeFileSync(path, '');
  assert.equal(reader.tell().text, '');
  appendFileSync(`${path}.1`, 'late\n');
  assert.equal(reader.tell().text, 'late\n');
  appendFileSync(path, 'new\n');
  assert.equal(reader.tell().text, 'new\n');
});

test('an emptied log is told anew, even where it has grown longer than it was', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'before it was emptied\n');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  truncateSync(path);
  appendFileSync(path, 'short\n');
  const emptied = reader.tell();
  assert.deepEqual([emptied.text, emptied.skippedBytes], ['short\n', 0]);
  assert.equal(emptied.skippedMore, true, 'what came just before it was emptied');
  truncateSync(path);
  const long = 'much longer than what had been there before\n';
  appendFileSync(path, long);
  assert.equal(reader.tell().text, long);
});

test('a log that was renamed by date is told to its end, and then the one in its place', (context) => {
  const path = logPathFor(context);
  writeFileSync(`${path}.1`, 'of old\n');
  writtenAt(`${path}.1`, Date.now() - 60_000);
  writeFileSync(path, 'one\n');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  const moved = `${path}-20261122`;
  renameSync(path, moved);
  appendFileSync(moved, 'late\n');
  assert.equal(reader.tell().text, '', 'nobody knows yet whether it is moved for good');
  writeFileSync(path, '');
  assert.equal(reader.tell().text, 'late\n');
  appendFileSync(moved, 'later\nlast words');
  const { text } = reader.tell();
  appendFileSync(path, ' and new\n');
  const rest = reader.tell();
  assert.equal(text + rest.text, 'later\nlast words and new\n');
  assert.deepEqual([rest.skippedBytes, rest.skippedMore], [0, false]);
  rmSync(moved);
  appendFileSync(path, 'newer\n');
  assert.equal(reader.tell().text, 'newer\n');
});

test('a log that was renamed is found by what it is, also with the date before its ending', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, '');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  const moved = `${path.slice(0, -'.log'.length)}-20261122.log`;
  renameSync(path, moved);
  for (const other of ['-a', '-20261121', '-z']) writeFileSync(`${path}${other}`, 'other\n');
  appendFileSync(moved, 'late\n');
  writeFileSync(path, 'new\n');
  assert.equal(reader.tell().text, 'late\nnew\n');
});

test('a log that is gone for good is a gap of which nobody knows how long it is', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'one\n');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  rmSync(path);
  assert.equal(reader.tell().text, '');
  writeFileSync(path, 'two\n');
  const { text, skippedBytes, skippedMore } = reader.tell();
  assert.deepEqual([text, skippedBytes, skippedMore], ['two\n', 0, true]);
  appendFileSync(path, 'three\n');
  assert.equal(reader.tell().skippedMore, false);
});

test('behind a gap no line lacks its beginning', (context) => {
  const path = logPathFor(context);
  const begin = (text: string) => {
    for (const suffix of ['', '.1']) rmSync(`${path}${suffix}`, { force: true });
    writeFileSync(path, text);
    const reader = handReader(path, lastLines(0, follow));
    reader.tell();
    return reader;
  };
  const told = ({ text, skippedBytes, skippedMore }: ReturnType<HandReader['tell']>) => {
    return { text, skippedBytes, skippedMore };
  };
  const rotatedAway = begin('one\n');
  writeFileSync(path, 'half of it\nwhole\n');
  rotate(path, 1);
  rmSync(`${path}.1`);
  writeFileSync(`${path}.1`, 'rest of a line\nwhole\n');
  writtenAt(`${path}.1`, Date.now() + 1_000);
  writeFileSync(path, 'last\n');
  assert.deepEqual(told(rotatedAway.tell()), {
    ...{ text: 'whole\nlast\n', skippedBytes: 15, skippedMore: true },
  });
  const unfinished = begin('one\n');
  appendFileSync(path, 'half');
  assert.equal(unfinished.tell().text, '');
  truncateSync(path);
  appendFileSync(path, ' a line');
  assert.deepEqual([unfinished.tell().last, unfinished.tell().text], ['waiting', '']);
  appendFileSync(path, '\nwhole\n');
  assert.deepEqual(told(unfinished.tell()), {
    ...{ text: 'whole\n', skippedBytes: 4 + 8, skippedMore: true },
  });
  const shrunk = begin('');
  appendFileSync(path, 'half');
  shrunk.tell();
  truncateSync(path);
  appendFileSync(path, 'x\n');
  assert.deepEqual(told(shrunk.tell()), { text: '', skippedBytes: 4 + 2, skippedMore: true });
  const lastWords = begin('one\n');
  appendFileSync(path, 'half');
  lastWords.tell({ nowMs: 0 });
  assert.equal(lastWords.tell({ nowMs: 2_000 }).text, 'half');
  truncateSync(path);
  appendFileSync(path, ' a line\nwhole\n');
  assert.equal(lastWords.tell().text, 'whole\n');
  const flooded = begin('one\n');
  truncateSync(path);
  appendFileSync(path, `${'x'.repeat(4_094)}\nwhole\n`);
  assert.equal(flooded.tell().text, 'whole\n');
  const endless = begin('one\n');
  truncateSync(path);
  appendFileSync(path, 'y'.repeat(LOG_LINE_MAX_BYTES + 5));
  assert.deepEqual(told(endless.tell({ nowMs: 0 })), {
    ...{ text: '', skippedBytes: LOG_LINE_MAX_BYTES, skippedMore: true },
  });
  endless.tell({ nowMs: 0 });
  assert.equal(endless.tell({ nowMs: 2_000 }).text, 'yyyyy');
  const bytes = handReader(path, lastBytes(0, follow));
  bytes.tell();
  rmSync(path);
  writeFileSync(path, 'bytes');
  assert.equal(bytes.tell().text, 'bytes');
});

test('a log that an update moves is told to its end, and then the new one from its beginning', (context) => {
  const path = logPathFor(context);
  const next = `${path}.next`;
  let now: string | null = path;
  writeFileSync(path, '');
  writeFileSync(`${next}.1`, 'of old\n');
  const reader = handReader(path, lastLines(0, follow), { pathNow: () => now });
  reader.tell();
  appendFileSync(path, 'one\nlast words');
  now = null;
  assert.equal(reader.tell().text, 'one\n', 'no log is kept any more');
  now = next;
  assert.equal(reader.tell().text, 'last words');
  writeFileSync(next, 'two\n');
  assert.equal(reader.tell().text, 'two\n');
  appendFileSync(path, 'somebody else\n');
  appendFileSync(next, 'three\n');
  assert.equal(reader.tell().text, 'three\n');
  now = path;
  const back = reader.tell();
  assert.deepEqual([back.text, back.skippedBytes], ['one\nlast wordssomebody else\n', 0]);
});

test('what was lost before more was skipped is counted, too', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'one\n');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  appendFileSync(path, 'half');
  reader.tell();
  truncateSync(path);
  const flood = `${'x'.repeat(99)}\n`.repeat(LOG_BEHIND_MAX_BYTES / 100 + 10);
  appendFileSync(path, flood);
  const { text, skippedBytes, skippedMore } = reader.tell();
  assert.deepEqual([text.length + skippedBytes, skippedMore], [flood.length + 'half'.length, true]);
});

test('a log that is moved in the middle of a skipped line loses nothing of the next', (context) => {
  const path = logPathFor(context);
  const next = `${path}.next`;
  let now = path;
  writeFileSync(path, 'one\n');
  const reader = handReader(path, lastLines(0, follow), { pathNow: () => now });
  reader.tell();
  appendFileSync(path, 'half');
  reader.tell();
  truncateSync(path);
  appendFileSync(path, 'rest');
  assert.equal(reader.tell().last, 'waiting');
  writeFileSync(next, 'two\n');
  now = next;
  const { text, skippedBytes } = reader.tell();
  assert.deepEqual([text, skippedBytes], ['two\n', 'half'.length + 'rest'.length]);
});

test('a line is told when it is whole, or when its end has not come for a while', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, '');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  appendFileSync(path, 'one\nfatal: ');
  assert.equal(reader.tell({ nowMs: 0 }).text, 'one\n');
  assert.equal(reader.tell({ nowMs: 100 }).text, '');
  appendFileSync(path, 'out of');
  assert.equal(reader.tell({ nowMs: 1_050 }).text, '');
  assert.equal(reader.tell({ nowMs: 2_000 }).text, '');
  assert.equal(reader.tell({ nowMs: 2_050 }).text, 'fatal: out of');
  appendFileSync(path, ' memory\n');
  assert.equal(reader.tell({ nowMs: 2_060 }).text, ' memory\n');
});

test('bytes are told as they come, whole lines or not', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, 'one\ntwo');
  const reader = handReader(path, lastBytes(5, follow));
  assert.equal(reader.tell().text, 'e\ntwo');
  appendFileSync(path, ' and');
  assert.equal(reader.tell().text, ' and');
});

test('who is too far behind is told how much was skipped, and the last of it in whole lines', (context) => {
  const path = logPathFor(context);
  writeFileSync(path, '');
  const reader = handReader(path, lastLines(0, follow));
  reader.tell();
  const line = `${'x'.repeat(99)}\n`;
  const flood = line.repeat(LOG_BEHIND_MAX_BYTES / 100 + 10);
  appendFileSync(path, flood.slice(0, 500_000));
  rotate(path, 3);
  appendFileSync(path, flood.slice(500_000));
  const { text, skippedBytes } = reader.tell();
  assert.ok(text.length <= LOG_BLOCK_MAX_BYTES && text.length > LOG_BLOCK_MAX_BYTES - 200);
  assert.equal(text.length % 100, 0);
  assert.equal(skippedBytes + text.length, flood.length);
  appendFileSync(path, flood.slice(0, LOG_BEHIND_MAX_BYTES - 76));
  const almost = reader.tell();
  assert.deepEqual([almost.skippedBytes, almost.text.length], [0, LOG_BEHIND_MAX_BYTES - 76]);
});

test('a long history is not skipped, only what came while it was told', (context) => {
  const path = logPathFor(context);
  const line = `${'x'.repeat(99)}\n`;
  const history = line.repeat(15_000);
  writeFileSync(path, history);
  const reader = handReader(path, lastLines(20_000, follow));
  const begin = reader.tell({ roomBytes: 200_000 });
  appendFileSync(path, history);
  const rest = reader.tell();
  assert.equal(begin.text.length + rest.text.length, history.length);
  assert.equal(rest.last, 'historyTold');
  const now = reader.tell();
  assert.equal(now.skippedBytes + now.text.length, history.length);
  assert.ok(now.skippedBytes > 0);
});

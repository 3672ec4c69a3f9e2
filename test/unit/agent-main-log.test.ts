import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type MainLogDefinition, openMainLog } from '../../agent/adapters/logs/main-log.ts';
import { mainLogLine } from '../../agent/adapters/logs/main-log-line.ts';
import { RecentBytes } from '../../agent/adapters/logs/recent-bytes.ts';

const AGENT_PID = 77;

/** As pino writes it; local time, so that the test does not depend on where it runs. */
const entry = (fields: object): string =>
  `${JSON.stringify({
    level: 30,
    time: new Date(2026, 10, 22, 5, 34, 12, 345).toISOString(),
    pid: AGENT_PID,
    hostname: 'machine',
    name: 'fleet-agent',
    host: 'web-1',
    ...fields,
  })}\n`;

const readable = (fields: object): string => mainLogLine(entry(fields), AGENT_PID);

test('a line looks like one of supervisord, with what is said besides behind it', () => {
  assert.equal(readable({ msg: 'supervising' }), '2026-11-22 05:34:12,345 INFO supervising');
  assert.equal(
    readable({ msg: 'web is RUNNING', process: 'web', state: 'RUNNING', processPid: 12 }),
    '2026-11-22 05:34:12,345 INFO web is RUNNING (pid 12)',
  );
  const details = readable({ msg: 'm', why: 'two words', n: 1, list: ['a'], none: null });
  assert.match(details, / INFO m \(why "two words", n 1, list \["a"\]\)$/);
});

test('levels have the names that Supervisor gives them', () => {
  const levels = [60, 50, 40, 30, 20, 10].map((level) =>
    readable({ level, msg: 'm' }).slice(24, 28),
  );
  assert.deepEqual(levels, ['CRIT', 'ERRO', 'WARN', 'INFO', 'DEBG', 'TRAC']);
});

test("a program's pid is told, the agent's own is not", () => {
  assert.match(entry({ msg: 'm' }), /"pid":77/);
  assert.doesNotMatch(readable({ msg: 'm' }), /pid/);
  assert.match(readable({ msg: 'm', pid: 12 }), /m \(pid 12\)$/);
});

test('nothing in a message looks like a line of its own', () => {
  const line = readable({ msg: 'one\n2026-11-22 05:34:12,345 INFO forged\u001b[31m', why: 'a\nb' });
  assert.doesNotMatch(line, /\p{Cc}/u);
  assert.match(line, /one\\n2026.*forged\\u001b\[31m \(why "a\\nb"\)$/);
});

test('what is not JSON comes out as it is', () => {
  assert.equal(mainLogLine('Error: out of paper\n', AGENT_PID), 'Error: out of paper');
  assert.equal(mainLogLine('7\n', AGENT_PID), '7');
});

function aMainLog(context: TestContext, overrides: Partial<MainLogDefinition> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'agent-main-log-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const stderr: string[] = [];
  const definition = { path: join(folder, 'supervisord.log'), maxBytes: 0, backups: 0 };
  const log = openMainLog({ ...definition, ...overrides }, (text) => stderr.push(text));
  context.after(() => log[Symbol.dispose]());
  return { log, stderr, path: definition.path };
}

test('stderr gets JSON, the file a copy for people, and both can be read from the file', (context) => {
  const { log, stderr, path } = aMainLog(context);
  log.write(entry({ msg: 'first' }));
  log.write(entry({ msg: 'second' }));
  assert.deepEqual(stderr, [entry({ msg: 'first' }), entry({ msg: 'second' })]);
  assert.match(readFileSync(path, 'utf8'), /^2026.* INFO first.*\n2026.* INFO second.*\n$/);
  assert.match(log.tail(1_000_000).toString(), / first.*\n.* second/);
  assert.equal(log.tail(7).length, 7);
  assert.equal(log.clear(), null);
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('the file is rotated as the configuration says', (context) => {
  const { log, path } = aMainLog(context, { maxBytes: 10, backups: 1 });
  log.write(entry({ msg: 'first' }));
  assert.equal(readFileSync(path, 'utf8'), '');
  assert.match(readFileSync(`${path}.1`, 'utf8'), /first/);
});

test('without a file, or with one that is none, the last lines are there all the same', async (context) => {
  for (const path of [null, '/dev/null']) {
    const { log } = aMainLog(context, { path });
    log.write(entry({ msg: 'before' }));
    const pieces: Buffer[] = [];
    using _following = log.follow((piece) => void pieces.push(piece), { tailBytes: 0 });
    log.write(entry({ msg: 'after' }));
    await new Promise(setImmediate);
    assert.match(log.tail(10_000).toString(), /before.*\n.*after/);
    assert.match(Buffer.concat(pieces).toString(), /^2026\S* \S+ INFO after.*\n$/);
    assert.equal(log.clear(), null);
    assert.equal(log.tail(10_000).length, 0);
  }
});

test('a file that cannot be written is said on stderr, in JSON, once', (context) => {
  const { log, stderr } = aMainLog(context, { path: '/nowhere/supervisord.log' });
  log.write(entry({ msg: 'one' }));
  log.write(entry({ msg: 'two' }));
  assert.equal(stderr.length, 3);
  assert.match(stderr[0] ?? '', /^\{"level":40,.*cannot write \/nowhere\/supervisord\.log: ENOENT/);
});

test('memory keeps the last bytes, whatever the sizes of what is written', () => {
  const recent = new RecentBytes(10);
  assert.equal(recent.tail(5).toString(), '');
  for (const text of ['abc', 'defgh', 'ijklm', 'n']) recent.add(Buffer.from(text));
  assert.equal(recent.tail(100).toString(), 'efghijklmn');
  assert.equal(recent.tail(3).toString(), 'lmn');
  recent.add(Buffer.from('a text that is longer than all of it'));
  assert.equal(recent.tail(100).toString(), 'all of it'.padStart(10));
  recent.clear();
  recent.add(Buffer.from('x'));
  assert.equal(recent.tail(100).toString(), 'x');
});

test('who follows memory too slowly misses what has fallen out of it, and nothing else', async () => {
  const recent = new RecentBytes(10);
  recent.add(Buffer.from('old'));
  const pieces: string[] = [];
  let letGo = (): void => undefined;
  using _following = recent.follow((piece) => {
    pieces.push(piece.toString());
    return new Promise<void>((resolve) => {
      letGo = resolve;
    });
  }, 2);
  await new Promise(setImmediate);
  for (const text of ['12345', '67890', 'abcde']) recent.add(Buffer.from(text));
  letGo();
  await new Promise(setImmediate);
  letGo();
  await new Promise(setImmediate);
  assert.deepEqual(pieces, ['ld', '67890abcde']);
});

/**
 * The system's log through a real logger process: a script in its place shows what it was given.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSyslog } from '../../agent/adapters/logs/syslog.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { eventually } from './fleet/wait.ts';

/** Programs in the place of logger(1) write what they are and what they read into `seen`. */
function aLogger(context: TestContext, script: string, restartMs = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'logs-syslog-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const seen = join(folder, 'seen');
  writeFileSync(seen, '');
  const program = join(folder, 'logger');
  writeFileSync(program, `#!/bin/sh\nSEEN='${seen}'\nFOLDER='${folder}'\n${script}`);
  chmodSync(program, 0o755);
  const log = fakeLog();
  const syslog = createSyslog({ log, program, restartMs });
  context.after(() => syslog[Symbol.dispose]());
  const read = (): string => readFileSync(seen, 'utf8');
  return { folder, syslog, log, read, program };
}

const COPY = 'case "$*" in --version) exit 1;; esac\necho "args: $*" >> "$SEEN"\ncat >> "$SEEN"\n';

test('lines of all processes go through one logger, with name, tag and level', async (context) => {
  const { syslog, read, log } = aLogger(context, COPY);
  const web = syslog.open('web');
  const db = syslog.open('db');
  web.write(Buffer.from('half a'));
  db.write(Buffer.from('one\ntwo\n'));
  web.write(Buffer.from(' line\nand the end'));
  web.flush();
  const expected =
    'args: -t supervisord -p user.info\ndb one\ndb two\nweb half a line\nweb and the end\n';
  await eventually('the log', () => read() === expected, { explain: read });
  assert.deepEqual(log.lines, []);
});

test("util-linux's logger is asked to take long lines whole", async (context) => {
  const version = 'case "$*" in --version) echo "logger from util-linux 2.38"; exit;; esac\n';
  const { syslog, read } = aLogger(context, version + COPY);
  const line = 'x'.repeat(5_000);
  syslog.open('web').write(Buffer.from(`${line}\n`));
  const expected = `args: -S 16384 -t supervisord -p user.info\nweb ${line}\n`;
  await eventually('the log', () => read() === expected, { explain: () => read().slice(0, 200) });
});

test('a logger that ends is started again, which is said once', async (context) => {
  const { syslog, log, read } = aLogger(
    context,
    'test "$1" = --version && exit 1\nread -r line\necho "$line" >> "$SEEN"\necho no room >&2\nexit 3\n',
  );
  const web = syslog.open('web');
  web.write(Buffer.from('first\n'));
  await eventually('the log', () => log.lines.length > 0, { explain: read });
  web.write(Buffer.from('second\n'));
  await eventually('the log', () => read() === 'web first\nweb second\n', { explain: read });
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? '', /^warn: .*logger has ended; what goes to the system log may be/);
});

test('a logger that is missing costs bounded memory and one remark', async (context) => {
  const { syslog, log, program } = aLogger(context, '');
  rmSync(program);
  const web = syslog.open('web');
  for (let index = 0; index < 200; index += 1) web.write(Buffer.from(`${'x'.repeat(9_999)}\n`));
  await eventually('the log', () => log.lines.length === 2, {
    explain: () => log.lines.join('\n'),
  });
  assert.match(log.lines.join('\n'), /does not follow; lines are lost\nwarn: .*logger has ended/);
});

test('what was said while there was no logger is told to the one that comes', async (context) => {
  const { syslog, log, program, read } = aLogger(context, COPY, 100);
  renameSync(program, `${program}.later`);
  const web = syslog.open('web');
  web.write(Buffer.from('lost with the first try\n'));
  await eventually('the end', () => log.lines.length > 0);
  web.write(Buffer.from('kept\n'));
  renameSync(`${program}.later`, program);
  await eventually('the log', () => read().endsWith('\nweb kept\n'), { explain: read });
});

test('a logger that does not read loses lines, which are counted when it goes on', async (context) => {
  const { syslog, log, read, folder } = aLogger(
    context,
    'test "$1" = --version && exit 1\nuntil test -e "$FOLDER/go"; do sleep 0.02; done\ncat >> "$SEEN"\n',
  );
  let lostBytes = 0;
  const web = syslog.open('web', (bytes) => {
    lostBytes += bytes;
  });
  const line = 'x'.repeat(799);
  for (let index = 0; index < 2_000; index += 1) web.write(Buffer.from(`${line}\n`));
  assert.deepEqual(log.lines, ['warn: the system log does not follow; lines are lost']);
  writeFileSync(join(folder, 'go'), '');
  await eventually('the log', () => log.lines.length === 2, {
    explain: () => String(read().length),
  });
  assert.equal(log.lines[1], 'warn: lines for the system log were lost');
  web.write(Buffer.from('last\n'));
  await eventually('the log', () => read().endsWith('web last\n'), {
    explain: () => String(read().length),
  });
  const whole = read().split('\n').slice(0, -2);
  assert.ok(whole.length > 100 && whole.length < 2_000, String(whole.length));
  assert.ok(whole.every((one) => one === `web ${line}`));
  assert.equal(lostBytes, (2_000 - whole.length) * (line.length + 1));
});

test('a descriptor of the agent does not reach the logger', async (context) => {
  if (process.platform !== 'linux') return context.skip('there is no /proc/self/fd here');
  const { syslog, read } = aLogger(
    context,
    'test "$1" = --version && exit 1\nls /proc/$$/fd >> "$SEEN"\ncat > /dev/null\n',
  );
  const ours = openSync('/dev/null', 'r');
  context.after(() => closeSync(ours));
  syslog.open('web').write(Buffer.from('one\n'));
  await eventually('the log', () => read().includes('2\n'), { explain: read });
  assert.ok(!read().split('\n').includes(String(ours)), read());
});

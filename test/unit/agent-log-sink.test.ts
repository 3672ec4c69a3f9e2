import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLogSink } from '../../agent/adapters/logs/log-sink.ts';
import type { SyslogSink } from '../../agent/adapters/logs/syslog.ts';
import type { LogDefinition, ProcessDefinition } from '../../agent/core/definition.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const NOWHERE: LogDefinition = {
  target: { kind: 'none' },
  syslog: false,
  maxBytes: 0,
  backups: 0,
  timestamps: false,
};

const NOW_MS = Date.UTC(2026, 10, 22, 20, 15, 0, 123);
const NOW = '2026-11-22T20:15:00.123Z ';

function surroundings(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'agent-sink-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const syslog: SyslogSink = {
    open: (name) => ({
      write: (chunk) => said.push(`${name}: ${Buffer.from(chunk)}`),
      flush: () => said.push('flush'),
    }),
  };
  const lost: string[] = [];
  const log = fakeLog();
  return {
    folder,
    said,
    lost,
    log,
    around: {
      folders: { runDir: folder, logDir: folder },
      log,
      syslog,
      nowMs: () => NOW_MS,
      onLost: (process: string, bytes: number) => lost.push(`${process} ${bytes}`),
    },
  };
}

const defined = (overrides: Partial<ProcessDefinition>): ProcessDefinition =>
  aDefinition('group:web', { name: 'web', stdoutLog: NOWHERE, stderrLog: NOWHERE, ...overrides });

test('a stream that goes nowhere has no sink', (context) => {
  const { around } = surroundings(context);
  assert.equal(openLogSink(defined({}), 'stdout', around), null);
  assert.equal(openLogSink(defined({ stripAnsi: true }), 'stderr', around), null);
});

test('a file of its own choosing is named after process and stream, and nobody else can read it', (context) => {
  const { folder, around } = surroundings(context);
  const auto = { ...NOWHERE, target: { kind: 'auto' } } as const;
  const definition = defined({ stdoutLog: auto, stderrLog: auto });
  for (const stream of ['stdout', 'stderr'] as const) {
    using sink = openLogSink(definition, stream, around);
    sink?.write(Buffer.from(stream));
  }
  assert.deepEqual(readdirSync(folder), ['group:web-stderr.log', 'group:web-stdout.log']);
  assert.equal(readFileSync(join(folder, 'group:web-stderr.log'), 'utf8'), 'stderr');
  assert.equal(statSync(join(folder, 'group:web-stdout.log')).mode & 0o777, 0o600);
});

test('the system log comes beside a file, or instead of one', (context) => {
  const { folder, said, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const file = { ...NOWHERE, target: { kind: 'file', path }, syslog: true } as const;
  const definition = defined({ stdoutLog: file, stderrLog: { ...NOWHERE, syslog: true } });
  {
    using out = openLogSink(definition, 'stdout', around);
    using err = openLogSink(definition, 'stderr', around);
    out?.write(Buffer.from('out'));
    err?.write(Buffer.from('err'));
    assert.deepEqual([out?.clear(), err?.clear()], [null, null]);
    assert.equal(statSync(path).size, 0);
    out?.write(Buffer.from('more'));
  }
  assert.equal(readFileSync(path, 'utf8'), 'more');
  assert.deepEqual(said, ['web: out', 'web: err', 'web: more', 'flush', 'flush']);
});

test('a file that was removed is made anew, whatever stands before or beside it', (context) => {
  const { folder, around } = surroundings(context);
  const path = join(folder, 'x.log');
  for (const syslog of [false, true]) {
    for (const stripAnsi of [false, true]) {
      const stdoutLog = { ...NOWHERE, target: { kind: 'file', path }, syslog } as const;
      using sink = openLogSink(defined({ stdoutLog, stripAnsi }), 'stdout', around);
      rmSync(path);
      sink?.reopenIfMoved?.();
      assert.ok(existsSync(path), `syslog ${syslog}, strip_ansi ${stripAnsi}`);
    }
  }
});

test('a log that was moved away in the middle of a line begins the next one with its time', (context) => {
  const { folder, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const stdoutLog = { ...NOWHERE, target: { kind: 'file', path }, timestamps: true } as const;
  using sink = openLogSink(defined({ stdoutLog }), 'stdout', around);
  sink?.write(Buffer.from('half a li'));
  sink?.reopenIfMoved?.();
  sink?.write(Buffer.from('ne\n'));
  rmSync(path);
  sink?.write(Buffer.from('half'));
  sink?.reopenIfMoved?.();
  sink?.write(Buffer.from('whole\n'));
  assert.match(readFileSync(path, 'utf8'), /^\d{4}-\d\d-\d\dT\S+Z whole\n$/);
});

test('escape sequences are kept out of everything, and a run ends with what it said last', (context) => {
  const { folder, said, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const stdoutLog = { ...NOWHERE, target: { kind: 'file', path }, syslog: true } as const;
  using sink = openLogSink(defined({ stdoutLog, stripAnsi: true }), 'stdout', around);
  for (const chunk of ['\x1b[31mred', '\x1b[', '0m', 'end\x1b']) sink?.write(Buffer.from(chunk));
  assert.equal(readFileSync(path, 'utf8'), 'redend');
  sink?.flush?.();
  assert.equal(readFileSync(path, 'utf8'), 'redend\x1b');
  assert.deepEqual(said, ['web: red', 'web: end', 'web: \x1b', 'flush']);
});

test('a log that cannot be opened is said once, by the name of its process', (context) => {
  const { folder, log, lost, around } = surroundings(context);
  const path = join(folder, 'missing', 'x.log');
  const stdoutLog = { ...NOWHERE, target: { kind: 'file', path } } as const;
  using sink = openLogSink(defined({ stdoutLog }), 'stdout', around);
  sink?.write(Buffer.from('lost'));
  assert.deepEqual(lost, ['group:web 4']);
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? '', /^warn: cannot write .*x\.log: ENOENT/);
  assert.equal(existsSync(path), false);
});

test('times are put before the lines of a file, not of the system log, and not before escapes', (context) => {
  const { folder, said, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const log = {
    ...NOWHERE,
    target: { kind: 'file', path },
    syslog: true,
    timestamps: true,
  } as const;
  using sink = openLogSink(defined({ stdoutLog: log, stripAnsi: true }), 'stdout', around);
  for (const chunk of ['\x1b[31m', 'red\x1b[0m\n', '\x1b[0m']) sink?.write(Buffer.from(chunk));
  assert.equal(readFileSync(path, 'utf8'), `${NOW}red\n`);
  assert.deepEqual(said, ['web: red\n']);
});

test('a line that the agent before left without an end is gone on with', (context) => {
  const { folder, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const stdoutLog = { ...NOWHERE, target: { kind: 'file', path }, timestamps: true } as const;
  const printed = (...chunks: readonly string[]): string => {
    using sink = openLogSink(defined({ stdoutLog }), 'stdout', around);
    for (const chunk of chunks) sink?.write(Buffer.from(chunk));
    return readFileSync(path, 'utf8');
  };
  assert.equal(printed('half'), `${NOW}half`);
  assert.equal(printed(' and half\n'), `${NOW}half and half\n`);
  assert.equal(printed('new\n'), `${NOW}half and half\n${NOW}new\n`);
});

test('a log that was emptied or made anew begins with a time', (context) => {
  const { folder, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const stdoutLog = { ...NOWHERE, target: { kind: 'file', path }, timestamps: true } as const;
  using sink = openLogSink(defined({ stdoutLog }), 'stdout', around);
  for (const beginAnew of [() => sink?.clear(), () => rmSync(path) ?? sink?.reopen()]) {
    sink?.write(Buffer.from('half'));
    beginAnew();
    sink?.write(Buffer.from('rest'));
    assert.equal(readFileSync(path, 'utf8'), `${NOW}rest`);
    sink?.clear();
  }
});

test('a flood of empty lines is stamped to the last one', (context) => {
  const { folder, around } = surroundings(context);
  const path = join(folder, 'x.log');
  const stdoutLog = { ...NOWHERE, target: { kind: 'file', path }, timestamps: true } as const;
  using sink = openLogSink(defined({ stdoutLog }), 'stdout', around);
  sink?.write(Buffer.alloc(40_000, '\n'));
  assert.equal(readFileSync(path, 'utf8'), `${NOW}\n`.repeat(40_000));
});

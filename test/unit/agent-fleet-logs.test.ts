import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { FleetLogs } from '../../agent/fleet-logs/fleet-logs.ts';
import { LogReader } from '../../agent/fleet-logs/log-reader.ts';
import { LogTimes } from '../../agent/fleet-logs/log-times.ts';
import { ReaderNotes } from '../../agent/fleet-logs/reader-notes.ts';
import type { LogChannel } from '../../proto/local-orders.ts';
import type { AgentLogMessage, ControllerLogMessage } from '../../proto/log-messages.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { ALL_LINES, handReader, lastBytes, lastLines, logPathFor } from '../fakes/fleet-logs.ts';

/** A stream that takes one message at a time and lets it go when it is told to. */
function fakeLogLink() {
  const sent: AgentLogMessage[] = [];
  let leave: (() => void) | null = null;
  let isHeld = false;
  return {
    sent,
    isClear: () => !isHeld && leave === null,
    sendLog: (message: AgentLogMessage, left: () => void) => {
      sent.push(message);
      if (message.kind === 'logBlock') leave = left;
    },
    letGo: () => {
      const left = leave;
      leave = null;
      left?.();
      return left !== null;
    },
    /** The session ends with something on its way. */
    forget: () => {
      leave = null;
    },
    hold: (held: boolean) => {
      isHeld = held;
    },
  };
}

interface Stage extends Disposable {
  readonly link: ReturnType<typeof fakeLogLink>;
  readonly logs: FleetLogs;
  read(more?: Partial<Extract<ControllerLogMessage, { readonly kind: 'readLogs' }>>): void;
  /** Lets everything go that is sent, until there is no more. */
  settle(): Promise<void>;
  text(readerId?: number): string;
  notes(): readonly string[];
  ends(): readonly Extract<AgentLogMessage, { readonly kind: 'logsEnd' }>[];
}

/** Processes web and db, with what is in their logs, and `mute`, which has none. */
function aStage(
  context: TestContext,
  logs: Readonly<Record<string, string>>,
  definitions: readonly ProcessDefinition[] = ['web', 'db', 'mute'].map((name) =>
    aDefinition(name),
  ),
): Stage {
  const folder = logPathFor(context);
  const pathOf = (key: string) => `${folder}.${key}`;
  for (const [key, text] of Object.entries(logs)) writeFileSync(pathOf(key), text);
  const link = fakeLogLink();
  const hasFile = (name: string, channel: LogChannel) => {
    const isElsewhere = ['mute', 'sys'].includes(name) || (name === 'std' && channel === 'stdout');
    return (
      !isElsewhere && !(name === 'web' && definitions[0]?.redirectStderr && channel === 'stderr')
    );
  };
  const fleetLogs = new FleetLogs({
    link,
    definitionOf: (name) => definitions.find(({ process }) => process === name) ?? null,
    logPath: (name, channel) => (hasFile(name, channel) ? pathOf(`${name}-${channel}`) : null),
    refusedByPolicy: (names) =>
      names.some((name) => name === 'secret') ? 'the policy is against it' : null,
    times: new LogTimes(),
    log: fakeLog(),
  });
  const soon = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    link,
    logs: fleetLogs,
    read: (more = {}) =>
      fleetLogs.receive({
        kind: 'readLogs',
        sessionEpoch: 7,
        readerId: 1,
        processes: [knownProcessName('web')],
        channels: ['stdout'],
        selection: lastLines(ALL_LINES),
        creditBytes: 1_000_000,
        ...more,
      }),
    settle: async () => {
      for (let quiet = 0; quiet < 5; quiet += 1) {
        await soon();
        if (link.letGo()) quiet = 0;
      }
    },
    text: (readerId = 1) =>
      link.sent
        .filter((message) => message.kind === 'logBlock')
        .filter((block) => block.readerId === readerId)
        .map(({ data }) => Buffer.from(data).toString())
        .join(''),
    notes: () => link.sent.filter((message) => message.kind === 'logsNote').map(({ note }) => note),
    ends: () => link.sent.filter((message) => message.kind === 'logsEnd'),
    [Symbol.dispose]: () => fleetLogs[Symbol.dispose](),
  };
}

const [web, db, mute, gone] = ['web', 'db', 'mute', '../../etc/passwd'].map(knownProcessName);
assert.ok(web && db && mute && gone);

test('what is in the logs is told, one after another, and then that it was all', async (context) => {
  const logs = { 'web-stdout': 'w1\nw2\n', 'web-stderr': 'e1\n', 'db-stdout': 'd1\n' };
  using stage = aStage(context, logs);
  stage.read({ processes: [web, db], channels: ['stdout', 'stderr'] });
  await stage.settle();
  const blocks = stage.link.sent.filter((message) => message.kind === 'logBlock');
  const of = { sessionEpoch: 7, readerId: 1 };
  for (const { kind, process, channel, data, ...rest } of blocks) {
    assert.deepEqual(rest, { ...of, skippedBytes: 0, skippedMore: false });
  }
  const told = blocks.map(({ process, channel }) => `${process} ${channel}`);
  assert.deepEqual([...new Set(told)], ['web stdout', 'web stderr', 'db stdout']);
  assert.equal(stage.text(), 'w1\nw2\ne1\nd1\n');
  assert.deepEqual(stage.link.sent.slice(blocks.length), [
    { kind: 'logsNote', ...of, note: 'there is no log file of db yet' },
    { kind: 'logsEnd', ...of, error: null },
  ]);
});

test('a process that is not of this host has no log, whatever its name leads to', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'w1\n' });
  stage.read({ processes: [gone, mute] });
  stage.read({ readerId: 2, processes: [gone, web, mute] });
  await stage.settle();
  const words =
    'there is no process ../../etc/passwd; no log is kept of mute (stdout_logfile, stderr_logfile)';
  assert.deepEqual(
    stage.ends().map(({ readerId, error }) => [readerId, error]),
    [
      [1, words],
      [2, null],
    ],
  );
  assert.deepEqual(stage.notes(), [words]);
  assert.equal(stage.text(2), 'w1\n');
});

test('a program without a log file is told of, and where else to look', async (context) => {
  const log = { ...aDefinition('x').stdoutLog, syslog: false };
  const standard = { ...log, target: { kind: 'standard', descriptor: 1 } } as const;
  const syslog = { ...log, syslog: true };
  using stage = aStage(context, { 'web-stdout': 'w1\n', 'std-stderr': '' }, [
    aDefinition('web', { redirectStderr: true }),
    aDefinition('sys', { stdoutLog: syslog, stderrLog: syslog }),
    aDefinition('std', { stdoutLog: standard }),
    aDefinition('late'),
  ]);
  const ask = (readerId: number, name: string, channels: readonly LogChannel[], more = {}) =>
    stage.read({ readerId, processes: [knownProcessName(name)], channels, ...more });
  ask(1, 'web', ['stdout', 'stderr']);
  ask(2, 'web', ['stderr']);
  ask(3, 'sys', ['stdout', 'stderr']);
  ask(4, 'std', ['stdout', 'stderr']);
  ask(5, 'late', ['stdout']);
  ask(6, 'late', ['stdout'], { selection: lastLines(1, { follow: true }), creditBytes: 1 });
  while (stage.ends().length < 5) await stage.settle();
  const errors = stage.ends().map(({ readerId, error }) => [readerId, error]);
  assert.deepEqual(Object.fromEntries(errors), {
    1: null,
    2: 'stderr goes where stdout goes: leave out --stderr (web)',
    3: "the output of sys is in this host's syslog: journalctl, /var/log/syslog",
    4: null,
    5: null,
  });
  const late = 'there is no log file of late yet';
  assert.deepEqual(stage.notes().toSorted(), [
    'the output of std is in that of its agent: journalctl -u fleet-agent',
    ...[late, late],
  ]);
});

test('nothing is sent without credit, and never more than there is', async (context) => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join('');
  using stage = aStage(context, { 'web-stdout': lines });
  stage.read({ creditBytes: 0 });
  await stage.settle();
  assert.equal(stage.link.sent.length, 0);
  for (const bytes of [1, 20_000, 30_001]) {
    stage.logs.receive({ kind: 'logCredit', sessionEpoch: 7, readerId: 1, bytes });
    await stage.settle();
  }
  const sent = stage.text().length;
  assert.ok(sent <= 50_002 && sent > 49_990, `${sent}`);
  assert.equal(stage.ends().length, 0);
  stage.logs.receive({ kind: 'logCredit', sessionEpoch: 7, readerId: 1, bytes: 1_000_000 });
  await stage.settle();
  assert.equal(stage.text(), lines);
  assert.equal(stage.ends().length, 1);
});

test('bytes that there is no credit for wait, and are not taken for the end', async (context) => {
  using stage = aStage(context, { 'web-stdout': '0123456789' });
  stage.read({ selection: lastBytes(8), creditBytes: 4 });
  await stage.settle();
  assert.deepEqual([stage.text(), stage.ends().length], ['2345', 0]);
  stage.logs.receive({ kind: 'logCredit', sessionEpoch: 7, readerId: 1, bytes: 5 });
  await stage.settle();
  assert.deepEqual([stage.text(), stage.ends().length], ['23456789', 1]);
});

test('one block is on its way at a time, and none while something else waits', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'x\n'.repeat(100_000) });
  stage.link.hold(true);
  stage.read();
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stage.link.sent.length, 0);
  stage.link.hold(false);
  while (stage.link.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stage.link.sent.length, 1);
  await stage.settle();
  assert.equal(stage.text().length, 200_000);
});

test('readers take turns, and end when they are stopped or the session is', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'x\n'.repeat(400_000), 'db-stdout': 'd\n' });
  stage.read();
  stage.read({ readerId: 2, processes: [db] });
  while (stage.ends().length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
    stage.link.letGo();
  }
  assert.equal(stage.text(2), 'd\n');
  assert.ok(stage.text(1).length < 400_000, 'the short one waited for the long one');
  stage.logs.receive({ kind: 'stopLogs', sessionEpoch: 7, readerId: 1 });
  const soFar = stage.link.sent.length;
  await stage.settle();
  assert.equal(stage.link.sent.length, soFar);
  stage.read({ readerId: 3 });
  await new Promise((resolve) => setImmediate(resolve));
  stage.logs.endAll();
  const atTheEnd = stage.link.sent.length;
  await stage.settle();
  assert.equal(stage.link.sent.length, atTheEnd);
  stage.read({ readerId: 4, processes: [db] });
  await stage.settle();
  assert.equal(stage.text(4), 'd\n');
});

test('an expression is compiled when it comes; credit given meanwhile counts', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'one\ntwo\nthree\n' });
  stage.read({ selection: lastLines(10, { grep: '^t' }), creditBytes: 0 });
  stage.logs.receive({ kind: 'logCredit', sessionEpoch: 7, readerId: 1, bytes: 100 });
  stage.read({ readerId: 2, selection: lastLines(10, { grep: '(' }) });
  while (stage.ends().length < 2) await stage.settle();
  assert.equal(stage.text(), 'two\nthree\n');
  const refused = stage.ends().find(({ readerId }) => readerId === 2);
  assert.match(refused?.error ?? '', /bad expression "\("/);
});

test('who is stopped while its expression is compiled is told nothing', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'one\n', 'db-stdout': 'two\n' });
  stage.read({ selection: lastLines(10, { grep: 'o' }) });
  stage.logs.receive({ kind: 'stopLogs', sessionEpoch: 7, readerId: 1 });
  stage.read({ readerId: 2, processes: [db], selection: lastLines(10, { grep: 't' }) });
  while (stage.ends().length === 0) await stage.settle();
  await stage.settle();
  assert.deepEqual([stage.text(1), stage.text(2)], ['', 'two\n']);
});

test('nothing is sent that something else came before, and nothing of a session that is over', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'one\n' });
  stage.read();
  stage.link.hold(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stage.link.sent.length, 0);
  stage.link.hold(false);
  while (stage.link.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  stage.logs.endAll();
  stage.link.forget();
  stage.logs.receive({ kind: 'logCredit', sessionEpoch: 7, readerId: 1, bytes: 9 });
  await stage.settle();
  assert.equal(stage.link.sent.length, 1);
  stage.read({ readerId: 2 });
  while (stage.ends().length === 0) await stage.settle();
  assert.equal(stage.text(2), 'one\n');
});

test('what cannot be done is refused in words', async (context) => {
  const names = Array.from({ length: 1_001 }, (_, index) => `p${index}`);
  const definitions = ['web', ...names].map((name) => aDefinition(name));
  using stage = aStage(context, { 'web-stdout': 'one\n' }, definitions);
  stage.read({ selection: lastBytes(3, { grep: 'x' }) });
  stage.read({ selection: lastBytes(3, { sinceMs: 0 }) });
  assert.deepEqual(
    stage.ends().map(({ error }) => error),
    Array(2).fill('bytes are told as they are: ask for lines to choose among them'),
  );
  const many = names.map(knownProcessName);
  const selection = lastLines(0, { follow: true });
  stage.read({ processes: many, channels: ['stdout', 'stderr'], selection });
  assert.match(stage.ends().at(-1)?.error ?? '', /too many logs to follow: 2000 at once/);
  const half = many.slice(0, 500);
  stage.read({ readerId: 100, processes: half, channels: ['stdout', 'stderr'], selection });
  stage.read({ readerId: 101, processes: half, channels: ['stdout', 'stderr'], selection });
  assert.equal(stage.ends().length, 3, 'as many as there may be');
  stage.read({ readerId: 102, selection });
  assert.match(stage.ends().at(-1)?.error ?? '', /too many logs to follow: 2000 at once/);
  for (const readerId of [100, 101]) {
    stage.logs.receive({ kind: 'stopLogs', sessionEpoch: 7, readerId });
  }
  for (let readerId = 1; readerId <= 65; readerId += 1) stage.read({ readerId, creditBytes: 0 });
  assert.match(stage.ends().at(-1)?.error ?? '', /64 readers of logs are at work/);
  assert.equal(stage.ends().length, 5);
});

test('a log that cannot be read ends its reader with a reason, and nothing else', (context) => {
  for (const follow of [false, true]) {
    const path = logPathFor(context);
    writeFileSync(path, follow ? '' : 'w1\n');
    const grep = () => {
      throw new Error('EIO: i/o error, read');
    };
    const { source } = handReader(path, lastLines(ALL_LINES, { follow }), { grep });
    const reader = new LogReader({
      sources: [source],
      follow,
      creditBytes: 1_000_000,
      notes: new ReaderNotes(),
    });
    const step = () => reader.step(() => 0);
    while (follow && step().kind !== 'resting');
    writeFileSync(path, 'w1\nw2\n');
    reader.wake();
    let last = step();
    while (last.kind === 'working') last = step();
    const error = 'the log of web cannot be read: EIO: i/o error, read';
    assert.deepEqual(last, { kind: 'end', end: { error } });
  }
});

test('what the policy of the host is against is not read, and nothing is told of it but why', async (context) => {
  using stage = aStage(context, { 'web-stdout': 'w1\n' });
  stage.read({ processes: [web, knownProcessName('secret')] });
  await stage.settle();
  assert.deepEqual(
    stage.ends().map(({ error }) => error),
    ['the policy is against it'],
  );
  assert.equal(stage.text(), '');
});

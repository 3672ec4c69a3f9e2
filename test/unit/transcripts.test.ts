/** A transcript that cannot fail proves nothing: what it covers up, and what it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mask } from '../integration/transcripts/mask.ts';
import { type Printed, printed } from '../integration/transcripts/printed.ts';
import { type Command, readTranscript, writeTranscript } from '../integration/transcripts/read.ts';

const TEXT = `# A fleet
-- controller --
[hosts:front]
-- agent web-1 web-2 --
[program:web]
-- agent web-2 --
[program:api]
-- agent idle --
-- operator eve --
-- file hosts.txt --
web-1
--
# no part of the file

> wait web-1 web RUNNING
# a remark
$ fleetctl status web
web-1   web   RUNNING
|
! error: no such host
? 6

% fleetctl restart all
restarted 2 of 2 targets
`;

test('a transcript is a fleet and what happens to it', () => {
  const { steps, controller, ...transcript } = readTranscript(TEXT);
  assert.equal(controller, '[hosts:front]');
  assert.deepEqual(Object.fromEntries(transcript.agents), {
    'web-1': '[program:web]\n',
    'web-2': '[program:web]\n[program:api]\n',
    idle: '',
  });
  assert.deepEqual([...transcript.operators], [['eve', '']]);
  assert.deepEqual([...transcript.files], [['hosts.txt', 'web-1\n']]);
  assert.deepEqual(
    steps.filter(({ kind }) => kind !== 'remark'),
    [
      { kind: 'happening', words: ['wait', 'web-1', 'web', 'RUNNING'] },
      {
        kind: 'command',
        command: 'fleetctl status web',
        isUnordered: false,
        expected: ['web-1   web   RUNNING', '|', '! error: no such host', '? 6'],
      },
      {
        kind: 'command',
        command: 'fleetctl restart all',
        isUnordered: true,
        expected: ['restarted 2 of 2 targets'],
      },
    ],
  );
});

test('what went as expected is written as it was read', () => {
  const { heading, steps } = readTranscript(TEXT);
  assert.equal(writeTranscript(heading, steps), TEXT);
});

test('what could never be compared is refused', () => {
  assert.throws(() => readTranscript('# nothing happens\n> wait a b RUNNING\n'), /proves nothing/);
  assert.throws(() => readTranscript('-- agnet web-1 --\n$ true\n'), /agnet/);
  assert.throws(() => readTranscript('$ true\n\nweb-1   web\n'), /does not follow a command/);
  assert.throws(() => readTranscript('> wait a b C\nweb-1   web\n$ true\n'), /does not follow/);
});

const COMMAND: Command = { kind: 'command', command: '', isUnordered: false, expected: [] };
const QUIET: Printed = { code: 0, stdout: '', stderr: '' };

test('every difference is a difference', () => {
  const asExpected: Printed = { code: 6, stdout: 'a   b\n\nc\n', stderr: 'error: d\nfix:   e\n' };
  const others: readonly Partial<Printed>[] = [
    { code: 0 },
    { code: null },
    { stdout: 'a   b\nc\n' },
    { stdout: 'a   b\n\nc\n\n' },
    { stdout: 'a  b\n\nc\n' },
    { stdout: ' a   b\n\nc\n' },
    { stdout: 'c\n\na   b\n' },
    { stdout: '' },
    { stderr: '' },
    { stderr: 'error: d\nfix:  e\n' },
    { stderr: 'fix:   e\nerror: d\n' },
    { stdout: 'a   b\n\nc\n! error: d\n', stderr: 'fix:   e\n' },
    { stdout: 'a   b\n\nc\n? 6\n', code: 0 },
  ];
  const expected = printed(COMMAND, asExpected);
  assert.deepEqual(expected, ['a   b', '|', 'c', '! error: d', '! fix:   e', '? 6']);
  for (const other of others) {
    assert.notDeepEqual(printed(COMMAND, { ...asExpected, ...other }), expected);
  }
});

test('what a command prints is never read as a step, and so is written as it was read', () => {
  const stdout = '$ true\n% true\n> wait\n# none\n! none\n? 6\n|\n\n-- agent a --\n';
  const steps = [{ ...COMMAND, command: 'cat', expected: printed(COMMAND, { ...QUIET, stdout }) }];
  const text = writeTranscript('# none', steps);
  assert.deepEqual(readTranscript(text).steps, steps);
});

test('only rows that stand next to one another may change places', () => {
  const told = 'wave 1\nb   1\na   2\nwave 2\nd   3\nc   4\nend\n';
  const unordered = { ...COMMAND, isUnordered: true };
  assert.deepEqual(printed(unordered, { ...QUIET, stdout: told }), [
    'wave 1',
    'a   2',
    'b   1',
    'wave 2',
    'c   4',
    'd   3',
    'end',
  ]);
  const elsewhere = 'wave 1\nb   1\nd   3\nwave 2\na   2\nc   4\nend\n';
  assert.notDeepEqual(
    printed(unordered, { ...QUIET, stdout: elsewhere }),
    printed(unordered, { ...QUIET, stdout: told }),
  );
  assert.deepEqual(printed(COMMAND, { ...QUIET, stdout: told }), told.trimEnd().split('\n'));
});

const MASKED: Readonly<Record<string, string>> = {
  'operation 01a20339-3305-7745-a404-6254966f6d5b goes on': 'operation <id> goes on',
  '01a20339-3305   4 s ago   alice': '<id>   <duration> ago   alice',
  'web-1    web   restarted     pid 4711 → 4802   1.0 s':
    'web-1   web   restarted   pid <pid> → <pid>   <duration>',
  'web-1   web   FAILED   30 ms   exit status 3':
    'web-1   web   FAILED   <duration>   exit status 3',
  'web-1   web   RUNNING   4711   3 days, 1:02:03   2':
    'web-1   web   RUNNING   <pid>   <uptime>   2',
  'FATAL   11   37s-119s   web': 'FATAL   11   <for>   web',
  'started   2026-11-22T15:13:18.145Z, 2 min ago': 'started   <time>, <duration> ago',
  'controller 127.0.0.1:7460: 0.1.0': 'controller <address>: 0.1.0',
  '      "oldPid": 4711,': '      "oldPid": <number>,',
};

/** They look alike, and are what the transcripts are there for. */
const KEPT: readonly string[] = [
  'restarted 3 of 12 targets; 5 unreachable: web on prod-[1-5]',
  'wave 2 of 3 (group priority 10, priority 999): 4 targets',
  'wave 1 of 3: stop 1 target of group priority 1, priority 1; the next waits at most 30 s',
  'tier_wait   30 s',
  'address   127.0.0.1',
  'web-1   web   EXITED   -   -   4   exit status 3',
  '      "exitCode": 3,',
  '3 hosts: web-[01-03]',
  'error: 2 hosts expected, but these are 3',
  'look:  fleetctl status web',
];

test('what differs from run to run is masked, and nothing else', () => {
  for (const [line, masked] of Object.entries(MASKED)) assert.equal(mask(line), masked);
  for (const line of KEPT) assert.equal(mask(line), line);
});

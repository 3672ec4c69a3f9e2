import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyChildRecord, writeChildRecord } from '../../agent/adapters/children/child-record.ts';
import { findProcesses } from '../../agent/adapters/children/found-children.ts';
import { HolderRecord } from '../../agent/adapters/children/holder-record.ts';
import { keeperArguments } from '../../agent/adapters/children/keeper.ts';
import { findKeepers, type LivingKeeper } from '../../agent/adapters/children/living-keepers.ts';
import { runFilesOf } from '../../agent/adapters/children/run-files.ts';
import type { ProcessEntry, ProcessIdentity } from '../../agent/adapters/host/process-table.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { aChild } from '../fakes/agent-process.ts';

const BOOT_ID = 'boot-1';
const BOOTED_AT_MS = 1_000_000;
const NOW_MS = 9_000_000;
const web = knownProcessName('web');

function aRunDirectory(context: TestContext): string {
  const runDir = mkdtempSync(join(tmpdir(), 'agent-found-processes-'));
  context.after(() => rmSync(runDir, { recursive: true }));
  return runDir;
}

const identity = (pid: number): ProcessIdentity => ({ pid, startToken: `start-${pid}` });

const aKeeper = (more: Partial<LivingKeeper> = {}): LivingKeeper => ({
  process: web,
  keeper: identity(50),
  program: identity(51),
  ...more,
});

function find(
  runDir: string,
  keepers: readonly LivingKeeper[] = [],
  alive: readonly number[] = [],
) {
  const table = {
    bootId: BOOT_ID,
    isAlive: ({ pid }: ProcessIdentity) => alive.includes(pid),
  };
  const around = { table, keepers, bootedAtMs: BOOTED_AT_MS, nowMs: NOW_MS };
  return findProcesses({ runDir }, around);
}

function leave(runDir: string, file: string, text: string, atMs = 5_000_000): void {
  writeFileSync(join(runDir, file), text);
  utimesSync(join(runDir, file), atMs / 1_000, atMs / 1_000);
}

/** An agent that did not end in order has left one. */
const leaveHolder = (runDir: string, bootId = BOOT_ID): void =>
  new HolderRecord(runDir).write([{ ...identity(90), bootId }]);

test('whatever its record says or does not say, a program is found by its keeper', (context) => {
  const runDir = aRunDirectory(context);
  const path = join(runDir, 'web.child');
  leave(runDir, 'web.exit', '');
  const expected = {
    process: 'web',
    child: {
      ...identity(51),
      keeperPid: 50,
      keeperStartToken: 'start-50',
      bootId: BOOT_ID,
    },
    startedAtMs: 5_000_000,
  };
  const damages = [
    () => rmSync(path, { force: true }),
    () => writeFileSync(path, '{"pid": 10'),
    () => writeFileSync(path, ''),
    () => emptyChildRecord(path),
    () => writeChildRecord(path, { ...aChild(7, 'boot-0'), startedAtMs: 1 }),
    // Of a child before it, which has ended.
    () => writeChildRecord(path, { ...aChild(7, BOOT_ID), startedAtMs: 1 }),
  ];
  for (const damage of damages) {
    damage();
    const { children, byKeeper, withoutFiles, unsure } = find(runDir, [aKeeper()]);
    assert.deepEqual(children, [expected], String(damage));
    assert.deepEqual([byKeeper, withoutFiles, unsure], [['web'], [], []]);
  }
});

test('a right record goes before what the keeper tells', (context) => {
  const runDir = aRunDirectory(context);
  const { pid: keeperPid, startToken: keeperStartToken } = aKeeper().keeper;
  const record = { ...aChild(51, BOOT_ID), keeperPid, keeperStartToken, startedAtMs: 7 };
  writeChildRecord(join(runDir, 'web.child'), record);
  for (const alive of [[51], []]) {
    const { children, byKeeper } = find(runDir, [aKeeper()], alive);
    assert.deepEqual([children.map(({ startedAtMs }) => startedAtMs), byKeeper], [[7], []]);
  }
});

test('a record of one that lives is not given up for another keeper of its name', (context) => {
  const runDir = aRunDirectory(context);
  writeChildRecord(join(runDir, 'web.child'), { ...aChild(7, BOOT_ID), startedAtMs: 7 });
  assert.deepEqual(
    find(runDir, [aKeeper()], [7]).children.map(({ child }) => child.pid),
    [7],
  );
});

test('a keeper without a program is watched itself', (context) => {
  const { children, withoutFiles } = find(aRunDirectory(context), [aKeeper({ program: null })]);
  assert.equal(children[0]?.child.pid, 50);
  assert.equal(children[0]?.startedAtMs, NOW_MS);
  // The exit file is not there either, so all of them are gone.
  assert.deepEqual(withoutFiles, ['web']);
});

test('an end of this boot is found where no child is on record, and no other', (context) => {
  const runDir = aRunDirectory(context);
  leaveHolder(runDir);
  leave(runDir, 'group:job.exit', 'exit 3\n', 5_000_000);
  leave(runDir, 'old.exit', 'exit 0\n', BOOTED_AT_MS - 1_000);
  leave(runDir, 'web.exit', 'exit 0\n');
  writeChildRecord(join(runDir, 'web.child'), { ...aChild(51, BOOT_ID), startedAtMs: 7 });
  assert.deepEqual(find(runDir).ends, [
    { process: 'group:job', exit: { kind: 'code', code: 3 }, endedAtMs: 5_000_000 },
  ]);
});

test('how it ended says nothing where everything was stopped in order', (context) => {
  const runDir = aRunDirectory(context);
  leave(runDir, 'job.exit', 'exit 0\n');
  assert.deepEqual(find(runDir).ends, []);
  leaveHolder(runDir, 'boot-0');
  assert.deepEqual(find(runDir).ends, []);
});

test('without record, keeper and end nobody knows whether it runs', (context) => {
  const runDir = aRunDirectory(context);
  for (const name of ['missing', 'torn', 'over', 'other']) leave(runDir, `${name}.exit`, '');
  leave(runDir, 'old.exit', '', BOOTED_AT_MS - 1_000);
  leave(runDir, 'torn.child', '{');
  leave(runDir, 'over.child', ' ');
  emptyChildRecord(join(runDir, 'over.child'));
  const other = aKeeper({ process: knownProcessName('other') });
  assert.deepEqual([...find(runDir, [other]).unsure].sort(), ['missing', 'torn']);
});

const RUN_DIR = '/var/lib/run';

const wordsOf = (name: string, runDir = RUN_DIR): readonly string[] => [
  '/bin/sh',
  ...keeperArguments({
    ...runFilesOf({ runDir }, knownProcessName(name)),
    process: name,
    umask: null,
    descriptorsMax: 1_024,
    switchWords: [],
    directory: null,
    command: ['/bin/sleep', '100'],
    restore: '',
    prefix: '',
    isForLoader: false,
    selfPath: '/proc/self/task/*',
  }),
];

test('keepers of this run_dir are known by their words, and their programs are found', () => {
  const entry = (
    pid: number,
    parentPid: number,
    session: number,
    isDead = false,
  ): ProcessEntry => ({ ...identity(pid), parentPid, session, group: session, isDead });
  const entries = [
    entry(50, 1, 50),
    entry(51, 50, 51),
    entry(52, 51, 51),
    // At its gate: the keeper's subshell, with the words of the keeper.
    entry(60, 1, 60),
    entry(61, 60, 60),
    entry(70, 1, 70),
    entry(71, 70, 71, true),
    entry(80, 1, 80),
    entry(81, 1, 81),
    entry(82, 1, 82),
  ];
  const words = new Map<number, readonly string[]>([
    [50, wordsOf('group:web')],
    [60, wordsOf('db')],
    [61, wordsOf('db')],
    [70, wordsOf('done')],
    [80, wordsOf('web', '/elsewhere')],
    [82, wordsOf('web').map((word) => (word === 'keeper of web' ? 'my program' : word))],
    [81, ['vi', '-c', '', 'keeper of web', '/tmp/web.exit']],
  ]);
  const snapshot = () => entries;
  const keepers = findKeepers({ runDir: RUN_DIR }, { snapshot }, (pid) => words.get(pid) ?? null);
  assert.deepEqual(
    keepers.map(({ process, keeper, program }) => [process, keeper.pid, program?.pid]),
    [
      ['group:web', 50, 51],
      ['db', 60, 61],
      // What it kept is dead.
      ['done', 70, undefined],
    ],
  );
});

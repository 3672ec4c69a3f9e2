import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeChildRecord } from '../../agent/adapters/children/child-record.ts';
import { HolderRecord } from '../../agent/adapters/children/holder-record.ts';
import type { ProcessIdentity, ProcessTable } from '../../agent/adapters/host/process-table.ts';
import type { OpenJournal } from '../../agent/adapters/journal/journal.ts';
import { whatIsRemembered } from '../../agent/start/lost-journal.ts';
import { REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aChild, aDefinition, instant } from '../fakes/agent-process.ts';
import { EMPTY_OUTBOX } from '../fakes/empty-outbox.ts';

const BOOT_ID = 'boot-1';
const DAMAGE = {
  cause: 'file is not a database',
  movedTo: '/s/journal.db.damaged-20261122T201500Z',
};

type Found = Pick<OpenJournal, 'contents' | 'isNew' | 'damage'>;

const aJournal = (more: Partial<Found> = {}): Found => ({
  contents: {
    processes: [],
    targets: [],
    outbox: EMPTY_OUTBOX,
    endedOrderly: false,
    bootId: null,
  },
  isNew: true,
  damage: null,
  ...more,
});

/** Of these pids, which are alive; each with the token that `aChild` has. */
const tableOf = (...pids: readonly number[]): ProcessTable =>
  ({
    bootId: BOOT_ID,
    snapshot: () => [],
    isAlive: ({ pid, startToken }: ProcessIdentity) =>
      pids.includes(pid) && startToken === `start-${pid}`,
  }) as Partial<ProcessTable> as ProcessTable;

function aRunDirectory(context: TestContext): string {
  const runDir = mkdtempSync(join(tmpdir(), 'agent-lost-journal-'));
  context.after(() => rmSync(runDir, { recursive: true }));
  return runDir;
}

function remembered(runDir: string, journal: Found, table: ProcessTable) {
  const log = fakeLog();
  const reading = { kind: 'read', definitions: [aDefinition('web')] } as const;
  const clock = { now: () => instant(60_000) };
  const around = { reading, folders: { runDir }, table, clock, log, bootedAtMs: 0 };
  const result = whatIsRemembered(journal, around);
  return { ...result, log };
}

/** Of `web` (running), `group:job` (ended), and one of another boot of the host. */
function leaveRecords(runDir: string): void {
  const startedAtMs = instant(0).wallMs;
  writeChildRecord(join(runDir, 'web.child'), { ...aChild(100, BOOT_ID), startedAtMs });
  writeChildRecord(join(runDir, 'group:job.child'), { ...aChild(101, BOOT_ID), startedAtMs });
  writeChildRecord(join(runDir, 'old.child'), { ...aChild(102, 'boot-0'), startedAtMs });
  writeFileSync(join(runDir, 'web.exit'), 'exit 0\n');
  writeFileSync(join(runDir, '.child'), '');
}

test('after damage, what run_dir has of this boot is remembered, and the loss is said in one sentence', (context) => {
  const runDir = aRunDirectory(context);
  leaveRecords(runDir);
  const { contents, stateProblem, log } = remembered(
    runDir,
    aJournal({ damage: DAMAGE }),
    tableOf(100, 102),
  );
  assert.deepEqual(
    contents.processes.map(({ definition, child }) => [definition.process, child]).sort(),
    [
      ['group:job', aChild(101, BOOT_ID)],
      ['web', aChild(100, BOOT_ID)],
    ],
  );
  assert.equal(contents.bootId, BOOT_ID);
  assert.match(
    stateProblem ?? '',
    /damaged \(file is not a database\) and is now \/s\/journal\.db\.d/,
  );
  assert.match(stateProblem ?? '', /1 running process was taken over and 1 that had ended judged/);
  assert.match(stateProblem ?? '', /stopped or started by hand/);
  assert.deepEqual(log.lines, [`error: ${stateProblem}`]);
});

test('it is said too where nothing was found', (context) => {
  const { contents, stateProblem } = remembered(
    aRunDirectory(context),
    aJournal({ damage: DAMAGE }),
    tableOf(),
  );
  assert.deepEqual(contents.processes, []);
  assert.match(stateProblem ?? '', /0 running processes were taken over;/);
});

test('a journal that is not there while its processes are is as great a loss', (context) => {
  const runDir = aRunDirectory(context);
  leaveRecords(runDir);
  const { contents, stateProblem } = remembered(runDir, aJournal(), tableOf(100));
  assert.equal(contents.processes.length, 2);
  assert.match(stateProblem ?? '', /^the journal was missing/);
});

test('one that still lives through its keeper alone counts as running', (context) => {
  const runDir = aRunDirectory(context);
  leaveRecords(runDir);
  const { stateProblem } = remembered(runDir, aJournal(), tableOf(50_100));
  assert.match(stateProblem ?? '', /1 running process was/);
});

test('the first start of an agent loses nothing and says nothing', (context) => {
  const journal = aJournal();
  const { contents, stateProblem, log } = remembered(aRunDirectory(context), journal, tableOf());
  assert.equal(contents, journal.contents);
  assert.deepEqual([stateProblem, log.lines], [null, []]);
});

test('where the journal is there, nobody looks at anything else', (context) => {
  const runDir = aRunDirectory(context);
  leaveRecords(runDir);
  const journal = aJournal({ isNew: false });
  const { contents, stateProblem } = remembered(runDir, journal, tableOf(100));
  assert.equal(contents, journal.contents);
  assert.equal(stateProblem, null);
});

test('however much SQLite has to say, where the file is now is not cut off', (context) => {
  const damage = { ...DAMAGE, cause: 'x'.repeat(5_000) };
  const { stateProblem } = remembered(aRunDirectory(context), aJournal({ damage }), tableOf());
  assert.ok((stateProblem ?? '').length <= REMARK_LENGTH_MAX);
  assert.match(stateProblem ?? '', /is now \/s\/journal\.db\.damaged-20261122T201500Z: 0 running/);
});

test('jobs that were done, and what cannot be found out, are said as well', (context) => {
  const runDir = aRunDirectory(context);
  new HolderRecord(runDir).write([{ pid: 90, startToken: 'start-90', bootId: BOOT_ID }]);
  writeFileSync(join(runDir, 'web.exit'), 'exit 0\n');
  writeFileSync(join(runDir, 'torn.child'), '{"pid": 10');
  writeFileSync(join(runDir, 'torn.exit'), '');
  const { stateProblem } = remembered(runDir, aJournal(), tableOf());
  assert.match(stateProblem ?? '', /^the journal was missing.*jobs that were done.*: 1;/);
  assert.match(stateProblem ?? '', /whether torn still run is not known/);
});

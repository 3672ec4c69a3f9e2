import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeChildRecord } from '../../agent/adapters/children/child-record.ts';
import { HolderRecord } from '../../agent/adapters/children/holder-record.ts';
import { initialProcess } from '../../agent/core/process.ts';
import {
  assertSameTable,
  childrenInJournal,
  childrenInRunDir,
  type OnRecord,
} from '../../agent/start/same-table.ts';
import { FleetError } from '../../proto/errors.ts';
import { aChild, aDefinition } from '../fakes/agent-process.ts';
import { EMPTY_OUTBOX } from '../fakes/empty-outbox.ts';

const BY_PROC = '3e2c5b9a-0d1f-4c55-9d3b-6f1a2b3c4d5e';
const BY_PS = 'Sun Nov 22 16:50:13 2026';

const onRecord = (bootId: string, pid = 100): OnRecord => ({
  ...{ name: 'web', pid, startToken: `start-${pid}`, bootId },
});

/** The table of the other kind: its boot, and which of these pids live. */
const other = (bootId: string, ...alive: readonly number[]) => ({
  bootId,
  isAlive: ({ pid }: { readonly pid: number }) => alive.includes(pid),
});

const refusalOf = (act: () => void) => {
  try {
    act();
  } catch (error) {
    if (error instanceof FleetError) return error.refusal;
    throw error;
  }
  return null;
};

test('from one table to the other, children of this boot keep the agent from starting', () => {
  for (const [recorded, own, fix] of [
    [BY_PROC, BY_PS, /start the agent without FLEETVISOR_PROCESS_TABLE=ps/],
    [BY_PS, BY_PROC, /start the agent with FLEETVISOR_PROCESS_TABLE=ps/],
  ] as const) {
    const children = [onRecord(recorded), onRecord(recorded, 101)];
    const refused = refusalOf(() =>
      assertSameTable(children, { bootId: own }, () => other(recorded)),
    );
    assert.equal(refused?.code, 'configuration');
    assert.match(refused.cause ?? '', /^web \(pid 100\) and 1 more: .*a second time$/);
    assert.match(refused.fix ?? '', fix);
  }
});

test('the same table, another boot, or nobody on record is no reason', () => {
  const unneeded = () => assert.fail('the other table is not needed');
  assertSameTable([onRecord(BY_PS)], { bootId: 'Mon Nov 23 01:00:00 2026' }, unneeded);
  assertSameTable([onRecord(BY_PROC)], { bootId: BY_PROC }, unneeded);
  assertSameTable([], { bootId: BY_PS }, unneeded);
  const afterReboot = '00000000-0d1f-4c55-9d3b-6f1a2b3c4d5e';
  assertSameTable([onRecord(BY_PROC)], { bootId: BY_PS }, () => other(afterReboot));
  assertSameTable([onRecord(BY_PS)], { bootId: BY_PROC }, () => other('Mon Nov 23 01:00:00 2026'));
});

test('where a clock that was set makes a boot look like another, who lives is what counts', () => {
  const aSecondLater = other('Sun Nov 22 16:50:14 2026', 101);
  const children = [onRecord(BY_PS), onRecord(BY_PS, 101)];
  const refused = refusalOf(() =>
    assertSameTable(children, { bootId: BY_PROC }, () => aSecondLater),
  );
  assert.match(refused?.cause ?? '', /^web \(pid 101\): /);
});

test('where the other table cannot be asked, nothing is risked', () => {
  const refused = refusalOf(() =>
    assertSameTable([onRecord(BY_PS)], { bootId: BY_PROC }, () => {
      throw new Error('spawnSync ps ENOENT');
    }),
  );
  assert.match(refused?.cause ?? '', /nor can it be told.*spawnSync ps ENOENT/);
});

test('children are on record in the journal and in run_dir; without both, the holder is', (context) => {
  const runDir = mkdtempSync(join(tmpdir(), 'agent-same-table-'));
  context.after(() => rmSync(runDir, { recursive: true }));
  const web = { ...initialProcess(aDefinition('web'), 0), child: aChild(100, BY_PS) };
  const contents = {
    processes: [web, initialProcess(aDefinition('down'), 0)],
    targets: [],
    outbox: EMPTY_OUTBOX,
    endedOrderly: false,
    bootId: BY_PS,
  };
  const seen = (records: readonly OnRecord[]) =>
    records.map(({ name, pid, bootId }) => [name, pid, bootId]);
  new HolderRecord(runDir).write([{ pid: 90, startToken: 'start-90', bootId: BY_PROC }]);
  writeChildRecord(join(runDir, 'db.child'), { ...aChild(101, BY_PROC), startedAtMs: 1 });
  assert.deepEqual(seen(childrenInRunDir({ runDir })), [['db', 101, BY_PROC]]);
  const inJournal = (isNew: boolean) => seen(childrenInJournal({ contents, isNew }, { runDir }));
  assert.deepEqual(inJournal(false), [['web', 100, BY_PS]]);
  assert.deepEqual(inJournal(true), [['the holder of output', 90, BY_PROC]]);
});

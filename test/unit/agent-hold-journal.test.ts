/** Holds in the agent's journal, and a journal that was written when there were none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openJournal } from '../../agent/adapters/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/adapters/journal/journal-schema.ts';
import { initialProcess, statusOf } from '../../agent/core/process.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { BOOT_ID } from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const NOW_MS = 1_700_000_000_000;
const web = initialProcess(aDefinition('web'), NOW_MS);

function aPath(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-holds-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'journal.db');
}

test('a hold is read back as it was, and its end too', async (context) => {
  const path = aPath(context);
  const hold = { by: 'root (sudo by "ä\u0000")', reason: '\u001b[2J\n', untilMs: NOW_MS + 1 };
  for (const process of [{ ...web, hold }, web]) {
    using journal = openJournal(path, BOOT_ID);
    await journal.commit([{ kind: 'hold', process }]);
    using reopened = openJournal(path, BOOT_ID);
    assert.deepEqual(reopened.contents.processes, [process]);
  }
});

test('in a journal of the version before, nothing is held', (context) => {
  const path = aPath(context);
  const before = JOURNAL_MIGRATIONS.findIndex((sql) => sql.includes('$.hold'));
  assert.ok(before > 0);
  const database = openDatabase({ path, migrations: JOURNAL_MIGRATIONS.slice(0, before) });
  const { hold: _, ...process } = web;
  const { hold: __, ...status } = statusOf(web);
  const event = { seq: 1, atMs: NOW_MS, event: { kind: 'processChanged', process: status } };
  database.prepare('INSERT INTO processes VALUES (?, ?)').run('web', JSON.stringify(process));
  database.prepare('INSERT INTO events VALUES (?, ?)').run(1, JSON.stringify(event));
  database.close();
  using journal = openJournal(path, BOOT_ID);
  assert.deepEqual(journal.contents.processes, [web]);
  const [pending] = journal.contents.outbox.pending;
  assert.ok(pending?.event.kind === 'processChanged');
  assert.equal(pending.event.process.hold, null);
});

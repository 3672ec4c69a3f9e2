/** A journal that an earlier version wrote: what it remembers must still be known, word for word. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openJournal } from '../../agent/adapters/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../agent/adapters/journal/journal-schema.ts';
import { initialProcess, statusOf } from '../../agent/core/process.ts';
import { decodeAgentFrame, encodeAgentMessage } from '../../proto/codec/link.ts';
import type { AgentFrame__Output } from '../../proto/gen/fleet/v1/AgentFrame.ts';
import { agentLinkService } from '../../proto/load.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import type { AgentEvent, SequencedEvent } from '../../proto/vocabulary.ts';
import { aHost, BOOT_ID, outcomesIn } from '../fakes/agent-host.ts';
import { aChild, aDefinition } from '../fakes/agent-process.ts';

const NOW_MS = 1_700_000_000_000;

const OLD_SCHEMA = JOURNAL_MIGRATIONS.slice(0, 1);

const AWKWARD = 'it said: "ü\u0000\ud83d\ude00\\\n"';

const OUTCOME = {
  state: 'failed',
  oldPid: 100,
  newPid: null,
  durationMs: 7,
  error: AWKWARD,
  logTail: [AWKWARD, ''],
};

/** As this version reads it. */
const OUTCOME_NOW = { ...OUTCOME, fault: null, note: null };

const target = (operationId: string, verb: string, phase: string) => ({
  operationId,
  process: 'web',
  verb,
  signal: null,
  generation: 1,
  oldPid: 100,
  acceptedAtMs: NOW_MS,
  acceptedMonotonicMs: 12.345,
  phase,
  outcome: phase === 'settled' ? OUTCOME : null,
});

/** What targets had none of before version 6. */
const UNCONDITIONAL = {
  expiresAfterMs: null,
  startFollows: false,
  wantedBefore: 'up',
  minHealthyMs: 0,
  watch: null,
  givenUp: null,
};

const TARGETS = [
  target('op-1', 'stop', 'settled'),
  target('op-2', 'restart', 'stopping'),
  target('op-3', 'start', 'queued'),
];

const { tierWaitMs: _, ...OLD_DEFINITION } = aDefinition('web', {
  startMs: 3_000,
  stopWaitMs: 90_000,
});
const PROCESS = {
  ...initialProcess(aDefinition('web'), NOW_MS),
  wanted: 'up',
  definition: OLD_DEFINITION,
  state: 'RUNNING',
  child: aChild(),
  lastLines: [AWKWARD],
};
const { startMs, stopWaitMs, tierWaitMs, ...OLD_STATUS } = statusOf(
  initialProcess(aDefinition('web'), NOW_MS),
);

const accepted = (operationId: string) => ({
  kind: 'targetAccepted',
  operationId,
  process: 'web',
  generation: 1,
  oldPid: 100,
});

const EVENTS = [
  { kind: 'processChanged', process: { ...OLD_STATUS, lastError: AWKWARD } },
  { kind: 'processChanged', process: { ...OLD_STATUS, process: 'gone' } },
  { kind: 'targetSettled', operationId: 'op-1', process: 'web', outcome: OUTCOME },
  accepted('op-3'),
  accepted('op-forgotten'),
];

const ofNow = (record: (typeof TARGETS)[number]) => ({
  ...record,
  ...UNCONDITIONAL,
  groups: [],
  origin: 'controller',
  outcome: record.outcome === null ? null : OUTCOME_NOW,
});

/** A file as version 1 left it. */
function anOldJournal(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-old-journal-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'journal.db');
  const database = openDatabase({ path, migrations: OLD_SCHEMA });
  const put = (table: string, ...values: readonly (string | number)[]) =>
    database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?')})`).run(...values);
  put('facts', 'journal_id', 'the-old-one');
  put('facts', 'next_seq', '46');
  put('facts', 'boot_id', BOOT_ID);
  put('processes', 'web', JSON.stringify(PROCESS));
  for (const record of TARGETS) {
    const { operationId, process, acceptedAtMs, phase } = record;
    const isSettled = Number(phase === 'settled');
    put('targets', operationId, process, acceptedAtMs, isSettled, JSON.stringify(record));
  }
  for (const [index, event] of EVENTS.entries()) {
    const seq = 41 + index;
    put('events', seq, JSON.stringify({ seq, atMs: NOW_MS, event }));
  }
  database.close();
  return path;
}

/** A file as version 5 left it: one process, an open target and an event that was not heard of. */
function aJournalOfVersion5(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-journal-5-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'journal.db');
  const database = openDatabase({ path, migrations: JOURNAL_MIGRATIONS.slice(0, 5) });
  const put = (table: string, ...values: readonly (string | number)[]) =>
    database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?')})`).run(...values);
  put('facts', 'boot_id', BOOT_ID);
  const process = initialProcess(aDefinition('web'), NOW_MS);
  const { hold, ...ofVersion5 } = { ...process, state: 'RUNNING', child: aChild(), wanted: 'up' };
  put('processes', 'web', JSON.stringify(ofVersion5));
  for (const record of [TARGETS[1], TARGETS[2]]) {
    const { operationId, verb, process: name, acceptedAtMs } = record as (typeof TARGETS)[number];
    const text = JSON.stringify({ ...record, groups: [], origin: 'controller' });
    put('targets', operationId, verb, name, acceptedAtMs, 0, text);
  }
  const { hold: _hold, ...status } = statusOf(process);
  const event = { kind: 'processChanged', process: status };
  put('events', 7, JSON.stringify({ seq: 7, atMs: NOW_MS, event }));
  database.close();
  return path;
}

function contentsOf(path: string) {
  using journal = openJournal(path, BOOT_ID);
  return { ...journal.contents, id: journal.id };
}

/** As the controller will read it. */
function sent(event: SequencedEvent): AgentEvent {
  const method = agentLinkService['Connect'];
  assert.ok(method);
  const bytes = method.requestSerialize(
    encodeAgentMessage({ kind: 'event', sessionEpoch: 1, ...event }),
  );
  const message = decodeAgentFrame(method.requestDeserialize(bytes) as AgentFrame__Output);
  assert.ok(message.kind === 'event');
  return message.event;
}

test('what was remembered of processes, targets and numbers is kept, and a copy of the old file', (context) => {
  const path = anOldJournal(context);
  const contents = contentsOf(path);
  assert.equal(contents.id, 'the-old-one');
  assert.equal(contents.bootId, BOOT_ID);
  assert.deepEqual(contents.targets, TARGETS.map(ofNow));
  const definition = { ...OLD_DEFINITION, tierWaitMs: 30_000 };
  assert.deepEqual(contents.processes, [{ ...PROCESS, definition }]);
  assert.equal(contents.outbox.nextSeq, 46);
  assert.ok(existsSync(`${path}.schema-1`));
  assert.deepEqual(contentsOf(path), contents, 'once is enough');
});

test('events that were not acknowledged can be sent: with the verb of their target, and with waits', (context) => {
  const { outbox } = contentsOf(anOldJournal(context));
  const waits = { startMs: 3_000, stopWaitMs: 90_000, tierWaitMs: 30_000 };
  const unknown = { startMs: 1_000, stopWaitMs: 10_000, tierWaitMs: 30_000 };
  assert.deepEqual(outbox.pending.map(sent), [
    { kind: 'processChanged', process: { ...OLD_STATUS, lastError: AWKWARD, ...waits } },
    { kind: 'processChanged', process: { ...OLD_STATUS, process: 'gone', ...unknown } },
    {
      kind: 'targetSettled',
      operationId: 'op-1',
      process: 'web',
      verb: 'stop',
      outcome: OUTCOME_NOW,
    },
    { ...accepted('op-3'), verb: 'start' },
    { ...accepted('op-forgotten'), verb: 'restart' },
  ]);
});

test('the next agent answers from the old records, and goes on with what is open', (context) => {
  const journal = contentsOf(anOldJournal(context));
  const host = aHost([aDefinition('web')], { journal, sightings: { web: { kind: 'alive' } } });
  host.welcome();
  const [stopped] = outcomesIn(host.command('stop', 'op-1', 'web'));
  assert.deepEqual([stopped?.verb, stopped?.error], ['stop', AWKWARD]);
  assert.deepEqual([...host.state().queues], [['web', ['op-2 restart web', 'op-3 start web']]]);
});

test('a journal of version 5 is upgraded: nothing in it has a deadline, and nobody holds anything', (context) => {
  const path = aJournalOfVersion5(context);
  const { processes, targets, outbox } = contentsOf(path);
  assert.ok(existsSync(`${path}.schema-5`));
  const conditions = targets.map((target) => {
    const { expiresAfterMs, startFollows, wantedBefore, minHealthyMs, watch, givenUp } = target;
    return { expiresAfterMs, startFollows, wantedBefore, minHealthyMs, watch, givenUp };
  });
  assert.deepEqual(conditions, [UNCONDITIONAL, UNCONDITIONAL]);
  assert.deepEqual(
    processes.map(({ hold, wanted }) => [hold, wanted]),
    [[null, 'up']],
  );
  const [event] = outbox.pending.map(sent);
  assert.ok(event?.kind === 'processChanged');
  assert.equal(event.process.hold, null);
});

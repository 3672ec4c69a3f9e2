import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openJournal } from '../../agent/adapters/journal/journal.ts';
import { initialProcess, type ProcessRuntime } from '../../agent/core/process.ts';
import type { AgentWrite } from '../../agent/core/state.ts';
import type { TargetRecord } from '../../agent/core/target.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { aChild, aDefinition, exitCode } from '../fakes/agent-process.ts';

const NOW_MS = 1_700_000_000_000;

function aPath(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-journal-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'journal.db');
}

const open = (path: string, bootId = 'boot-1') => openJournal(path, bootId);

/** Opened, given these commits, closed. */
async function write(path: string, ...commits: readonly (readonly AgentWrite[])[]): Promise<void> {
  using journal = open(path);
  for (const writes of commits) await journal.commit(writes);
}

function contentsOf(path: string, bootId = 'boot-1') {
  using journal = open(path, bootId);
  return { ...journal.contents, id: journal.id };
}

test('opening it again writes nothing, so that an agent can come back to a full disk', (context) => {
  const path = aPath(context);
  const openAndKeep = (text: string): number => {
    using journal = open(path);
    journal.keepSettings(text);
    return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  };
  assert.ok(openAndKeep('a') > 0);
  assert.equal(openAndKeep('a'), 0);
  assert.ok(openAndKeep('b') > 0);
  using journal = open(path);
  assert.equal(journal.settings, 'b');
});

const event = (seq: number): AgentWrite => ({
  kind: 'event',
  event: {
    seq,
    atMs: NOW_MS,
    event: {
      kind: 'targetAccepted',
      operationId: operationId('op-1'),
      process: knownProcessName('web'),
      verb: 'restart',
      generation: 1,
      oldPid: null,
    },
  },
});

const aTarget = (operation: string, more: Partial<TargetRecord> = {}): TargetRecord => ({
  operationId: operationId(operation),
  process: knownProcessName('web'),
  verb: 'restart',
  origin: 'controller',
  signal: null,
  groups: [],
  generation: 1,
  oldPid: 100,
  acceptedAtMs: NOW_MS,
  acceptedMonotonicMs: 12.345,
  expiresAfterMs: 60_000.5,
  startFollows: false,
  wantedBefore: 'up',
  minHealthyMs: 10_000,
  watch: { sinceMonotonicMs: 13.5, fault: null, note: null },
  givenUp: 'cancelled',
  phase: 'stopping',
  outcome: null,
  ...more,
});

const SETTLED = {
  phase: 'settled',
  outcome: {
    state: 'failed',
    oldPid: 100,
    newPid: null,
    durationMs: 7,
    error: 'Exited too quickly (exit status 1)',
    fault: 'spawn-error',
    note: null,
    logTail: ['it said: "ü\u0000\n"', ''],
  },
} as const;

test('a new journal is empty, and its id stays the same from then on', (context) => {
  const path = aPath(context);
  const { id, ...contents } = contentsOf(path);
  assert.deepEqual(contents, {
    processes: [],
    targets: [],
    outbox: { nextSeq: 1, pending: [] },
    endedOrderly: false,
    bootId: null,
  });
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(contentsOf(path).id, id);
});

test('what was committed is read back as it was, the last version of each record', async (context) => {
  const path = aPath(context);
  const before = initialProcess(aDefinition('web'), NOW_MS);
  const web: ProcessRuntime = {
    ...before,
    state: 'RUNNING',
    child: aChild(),
    exit: exitCode(3),
    crashLoop: { recentMs: [1.5, 2], level: 3 },
    lastLines: ['ünïcode', '\u0000'],
    wanted: 'up',
  };
  const settled = aTarget('op-2', SETTLED);
  await write(
    path,
    [
      { kind: 'process', process: before },
      { kind: 'process', process: web },
    ],
    [{ kind: 'target', target: aTarget('op-1') }, event(1)],
    [{ kind: 'target', target: aTarget('op-2') }, event(2)],
    [{ kind: 'target', target: settled }, event(3), { kind: 'eventDropped', seq: 2 }],
  );
  const { processes, targets, outbox } = contentsOf(path);
  assert.deepEqual(processes, [web]);
  assert.deepEqual(new Set(targets), new Set([aTarget('op-1'), settled]));
  assert.equal(outbox.nextSeq, 4);
  assert.deepEqual(
    outbox.pending.map(({ seq }) => seq),
    [1, 3],
  );
});

test('numbers are not given out twice, even if every event was acknowledged or lost', async (context) => {
  const path = aPath(context);
  await write(path, [event(1), event(2)], [{ kind: 'acknowledged', seq: 2 }]);
  assert.deepEqual(contentsOf(path).outbox, { nextSeq: 3, pending: [] });
  await write(path, [{ kind: 'acknowledged', seq: 40 }]);
  assert.equal(contentsOf(path).outbox.nextSeq, 41);
  await write(path, [{ kind: 'acknowledged', seq: 5 }]);
  assert.equal(contentsOf(path).outbox.nextSeq, 41);
});

test('an orderly end is seen by the next agent, and no longer by the one after its first commit', async (context) => {
  const path = aPath(context);
  await write(path, [{ kind: 'orderlyEnd' }]);
  assert.equal(contentsOf(path).endedOrderly, true);
  assert.equal(contentsOf(path).endedOrderly, true, 'nothing was committed in between');
  await write(path, [event(1)]);
  assert.equal(contentsOf(path).endedOrderly, false);
});

test('an acknowledgement that comes after the orderly end does not undo it', async (context) => {
  const path = aPath(context);
  await write(path, [event(1)], [{ kind: 'orderlyEnd' }], [{ kind: 'acknowledged', seq: 1 }]);
  assert.equal(contentsOf(path).endedOrderly, true);
});

test('the boot on record is that of the records: it changes with the first commit, not before', async (context) => {
  const path = aPath(context);
  await write(path, [event(1)]);
  assert.equal(contentsOf(path, 'boot-2').bootId, 'boot-1');
  using journal = open(path, 'boot-2');
  assert.equal(journal.contents.bootId, 'boot-1');
  await journal.commit([event(2)]);
  assert.equal(contentsOf(path, 'boot-2').bootId, 'boot-2');
});

test('a target that is forgotten leaves the file, and no other goes with it', async (context) => {
  const path = aPath(context);
  const forgotten = aTarget('op-1', SETTLED);
  const kept = [
    aTarget('op-1', { ...SETTLED, verb: 'stop' }),
    aTarget('op-1', { ...SETTLED, process: knownProcessName('db') }),
    aTarget('op-2', SETTLED),
  ];
  const targets = [...kept, forgotten].map((target) => ({ kind: 'target', target }) as const);
  await write(path, targets, [{ kind: 'targetForgotten', target: forgotten }]);
  assert.deepEqual(contentsOf(path).targets, kept);
});

test('however old they are, targets are read as long as they were not forgotten', async (context) => {
  const path = aPath(context);
  const ancient = aTarget('op-1', { ...SETTLED, acceptedAtMs: 0 });
  await write(path, [{ kind: 'target', target: ancient }]);
  assert.deepEqual(contentsOf(path).targets, [ancient]);
});

test('targets are read in the order in which they were written, whatever the clock said', async (context) => {
  const path = aPath(context);
  const target = (more: Partial<TargetRecord>) =>
    ({ kind: 'target', target: aTarget('op-1', more) }) as const;
  const stop = target({ verb: 'stop', phase: 'queued' });
  const start = target({ verb: 'start', phase: 'queued' });
  const signal = target({ verb: 'signal', acceptedAtMs: NOW_MS - 60_000 });
  await write(path, [target({}), stop, start], [signal, target({ phase: 'starting' })]);
  assert.deepEqual(
    contentsOf(path).targets.map(({ verb, phase }) => `${verb} ${phase}`),
    ['stop queued', 'start queued', 'signal stopping', 'restart starting'],
  );
});

test('a commit is all or nothing, and a failed one is told', async (context) => {
  const path = aPath(context);
  using journal = open(path);
  const broken = { kind: 'target', target: { ...aTarget('op-1'), acceptedAtMs: null } };
  await assert.rejects(journal.commit([event(1), broken as unknown as AgentWrite]), /NOT NULL/);
  await journal.commit([event(7)]);
  assert.deepEqual(
    contentsOf(path).outbox.pending.map(({ seq }) => seq),
    [7],
  );
});

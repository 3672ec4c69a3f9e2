/**
 * A command reaches an agent at least once: after a lost connection, a lost answer, a killed agent
 * or a restored controller it comes again. However often it comes, it is carried out once, and its
 * answer is the same.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../../proto/operation-id.ts';
import { NAME_LENGTH_MAX } from '../../proto/text-limits.ts';
import {
  type AgentEvent,
  knownProcessName,
  type OperationId,
  type TargetOutcome,
} from '../../proto/vocabulary.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { readCredentials } from './fleet/pki.ts';
import {
  type ScriptedController,
  type ScriptedSession,
  startScriptedController,
} from './fleet/scripted-controller.ts';

const HOST = 'web-1';
const COUNTED = knownProcessName('counted');
const SLOW = knownProcessName('slow');
let fleet: Fleet;
let controller: ScriptedController;
let agent: Daemon;
let programs: string;

before(async () => {
  fleet = await createFleet();
  const counted = fleet.script('counted', 'echo start >> "$STARTS"\nexec sleep 1000\n');
  const slow = fleet.script(
    'slow',
    `echo start >> "$STARTS"
trap 'echo told >> "$STARTS"; while ! test -e "$LEAVE"; do sleep 0.02; done; exit 0' TERM
while :; do sleep 0.02; done
`,
  );
  programs = `
[program:counted]
command = ${counted}
environment = STARTS="${fleet.path('counted.starts')}"
startsecs = 0
[program:slow]
command = ${slow}
environment = STARTS="${fleet.path('slow.starts')}",LEAVE="${fleet.path('leave')}"
startsecs = 0
`;
  const files = await fleet.pki.issue({ kind: 'controller', name: 'ops' });
  controller = await startScriptedController(readCredentials(files, 'controller'), fleet.port);
  agent = await fleet.startAgent(HOST, { programs });
  await session(1);
  await fleet.until('both run', () =>
    ['counted', 'slow'].every((name) => fleet.lines(`${name}.starts`).length === 1),
  );
});

after(async () => {
  await controller?.[Symbol.asyncDispose]();
  fleet?.[Symbol.dispose]();
});

/** The agent's nth session, once it has shown its picture. */
function session(number: number): Promise<ScriptedSession> {
  return fleet.until(`session ${number}`, () => {
    const found = controller.sessions[number - 1];
    return found?.heard.some(({ kind }) => kind === 'snapshot') && found;
  });
}

const newId = (): OperationId =>
  makeOperationId(Date.now(), randomBytes(OPERATION_ID_RANDOM_BYTES));

type Settled = Extract<AgentEvent, { readonly kind: 'targetSettled' }>;

/** The verdicts on an operation that this session has heard, once there are so many. */
function verdicts(
  heard: ScriptedSession,
  id: OperationId,
  count: number,
): Promise<readonly TargetOutcome[]> {
  return fleet.until(`${count} verdicts on ${id}`, () => {
    const settled = heard
      .events()
      .filter((event): event is Settled => event.kind === 'targetSettled')
      .filter(({ operationId }) => operationId === id);
    return settled.length >= count && settled.map(({ outcome }) => outcome);
  });
}

test('a command that is repeated on one stream is carried out once and answered each time', async () => {
  const first = await session(1);
  const id = newId();
  for (let time = 0; time < 3; time += 1) first.command('restart', id, COUNTED);
  const [outcome] = await verdicts(first, id, 1);
  assert.equal(outcome?.state, 'succeeded');
  first.command('restart', id, COUNTED);
  const all = await verdicts(first, id, 2);
  assert.deepEqual(all.at(-1), outcome);
  assert.equal(await fleet.lineCount(2, 'counted.starts'), 2);
});

test('one that is repeated to the agent that came after a killed one is not carried out again', async () => {
  const before = await session(1);
  const id = newId();
  before.command('restart', id, COUNTED);
  const [outcome] = await verdicts(before, id, 1);
  assert.equal(await fleet.lineCount(3, 'counted.starts'), 3);
  await agent.end('SIGKILL');
  agent = await fleet.startAgent(HOST, { programs });
  const next = await session(2);
  next.command('restart', id, COUNTED);
  const all = await verdicts(next, id, 1);
  assert.ok(all.length > 0);
  assert.deepEqual(all.at(-1), outcome);
  assert.equal(fleet.lines('counted.starts').length, 3);
});

test('one that the agent was carrying out when it was killed is finished once by the next', async () => {
  const before = await session(2);
  const id = newId();
  before.command('restart', id, SLOW);
  await fleet.until('it was told to stop', () => fleet.lines('slow.starts').includes('told'));
  await agent.end('SIGKILL');
  agent = await fleet.startAgent(HOST, { programs });
  const next = await session(3);
  next.command('restart', id, SLOW);
  fleet.write('leave', '');
  const [outcome] = await verdicts(next, id, 1);
  assert.equal(outcome?.state, 'succeeded');
  assert.notEqual(outcome.oldPid, outcome.newPid);
  next.command('restart', id, SLOW);
  assert.deepEqual((await verdicts(next, id, 2)).at(-1), outcome);
  assert.equal(fleet.lines('slow.starts').filter((line) => line === 'start').length, 2);
});

test('a stop and a start under one id are carried out once each, also by the agent after a killed one', async () => {
  const before = await session(3);
  const id = newId();
  const starts = fleet.lines('counted.starts').length;
  const verbs = (heard: ScriptedSession) =>
    heard.events().flatMap((event) => {
      if (event.kind !== 'targetSettled' || event.operationId !== id) return [];
      return [`${event.verb} ${event.outcome.state}`];
    });
  before.command('stop', id, COUNTED);
  const [stopped] = await verdicts(before, id, 1);
  before.command('start', id, COUNTED);
  const [, started] = await verdicts(before, id, 2);
  before.command('stop', id, COUNTED);
  assert.deepEqual((await verdicts(before, id, 3)).at(-1), stopped);
  assert.deepEqual(verbs(before), ['stop succeeded', 'start succeeded', 'stop succeeded']);
  before.acknowledgeAll();
  await agent.end('SIGKILL');
  agent = await fleet.startAgent(HOST, { programs });
  const next = await session(4);
  next.command('start', id, COUNTED);
  next.command('stop', id, COUNTED);
  const again = await fleet.until('both answers', () => {
    const heard = verbs(next);
    return heard.includes('start succeeded') && heard.at(-1) === 'stop succeeded' && heard;
  });
  assert.ok(again.length > 0);
  assert.notEqual(started?.newPid, stopped?.oldPid);
  assert.equal(await fleet.lineCount(starts + 1, 'counted.starts'), starts + 1);
});

test('a command of a session that is over is not carried out', async () => {
  const now = await session(4);
  const [stale, current] = [newId(), newId()];
  const command = {
    kind: 'command',
    verb: 'restart',
    signal: null,
    processes: [COUNTED],
    startFollows: false,
    groups: [],
    minHealthyMs: 0,
    expiresInMs: null,
    sentAtMs: performance.now(),
  } as const;
  const starts = fleet.lines('counted.starts').length;
  now.say({ ...command, operationId: stale, sessionEpoch: now.epoch - 1 });
  now.say({ ...command, operationId: current, sessionEpoch: now.epoch });
  await verdicts(now, current, 1);
  assert.deepEqual(
    now.events().filter((event) => 'operationId' in event && event.operationId === stale),
    [],
  );
  assert.equal(await fleet.lineCount(starts + 1, 'counted.starts'), starts + 1);
});

test('a process that is not there, and one of a hostile name, are refused and break nothing', async () => {
  const now = await session(4);
  for (const name of [
    'nobody',
    '../../etc/passwd',
    '',
    'x'.repeat(NAME_LENGTH_MAX),
    '\u001b[31m',
  ]) {
    const id = newId();
    now.command('stop', id, knownProcessName(name));
    const [outcome] = await verdicts(now, id, 1);
    assert.equal(outcome?.state, 'failed');
    assert.match(outcome.error ?? '', /no such process/);
  }
  assert.ok(!now.hasEnded());
});

test('what was not acknowledged is sent again in the next session, and what was is not', async () => {
  const before = await session(4);
  before.acknowledgeAll();
  await fleet.until(
    'the agent has forgotten what is stored elsewhere',
    () =>
      fleet.query<{ n: number }>(`${HOST}/journal.db`, 'SELECT count(*) AS n FROM events')[0]?.n ===
      0,
  );
  const id = newId();
  before.command('restart', id, COUNTED);
  const [outcome] = await verdicts(before, id, 1);
  await agent.end('SIGKILL');
  agent = await fleet.startAgent(HOST, { programs });
  const next = await session(5);
  const [again] = await verdicts(next, id, 1);
  assert.deepEqual(again, outcome);
  const seqs = next.heard.flatMap((message) => (message.kind === 'event' ? [message.seq] : []));
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  );
});

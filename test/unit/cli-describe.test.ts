import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlClient } from '../../cli/ports.ts';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import {
  type AgentEvent,
  hostId,
  knownProcessName,
  operationId,
  type StoredEvent,
} from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';
import { aHost, aProcess, type FakeAnswers, fakeControl } from '../fakes/control-client.ts';

const S = 1_000;
const OPERATION = operationId('0198f2a0-0000-7000-8000-000000000001');

async function describe(subject: string, answers: FakeAnswers, more: readonly string[] = []) {
  const { client, eventSelections, isClosed } = fakeControl(answers);
  const world = fakeWorld(strict(client));
  const exitCode = await runFleetctl(['describe', subject, ...more], world.environment);
  const written = { stdout: world.stdout(), stderr: world.stderr() };
  return { exitCode, ...written, eventSelections, closed: isClosed() };
}

/** Refuses a host that does not exist, as the controller does. */
function strict(client: ControlClient): ControlClient {
  return {
    ...client,
    listProcesses: async (selection) => {
      const { hosts, processes, withheld } = await client.listProcesses(selection);
      const isKnown = hosts.some(({ host }) => host === selection.hosts);
      if (!isKnown) throw new FleetError(refusal('nothing-matched', 'no such host'));
      return {
        hosts: hosts.filter(({ host }) => host === selection.hosts),
        processes: processes.filter(({ host }) => host === selection.hosts),
        withheld,
      };
    },
  };
}

let seq = 0;
const anEvent = (secondsAgo: number, event: AgentEvent): StoredEvent => ({
  host: hostId('prod-1'),
  seq: ++seq,
  atMs: FAKE_NOW_MS - secondsAgo * S,
  storedAtMs: FAKE_NOW_MS - secondsAgo * S,
  event,
});
const web0 = knownProcessName('web:0');

const web = aProcess('prod-1', 'web:0', {
  startedAtMs: FAKE_NOW_MS - 83 * S,
  changedAtMs: FAKE_NOW_MS - 82 * S,
  groupPriority: 10,
  priority: 20,
  generation: 4,
  restarts: 2,
  exitCode: 3,
  lastError: 'exited unexpectedly (exit status 3)',
  startMs: 1_500,
});

const KNOWN: FakeAnswers = {
  hosts: [
    aHost('prod-1', {
      labels: { role: 'web', env: 'prod' },
      connectedSinceMs: FAKE_NOW_MS - 7_200 * S,
      address: '10.0.0.7',
      adopted: 3,
    }),
    aHost('prod-2', { connected: false, address: null, lastSeenAtMs: FAKE_NOW_MS - 300 * S }),
    aHost('prod-3', { connected: false, agentVersion: '' }),
  ],
  processes: [
    web,
    aProcess('prod-1', 'web:1', { startedAtMs: FAKE_NOW_MS - 5 * S }),
    aProcess('prod-1', 'cron', { state: 'FATAL', pid: null, exitSignal: 'SEGV' }),
    aProcess('prod-2', 'web:0', {
      hostConnected: false,
      pid: 99,
      startedAtMs: FAKE_NOW_MS - 600 * S,
      nextTryAtMs: null,
    }),
  ],
  events: [
    anEvent(82, { kind: 'processChanged', process: web.status }),
    anEvent(83, {
      kind: 'targetSettled',
      operationId: OPERATION,
      process: web0,
      verb: 'restart',
      outcome: {
        state: 'failed',
        oldPid: 17,
        newPid: 23,
        durationMs: 1_100,
        error: 'exited\u001b[2J too quickly',
        fault: 'abnormal-termination',
        note: null,
        logTail: [],
      },
    }),
    anEvent(84, {
      kind: 'targetAccepted',
      operationId: OPERATION,
      process: web0,
      verb: 'restart',
      generation: 4,
      oldPid: 17,
    }),
    anEvent(85, {
      kind: 'processChanged',
      process: { ...web.status, state: 'EXITED', pid: null },
    }),
  ],
};

test('a host is described with its processes, the worst first, and what happened last', async () => {
  const { exitCode, stdout, eventSelections, closed } = await describe('prod-1', KNOWN);
  assert.equal(exitCode, 0);
  assert.ok(closed);
  assert.deepEqual(eventSelections, [{ host: 'prod-1', process: null, limit: 10 }]);
  assert.deepEqual(stdout.split('\n'), [
    'host        prod-1',
    'state       connected since 2026-11-22T10:00:00.000Z (2 h ago)',
    'address     10.0.0.7',
    'agent       0.1.0',
    'adopted     3 running processes when its agent started',
    'labels      env=prod,role=web',
    'processes   3: 2 RUNNING, 1 FATAL',
    '',
    'PROCESS   STATE     PID    UPTIME    RESTARTS   DETAIL',
    'cron      FATAL     -      -         0          killed by SIGSEGV',
    'web:0     RUNNING   4711   0:01:23   2          exited unexpectedly (exit status 3)',
    'web:1     RUNNING   4711   0:00:05   0',
    '',
    'last events',
    '2026-11-22T11:58:35.000Z   web:0   EXITED, exited unexpectedly (exit status 3)',
    `2026-11-22T11:58:36.000Z   web:0   restart accepted, operation ${OPERATION}, generation 4, pid 17 before`,
    `2026-11-22T11:58:37.000Z   web:0   restart failed after 1.1 s, pid 17 → 23: exited\\x1b[2J too quickly, operation ${OPERATION}`,
    '2026-11-22T11:58:38.000Z   web:0   RUNNING, pid 4711, exited unexpectedly (exit status 3)',
    '',
  ]);
});

test('a process is described in every field, with its own events', async () => {
  const { exitCode, stdout, eventSelections } = await describe('prod-1/web:0', KNOWN);
  assert.equal(exitCode, 0);
  assert.deepEqual(eventSelections, [{ host: 'prod-1', process: 'web:0', limit: 10 }]);
  assert.deepEqual(stdout.split('\n').slice(0, 26), [
    'process        web:0',
    'host           prod-1',
    'state          RUNNING since 2026-11-22T11:58:38.000Z (82 s ago)',
    'pid            4711',
    'up             0:01:23, since 2026-11-22T11:58:37.000Z (83 s ago)',
    'health         -',
    'waits for      -',
    'memory         -',
    'hold           -',
    'restarts       2',
    'last exit      exit status 3',
    'last error     exited unexpectedly (exit status 3)',
    'next try       -',
    'left behind    -',
    'lost output    -',
    'program        web',
    'group          web',
    'priority       20, its group 10',
    'generation     4',
    'startsecs      1.5 s',
    'stopwaitsecs   10 s',
    'tier_wait      30 s',
    'memory_max     -',
    '',
    'last events',
    '2026-11-22T11:58:35.000Z   EXITED, exited unexpectedly (exit status 3)',
  ]);
});

test('what is watched, what was left alone and what never came is told too', async () => {
  const operationId = OPERATION;
  const target = { operationId, process: web0, verb: 'restart' } as const;
  const outcome = { oldPid: 17, newPid: 17, durationMs: 0, error: null, fault: null, logTail: [] };
  const events = [
    { ...anEvent(1, { kind: 'eventsMissing', untilSeq: 18 }), seq: 12 },
    anEvent(2, { kind: 'targetVerifying', ...target }),
    anEvent(3, {
      kind: 'targetSettled',
      ...target,
      outcome: { ...outcome, state: 'skipped', note: 'held by bob' },
    }),
  ];
  const { stdout } = await describe('prod-1', { ...KNOWN, events });
  assert.deepEqual(stdout.split('\n').slice(-4, -1), [
    `2026-11-22T11:59:57.000Z   web:0   restart skipped after 0 ms: held by bob, operation ${OPERATION}`,
    `2026-11-22T11:59:58.000Z   web:0   restart verifying: it is as wanted, and is watched, operation ${OPERATION}`,
    '2026-11-22T11:59:59.000Z   -   7 events missing, which never came',
  ]);
  const json = JSON.parse((await describe('prod-1', { ...KNOWN, events }, ['-o', 'json'])).stdout);
  assert.deepEqual(
    json.events.map((event: { event: string; verb?: string; untilSeq?: number }) => [
      event.event,
      event.verb ?? event.untilSeq,
    ]),
    [
      ['eventsMissing', 18],
      ['targetVerifying', 'restart'],
      ['targetSettled', 'restart'],
    ],
  );
});

test('of a lost host everything is called what it was', async () => {
  const answers = { ...KNOWN, events: [] };
  const host = await describe('prod-2', answers);
  assert.match(
    host.stdout,
    /^state {7}UNREACHABLE, last seen 2026-11-22T11:55:00.000Z \(5 min ago\)$/m,
  );
  assert.match(host.stdout, /^address {5}-$/m);
  assert.match(host.stdout, /^web:0 .*last seen 5 min ago; was RUNNING$/m);
  assert.match(host.stdout, /^no events are kept$/m);
  const process = await describe('prod-2/web:0', answers);
  assert.match(process.stdout, /^state +UNREACHABLE, last seen 2026-11-22T11:55/m);
  assert.match(process.stdout, /^then it was +RUNNING/m);
  assert.match(process.stdout, /^pid then +99$/m);
  const never = await describe('prod-3', answers);
  assert.match(never.stdout, /^state {7}UNREACHABLE, last seen never$/m);
  assert.match(never.stdout, /^processes {3}none is known$/m);
});

test('JSON is the item of the list, with what belongs to it', async () => {
  const host = JSON.parse((await describe('prod-1', KNOWN, ['-o', 'json'])).stdout);
  assert.equal(host.kind, 'Host');
  assert.equal(host.host, 'prod-1');
  assert.deepEqual(host.labels, { role: 'web', env: 'prod' });
  assert.deepEqual(
    host.processes.map((item: { process: string }) => item.process),
    ['cron', 'web:0', 'web:1'],
  );
  const process = JSON.parse((await describe('prod-1/web:0', KNOWN, ['-o', 'json'])).stdout);
  assert.equal(process.kind, 'Process');
  assert.equal(process.startMs, 1_500);
  const [changed, settled, accepted] = process.events;
  assert.equal(changed.event, 'processChanged');
  assert.equal(changed.state, 'RUNNING');
  assert.equal(settled.state, 'failed');
  assert.deepEqual(accepted, {
    at: '2026-11-22T11:58:36.000Z',
    host: 'prod-1',
    seq: accepted.seq,
    event: 'targetAccepted',
    process: 'web:0',
    verb: 'restart',
    operation: OPERATION,
    generation: 4,
    oldPid: 17,
  });
});

test('a name that does not exist is an error that knows what was meant', async () => {
  const host = await describe('prod1', KNOWN);
  assert.equal(host.exitCode, 6);
  assert.match(host.stderr, /no such host: prod1\n.*did you mean prod-1\?/);
  const process = await describe('prod-1/web:00', KNOWN);
  assert.equal(process.exitCode, 6);
  assert.deepEqual(process.stderr.split('\n'), [
    'error: no process "web:00" on prod-1',
    'cause: it has cron, web:0, web:1',
    'fix:   fleetctl describe prod-1/web:0',
    '',
  ]);
  const group = await describe('prod-1/web', KNOWN);
  assert.match(group.stderr, /cause: there are web:0, web:1\n/);
  const unlike = await describe('prod-1/zzzzzz', KNOWN);
  assert.match(unlike.stderr, /fix: {3}see all of them with: fleetctl describe prod-1\n/);
  assert.equal((await describe('nowhere', { hosts: [] })).exitCode, 6);
});

test('a process is found under its full name too, and may have a slash in it', async () => {
  assert.equal((await describe('prod-1/cron:cron', KNOWN)).exitCode, 0);
  const processes = [aProcess('prod-1', 'a/b')];
  assert.equal((await describe('prod-1/a/b', { ...KNOWN, processes })).exitCode, 0);
});

test('expressions are refused, since they mean more than one', async () => {
  for (const subject of [
    'prod-*',
    '@*',
    'prod-[1-2]',
    'a,b',
    '',
    '/web',
    'prod-1/',
    './-',
    'a b',
  ]) {
    const { exitCode, stderr } = await describe(subject, KNOWN);
    assert.equal(exitCode, 2, subject);
    assert.match(stderr, /is not the name of one host/, subject);
  }
});

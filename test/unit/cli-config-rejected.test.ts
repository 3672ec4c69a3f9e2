import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AgentEvent,
  hostId,
  knownProcessName,
  operationId,
  type StoredEvent,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { aHost } from '../fakes/control-client.ts';

const PROBLEM = 'agent.conf:3: command is missing\n  say what to run\nagent.conf:9: more';
const SHOWN = 'agent.conf:3: command is missing; say what to run; agent.conf:9: more';
const rejected = { configProblem: PROBLEM } as const;

const HOSTS = [
  aHost('web-1'),
  aHost('web-2', rejected),
  aHost('web-3', rejected),
  aHost('web-4', { ...rejected, connected: false }),
  aHost('web-5', { configProblem: 'other.conf: cannot be read\u001b[2J' }),
];

const LINES = [
  `web-[2-4]: config rejected: ${SHOWN}`,
  'web-5: config rejected: other.conf: cannot be read\\x1b[2J',
];

test('hosts shows which ones rejected their config, and why, those of one mind together', async () => {
  const { stdout } = await fleetctl(['hosts'], { hosts: HOSTS });
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.slice(1, 6).map((line) => line.split(/ {2,}/).slice(0, 2)),
    [
      ['web-1', 'connected'],
      ['web-2', 'config rejected'],
      ['web-3', 'config rejected'],
      ['web-4', 'UNREACHABLE'],
      ['web-5', 'config rejected'],
    ],
  );
  assert.deepEqual(lines.slice(6), [...LINES, '5 hosts: web-[1-5]']);
});

test('many hosts are folded apart from those that rejected theirs, which come before', async () => {
  const hosts = Array.from({ length: 60 }, (_, index) =>
    aHost(`web-${index}`, index === 7 ? rejected : index === 9 ? { connected: false } : {}),
  );
  const { stdout } = await fleetctl(['hosts'], { hosts });
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(1, 5)
      .map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')),
    ['UNREACHABLE 1', 'config rejected 1', 'connected 58', `web-7: config rejected: ${SHOWN}`],
  );
});

test('programs find the problem as the agent told it, and the state as it always was', async () => {
  const { stdout } = await fleetctl(['hosts', '-o', 'json'], { hosts: HOSTS.slice(0, 2) });
  assert.deepEqual(
    JSON.parse(stdout).items.map(({ state, configProblem }: Record<string, unknown>) => ({
      state,
      configProblem,
    })),
    [
      { state: 'connected', configProblem: null },
      { state: 'connected', configProblem: PROBLEM },
    ],
  );
});

test('status says it on stderr, where it is in no way of what reads the table', async () => {
  for (const words of [['status'], ['status', '-o', 'wide']]) {
    const { stdout, stderr } = await fleetctl(words, { hosts: HOSTS });
    assert.deepEqual(stderr.trimEnd().split('\n'), LINES);
    assert.doesNotMatch(stdout, /config rejected/);
  }
  for (const output of ['json', 'jsonl', 'name']) {
    const { stderr } = await fleetctl(['status', '-o', output], { hosts: HOSTS });
    assert.equal(stderr, '');
  }
});

let seq = 0;
function reported(event: AgentEvent): StoredEvent {
  seq += 1;
  return { host: hostId('web-2'), seq, atMs: FAKE_NOW_MS, storedAtMs: FAKE_NOW_MS, event };
}

const outcome = {
  state: 'succeeded',
  oldPid: null,
  newPid: null,
  durationMs: 1_200,
  error: null,
  fault: null,
  note: 'web updated',
  logTail: [],
} as const;
const target = { process: WHOLE_HOST, verb: 'update', operationId: operationId('op-1') } as const;

/** Newest first. */
const EVENTS = [
  reported({ kind: 'configJudged', problem: PROBLEM }),
  reported({ kind: 'targetSettled', ...target, outcome }),
  reported({ kind: 'targetAccepted', ...target, generation: 1, oldPid: null }),
  reported({ kind: 'configJudged', problem: null }),
  reported({ kind: 'processRemoved', process: knownProcessName('queue') }),
  reported({
    kind: 'localOrder',
    requestedBy: 'root (sudo by alice)',
    command: 'restart web:*',
    operationId: operationId('local-1'),
  }),
  reported({
    kind: 'localOrder',
    requestedBy: 'SIGHUP',
    command: 'update\u001b[2J',
    operationId: null,
  }),
];

test('describe says it of the host, and tells who did what on the host itself', async () => {
  const { stdout } = await fleetctl(['describe', 'web-2'], { hosts: HOSTS, events: EVENTS });
  assert.match(stdout, new RegExp(`^config +rejected: ${SHOWN}$`, 'm'));
  const [, history = ''] = stdout.split('last events\n');
  const texts = history
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ +/, ''));
  assert.deepEqual(texts, [
    '-   update\\x1b[2J by SIGHUP on the host',
    '-   restart web:* by root (sudo by alice) on the host, operation local-1',
    'queue   removed: it is no longer configured',
    '-   config accepted',
    '-   update accepted, operation op-1, generation 1',
    '-   update succeeded after 1.2 s: web updated, operation op-1',
    `-   config rejected: ${SHOWN}`,
  ]);
  const fine = await fleetctl(['describe', 'web-1'], { hosts: HOSTS });
  assert.doesNotMatch(fine.stdout, /^config /m);
});

test('JSON has these events with fields of their own', async () => {
  const { stdout } = await fleetctl(['describe', 'web-2', '-o', 'json'], {
    hosts: HOSTS,
    events: EVENTS,
  });
  const { events, configProblem } = JSON.parse(stdout);
  assert.equal(configProblem, PROBLEM);
  const fields = events.map(
    ({ at: _, host: __, seq: ___, ...rest }: Record<string, unknown>) => rest,
  );
  assert.deepEqual(fields[0], { event: 'configJudged', problem: PROBLEM });
  assert.deepEqual(fields[4], { event: 'processRemoved', process: 'queue' });
  assert.deepEqual(fields[5], {
    event: 'localOrder',
    requestedBy: 'root (sudo by alice)',
    command: 'restart web:*',
    operation: 'local-1',
  });
  assert.equal(fields[1].note, 'web updated');
  assert.equal(fields[1].fault, null);
});

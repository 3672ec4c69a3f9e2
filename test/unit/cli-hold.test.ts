/** How holds are shown of a fleet: status, describe, and the JSON of both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldText } from '../../proto/hold-text.ts';
import { hostId, type ProcessStatus, type StoredEvent } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { aHost, aProcess } from '../fakes/control-client.ts';

const hold = { by: 'alice', reason: 'debugging', untilMs: FAKE_NOW_MS + 7_200_000 };
const HELD = 'held by alice until 2026-11-22 14:00 UTC: debugging';

const up = (host: string, process: string, more: Partial<ProcessStatus> = {}) =>
  aProcess(host, process, { startedAtMs: FAKE_NOW_MS - 60_000, ...more });

test('a row says it beside the state, after what is wrong', async () => {
  const { stdout, exitCode } = await fleetctl(['status'], {
    hosts: [aHost('a')],
    processes: [
      up('a', 'db'),
      up('a', 'job', { state: 'EXITED', pid: null, exitCode: 3, hold }),
      up('a', 'web', { hold }),
    ],
  });
  assert.deepEqual(stdout.split('\n'), [
    'HOST   PROCESS   STATE     PID    UPTIME    RESTARTS   DETAIL',
    'a      db        RUNNING   4711   0:01:00   0',
    `a      job       EXITED    -      -         0          exit status 3; ${HELD}`,
    `a      web       RUNNING   4711   0:01:00   0          ${HELD}`,
    '',
  ]);
  assert.equal(exitCode, 3);
});

test('folded, those that are held stand apart from those that are not', async () => {
  const hosts = Array.from({ length: 12 }, (_, index) => `h-${index + 1}`);
  const { stdout } = await fleetctl(['status'], {
    hosts: hosts.map((host) => aHost(host)),
    processes: hosts.map((host, index) => up(host, 'web', index < 2 ? { hold } : {})),
  });
  assert.match(stdout, /RUNNING +2 .*h-\[1-2\].*held by alice/);
  assert.match(stdout, /RUNNING +10 .*h-\[3-12\]$/m);
});

test('what somebody gave as a reason cannot steer a terminal', async () => {
  const evil = { ...hold, by: 'a\u202eb', reason: '\u001b[2J\ngone' };
  const { stdout } = await fleetctl(['status'], {
    hosts: [aHost('a')],
    processes: [up('a', 'web', { hold: evil })],
  });
  assert.ok(
    stdout.includes('held by a\\u202eb until 2026-11-22 14:00 UTC: \\x1b[2J; gone\n'),
    stdout,
  );
});

test('programs get it as an object, or null', async () => {
  const { stdout } = await fleetctl(['status', '-o', 'jsonl'], {
    hosts: [aHost('a')],
    processes: [up('a', 'db'), up('a', 'web', { hold })],
  });
  const items = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).hold);
  assert.deepEqual(items, [
    null,
    { by: 'alice', reason: 'debugging', until: '2026-11-22T14:00:00.000Z' },
  ]);
});

test('describe has a field for it, and its history', async () => {
  const { status } = up('a', 'web', { hold });
  const stored = (seq: number, event: StoredEvent['event']): StoredEvent => ({
    host: hostId('a'),
    seq,
    atMs: FAKE_NOW_MS,
    storedAtMs: FAKE_NOW_MS,
    event,
  });
  const answers = {
    hosts: [aHost('a')],
    processes: [up('a', 'web', { hold })],
    events: [
      stored(3, { kind: 'processChanged', process: { ...status, hold: null } }),
      stored(2, { kind: 'processChanged', process: status }),
    ],
  };
  const { stdout } = await fleetctl(['describe', 'a/web'], answers);
  assert.match(stdout, new RegExp(`^hold +${HELD}$`, 'm'));
  assert.match(stdout, new RegExp(`RUNNING, pid 4711, ${HELD}\\n.*RUNNING, pid 4711\\n$`));
  const json = JSON.parse((await fleetctl(['describe', 'a/web', '-o', 'json'], answers)).stdout);
  const until = '2026-11-22T14:00:00.000Z';
  assert.deepEqual(json.hold, { by: 'alice', reason: 'debugging', until });
  assert.deepEqual(
    json.events.map((event: { hold: object | null }) => event.hold),
    [null, json.hold],
  );
});

test('an end that no calendar has is told all the same', () => {
  assert.match(
    heldText({ ...hold, untilMs: Number.MAX_SAFE_INTEGER }),
    /^held by alice until \+275760/,
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetError, refusal } from '../../proto/errors.ts';
import { operationId } from '../../proto/vocabulary.ts';
import { anAuditRow } from '../fakes/cli-authority.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';

const HEAD = { seq: 1_234, hash: 'ab'.repeat(32) };
const ROWS = [
  anAuditRow(3, {
    atMs: FAKE_NOW_MS,
    outcome: 'refused',
    detail: 'no role of alice\nallows restart there',
    reason: 'urgent',
  }),
  anAuditRow(2, {
    atMs: FAKE_NOW_MS - 1_000,
    actor: { kind: 'agent', name: 'web-1', fingerprint: null, address: null },
    action: 'renew',
    targets: '',
    targetCount: 0,
    hosts: '',
    processes: [],
  }),
];
const TWO = { authority: { readAudit: [ROWS] } };

test('the record is listed, the newest first, with who did what to what', async () => {
  const { exitCode, stdout, authorityCalls } = await fleetctl(['audit', 'list'], TWO);
  assert.equal(exitCode, 0);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {3,}/)),
    [
      ['SEQ', 'AT', 'OUTCOME', 'WHO', 'ACTION', 'TARGETS'],
      [
        ...['3', '2026-11-22T12:00:00Z', 'refused', 'alice from 192.0.2.9', 'restart'],
        'web-[1-40]: web (40)',
      ],
      ['', 'no role of alice; allows restart there; reason: urgent'],
      ['2', '2026-11-22T11:59:59Z', 'done', 'agent/web-1', 'renew', '-'],
    ],
  );
  const all = { actor: null, action: null, outcome: null, sinceMs: null };
  assert.deepEqual(authorityCalls[0]?.asked, { ...all, limit: 50 });
});

test('what is looked for is asked of the controller', async () => {
  const words = ['--actor', 'alice', '--action', 'restart', '--refused', '--since', '1h'];
  const { authorityCalls } = await fleetctl(['audit', 'list', ...words, '--limit', '7'], TWO);
  assert.deepEqual(authorityCalls[0]?.asked, {
    actor: 'alice',
    action: 'restart',
    outcome: 'refused',
    sinceMs: FAKE_NOW_MS - 3_600_000,
    limit: 7,
  });
});

test('-o json is one document, -o jsonl and export are rows, as they come', async () => {
  const row = anAuditRow(9, { operation: operationId('0198f2a0-0000-7000-8000-000000000001') });
  const given = { authority: { readAudit: [[row], [anAuditRow(10)]] } };
  const { stdout } = await fleetctl(['audit', 'list', '-o', 'json'], given);
  const { kind, items } = JSON.parse(stdout);
  assert.equal(kind, 'AuditList');
  assert.deepEqual(items[0], {
    seq: 9,
    at: '1970-01-01T00:00:00.000Z',
    actor: { kind: 'operator', name: 'alice', fingerprint: 'AB:CD', address: '192.0.2.9' },
    action: 'restart',
    hosts: 'web-*',
    processes: ['web'],
    targets: 'web-[1-40]: web',
    targetCount: 40,
    operation: '0198f2a0-0000-7000-8000-000000000001',
    reason: '',
    outcome: 'done',
    detail: '',
    previousHash: '0'.repeat(64),
    hash: 'a'.repeat(64),
  });
  const exported = await fleetctl(['audit', 'export', '--since', '2026-11-22T00:00:00Z'], given);
  const lines = exported.stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).seq),
    [9, 10],
  );
  assert.match(JSON.stringify(exported.authorityCalls), /"limit":0/);
  assert.equal((await fleetctl(['audit', 'list', '-o', 'jsonl'], given)).stdout, exported.stdout);
});

test('an export that breaks off says so with its exit code', async () => {
  const broken = new FleetError(refusal('unavailable', 'Connection dropped'));
  const given = { authority: { readAudit: [[anAuditRow(1)], broken] } };
  const { exitCode, stdout, stderr } = await fleetctl(['audit', 'export'], given);
  assert.deepEqual([exitCode, stderr], [4, 'error: Connection dropped\n']);
  assert.equal(stdout.split('\n').length, 2);
});

test('a sound record is exit code 0, with the head to write down', async () => {
  const verifyAudit = { kind: 'sound', firstSeq: 1, head: HEAD } as const;
  const words = ['audit', 'verify', '--head', `12:${'CD'.repeat(32)}`];
  const { exitCode, stdout, authorityCalls } = await fleetctl(words, {
    authority: { verifyAudit },
  });
  assert.equal(exitCode, 0);
  assert.deepEqual(stdout.split('\n').slice(0, 2), [
    'sound: rows 1 to 1234 belong together, and row 12 is as it was written down',
    `head: 1234:${HEAD.hash}`,
  ]);
  assert.deepEqual(authorityCalls[0]?.asked, { seq: 12, hash: 'cd'.repeat(32) });
  const empty = { kind: 'sound', firstSeq: 0, head: null } as const;
  const none = await fleetctl(['audit', 'verify'], { authority: { verifyAudit: empty } });
  assert.deepEqual([none.exitCode, none.stdout], [0, 'sound: there is no row yet\n']);
});

test('a broken record is exit code 1, and names the row', async () => {
  const verifyAudit = { kind: 'broken', seq: 17, why: 'row 16 is\u001b[2J missing' } as const;
  const { exitCode, stdout } = await fleetctl(['audit', 'verify'], { authority: { verifyAudit } });
  assert.deepEqual([exitCode, stdout], [1, 'BROKEN at row 17: row 16 is\\x1b[2J missing\n']);
  const json = await fleetctl(['audit', 'verify', '-o', 'json'], { authority: { verifyAudit } });
  assert.equal(json.exitCode, 1);
  const { kind, sound, brokenSeq } = JSON.parse(json.stdout);
  assert.deepEqual([kind, sound, brokenSeq], ['AuditVerdict', false, 17]);
});

test('a head that is none is refused before anything is asked', async () => {
  for (const head of ['', '12', `0:${HEAD.hash}`, `12:${'x'.repeat(64)}`, `${HEAD.hash}:12`]) {
    const { exitCode, authorityCalls } = await fleetctl(['audit', 'verify', '--head', head], {});
    assert.deepEqual([exitCode, authorityCalls.length], [2, 0], head);
  }
});

test('what stands on record came from anywhere, and moves no cursor', async () => {
  const evil = '\u001b]0;x\u0007\u001b[2J\u202e\u009b2J';
  const row = anAuditRow(1, {
    actor: { kind: 'operator', name: evil, fingerprint: evil, address: evil },
    ...{ action: evil, hosts: evil, processes: [evil], targets: evil, reason: evil, detail: evil },
  });
  const given = { authority: { readAudit: [[row]] } };
  for (const words of [['list'], ['list', '-o', 'wide'], ['list', '-o', 'json'], ['export']]) {
    const { stdout } = await fleetctl(['audit', ...words], given);
    for (const character of ['\u001b', '\u0007', '\u202e', '\u009b']) {
      assert.ok(!stdout.includes(character), words.join(' '));
    }
  }
  const [first] = (await fleetctl(['audit', 'export'], given)).stdout.split('\n');
  assert.equal(JSON.parse(first ?? '').detail, evil);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetError, refusal } from '../../proto/errors.ts';
import { aToken } from '../fakes/cli-authority.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';

const HOUR_MS = 3_600_000;
const JOIN = 'fleetvisor:1:ops-1:7461:PIN:SECRET';
const token = aToken({ createdAtMs: FAKE_NOW_MS, expiresAtMs: FAKE_NOW_MS + HOUR_MS });
const MADE = { authority: { createToken: { token, joinString: JOIN }, revokeToken: token } };
const CREATE = ['token', 'create'];

test('the join string stands alone on stdout, and what there is to say on stderr', async () => {
  const { exitCode, stdout, stderr, authorityCalls } = await fleetctl(
    [
      ...CREATE,
      '--hosts',
      'web-*',
      '--labels',
      'env=prod,role="web a"',
      '--ttl',
      '10m',
      '--replace',
    ],
    MADE,
  );
  assert.deepEqual([exitCode, stdout], [0, `${JOIN}\n`]);
  assert.deepEqual(stderr.split('\n'), [
    'token 1a2b3c4d lets in one host web-*, once, until 2026-11-22T13:00:00.000Z (60 min)',
    'use it there: fleet-agent join --token-file FILE',
    '',
  ]);
  assert.deepEqual(authorityCalls[0]?.asked, {
    kind: 'agent',
    names: 'web-*',
    labels: { env: 'prod', role: 'web a' },
    replaces: true,
    ttlMs: 600_000,
  });
});

test('without anything said, a token is for one host of any name, for an hour', async () => {
  const { authorityCalls } = await fleetctl(CREATE, MADE);
  assert.deepEqual(authorityCalls[0]?.asked, {
    kind: 'agent',
    names: '*',
    labels: {},
    replaces: false,
    ttlMs: HOUR_MS,
  });
});

test('a token of a person is for fleetctl login, and says whom it replaces', async () => {
  const alice = { ...token, kind: 'operator', names: 'alice', replaces: true } as const;
  const { stderr, authorityCalls } = await fleetctl([...CREATE, '--operator', 'alice'], {
    authority: { createToken: { token: alice, joinString: JOIN } },
  });
  assert.match(stderr, /lets in operator alice, in the place of who has that name, once/);
  assert.match(stderr, /fleetctl login --token-file FILE/);
  assert.match(JSON.stringify(authorityCalls), /"kind":"operator","names":"alice"/);
});

test('with --output the join string is in the file and nowhere else', async () => {
  const { stdout, stderr, files } = await fleetctl([...CREATE, '--output', 'my join'], MADE);
  assert.equal(files.get('my join'), `${JOIN}\n`);
  assert.equal(stdout, '');
  assert.match(stderr, /fleet-agent join --token-file 'my join'/);
  assert.ok(!stderr.includes('SECRET'));
});

test('no token is made for a file that is there already', async () => {
  const { exitCode, stderr, authorityCalls, files } = await fleetctl(
    [...CREATE, '--output', 'join'],
    { ...MADE, files: { join: 'precious' } },
  );
  assert.equal(exitCode, 2);
  assert.match(stderr, /join is there already/);
  assert.deepEqual([authorityCalls.length, files.get('join')], [0, 'precious']);
});

test('--output never takes a format for a file: the secret would lie in one called json', async () => {
  for (const words of [['--output', 'json'], ['--output=name'], ['--output', '']]) {
    const { exitCode, authorityCalls } = await fleetctl([...CREATE, ...words], MADE);
    assert.deepEqual([exitCode, authorityCalls.length], [2, 0]);
  }
});

test('-o json prints the token with its join string, as one document', async () => {
  const { stdout, stderr } = await fleetctl([...CREATE, '-o', 'json'], MADE);
  const document = JSON.parse(stdout);
  assert.equal(stderr, '');
  assert.deepEqual(
    [document.kind, document.id, document.state, document.joinString, document.expiresAt],
    ['Token', '1a2b3c4d', 'usable', JOIN, '2026-11-22T13:00:00.000Z'],
  );
  const filed = await fleetctl([...CREATE, '-o', 'json', '--output', 'f'], MADE);
  assert.equal(JSON.parse(filed.stdout).joinString, null);
});

test('what cannot be meant is refused before a token is made', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--hosts', 'a', '--operator', 'b'], /contradict each other/],
    [['--operator', 'a', '--labels', 'a=b'], /--labels are of hosts/],
    [['--operator', 'Alice B'], /cannot name an operator/],
    [['--hosts', ' '], /the pattern of --hosts is empty/],
    [['--labels', 'nonsense'], /--labels/],
    [['--ttl', 'soon'], /--ttl/],
    [['--ttl', '8d'], /expected is a time from 1s to 7d/],
    [['--ttl', '0'], /--ttl/],
  ];
  for (const [words, expected] of wrong) {
    const { exitCode, stderr, authorityCalls } = await fleetctl([...CREATE, ...words], MADE);
    assert.deepEqual([exitCode, authorityCalls.length], [2, 0], words.join(' '));
    assert.match(stderr, expected);
  }
});

test('tokens are listed with what became of each', async () => {
  const tokens = [
    aToken({ id: 'aaaaaaaa', labels: { env: 'prod' }, expiresAtMs: FAKE_NOW_MS + 1 }),
    aToken({
      id: 'bbbbbbbb',
      used: { atMs: FAKE_NOW_MS - 180_000, name: 'web-1', address: '192.0.2.1' },
    }),
    aToken({ id: 'cccccccc', kind: 'operator', names: 'bob', revokedBy: 'alice' }),
    aToken({ id: 'dddddddd', replaces: true, expiresAtMs: FAKE_NOW_MS }),
  ];
  const given = { authority: { listTokens: tokens } };
  const { stdout, authorityCalls } = await fleetctl(['token', 'list', '--all'], given);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {3,}/)),
    [
      [
        'aaaaaaaa',
        'one host web-*',
        'env=prod',
        '-',
        'alice',
        '2026-11-22T12:00:00.001Z',
        'usable',
      ],
      [
        ...['bbbbbbbb', 'one host web-*', '-', '-', 'alice', '1970-01-01T00:00:00.000Z'],
        'used by web-1 from 192.0.2.1, 3 min ago',
      ],
      [
        ...['cccccccc', 'operator bob', '-', '-', 'alice', '1970-01-01T00:00:00.000Z'],
        'revoked by alice',
      ],
      [
        ...['dddddddd', 'one host web-*', '-', 'yes', 'alice', '2026-11-22T12:00:00.000Z'],
        'expired',
      ],
    ],
  );
  assert.equal(authorityCalls[0]?.asked, true);
  const json = JSON.parse((await fleetctl(['token', 'list', '-o', 'json'], given)).stdout);
  assert.deepEqual(
    [json.kind, json.items.map(({ state }: { state: string }) => state)],
    ['TokenList', ['usable', 'used', 'revoked', 'expired']],
  );
  const none = await fleetctl(['token', 'list'], { authority: { listTokens: [] } });
  assert.equal(none.stdout, 'no tokens; fleetctl token create makes one\n');
});

test('a token is revoked by its id, and a join string in its place is not repeated', async () => {
  const { stdout, authorityCalls } = await fleetctl(['token', 'revoke', '1A2B3C4D'], MADE);
  assert.equal(stdout, 'token 1a2b3c4d lets nobody in any more\n');
  assert.equal(authorityCalls[0]?.asked, '1a2b3c4d');
  const slip = await fleetctl(['token', 'revoke', JOIN], MADE);
  assert.equal(slip.exitCode, 2);
  assert.ok(!slip.stderr.includes('SECRET'));
});

test('a join string that could not be written lets nobody in', async () => {
  const full = new FleetError(refusal('configuration', 'join cannot be written'));
  const { authorityCalls, exitCode } = await fleetctl([...CREATE, '--output', 'join'], {
    ...MADE,
    unwritable: full,
  });
  assert.equal(exitCode, 2);
  assert.deepEqual(
    authorityCalls.map(({ method }) => method),
    ['createToken', 'revokeToken'],
  );
});

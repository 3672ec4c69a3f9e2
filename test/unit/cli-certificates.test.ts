import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCertificate, whoIAm } from '../fakes/cli-authority.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { aHost, aProcess } from '../fakes/control-client.ts';

const DAY_MS = 86_400_000;
const lasting = aCertificate({ notAfterMs: FAKE_NOW_MS + 5 * DAY_MS });
const ending = aCertificate({ name: 'web-2', notAfterMs: FAKE_NOW_MS + DAY_MS });
const revoked = aCertificate({
  kind: 'operator',
  name: 'bob',
  notAfterMs: FAKE_NOW_MS + 5 * DAY_MS,
  ended: { kind: 'revoked', atMs: FAKE_NOW_MS - DAY_MS, by: 'alice', reason: 'left us' },
});
const replaced = aCertificate({
  name: 'web-10',
  ended: { kind: 'replaced', atMs: FAKE_NOW_MS, by: null, reason: '' },
});
const ALL = { authority: { listCertificates: [replaced, revoked, ending, lasting] } };

test('certificates are listed by holder, and those that end soon are told of', async () => {
  const { exitCode, stdout, stderr, authorityCalls } = await fleetctl(['cert', 'list'], ALL);
  assert.equal(exitCode, 0);
  assert.deepEqual(stdout.split('\n'), [
    'HOLDER         FINGERPRINT         ENDS                       STATE',
    'agent/web-1    AB:CD:EF:01:00:00   2026-11-27T12:00:00.000Z   counts, 5 days left',
    'agent/web-2    AB:CD:EF:01:00:00   2026-11-23T12:00:00.000Z   counts, 24 h left',
    'agent/web-10   AB:CD:EF:01:00:00   1970-01-01T00:00:00.000Z   replaced by a newer one',
    'operator/bob   AB:CD:EF:01:00:00   2026-11-27T12:00:00.000Z   revoked by alice: left us',
    '',
  ]);
  assert.equal(
    stderr,
    'warning: the certificate of agent/web-2 ends within two days, and no newer one is known\n',
  );
  assert.deepEqual(authorityCalls[0]?.asked, { choice: null, all: false });
});

test('nobody is warned of a certificate that has been renewed already', async () => {
  const newer = { ...ending, notAfterMs: FAKE_NOW_MS + 7 * DAY_MS, fingerprint: 'CC' };
  const given = { authority: { listCertificates: [ending, newer] } };
  assert.equal((await fleetctl(['cert', 'list'], given)).stderr, '');
});

test('a holder or a fingerprint is taken as people write it', async () => {
  const choices = {
    'agent/web-1': { kind: 'holder', holder: { kind: 'agent', name: 'web-1' } },
    abcdef01: { kind: 'fingerprint', beginning: 'AB:CD:EF:01' },
    'AB:CD:E': { kind: 'fingerprint', beginning: 'AB:CD:E' },
  };
  for (const [typed, choice] of Object.entries(choices)) {
    const { authorityCalls } = await fleetctl(['cert', 'list', typed, '--all'], ALL);
    assert.deepEqual(authorityCalls[0]?.asked, { choice, all: true });
  }
  const wrong = {
    'agnet/web-1': /did you mean agent\/web-1\?/,
    'web-1': /for example agent\/web-1/,
  };
  for (const [typed, expected] of Object.entries(wrong)) {
    const { exitCode, stderr } = await fleetctl(['cert', 'show', typed], ALL);
    assert.equal(exitCode, 2);
    assert.match(stderr, expected);
  }
  assert.equal((await fleetctl(['cert', 'revoke', 'agent/', '--yes'], ALL)).exitCode, 2);
  assert.equal((await fleetctl(['cert', 'revoke', '', '--yes'], ALL)).exitCode, 2);
});

test('of a holder that is shown, what counts is shown', async () => {
  const given = { authority: { listCertificates: [{ ...revoked, name: 'web-1' }, lasting] } };
  const { stdout } = await fleetctl(['cert', 'show', 'agent/web-1'], given);
  assert.deepEqual(stdout.split('\n').slice(0, 4), [
    'holder         agent/web-1',
    `fingerprint    ${lasting.fingerprint}`,
    'state          counts, 5 days left',
    'counts from    -',
  ]);
  assert.equal(stdout.match(/holder/g)?.length, 1);
  const none = await fleetctl(['cert', 'show', 'abcd'], { authority: { listCertificates: [] } });
  assert.deepEqual([none.exitCode, none.stdout], [6, '']);
});

test('JSON of certificates carries every field', async () => {
  const { stdout } = await fleetctl(['cert', 'list', '-o', 'json'], {
    authority: { listCertificates: [revoked] },
  });
  assert.deepEqual(JSON.parse(stdout), {
    apiVersion: 'fleetvisor/v1',
    kind: 'CertificateList',
    items: [
      {
        holder: 'operator/bob',
        kind: 'operator',
        name: 'bob',
        fingerprint: revoked.fingerprint,
        state: 'revoked',
        notBefore: '1970-01-01T00:00:00.000Z',
        notAfter: '2026-11-27T12:00:00.000Z',
        issuedAt: null,
        issuedBecause: null,
        firstSeenAt: null,
        endedAt: '2026-11-21T12:00:00.000Z',
        endedBy: 'alice',
        endedReason: 'left us',
      },
    ],
  });
});

const REVOKE = ['cert', 'revoke', 'agent/web-1'];
const authority = {
  listCertificates: [lasting],
  whoAmI: whoIAm({ fingerprint: lasting.fingerprint }),
  revokeCertificates: [lasting],
};

test('a person is asked before a revocation, and told what it would end', async () => {
  const { exitCode, questions, authorityCalls, stderr } = await fleetctl(REVOKE, {
    authority,
    answers: ['n'],
  });
  assert.equal(exitCode, 130);
  assert.match(stderr, /nothing was done/);
  assert.deepEqual(questions, [
    'revoke 1 certificate of agent/web-1 (AB:CD:EF:01:00:00)? Its connections end within two seconds. The one that you use now is among them. [y/N] ',
  ]);
  assert.ok(!authorityCalls.some(({ method }) => method === 'revokeCertificates'));
});

test('with a yes, --yes or off a terminal it is revoked, with the reason', async () => {
  for (const [words, given] of [
    [REVOKE, { answers: ['y'] }],
    [[...REVOKE, '--yes'], { answers: [] }],
    [REVOKE, {}],
  ] as const) {
    const { exitCode, stdout, authorityCalls } = await fleetctl([...words, '--reason', 'stolen'], {
      authority,
      ...given,
    });
    assert.deepEqual([exitCode, stdout], [0, `revoked agent/web-1 ${lasting.fingerprint}\n`]);
    assert.deepEqual(authorityCalls.at(-1)?.asked, {
      choice: { kind: 'holder', holder: { kind: 'agent', name: 'web-1' } },
      reason: 'stolen',
    });
  }
});

test('of a holder of whom nothing is known, what was issued elsewhere is revoked all the same', async () => {
  const nothing = { ...authority, listCertificates: [], revokeCertificates: [] };
  const { stdout, questions } = await fleetctl(REVOKE, { authority: nothing, answers: ['yes'] });
  assert.match(questions[0] ?? '', /whatever was issued to agent\/web-1 until now/);
  assert.match(stdout, /^whatever was issued to agent\/web-1 until now does not count any more$/m);
  const words = ['cert', 'revoke', 'abcdef'];
  const other = await fleetctl(words, { authority: nothing, answers: ['y'] });
  assert.deepEqual([other.exitCode, other.questions.length], [6, 0]);
});

const REQUEST = {
  kind: 'agent',
  name: 'web-3',
  keyHash: 'f'.repeat(64),
  csrPem: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
  days: 7,
  because: 'token 1a2b3c4d of alice',
  address: null,
  requestedAtMs: FAKE_NOW_MS - 60_000,
} as const;

test('who waits for a certificate is shown with the reason and the key', async () => {
  const given = { authority: { listRequests: [REQUEST] } };
  const { stdout } = await fleetctl(['cert', 'requests'], given);
  assert.match(stdout, /^agent\/web-3 +token 1a2b3c4d of alice +- +60 s ago +7 +f{64}$/m);
  const json = JSON.parse((await fleetctl(['cert', 'requests', '-o', 'json'], given)).stdout);
  assert.deepEqual([json.kind, json.items[0].holder], ['CertificateRequestList', 'agent/web-3']);
  const none = { authority: { listRequests: [] } };
  const empty = await fleetctl(['cert', 'requests', '--output', 'f'], none);
  assert.deepEqual([empty.exitCode, empty.files.has('f')], [0, false]);
});

test('what was signed is handed in, whatever stands around it', async () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  const { stdout, authorityCalls } = await fleetctl(['cert', 'add', '-'], {
    authority: { addCertificates: [lasting] },
    files: { '-': `# for web-1\n${pem}\n\n${pem}\n` },
  });
  assert.equal(stdout, 'added agent/web-1, which gets it now\n');
  assert.deepEqual(authorityCalls[0]?.asked, [`${pem}\n`, `${pem}\n`]);
  for (const text of ['', REQUEST.csrPem]) {
    const wrong = await fleetctl(['cert', 'add', 'f'], { files: { f: text } });
    assert.deepEqual([wrong.exitCode, wrong.authorityCalls.length], [2, 0]);
    assert.match(wrong.stderr, /f holds no certificate/);
  }
});

const REMOVED = { authority: { removeHost: { processes: 1, wasConnected: true } } };

test('a host is removed after a question that says what is known of it', async () => {
  const known = { hosts: [aHost('web-1')], processes: [aProcess('web-1', 'web')] };
  const { stdout, questions, authorityCalls } = await fleetctl(
    ['host', 'remove', 'web-1', '--reason', 'scrapped'],
    { ...known, ...REMOVED, answers: ['y'] },
  );
  assert.match(questions[0] ?? '', /^remove web-1 \(connected, 1 process known\)\?/);
  assert.match(stdout, /^removed web-1 and 1 process known of it; what runs there goes on$/m);
  assert.deepEqual(authorityCalls[0]?.asked, { host: 'web-1', reason: 'scrapped' });
  const refused = await fleetctl(['host', 'remove', 'web-1'], { ...REMOVED, answers: [null] });
  assert.deepEqual([refused.exitCode, refused.authorityCalls.length], [130, 0]);
  const json = await fleetctl(['host', 'remove', 'web-1', '-o', 'json'], REMOVED);
  assert.equal(JSON.parse(json.stdout).kind, 'RemovedHost');
});

test('a host is one name, never an expression', async () => {
  for (const name of ['web-*', '@*', '', 'web-1,web-2', 'Web']) {
    const { exitCode, authorityCalls } = await fleetctl(['host', 'remove', name, '-y'], REMOVED);
    assert.deepEqual([exitCode, authorityCalls.length], [2, 0], name);
  }
});

test('whoever readmits a host learns what stood against it', async () => {
  const words = ['host', 'readmit', 'web-1'];
  const free = await fleetctl(words, { authority: { readmitHost: 'removed' } });
  assert.match(free.stdout, /^the name web-1 is free again; .* counts no more$/m);
  assert.match(
    free.stdout,
    /^next: fleetctl token create --hosts web-1, and there fleet-agent join/m,
  );
  const back = await fleetctl(words, { authority: { readmitHost: 'expired' } });
  assert.equal(
    back.stdout,
    'web-1 may come back: it was expired; its agent asks about once a minute\n',
  );
  const not = await fleetctl(words, { authority: { readmitHost: '' } });
  assert.equal(not.stdout, 'nothing stood against web-1\n');
});

test('reasons and names of others move no cursor', async () => {
  const evil = '\u001b]0;x\u0007\u001b[2J\u202e';
  const nasty = { ...revoked, name: evil, ended: { ...revoked.ended, reason: evil } };
  for (const words of [
    ['list'],
    ['list', '-o', 'wide'],
    ['show', 'abcd'],
    ['list', '-o', 'jsonl'],
  ]) {
    const { stdout, stderr } = await fleetctl(['cert', ...words], {
      authority: { listCertificates: [nasty as typeof revoked] },
    });
    for (const character of ['\u001b', '\u0007', '\u202e']) {
      assert.ok(!(stdout + stderr).includes(character));
    }
  }
});

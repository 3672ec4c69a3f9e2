/**
 * Names that would be something else where they are used: an option, a path, a selector, a query. They
 * come in through every request that takes one, and none of them becomes a member of the fleet.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Client } from '@grpc/grpc-js';
import { encodeTokenRequest } from '../../../proto/codec/tokens.ts';
import { readCredentials } from '../fleet/pki.ts';
import { connectOnce, requestBy, spareKey, trustOf } from './callers.ts';
import {
  issued,
  LETS_IN,
  newcomer,
  newSecret,
  type OpenFleet,
  openFleet,
  refused,
  relayFrom,
  SIGNS,
} from './newcomers.ts';
import { callRpc, rawClient } from './rpcs.ts';

const NAMES = [
  '-rf',
  '--replace',
  '../../etc/passwd',
  'web/1',
  'web 1',
  'web-1\n',
  'web-1\0',
  'WEB-1',
  'web-1,db-1',
  '@*',
  '*',
  'web-[1-9]',
  '$(reboot)',
  '%2e%2e',
  'ｗｅｂ-1',
  'web-1\u202e',
  "x' OR '1'='1",
  '<b>x</b>',
  '__proto__',
  'x'.repeat(64),
] as const;

let open: OpenFleet;
let admin: Client;

before(async () => {
  open = await openFleet(LETS_IN + SIGNS);
  const files = await open.fleet.pki.issue({ kind: 'operator', name: 'alice' });
  admin = rawClient(open.fleet.port, readCredentials(files, 'operator'), trustOf(open));
  await connectOnce(open.fleet, 'db-1');
});

after(() => {
  admin?.close();
  open?.[Symbol.dispose]();
});

test('nobody joins under such a name, whatever the token lets in', async () => {
  const secret = await newSecret(open, { names: '*' });
  const csrPem = requestBy(await spareKey(open, 'strange'));
  for (const [index, name] of NAMES.entries()) {
    // Who fails ten times from one address has to wait.
    using relay = await relayFrom(`127.0.0.${20 + index}`, open.enrollPort);
    using guest = newcomer(open, relay.port);
    const answer = refused(await guest.ask({ kind: 'enrol', request: { secret, name, csrPem } }));
    assert.match(answer.code, /^(?:usage|denied)$/, JSON.stringify(name));
  }
  using relay = await relayFrom('127.0.0.19', open.enrollPort);
  using guest = newcomer(open, relay.port);
  const plain = { secret, name: 'plain-1', csrPem };
  const certificate = issued(await guest.ask({ kind: 'enrol', request: plain }));
  assert.match(new X509Certificate(certificate).subjectAltName ?? '', /\/agent\/plain-1$/);
  const { status } = await callRpc(admin, 'Control.ListHosts', { hosts: 'db-1' });
  assert.equal(status, 'ok');
});

test('no token is made for an operator of such a name', async () => {
  for (const names of NAMES) {
    const token = { kind: 'operator', names, labels: {}, replaces: false, ttlMs: 60_000 } as const;
    const { status } = await callRpc(admin, 'Authority.CreateToken', encodeTokenRequest(token));
    assert.equal(status, 'invalid argument', JSON.stringify(names));
  }
});

test('requests about one host take a name and nothing that means several', async () => {
  for (const host of NAMES) {
    for (const [rpc, request] of [
      ['Authority.RemoveHost', { host, reason: '' }],
      ['Control.ListEvents', { host, limit: 1 }],
      ['Authority.RevokeCertificates', { choice: { holder: { kind: 'agent', name: host } } }],
    ] as const) {
      const { status } = await callRpc(admin, rpc, request);
      assert.match(status, /^(?:invalid argument|not found)$/, `${rpc} ${JSON.stringify(host)}`);
    }
  }
  const { message } = await callRpc(admin, 'Control.ListHosts', { hosts: '@*' });
  const { hosts } = message as { readonly hosts: readonly { readonly host: string }[] };
  assert.deepEqual(
    hosts.map(({ host }) => host),
    ['db-1'],
  );
});

test('fleetctl takes such words as names, not as options, and nothing as a file', async () => {
  const canary = open.fleet.path('canary');
  const traps = [`$(touch ${canary})`, `\`touch ${canary}\``] as const;
  for (const trap of traps) {
    spawnSync('sh', ['-c', `: ${trap}`]);
    assert.ok(existsSync(canary), 'a shell would be caught by it');
    rmSync(canary);
  }
  for (const words of [
    ['restart', '--', '--help', '--hosts=db-1'],
    ['restart', 'web', '--hosts', '--yes'],
    ['host', 'remove', '--', '-rf'],
    ['logs', '../../../../etc/passwd', '--hosts', 'db-1'],
    ['describe', '../../../../etc/passwd'],
    ['restart', 'web', '--hosts', traps[0], '--yes'],
    ['restart', traps[1], '--hosts', 'db-1', '--yes'],
  ]) {
    const { code, stdout, stderr } = await open.fleet.fleetctl(...words);
    assert.ok(code === 2 || code === 6, `${words.join(' ')}: ${code} ${stdout}${stderr}`);
    assert.doesNotMatch(stdout + stderr, /root:|Usage:/);
  }
  assert.equal(existsSync(canary), false);
});

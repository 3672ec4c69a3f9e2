import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateAnswer } from '../../proto/certificates.ts';
import { FleetError } from '../../proto/errors.ts';
import { pinOf, pinsIn } from '../../proto/pki/authority-pin.ts';
import { checkIssued } from '../../proto/pki/issued.ts';
import { shortAuthority, shortKeys, shortLeaf } from '../fakes/short-certificates.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const authority = shortAuthority(NOW_MS);
const { privateKey: key, publicKeyPem } = shortKeys();
const life = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 86_400_000 };
const certificatePem = shortLeaf(authority, { name: 'web-1', ...life, publicKeyPem });
const expected = { kind: 'agent', fleet: 'fleet', name: 'web-1', key } as const;
const ca = authority.certificatePem;

const check = (controllers: readonly string[], authoritiesPem = ca) => {
  const answer: CertificateAnswer & { readonly certificatePem: string } = {
    ...{ certificatePem, authoritiesPem, controllers, retryAfterMs: 0, name: 'web-1' },
  };
  return checkIssued(answer, { ...expected, ca });
};

test('an answer plants no further authority, although it is of the same fleet', () => {
  const other = shortAuthority(NOW_MS).certificatePem;
  assert.equal(check([], `${ca}${other}`).authoritiesPem, ca);
  assert.equal(check([], other).authoritiesPem, ca);
});

test('an authority is known by its key among others, and in a text that is none', () => {
  const other = shortAuthority(NOW_MS).certificatePem;
  assert.deepEqual(pinsIn(`# ours\n${ca}${other}`), [pinOf(ca), pinOf(other)]);
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  assert.deepEqual(pinsIn(`${damaged}${ca}`), [pinOf(ca)]);
  assert.deepEqual(pinsIn('authority'), []);
});

test('where to dial is taken from the answer as it is', () => {
  const controllers = ['ops-1.example.com:7460', '10.0.0.1:1', '[fd00::1]:65535'];
  assert.deepEqual(check(controllers).controllers, controllers);
  assert.deepEqual(check([]).controllers, []);
});

for (const hostile of [
  'ops-1:7460\n[program:x]\ncommand = /bin/sh',
  'ops-1:7460\r[program:x]',
  'ops-1:7460 ; a comment',
  'ops-1:7460, ops-2:7460',
  '$(id):7460',
  '%(ENV_HOME)s:7460',
  'ops-1:7460\n',
  'ops-1',
  'ops-1:0',
  '',
]) {
  test(`an answer that has one dial ${JSON.stringify(hostile)} is of no use`, () => {
    assert.throws(
      () => check(['ops-1:7460', hostile]),
      (error) => error instanceof FleetError && /where to dial/.test(error.refusal.cause ?? ''),
    );
  });
}

/** Where the controller says that it is reached: always by a name that its certificate of now covers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReached } from '../../controller/identity/reachable.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { NOW_MS } from '../fakes/controller-fleet.ts';
import { rsaKeys } from '../fakes/rsa-key.ts';

function certificateFor(name: string): string {
  const { publicKey, privateKey } = rsaKeys();
  const template = {
    ...{ commonName: 'ops', organization: 'prod', use: 'server' as const },
    ...{ notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 86_400_000 },
    alternativeNames: [{ kind: 'dns', value: name }],
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  } as const;
  return buildCertificate(template, { certificatePem: null, privateKey });
}

const OPEN = { advertise: null, joinAddress: null };

test('when the certificate changes, so do the addresses', () => {
  let inUse = certificateFor('old.example.com');
  const reached = createReached(OPEN, () => inUse);
  reached.at({ port: 7391, enrollPort: 7392 });
  assert.deepEqual(reached.controllers(), ['old.example.com:7391']);
  inUse = certificateFor('new.example.com');
  assert.deepEqual(reached.controllers(), ['new.example.com:7391']);
  assert.equal(reached.joinAddress(), 'new.example.com:7392');
});

test('before the listeners are open nobody is sent anywhere, and what is written counts', () => {
  const written = { host: 'ops.example.com', port: 1 };
  const reached = createReached({ advertise: [written], joinAddress: written }, () =>
    assert.fail('the certificate is asked'),
  );
  assert.deepEqual([reached.controllers(), reached.joinAddress()], [[], null]);
  reached.at({ port: 7391, enrollPort: null });
  assert.deepEqual([reached.controllers(), reached.joinAddress()], [['ops.example.com:1'], null]);
});

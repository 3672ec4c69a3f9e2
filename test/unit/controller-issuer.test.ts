/** Which requests cost a signature, and which get what was issued before. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renewalOf } from '../../controller/core/renewal.ts';
import { createIssuer } from '../../controller/identity/issuer.ts';
import { isRefusal } from '../../proto/errors.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { makeSigningRequest, readSigningRequest } from '../../proto/pki/signing-request.ts';
import { anActor, NOW_MS } from '../fakes/controller-fleet.ts';
import { aHash, identityScript, wantedOf } from '../fakes/identities.ts';
import { rsaKeys } from '../fakes/rsa-key.ts';

const { publicKey, privateKey } = rsaKeys();
const csrPem = makeSigningRequest(privateKey, 'web-1');

function authority() {
  const notAfterMs = NOW_MS + 30 * 86_400_000;
  const template = {
    ...{ commonName: 'authority', organization: 'prod', use: 'authority' as const, notAfterMs },
    alternativeNames: [{ kind: 'uri', value: 'spiffe://prod' }],
    notBeforeMs: NOW_MS - 300_000,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  } as const;
  const certificatePem = buildCertificate(template, { certificatePem: null, privateKey });
  return { fleet: 'prod', certificatePem, privateKey, notAfterMs };
}

/** An agent whose renewal was answered, and the answer lost. */
function lostAnswer() {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  script.see(first);
  const lost = script.signed({ kind: 'agent', name: 'web-1' }, 2);
  const by = anActor('web-1', { kind: 'agent', fingerprint: first.fingerprint });
  script.done({ kind: 'renew', wanted: wantedOf(lost) }, by);
  const issuer = createIssuer(authority(), () => script.wallMs);
  const ask = () =>
    issuer.certify(
      csrPem,
      () => renewalOf(script.state, by, script.wallMs),
      async (wanted) => ({ wanted, answer: script.ask({ kind: 'renew', wanted }, by) }),
    );
  return { script, ask };
}

test('whoever lost the key of a renewal gets one for another key, after a rest', async () => {
  const { script, ask } = lostAnswer();
  const early = await ask();
  assert.ok(!isRefusal(early));
  assert.equal(early.wanted.issued, null, 'a signature for nothing');
  assert.ok(isRefusal(early.answer) && early.answer.code === 'exhausted');
  script.wallMs += 61_000;
  const late = await ask();
  assert.ok(!isRefusal(late));
  const { answer } = late;
  assert.equal(isRefusal(answer) ? answer.code : answer.kind, 'issued');
  assert.equal(script.state.identities.pending.size, 0, 'nobody has to sign: the key is here');
});

test('where somebody else signs, the request that waits is not as it was sent', async () => {
  const issuer = createIssuer(null, () => NOW_MS);
  const holder = { kind: 'agent', name: 'web-1' } as const;
  const allowed = { holder, days: 7, alreadyIssued: null, mayChangeKey: false };
  const sent = csrPem.replace('\n', '\n'.repeat(5_000));
  const wanted = await issuer.certify(
    sent,
    () => allowed,
    async (one) => one,
  );
  assert.ok(!isRefusal(wanted));
  assert.equal(wanted.csrPem, csrPem);
});

test('the same key gets the same certificate, and costs no signature', async () => {
  const { script } = lostAnswer();
  script.wallMs += 61_000;
  const issuer = createIssuer(authority(), () => script.wallMs);
  const request = readSigningRequest(csrPem);
  assert.ok(!isRefusal(request));
  const { keyHash } = request;
  const record = [...script.state.identities.certificates.values()].find(
    (one) => one.keyHash === aHash(2),
  );
  assert.ok(record);
  const holder = { kind: 'agent', name: 'web-1' } as const;
  const allowed = { holder, days: 7, alreadyIssued: { ...record, keyHash }, mayChangeKey: true };
  const wanted = await issuer.certify(
    csrPem,
    () => allowed,
    async (one) => one,
  );
  assert.ok(!isRefusal(wanted));
  assert.deepEqual([wanted.keyHash, wanted.issued], [keyHash, null]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admissionRefusal,
  endedRefusal,
  REPLACED_GRACE_MS,
} from '../../controller/core/admission.ts';
import {
  type Identities,
  NO_IDENTITIES,
  type SeenCertificate,
} from '../../controller/core/identities.ts';
import {
  BACKDATED_MS,
  type Bar,
  type CertificateEnd,
  type CertificateRecord,
} from '../../proto/certificates.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { aCertificate, NOW_MS } from '../fakes/controller-fleet.ts';

const CERTIFICATE: SeenCertificate = aCertificate('web-1');
const ISSUED_MS = NOW_MS - 60_000;

function known(more: Partial<CertificateRecord>): CertificateRecord {
  const issued = { atMs: ISSUED_MS, because: 'renewal' };
  const life = { issued, firstSeenAtMs: NOW_MS, ended: null, pem: 'pem' };
  return { ...CERTIFICATE, keyHash: '', ...life, ...more };
}

function bar(more: Partial<Bar>): Bar {
  const by = { atMs: NOW_MS, by: 'alice', reason: 'stolen' };
  return { kind: 'agent', name: 'web-1', issuedUntilMs: NOW_MS, ...by, ...more };
}

function having(record: CertificateRecord | null, barred: Bar | null): Identities {
  const certificates = record === null ? [] : [[record.fingerprint, record] as const];
  const bars = barred === null ? [] : [[`${barred.kind}/${barred.name}`, barred] as const];
  return {
    ...NO_IDENTITIES,
    certificates: PersistentMap.of(certificates),
    bars: PersistentMap.of(bars),
  };
}

const ended = (kind: CertificateEnd['kind'], atMs: number): CertificateEnd => ({
  ...{ kind, atMs, by: 'alice', reason: '' },
});

test('every way in which a certificate can have ended or be barred, each with each', () => {
  const records = {
    unknown: null,
    counts: known({}),
    revoked: known({ ended: ended('revoked', NOW_MS) }),
    'just replaced': known({ ended: ended('replaced', NOW_MS) }),
    'replaced long ago': known({ ended: ended('replaced', NOW_MS - REPLACED_GRACE_MS) }),
    'replaced tomorrow': known({ ended: ended('replaced', NOW_MS + 1) }),
  };
  const bars = {
    none: null,
    'of another kind': bar({ kind: 'operator' }),
    'of another name': bar({ name: 'web-11' }),
    'older than it': bar({ issuedUntilMs: ISSUED_MS - 1 }),
    'as old as it': bar({ issuedUntilMs: ISSUED_MS }),
    removed: bar({ issuedUntilMs: null }),
  };
  const stillIn = ['unknown', 'counts', 'just replaced'];
  const noBar = ['none', 'of another kind', 'of another name', 'older than it'];
  for (const [how, record] of Object.entries(records)) {
    for (const [which, barred] of Object.entries(bars)) {
      // One from elsewhere says by its beginning when it was issued: an hour ago, here.
      const isBarred = !noBar.includes(which) || (how === 'unknown' && which === 'older than it');
      const found = admissionRefusal(having(record, barred), CERTIFICATE, NOW_MS);
      const isIn = stillIn.includes(how) && !isBarred;
      assert.equal(found === null, isIn, `${how}, bar ${which}: ${found?.message}`);
      if (found !== null) assert.equal(found.code, 'denied');
    }
  }
});

test('one from elsewhere was issued some minutes after it begins', () => {
  const at = CERTIFICATE.notBeforeMs + BACKDATED_MS;
  const state = (issuedUntilMs: number) => having(null, bar({ issuedUntilMs }));
  assert.equal(admissionRefusal(state(at - 1), CERTIFICATE, NOW_MS), null);
  assert.notEqual(admissionRefusal(state(at), CERTIFICATE, NOW_MS), null);
});

test('the grace of one that was replaced is for sessions, not for the next certificate', () => {
  const state = having(known({ ended: ended('replaced', NOW_MS) }), null);
  assert.equal(admissionRefusal(state, CERTIFICATE, NOW_MS + REPLACED_GRACE_MS - 1), null);
  assert.notEqual(admissionRefusal(state, CERTIFICATE, NOW_MS + REPLACED_GRACE_MS), null);
  assert.match(endedRefusal(state, CERTIFICATE)?.message ?? '', /replaced by a newer one/);
  assert.equal(endedRefusal(having(known({}), null), CERTIFICATE), null);
});

test('a refusal says who ended it, when, why, and what mends it', () => {
  const removed = admissionRefusal(having(null, bar({ issuedUntilMs: null })), CERTIFICATE, NOW_MS);
  assert.deepEqual(removed, {
    code: 'denied',
    message: 'agent/web-1 was removed from the fleet',
    cause: 'at 2026-11-22T12:00:00Z by alice: stolen',
    fix: 'fleetctl host readmit web-1 lets it join again, with a new token',
  });
  const revoked = known({ ended: { ...ended('revoked', NOW_MS), reason: 'lost laptop' } });
  const refused = admissionRefusal(having(revoked, null), CERTIFICATE, NOW_MS);
  assert.equal(refused?.cause, 'at 2026-11-22T12:00:00Z by alice: lost laptop');
});

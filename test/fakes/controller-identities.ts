/** Certificates, tokens and bars as the controller keeps them, with everything beside the point filled in. */
import type { Bar, CertificateRecord, Token } from '../../proto/certificates.ts';
import { NOW_MS } from './controller-fleet.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

export function aCertificate(
  name: string,
  more: Partial<CertificateRecord> = {},
): CertificateRecord {
  return {
    kind: 'agent',
    name,
    fingerprint: `AB:${name}`,
    notBeforeMs: NOW_MS - DAY_MS,
    notAfterMs: NOW_MS + 6 * DAY_MS,
    keyHash: 'ab'.repeat(32),
    issued: { atMs: NOW_MS - DAY_MS, because: 'token 1a2b3c4d of alice' },
    firstSeenAtMs: null,
    ended: null,
    pem: `-----BEGIN CERTIFICATE----- ${name}`,
    ...more,
  };
}

export const REVOKED = { kind: 'revoked', atMs: NOW_MS, by: 'alice', reason: 'stolen' } as const;

export function aToken(serial: number, more: Partial<Token> = {}): Token {
  const id = serial.toString(16).padStart(8, '0');
  return {
    id,
    secretHash: id.repeat(8),
    kind: 'agent',
    names: 'web-*',
    labels: {},
    replaces: false,
    createdBy: 'alice',
    createdAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 3_600_000,
    used: null,
    revokedBy: null,
    ...more,
  };
}

export const USED = {
  atMs: NOW_MS,
  name: 'web-1',
  address: null,
  keyHash: 'cd'.repeat(32),
} as const;

export function aBar(name: string, more: Partial<Bar> = {}): Bar {
  const bar = { kind: 'agent', name, issuedUntilMs: null, atMs: NOW_MS } as const;
  return { ...bar, by: 'alice', reason: 'sold', ...more };
}

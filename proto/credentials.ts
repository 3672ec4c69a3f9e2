/**
 * Reads a program's three files (authority, certificate, key) and cross-checks them before any
 * socket is opened, because what TLS says about a bad one ("handshake failure") helps nobody.
 * Every problem is reported at once, each with its path and what mends it.
 */

import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { quote } from 'shlex';
import { isRefusal, messageOf } from './errors.ts';
import { type Identity, identityOf } from './identity.ts';
import { describeSubject, type IdentityKind, nextCertificateFix } from './identity-name.ts';
import { certificateBlocks, issuerAmong, parseCertificate } from './pki/issuer.ts';
import { stagedFiles } from './pki/pair-files.ts';

/** Paths of PEM files. `ca` may hold several authorities, as during their rotation. */
export interface CredentialFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What TLS needs, as PEM, and whose it is. `key` is secret: never log this object. */
export interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly identity: Identity;
}

export type LoadedCredentials =
  | { readonly kind: 'loaded'; readonly credentials: Credentials }
  | { readonly kind: 'unusable'; readonly problems: readonly string[] };

export interface WantedCredentials {
  /** An agent does not start with an operator's certificate. */
  readonly kind: IdentityKind;
  readonly nowMs: number;
  /** Whose program can get itself a new one by the old. */
  readonly mayHaveEnded?: boolean;
}

/** The newest pair that can be used; where none can, what is wrong with the one in its place. */
export function loadCredentials(
  files: CredentialFiles,
  wanted: WantedCredentials,
): LoadedCredentials {
  const [newest] = usablePairs(files, wanted);
  return newest === undefined
    ? loadInPlace(files, wanted)
    : { kind: 'loaded', credentials: newest };
}

/**
 * Newest first; more than one only while a new one is tried, or after a program died over that: then
 * certificate and key of one pair may have different names (`proto/pki/pair-files.ts`).
 */
export function usablePairs(
  files: CredentialFiles,
  wanted: WantedCredentials,
): readonly Credentials[] {
  const staged = stagedFiles(files);
  const found = [files.cert, staged.cert].flatMap((cert) =>
    [files.key, staged.key].map((key) => ({ ca: files.ca, cert, key })),
  );
  return found
    .filter(({ cert, key }) => existsSync(cert) && existsSync(key))
    .map((pair) => loadInPlace(pair, wanted))
    .flatMap((loaded) => (loaded.kind === 'loaded' ? [loaded.credentials] : []))
    .sort((one, other) => other.identity.notBeforeMs - one.identity.notBeforeMs);
}

/** Of these very files, whatever is staged beside them. */
export function loadInPlace(files: CredentialFiles, wanted: WantedCredentials): LoadedCredentials {
  const problems: string[] = [];
  const ca = part(problems, readPem(files.ca), (pem) => parseAuthorities(files.ca, pem));
  const cert = part(problems, readPem(files.cert), (pem) => parseLeaf(files.cert, pem));
  const key = part(problems, readSecretPem(files.key), (pem) => parseKey(files.key, pem));

  const identity = cert === null ? null : identityOf(cert.value.raw);
  if (cert !== null && identity !== null) {
    problems.push(...identityProblems(files.cert, identity, wanted));
  }
  if (cert !== null && key !== null && !cert.value.checkPrivateKey(key.value)) {
    problems.push(
      `${files.key} is not the key of ${files.cert}: use the two that were issued together`,
    );
  }
  if (cert !== null && ca !== null) {
    problems.push(...issuerProblems(files, cert.value, ca.value, wanted.nowMs));
  }
  if (problems.length > 0 || ca === null || cert === null || key === null) {
    return { kind: 'unusable', problems };
  }
  if (identity === null || isRefusal(identity)) return { kind: 'unusable', problems };
  return {
    kind: 'loaded',
    credentials: { ca: ca.pem, cert: cert.pem, key: key.pem, identity },
  };
}

export type ReadFile =
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: string };

/** The text of a file that should be PEM. */
export function readPem(path: string): ReadFile {
  return readBounded(path, () => null);
}

/** The same for a private key: nobody but its owner may be able to read the file. */
export function readSecretPem(path: string): ReadFile {
  return readBounded(path, (mode) =>
    (mode & 0o077) === 0
      ? null
      : `${path} is open to others than its owner: chmod 600 ${quote(path)}`,
  );
}

function readBounded(path: string, modeProblem: (mode: number) => string | null): ReadFile {
  try {
    const status = statSync(path);
    // A device or a pipe could keep us waiting for ever; no real file of this sort is large.
    if (!status.isFile()) return problem(`${path} is not a regular file`);
    if (status.size > PEM_BYTES_MAX) return problem(`${path} is too large to be a PEM file`);
    const unsafe = modeProblem(status.mode);
    return unsafe === null ? { kind: 'read', text: readFileSync(path, 'utf8') } : problem(unsafe);
  } catch (error) {
    return problem(`${path || '""'} ${unreadableBecause(error)}`);
  }
}

/** Thousands of times what a certificate needs. */
const PEM_BYTES_MAX = 4 * 1024 * 1024;

type Parsed<Value> =
  | { readonly kind: 'parsed'; readonly value: Value }
  | { readonly kind: 'problem'; readonly problem: string };

/** One of the three files: its problem is noted and makes it null, so that the others still count. */
function part<Value>(
  problems: string[],
  file: ReadFile,
  parse: (pem: string) => Parsed<Value>,
): { readonly pem: string; readonly value: Value } | null {
  const parsed = file.kind === 'read' ? parse(file.text) : file;
  if (file.kind === 'read' && parsed.kind === 'parsed') {
    return { pem: file.text, value: parsed.value };
  }
  if (parsed.kind === 'problem') problems.push(parsed.problem);
  return null;
}

function parseAuthorities(path: string, pem: string): Parsed<readonly X509Certificate[]> {
  const blocks = certificateBlocks(pem);
  if (blocks.length === 0) return problem(`${path} ${notACertificate(pem)}`);
  const authorities = blocks.map(parseCertificate);
  if (authorities.includes(null))
    return problem(`${path} holds a damaged certificate: copy it again`);
  const strangers = authorities.filter((authority) => authority?.ca !== true);
  if (strangers.length > 0) {
    return problem(`${path} is not a certificate authority: here belongs the ca.crt of the fleet`);
  }
  return { kind: 'parsed', value: authorities.filter((authority) => authority !== null) };
}

function parseLeaf(path: string, pem: string): Parsed<X509Certificate> {
  const [block] = certificateBlocks(pem);
  if (block === undefined) return problem(`${path} ${notACertificate(pem)}`);
  const certificate = parseCertificate(block);
  if (certificate === null) return problem(`${path} holds a damaged certificate: copy it again`);
  return { kind: 'parsed', value: certificate };
}

function parseKey(path: string, pem: string): Parsed<KeyObject> {
  try {
    return { kind: 'parsed', value: createPrivateKey(pem) };
  } catch {
    if (pem.includes('ENCRYPTED')) {
      return problem(
        `${path} is encrypted, and a daemon has nobody to ask: issue a new pair, or decrypt it with openssl pkey`,
      );
    }
    return problem(
      `${path} holds no private key that can be read: copy it again, or issue a new pair`,
    );
  }
}

function identityProblems(
  path: string,
  identity: ReturnType<typeof identityOf>,
  wanted: WantedCredentials,
): string[] {
  if (isRefusal(identity))
    return [`${path}: ${identity.message}: ${identity.cause}; ${identity.fix}`];
  const problems: string[] = [];
  if (identity.kind !== wanted.kind) {
    problems.push(
      `${path} is of ${describeSubject(identity)}: here belongs one made by fleet-certs issue ${wanted.kind}`,
    );
  }
  if (wanted.nowMs > identity.notAfterMs && wanted.mayHaveEnded !== true) {
    problems.push(
      `${path} ended at ${isoOf(identity.notAfterMs)}: ${nextCertificateFix(identity)}`,
    );
  }
  if (wanted.nowMs < identity.notBeforeMs) {
    problems.push(
      `${path} begins only at ${isoOf(identity.notBeforeMs)}: compare this machine's clock with the issuer's`,
    );
  }
  return problems;
}

function issuerProblems(
  files: CredentialFiles,
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
  nowMs: number,
): string[] {
  const issuer = issuerAmong(certificate, authorities);
  if (issuer === null) {
    return [
      `${files.cert} was not issued by ${files.ca}: use the ca.crt of the fleet that issued it`,
    ];
  }
  const endsAtMs = Date.parse(issuer.validTo);
  return nowMs > endsAtMs
    ? [
        `the authority in ${files.ca} ended at ${isoOf(endsAtMs)}: make a new one with fleet-certs init`,
      ]
    : [];
}

function notACertificate(pem: string): string {
  if (pem.trim() === '') return 'is empty: copy it again';
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)
    ? 'holds a private key, not a certificate: are two paths swapped?'
    : 'holds no PEM certificate';
}

function unreadableBecause(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return `could not be read: ${messageOf(error)}`;
}

function problem(text: string): { readonly kind: 'problem'; readonly problem: string } {
  return { kind: 'problem', problem: text };
}

const isoOf = (timeMs: number): string => new Date(timeMs).toISOString();

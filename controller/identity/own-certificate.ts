/**
 * The controller's own certificate while it runs: changed files are taken up, so that nobody has to
 * restart it, but only when they are a sound pair; with the authority's key at hand it renews itself;
 * and where nobody does, it says so in time. Connections that are open stay as they are.
 */
import { X509Certificate } from 'node:crypto';
import {
  type CredentialFiles,
  type Credentials,
  loadCredentials,
  loadInPlace,
} from '../../proto/credentials.ts';
import { isRefusal, messageOf, type Refusal, refusal } from '../../proto/errors.ts';
import { alternativeNames } from '../../proto/identity.ts';
import { parseAddresses } from '../../proto/pki/addresses.ts';
import type { SigningAuthority } from '../../proto/pki/authority.ts';
import { signLeaf } from '../../proto/pki/leaf.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import { dropStaged, promotePair, stagedFiles, stagePair } from '../../proto/pki/pair-files.ts';
import { renewalDueMs, renewalPauseMs, warningDueMs } from '../../proto/pki/renewal.ts';
import type { Log } from '../ports.ts';

export interface OwnCertificate {
  /** Those in use. */
  credentials(): Credentials;
  /** Looks at the files, and at the clock; each minute, and when somebody says that they changed. */
  look(): void;
}

export interface OwnCertificateOptions {
  readonly files: CredentialFiles;
  readonly inUse: Credentials;
  /** Null: somebody else issues the next one. */
  readonly signing: Signing | null;
  /** For all connections from now on. */
  readonly use: (credentials: Credentials) => void;
  readonly log: Log;
  /** Wall clock. */
  readonly nowMs: () => number;
  /** From 0 up to, not including, 1. */
  readonly chance: () => number;
}

interface Signing {
  readonly authority: SigningAuthority;
  readonly days: () => number;
}

const WARNED_EVERY_MS = 24 * 60 * 60_000;

export function createOwnCertificate(options: OwnCertificateOptions): OwnCertificate {
  const { files, signing, use, log, nowMs } = options;
  let inUse = options.inUse;
  let toldProblem: string | null = null;
  let warnedAtMs: number | null = null;
  let dueMs = renewalDueMs(inUse.identity, options.chance());
  let failures = 0;
  let isRenewing = false;

  function takeUp(): void {
    const found = readSound(files, inUse, nowMs());
    if (typeof found === 'string') return tellProblem(found);
    if (!isSame(found, inUse)) {
      const problem = useSafely(found);
      if (problem !== null) return tellProblem(problem);
      begin(found);
    }
    toldProblem = null;
  }

  /** Once: somebody may be in the middle of copying the files, and the next look will tell. */
  function tellProblem(problem: string): void {
    if (problem !== toldProblem) log.error({ problem }, STAYS);
    toldProblem = problem;
  }

  /** @returns what OpenSSL has against them, which refuses keys that are too short, for example */
  function useSafely(found: Credentials): string | null {
    try {
      use(found);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  function begin(found: Credentials): void {
    inUse = found;
    warnedAtMs = null;
    failures = 0;
    dueMs = renewalDueMs(inUse.identity, options.chance());
    const { fingerprint256: fingerprint, notAfterMs } = inUse.identity;
    log.info({ fingerprint, ends: isoOf(notAfterMs) }, 'changed certificate files are in use');
  }

  async function renew({ authority, days }: Signing): Promise<void> {
    isRenewing = true;
    const refused = await renewFiles(files, inUse, { authority, days: days(), nowMs: nowMs() });
    isRenewing = false;
    failures += 1;
    const leftMs = Math.max(0, inUse.identity.notAfterMs - nowMs());
    dueMs = nowMs() + renewalPauseMs(failures, leftMs, options.chance());
    if (refused === null) return takeUp();
    const { message, cause, fix } = refused;
    log.error(
      { cause, fix, again: isoOf(dueMs) },
      `its own certificate was not renewed: ${message}`,
    );
  }

  function warn(): void {
    const { notAfterMs } = inUse.identity;
    const isDue = nowMs() >= warningDueMs(inUse.identity);
    const isTold = warnedAtMs !== null && Math.abs(nowMs() - warnedAtMs) < WARNED_EVERY_MS;
    if (!isDue || isTold) return;
    warnedAtMs = nowMs();
    const ends = isoOf(notAfterMs);
    if (nowMs() > notAfterMs) log.error({ ends }, 'its certificate has ended: nobody can connect');
    else log.warn({ ends }, 'its certificate ends soon: issue the next one with fleet-certs issue');
  }

  return {
    credentials: () => inUse,
    look() {
      takeUp();
      warn();
      if (signing !== null && !isRenewing && nowMs() >= dueMs) void renew(signing);
    },
  };
}

const STAYS = 'the certificate files cannot be used as they are now; those in use stay';

/** @returns what stands in the files if all of it can be used, else what is wrong with it */
function readSound(
  files: CredentialFiles,
  inUse: Credentials,
  nowMs: number,
): Credentials | string {
  const loaded = loadCredentials(files, { kind: 'controller', nowMs });
  if (loaded.kind === 'unusable') return loaded.problems.join('; ');
  const { fleet } = loaded.credentials.identity;
  if (fleet === inUse.identity.fleet) return loaded.credentials;
  return `they are of fleet "${fleet}", this controller serves fleet "${inUse.identity.fleet}"`;
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.ca === other.ca && one.cert === other.cert && one.key === other.key;
}

/**
 * A new key and certificate for the same names, in the place of those in use. What somebody has put
 * there meanwhile stays, sound or not: it may be for other names, or half of it still be to come.
 * @returns why there are none; null: other files are there than those in use
 */
export async function renewFiles(
  files: CredentialFiles,
  inUse: Credentials,
  by: { readonly authority: SigningAuthority; readonly days: number; readonly nowMs: number },
): Promise<Refusal | null> {
  try {
    const { keyPem, publicKeyPem } = await generateLeafKey();
    if (!isInPlace(files, inUse, by.nowMs)) return null;
    const signed = signLeaf(by.authority, {
      kind: 'controller',
      name: inUse.identity.name,
      ...{ days: by.days, nowMs: by.nowMs, addresses: addressesOf(inUse.cert) },
      publicKeyPem,
    });
    if (isRefusal(signed)) return signed;
    stagePair(files, { certificatePem: signed.certificatePem, keyPem });
    const staged = { ca: files.ca, ...stagedFiles(files) };
    const tried = loadInPlace(staged, { kind: 'controller', nowMs: by.nowMs });
    if (tried.kind === 'loaded') promotePair(files);
    else dropStaged(files);
    return tried.kind === 'loaded' ? null : unusable(tried.problems);
  } catch (error) {
    return refusal('configuration', 'the files could not be written', {
      cause: messageOf(error),
      fix: `make the directory of ${files.cert} writable for this user, or issue the next one with fleet-certs issue`,
    });
  }
}

function isInPlace(files: CredentialFiles, inUse: Credentials, nowMs: number): boolean {
  const loaded = loadCredentials(files, { kind: 'controller', nowMs, mayHaveEnded: true });
  return loaded.kind === 'loaded' && isSame(loaded.credentials, inUse);
}

function unusable(problems: readonly string[]): Refusal {
  return refusal('configuration', 'the new certificate cannot be used', {
    cause: problems.join('; '),
    fix: 'name the authority that belongs to ca_key as ca',
  });
}

/** Under which names and addresses the certificate lets the controller be dialled. */
function addressesOf(certificatePem: string) {
  const names = alternativeNames(new X509Certificate(certificatePem)) ?? [];
  const dialled = names.filter((name) => !name.startsWith('URI:'));
  const parsed = parseAddresses(
    dialled.map((name) => name.replace(/^IP Address:/, 'IP:')).join(','),
  );
  return parsed.kind === 'addresses' ? parsed.names : [];
}

const isoOf = (wallMs: number): string => new Date(wallMs).toISOString();

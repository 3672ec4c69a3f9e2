/**
 * The certificates of one throw-away fleet, as files. Keys take long to make: each certificate is made
 * when somebody first needs it, and most fleets use those of the fleets before (`sharedPki`).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, createAuthority, issueLeaf } from '../../../certs-tool/issue.ts';
import { type Credentials, loadCredentials } from '../../../proto/credentials.ts';
import type { IdentityKind } from '../../../proto/identity-name.ts';
import { type CertificateSource, keptCertificates } from './kept-certificates.ts';

const LOOPBACK = 'DNS:localhost,IP:127.0.0.1';

/** Paths of PEM files, as every configuration names them. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  readonly kind: IdentityKind;
  readonly name: string;
  /** Of a controller; default: this machine, by name and by address. */
  readonly san?: string;
}

export class Pki {
  readonly authority: Authority;
  readonly #source: CertificateSource;
  readonly #directory: string;
  readonly #issued = new Map<string, Promise<CertificateFiles>>();

  constructor(source: CertificateSource, directory: string) {
    this.authority = source.authority;
    this.#source = source;
    this.#directory = directory;
    mkdirSync(directory);
    writeFileSync(join(directory, 'ca.crt'), source.authority.certificatePem);
  }

  issue(wanted: Wanted): Promise<CertificateFiles> {
    const id = [wanted.kind, wanted.name, wanted.san].join(' ');
    const files = this.#issued.get(id) ?? this.#write(wanted);
    this.#issued.set(id, files);
    return files;
  }

  async #write(wanted: Wanted): Promise<CertificateFiles> {
    const { kind, name, san = LOOPBACK } = wanted;
    const nowMs = Date.now();
    const base = join(this.#directory, `${this.#issued.size}-${kind}-${name}`);
    const request = kind === 'controller' ? { kind, name, nowMs, san } : { kind, name, nowMs };
    const pair = await this.#source.issue(request);
    writeFileSync(`${base}.crt`, pair.certificatePem);
    writeFileSync(`${base}.key`, pair.keyPem, { mode: 0o600 });
    return { ca: join(this.#directory, 'ca.crt'), cert: `${base}.crt`, key: `${base}.key` };
  }
}

/** With an authority that nobody else trusts. */
export async function createPki(directory: string, fleet: string): Promise<Pki> {
  const authority = await createAuthority({ fleet, nowMs: Date.now() });
  return new Pki({ authority, issue: (request) => issueLeaf(authority, request) }, directory);
}

/** With the authority that every such fleet of this name has. */
export async function sharedPki(directory: string, fleet: string): Promise<Pki> {
  return new Pki(await keptCertificates(fleet), directory);
}

/** For clients that a test makes itself. */
export function readCredentials(files: CertificateFiles, kind: IdentityKind): Credentials {
  const loaded = loadCredentials(files, { kind, nowMs: Date.now() });
  if (loaded.kind === 'unusable') throw new Error(loaded.problems.join('\n'));
  return loaded.credentials;
}

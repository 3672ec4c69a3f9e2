/**
 * One authority and its certificates for every test file of a day: to make RSA keys takes longer than
 * to start the daemons that use them. They are made by our own code, and anew when that changes.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Authority,
  createAuthority,
  issueLeaf,
  type LeafRequest,
} from '../../../certs-tool/issue.ts';
import { signingAuthorityFrom } from '../../../proto/pki/authority.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const SOURCES = ['certs-tool', 'proto/pki', 'proto/identity.ts'] as const;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** PEM, as far as anybody needs it who is not the authority. */
interface KeptPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Where certificates come from. */
export interface CertificateSource {
  readonly authority: Authority;
  issue(request: LeafRequest): Promise<KeptPair>;
}

/** The same for everybody who asks on the same day for a fleet of this name. */
export async function keptCertificates(fleet: string): Promise<CertificateSource> {
  const folder = folderOf(fleet);
  const nowMs = Date.now();
  const pems = await kept(join(folder, 'authority'), () => createAuthority({ fleet, nowMs }));
  const signing = signingAuthorityFrom({ ...pems, passphrase: null });
  if (!('fleet' in signing)) throw new Error(`${folder}: ${signing.message}`);
  const authority = { ...signing, keyPem: pems.keyPem };
  return {
    authority,
    issue: (request) => {
      const { nowMs: _, ...identity } = request;
      const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
      return kept(join(folder, name), () => issueLeaf(authority, request));
    },
  };
}

/** For one user, one day and one state of the code; those of others are of no use any more. */
function folderOf(fleet: string): string {
  const code = createHash('sha256');
  for (const source of SOURCES.flatMap(filesOf)) code.update(readFileSync(source));
  const all = join(root, 'node_modules', '.cache', `certificates-of-user-${process.getuid?.()}`);
  const day = Math.floor(Date.now() / DAY_MS);
  const name = `${day}-${code.digest('hex').slice(0, 16)}`;
  mkdirSync(join(all, name, fleet), { recursive: true, mode: 0o700 });
  for (const other of readdirSync(all)) {
    if (other !== name) rmSync(join(all, other), { recursive: true, force: true });
  }
  return join(all, name, fleet);
}

function filesOf(source: string): readonly string[] {
  const path = join(root, source);
  if (source.endsWith('.ts')) return [path];
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name));
}

/** Who comes second to make it takes what the first one made. */
async function kept(folder: string, make: () => Promise<KeptPair>): Promise<KeptPair> {
  const known = read(folder);
  if (known !== null) return known;
  const { certificatePem, keyPem } = await make();
  const draft = `${folder}.${randomUUID()}`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(join(draft, 'crt'), certificatePem);
  writeFileSync(join(draft, 'key'), keyPem, { mode: 0o600 });
  try {
    renameSync(draft, folder);
  } catch {
    rmSync(draft, { recursive: true });
  }
  return read(folder) ?? { certificatePem, keyPem };
}

function read(folder: string): KeptPair | null {
  try {
    const [certificatePem, keyPem] = ['crt', 'key'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
    return { certificatePem: certificatePem ?? '', keyPem: keyPem ?? '' };
  } catch {
    return null;
  }
}

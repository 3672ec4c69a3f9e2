/**
 * The directory that holds a fleet's certificates: `ca.crt`, `ca.key`, and a pair for each issued
 * one. Keys are readable by their owner alone from the first moment, nothing is ever overwritten,
 * and a pair appears whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quote } from 'shlex';
import { messageOf, type Refusal, refusal } from '../proto/errors.ts';
import type { IdentityKind } from '../proto/identity-name.ts';
import { loadSigningAuthority, type SigningAuthority } from '../proto/pki/authority.ts';
import type { CertificatePair } from './issue.ts';

export interface PairPaths {
  readonly certificate: string;
  readonly key: string;
}

export function authorityPaths(directory: string): PairPaths {
  return pairPaths(directory, 'ca');
}

/** Kinds and names share one folder; neither can hold a slash. */
export function leafPaths(directory: string, kind: IdentityKind, name: string): PairPaths {
  return pairPaths(directory, `${kind}-${name}`);
}

/** Makes the directory, readable by its owner alone, if there is none. Its parent must exist. */
export function prepareDirectory(directory: string): Refusal | null {
  if (directory === '') return refusal('usage', '--dir names no directory', { fix: '--dir pki' });
  try {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return null;
    // Not `recursive`, which never returns on Node 20 where the file system answers ENOENT: /proc.
    mkdirSync(directory, { mode: 0o700 });
    return null;
  } catch (error) {
    return fileRefusal(`the directory ${directory} could not be made`, error);
  }
}

/** True if others than the owner can enter it, which is worth a warning. */
export function isOpenToOthers(directory: string): boolean {
  return (statSync(directory).mode & 0o077) !== 0;
}

/** To be asked before a key is made; `writePair` asks again, without a gap. */
export function refusalOfExisting(paths: PairPaths): Refusal | null {
  const existing = [paths.certificate, paths.key].filter(isTaken);
  if (existing.length === 0) return null;
  const moves = existing.map((path) => `mv ${quote(path)} ${quote(`${path}.old`)}`).join(' && ');
  return refusal(
    'configuration',
    `${existing.join(' and ')} exist${existing[1] ? '' : 's'} already`,
    {
      cause: 'certificates and keys are never overwritten; nothing was changed',
      fix:
        basename(paths.key) === 'ca.key'
          ? 'name another --dir: every host that trusts this authority would be cut off without it'
          : `to replace it, move it away first: ${moves}`,
    },
  );
}

/** Both files or neither, on disk when this returns; refuses if one of the names is taken. */
export function writePair(paths: PairPaths, pair: CertificatePair): Refusal | null {
  const suffix = `.${randomBytes(6).toString('hex')}.tmp`;
  const files = [
    { path: paths.key, temporary: paths.key + suffix, text: pair.keyPem, mode: 0o600 },
    {
      path: paths.certificate,
      temporary: paths.certificate + suffix,
      text: pair.certificatePem,
      mode: 0o644,
    },
  ];
  const linked: string[] = [];
  try {
    for (const file of files) writeDurably(file.temporary, file.text, file.mode);
    for (const file of files) {
      // Unlike a rename, a link fails if the name is taken.
      linkSync(file.temporary, file.path);
      linked.push(file.path);
    }
    syncPath(dirname(paths.key));
    return null;
  } catch (error) {
    for (const path of linked) unlinkSync(path);
    return refusalOfExisting(paths) ?? fileRefusal(`${paths.key} could not be written`, error);
  } finally {
    for (const file of files) rmSync(file.temporary, { force: true });
  }
}

/** The authority of the directory; `passphraseFile` is null where its key is not encrypted. */
export function readAuthority(
  directory: string,
  passphraseFile: string | null,
): SigningAuthority | Refusal {
  const paths = authorityPaths(directory);
  if (!existsSync(paths.certificate) && !existsSync(paths.key)) {
    return refusal('configuration', `there is no certificate authority in ${directory || '""'}`, {
      fix: `make one with fleet-certs init --dir ${quote(directory || 'pki')}, or name its directory`,
    });
  }
  return loadSigningAuthority({ ...paths, passphraseFile });
}

/** A file of which nothing is secret; refuses if its name is taken. */
export function writeNewFile(path: string, text: string): Refusal | null {
  try {
    writeDurably(path, text, 0o644);
    return null;
  } catch (error) {
    return refusalOfTaken(path) ?? fileRefusal(`${path} could not be written`, error);
  }
}

export function refusalOfTaken(path: string): Refusal | null {
  if (!isTaken(path)) return null;
  return refusal('configuration', `${path} exists already`, {
    cause: 'certificates are never overwritten; nothing was changed',
    fix: 'name another file, or move that one away',
  });
}

function pairPaths(directory: string, base: string): PairPaths {
  return { certificate: join(directory, `${base}.crt`), key: join(directory, `${base}.key`) };
}

/** A link that leads nowhere takes its name too. */
function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function writeDurably(path: string, text: string, mode: number): void {
  writeFileSync(path, text, { flag: 'wx', mode });
  syncPath(path);
}

/** Of a directory: its entries. */
function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function fileRefusal(message: string, error: unknown): Refusal {
  return refusal('configuration', message, {
    cause: messageOf(error),
    fix: 'check path, permissions and space, and run the command again; nothing was left behind',
  });
}

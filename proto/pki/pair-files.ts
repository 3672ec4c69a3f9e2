/**
 * Puts a new certificate and key in the place of old ones, so that whoever dies at any point of it
 * leaves a pair that works. Two files cannot be replaced at once: the new ones are staged beside the
 * old (`.new`), tried, and then renamed into place one after the other. Between the two renames the
 * pair is `cert.new` and `key`, and the one who reads (`proto/credentials.ts`) looks there as well.
 *
 * The key is staged before its certificate is asked for: who asks again after a lost answer must do
 * so with the same key.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../sync-directory.ts';

/** Paths of PEM files. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;

/** Where the new ones wait. */
export function stagedFiles({ cert, key }: PairFiles): PairFiles {
  return { cert: `${cert}.new`, key: `${key}.new` };
}

/** One change of the file system. Whoever dies between two of them leaves a pair that works. */
export type Step = () => void;

/** Certificate and key that belong together, beside those in use; what was staged before is gone. */
export function stagePair(files: PairFiles, pair: Pair): void {
  run(stagingSteps(files, pair));
}

export interface Pair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Of `stagePair`. */
export function stagingSteps(files: PairFiles, { certificatePem, keyPem }: Pair): readonly Step[] {
  return [...keySteps(files, keyPem), ...certificateSteps(files, certificatePem)];
}

/** A key that has no certificate yet; what was staged before is gone. */
export function stageKey(files: PairFiles, keyPem: string): void {
  run(keySteps(files, keyPem));
}

/** The key that waits for its certificate; null where none does that can be used. */
export function stagedKey(files: PairFiles): KeyObject | null {
  finishPromotion(files);
  return keyIn(stagedFiles(files).key);
}

/** The certificate of the key that is staged. */
export function stageCertificate(files: PairFiles, certificatePem: string): void {
  run(certificateSteps(files, certificatePem));
}

/** The staged pair takes the place of the one in use. */
export function promotePair(files: PairFiles): void {
  run(promotionSteps(files));
}

/** Of `promotePair`. */
export function promotionSteps(files: PairFiles): readonly Step[] {
  return [
    () => renameSync(stagedFiles(files).key, files.key),
    () => syncDirectory(dirname(files.key)),
    () => promoteCertificate(files),
  ];
}

/**
 * The one in use stays. A promotion that was under way is finished: its key is in use already.
 * @param fingerprint256 of the one in use, which could be what is staged; null: it is in its place
 */
export function dropStaged(files: PairFiles, fingerprint256: string | null = null): void {
  if (fingerprint256 !== null) settleInUse(files, fingerprint256);
  run(droppingSteps(files));
}

/** Of one who died between the two renames: the key is in place, and its certificate is not. */
export function finishPromotion(files: PairFiles): void {
  const key = keyIn(files.key);
  if (key === null || isCertificateOf(files.cert, key)) return;
  if (isCertificateOf(stagedFiles(files).cert, key)) promoteCertificate(files);
}

/**
 * Of one who died, or gave up, before the new pair was in place, where it has been used since: its key
 * must not be taken for one that waits for its certificate.
 */
export function settleInUse(files: PairFiles, fingerprint256: string): void {
  finishPromotion(files);
  if (fingerprintOf(stagedFiles(files).cert) === fingerprint256) promotePair(files);
}

/** Replaces one file at once, as `ca.crt`, which is no half of a pair. */
export function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  remove(beside);
  writeNew(beside, text, { mode: CERTIFICATE_MODE, like: path });
  renameSync(beside, path);
  syncDirectory(dirname(path));
}

function keySteps(files: PairFiles, keyPem: string): readonly Step[] {
  const { key } = stagedFiles(files);
  return [
    ...droppingSteps(files),
    () => writeNew(key, keyPem, { mode: KEY_MODE, like: files.key }),
    () => syncDirectory(dirname(key)),
  ];
}

function certificateSteps(files: PairFiles, certificatePem: string): readonly Step[] {
  const { cert } = stagedFiles(files);
  return [
    () => remove(cert),
    () => writeNew(cert, certificatePem, { mode: CERTIFICATE_MODE, like: files.cert }),
    () => syncDirectory(dirname(cert)),
  ];
}

function droppingSteps(files: PairFiles): readonly Step[] {
  const staged = stagedFiles(files);
  return [
    () => finishPromotion(files),
    () => remove(staged.cert),
    () => remove(staged.key),
    () => syncDirectory(dirname(staged.cert)),
    () => syncDirectory(dirname(staged.key)),
  ];
}

function run(steps: readonly Step[]): void {
  for (const step of steps) step();
}

function promoteCertificate(files: PairFiles): void {
  renameSync(stagedFiles(files).cert, files.cert);
  syncDirectory(dirname(files.cert));
}

/** Exclusively: nobody else's file, and no link of somebody else's, is ever written to. */
function writeNew(
  path: string,
  text: string,
  { mode, like }: { readonly mode: number; readonly like: string },
): void {
  const descriptor = openSync(path, 'wx', mode);
  try {
    fchmodSync(descriptor, mode);
    keepOwner(descriptor, like);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What root replaces stays readable to the program whose file it was. */
function keepOwner(descriptor: number, path: string): void {
  if (process.geteuid?.() !== 0) return;
  const before = statSync(path, { throwIfNoEntry: false });
  const owner = before ?? statSync(dirname(path));
  fchownSync(descriptor, owner.uid, owner.gid);
}

function remove(path: string): void {
  rmSync(path, { force: true });
}

function keyIn(path: string): KeyObject | null {
  try {
    return createPrivateKey(readFileSync(path));
  } catch {
    return null;
  }
}

function fingerprintOf(path: string): string | null {
  try {
    return new X509Certificate(readFileSync(path)).fingerprint256;
  } catch {
    return null;
  }
}

function isCertificateOf(path: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(readFileSync(path)).checkPrivateKey(key);
  } catch {
    return false;
  }
}

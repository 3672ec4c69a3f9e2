/**
 * What the keeper does with the files of the certificate. Whatever is in use belongs in its place on
 * disk, or the next agent would begin with one that counts no more: what could not be put there, as
 * on a full disk, is tried again at each look. What somebody else has put there is never written over.
 */
import { readFileSync } from 'node:fs';
import type { CredentialFiles, Credentials, LoadedCredentials } from '../../proto/credentials.ts';
import {
  dropStaged,
  finishPromotion,
  promotePair,
  settleInUse,
  stagedFiles,
  stagePair,
} from '../../proto/pki/pair-files.ts';
import type { Log } from '../ports.ts';
import { detailsOf, reasonFor } from './reasons.ts';
import type { Reminders } from './reminders.ts';
import { WatchedFiles } from './watched-files.ts';

const NOT_PLACED = 'the new certificate could not be put in its place';

export class OwnFiles {
  readonly #files: CredentialFiles;
  readonly #reminders: Reminders;
  readonly #log: Log;
  readonly #watched: WatchedFiles;
  /** In use, and the one before it is still in its place. */
  #unplaced: { readonly inUse: Credentials; readonly before: Credentials } | null = null;

  constructor(files: CredentialFiles, reminders: Reminders, log: Log) {
    this.#files = files;
    this.#reminders = reminders;
    this.#log = log;
    this.#watched = new WatchedFiles(files);
  }

  /** Of an agent that died over a promotion. */
  endWhatWasBegun(): void {
    this.#write('what an earlier agent began could not be ended', () =>
      finishPromotion(this.#files),
    );
    this.#watched.settle();
  }

  /** From now on this one is in use, instead of that. */
  put(inUse: Credentials, before: Credentials): void {
    const isDone = this.#write(NOT_PLACED, () => {
      settleInUse(this.#files, before.identity.fingerprint256);
      this.#place(inUse);
    });
    this.#unplaced = isDone ? null : { inUse, before };
    this.#watched.settle();
  }

  /** What `put` could not do, if anything. */
  putWhatIsDue(): void {
    const due = this.#unplaced;
    if (due === null) return;
    const present = textOf(this.#files.cert);
    if (present !== null && present !== due.before.cert && present !== due.inUse.cert) return;
    try {
      this.#place(due.inUse);
    } catch (error) {
      return this.#reminders.warn('place', detailsOf(reasonFor(error)), NOT_PLACED);
    }
    this.#unplaced = null;
    this.#watched.settle();
    this.#log.info({}, 'the new certificate is in its place now');
  }

  /** What somebody else has put there since; null: nothing. */
  changed(nowMs: number): LoadedCredentials | null {
    const loaded = this.#watched.changed(nowMs);
    const isStale =
      loaded?.kind === 'loaded' && loaded.credentials.cert === this.#unplaced?.before.cert;
    return isStale ? null : loaded;
  }

  /** Somebody else's pair is in use from now on; what waited is of no use to it. */
  takeUp(found: Credentials): void {
    this.#unplaced = null;
    this.dropStaged(found);
    this.#watched.settle();
  }

  /** Never the one in use, also where it has not got to its place yet. */
  dropStaged({ identity }: Credentials): void {
    this.#write('the staged certificate could not be removed', () =>
      dropStaged(this.#files, identity.fingerprint256),
    );
  }

  /** Renames what is staged; from memory only where that is no pair any more. */
  #place({ cert, key }: Credentials): void {
    const files = this.#files;
    finishPromotion(files);
    if (textOf(files.cert) === cert) return;
    const staged = stagedFiles(files);
    const isStaged = textOf(staged.cert) === cert && textOf(staged.key) !== null;
    if (!isStaged) stagePair(files, { certificatePem: cert, keyPem: key });
    promotePair(files);
  }

  #write(text: string, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.#log.error(detailsOf(reasonFor(error)), text);
      return false;
    }
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

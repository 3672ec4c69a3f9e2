/** Notices that somebody has put other certificates in place: cheap enough to be asked each minute. */
import { statSync } from 'node:fs';
import {
  type CredentialFiles,
  type LoadedCredentials,
  loadInPlace,
} from '../../proto/credentials.ts';

export class WatchedFiles {
  readonly #files: CredentialFiles;
  #stamp: string;

  constructor(files: CredentialFiles) {
    this.#files = files;
    this.#stamp = stampOf(files);
  }

  /** What is there now, if anything has changed since the last time; null: nothing has. */
  changed(nowMs: number): LoadedCredentials | null {
    const stamp = stampOf(this.#files);
    if (stamp === this.#stamp) return null;
    this.#stamp = stamp;
    return loadInPlace(this.#files, { kind: 'agent', nowMs });
  }

  /** The change was ours. */
  settle(): void {
    this.#stamp = stampOf(this.#files);
  }
}

function stampOf({ ca, cert, key }: CredentialFiles): string {
  return [ca, cert, key].map(stampOfOne).join(' ');
}

function stampOfOne(path: string): string {
  try {
    const { mtimeMs, ctimeMs, ino, size } = statSync(path);
    return [mtimeMs, ctimeMs, ino, size].join('/');
  } catch {
    return 'none';
  }
}

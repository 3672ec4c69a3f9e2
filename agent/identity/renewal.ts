/**
 * The next certificate: when it is asked for, by which key, and when again after a failure. Whether
 * it works is found out by a trial (`present.ts`).
 */
import type { KeyObject } from 'node:crypto';
import type { CredentialFiles, Credentials } from '../../proto/credentials.ts';
import type { Issued } from '../../proto/pki/issued.ts';
import type { LeafKey } from '../../proto/pki/new-key.ts';
import { settleInUse, stageCertificate, stagedKey, stageKey } from '../../proto/pki/pair-files.ts';
import { renewalDueMs, renewalPauseMs } from '../../proto/pki/renewal.ts';
import type { Log } from '../ports.ts';
import type { CertificateSource } from './certificate-source.ts';
import { endOf, tellOfWaiting } from './life-notices.ts';
import type { OneRequest } from './one-request.ts';
import type { OwnFiles } from './own-files.ts';
import { detailsOf } from './reasons.ts';
import type { Reminders } from './reminders.ts';

export interface RenewalOptions {
  readonly files: CredentialFiles;
  readonly ownFiles: OwnFiles;
  readonly source: CertificateSource;
  readonly makeKey: () => Promise<LeafKey>;
  readonly request: OneRequest;
  readonly reminders: Reminders;
  readonly nowMs: () => number;
  /** From 0 up to, and not including, 1. */
  readonly chance: () => number;
  readonly log: Log;
  /** It is staged, and wants a trial. */
  readonly tryOut: (issued: Credentials) => void;
  /** It is due at another time now. */
  readonly postponed: () => void;
}

export class Renewal {
  readonly #options: RenewalOptions;
  #inPlace: Credentials;
  #failures = 0;
  #dueMs: number;

  constructor(options: RenewalOptions, inPlace: Credentials) {
    this.#options = options;
    this.#inPlace = inPlace;
    this.#dueMs = renewalDueMs(inPlace.identity, options.chance());
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** Another certificate is in use from now on. */
  beginLife(inPlace: Credentials): void {
    this.#inPlace = inPlace;
    this.#failures = 0;
    this.#dueMs = renewalDueMs(inPlace.identity, this.#options.chance());
  }

  ask(): void {
    const { files, ownFiles, source, request, reminders } = this.#options;
    const inPlace = this.#inPlace;
    const ask = async (signal: AbortSignal): Promise<Issued> => {
      settleInUse(files, inPlace.identity.fingerprint256);
      const key = stagedKey(files) ?? (await this.#makeKey());
      const onWaiting = (): void => tellOfWaiting(reminders);
      return source.renew(inPlace, key, { signal, onWaiting });
    };
    request.begin('renewal', ask, {
      succeeded: (issued) => this.#stage(issued),
      failed: (because) => {
        // Perhaps for that key's sake. A lost answer is another matter: it comes again, for the same.
        if (because.code === 'denied') ownFiles.dropStaged(inPlace);
        this.failed(detailsOf(because));
      },
    });
  }

  /** It is tried again, later each time. */
  failed(details: object): void {
    const { nowMs, chance, log, postponed } = this.#options;
    this.#failures += 1;
    const leftMs = this.#inPlace.identity.notAfterMs - nowMs();
    const pauseMs = renewalPauseMs(this.#failures, leftMs, chance());
    this.#dueMs = nowMs() + pauseMs;
    const text = 'the certificate was not renewed; the one in use goes on';
    log.warn({ ...details, retryInMs: Math.round(pauseMs) }, text);
    postponed();
  }

  #stage(issued: Issued): void {
    const { files, log, tryOut } = this.#options;
    const key = stagedKey(files);
    if (key === null) throw new Error(`the key beside ${files.key} was removed meanwhile`);
    stageCertificate(files, issued.certificatePem);
    log.info({ endsAt: endOf(issued) }, 'a new certificate is on trial');
    const { certificatePem: cert, identity } = issued;
    tryOut({ ca: this.#inPlace.ca, cert, key: pemOf(key), identity });
  }

  /** On disk before anybody is asked: whoever asks again must do so with the same key. */
  async #makeKey(): Promise<KeyObject> {
    const { privateKey, keyPem } = await this.#options.makeKey();
    stageKey(this.#options.files, keyPem);
    return privateKey;
  }
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

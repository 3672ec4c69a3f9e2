/**
 * Keeps this agent's certificate alive for as long as the agent runs: asks for the next one at two
 * thirds of its life, asks to come back after it has expired, and takes up what somebody puts in its
 * place by hand. No process is ever touched by any of it.
 *
 *   in place ──2/3 of its life──▶ key staged ──answer──▶ on trial ──session up──▶ in place
 *                                                            └──only the old one works──▶ dropped
 *   in place ──expired──▶ asks to come back, each minute ──readmitted──▶ in place
 */
import type { KeyObject } from 'node:crypto';
import type { CredentialFiles, Credentials } from '../../proto/credentials.ts';
import type { Issued } from '../../proto/pki/issued.ts';
import type { LeafKey } from '../../proto/pki/new-key.ts';
import {
  dropStaged,
  finishPromotion,
  promotePair,
  settleInUse,
  stageCertificate,
  stagedKey,
  stageKey,
  stagePair,
} from '../../proto/pki/pair-files.ts';
import { renewalDueMs, renewalPauseMs, warningDueMs } from '../../proto/pki/renewal.ts';
import type { Log } from '../ports.ts';
import type { CertificateSource } from './certificate-source.ts';
import type { StartingIdentity } from './load.ts';
import { OneRequest } from './one-request.ts';
import { type LinkIdentity, PresentIdentity } from './present.ts';
import { detailsOf, reasonFor } from './reasons.ts';
import { createReminders, type Reminders } from './reminders.ts';
import { WatchedFiles } from './watched-files.ts';

export interface KeeperOptions {
  readonly files: CredentialFiles;
  readonly start: StartingIdentity;
  readonly source: CertificateSource;
  readonly makeKey: () => Promise<LeafKey>;
  /** The link is to dial anew: what it dials with has changed. */
  readonly redial: (because: string) => void;
  readonly clock: KeeperClock;
  /** From 0 up to, and not including, 1. */
  readonly chance: () => number;
  readonly log: Log;
}

export interface KeeperClock {
  nowMs(): number;
  /** Replaces the one before; null: only that. */
  wake(afterMs: number, callback: (() => void) | null): void;
}

/** Between two looks at the files, and two requests to come back; a tenth of it by chance. */
const LOOK_INTERVAL_MS = 60_000;
const LOOK_SPREAD_MS = 6_000;
const SHORTEST_WAIT_MS = 50;

export class IdentityKeeper implements Disposable {
  readonly #options: KeeperOptions;
  readonly #present: PresentIdentity;
  readonly #request = new OneRequest();
  readonly #watched: WatchedFiles;
  readonly #reminders: Reminders;
  #failures = 0;
  #renewAtMs: number;

  constructor(options: KeeperOptions) {
    const { start, clock, files, log } = options;
    this.#options = options;
    this.#watched = new WatchedFiles(files);
    this.#reminders = createReminders(log, clock.nowMs);
    this.#present = new PresentIdentity(start.inPlace, clock.nowMs, {
      kept: (credentials) => this.#kept(credentials),
      dropped: (credentials) => this.#dropped(credentials),
    });
    if (start.onTrial !== null) this.#present.tryOut(start.onTrial);
    this.#renewAtMs = this.#dueMs();
  }

  /** For the link. */
  get identity(): LinkIdentity {
    return this.#present;
  }

  /** From now on; the link must be there. */
  begin(): void {
    const { files } = this.#options;
    this.#write('what an earlier agent began could not be ended', () => finishPromotion(files));
    this.#watched.settle();
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#request.giveUp();
    this.#options.clock.wake(0, null);
  }

  #look(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#takeUpChanges(nowMs);
    const { inPlace, isTrying } = this.#present;
    const { notAfterMs } = inPlace.identity;
    const hasEnded = nowMs > notAfterMs;
    // Nobody is let in to renew by it any more, nor would be told that it was signed.
    if (hasEnded && this.#request.kind === 'renewal') this.#request.giveUp();
    if (!isTrying && this.#request.kind === null) {
      if (hasEnded) this.#askToComeBack();
      else if (nowMs >= this.#renewAtMs) this.#askForNext();
    }
    if (nowMs >= warningDueMs(inPlace.identity) && !hasEnded) this.#warnOfEnd();
    if (this.#present.countsAgain) this.#options.redial('the certificate counts again');
    this.#lookAgain();
  }

  #lookAgain(): void {
    const { clock, chance } = this.#options;
    const nowMs = clock.nowMs();
    const regularMs = LOOK_INTERVAL_MS + (2 * chance() - 1) * LOOK_SPREAD_MS;
    const comingMs = [this.#renewAtMs, this.#present.inPlace.identity.notAfterMs + 1]
      .map((atMs) => atMs - nowMs)
      .filter((inMs) => inMs > 0);
    const afterMs = Math.max(SHORTEST_WAIT_MS, Math.min(regularMs, ...comingMs));
    clock.wake(afterMs, () => this.#look());
  }

  #askForNext(): void {
    const { files, source, log } = this.#options;
    const { inPlace } = this.#present;
    const ask = async (signal: AbortSignal): Promise<Issued> => {
      settleInUse(files, inPlace.identity.fingerprint256);
      const key = stagedKey(files) ?? (await this.#makeKey());
      return source.renew(inPlace, key, { signal, onWaiting: () => this.#tellOfWaiting() });
    };
    this.#request.begin('renewal', ask, {
      succeeded: (issued) => {
        const key = stagedKey(files);
        if (key === null) throw new Error(`the key beside ${files.key} was removed meanwhile`);
        stageCertificate(files, issued.certificatePem);
        log.info({ endsAt: endOf(issued) }, 'a new certificate is on trial');
        this.#present.tryOut(credentialsOf(inPlace.ca, issued, pemOf(key)));
        this.#options.redial('a new certificate is on trial');
      },
      failed: (because) => {
        // Perhaps for that key's sake. A lost answer is another matter: it comes again, for the same.
        if (because.code === 'denied') this.#dropStaged();
        this.#notRenewed(detailsOf(because));
      },
    });
  }

  /** On disk before anybody is asked: whoever asks again must do so with the same key. */
  async #makeKey(): Promise<KeyObject> {
    const { privateKey, keyPem } = await this.#options.makeKey();
    stageKey(this.#options.files, keyPem);
    return privateKey;
  }

  #kept(credentials: Credentials): void {
    const { files, log } = this.#options;
    this.#write('the new certificate could not be put in its place', () => promotePair(files));
    this.#request.giveUp();
    log.info({ endsAt: endOf(credentials) }, 'certificate renewed');
    this.#beginLife();
  }

  #dropped({ identity }: Credentials): void {
    this.#dropStaged();
    const { fingerprint256: fingerprint } = identity;
    this.#notRenewed({ why: 'no session came up by the new one', fingerprint });
  }

  #notRenewed(details: object): void {
    const { clock, chance, log } = this.#options;
    this.#failures += 1;
    const nowMs = clock.nowMs();
    const leftMs = this.#present.inPlace.identity.notAfterMs - nowMs;
    const pauseMs = renewalPauseMs(this.#failures, leftMs, chance());
    this.#renewAtMs = nowMs + pauseMs;
    const text = 'the certificate was not renewed; the one in use goes on';
    log.warn({ ...details, retryInMs: Math.round(pauseMs) }, text);
    this.#lookAgain();
  }

  #askToComeBack(): void {
    const { files, source, log } = this.#options;
    const { inPlace } = this.#present;
    this.#tellOfEnd(inPlace);
    const onWaiting = (): void => this.#tellOfWaiting();
    const ask = (signal: AbortSignal) => source.comeBack(inPlace, { signal, onWaiting });
    this.#request.begin('return', ask, {
      succeeded: (issued) => {
        this.#write('the new certificate could not be put in its place', () => {
          stagePair(files, { certificatePem: issued.certificatePem, keyPem: inPlace.key });
          promotePair(files);
        });
        log.info({ endsAt: endOf(issued) }, 'this host was readmitted');
        this.#takeUp(credentialsOf(inPlace.ca, issued, inPlace.key), 'this host was readmitted');
      },
      failed: (because) =>
        this.#reminders.warn(
          `${because.code} ${because.message}`,
          detailsOf(because),
          'this host cannot come back yet',
        ),
    });
  }

  /** Half of a pair is none: it is taken up once the other half is there. */
  #takeUpChanges(nowMs: number): void {
    const { log } = this.#options;
    const loaded = this.#watched.changed(nowMs);
    if (loaded === null) return;
    if (loaded.kind === 'unusable') {
      const text =
        'the certificate files have changed, and cannot be used; those read before go on';
      return log.warn({ problems: loaded.problems }, text);
    }
    const found = loaded.credentials;
    const { inPlace, onTrial } = this.#present;
    if ((found.cert === inPlace.cert && found.ca === inPlace.ca) || found.cert === onTrial?.cert) {
      return;
    }
    if (found.identity.name !== inPlace.identity.name) {
      const holder = found.identity.name;
      const fix = 'if this host is to have another name, restart this agent';
      return log.error({ holder, fix }, 'the certificate files are now those of another host');
    }
    this.#dropStaged();
    log.info({ endsAt: endOf(found) }, 'the certificate was replaced by hand');
    this.#takeUp(found, 'the certificate was replaced');
  }

  #takeUp(credentials: Credentials, because: string): void {
    this.#request.giveUp();
    this.#present.replace(credentials);
    this.#beginLife();
    this.#options.redial(because);
  }

  #beginLife(): void {
    this.#failures = 0;
    this.#renewAtMs = this.#dueMs();
    this.#watched.settle();
    this.#reminders.forget();
    this.#lookAgain();
  }

  #tellOfWaiting(): void {
    const fix = 'whoever has its key: fleetctl cert requests, fleet-certs sign, fleetctl cert add';
    this.#reminders.warn('waiting', { fix }, "a new certificate waits for the authority's key");
  }

  #warnOfEnd(): void {
    const { inPlace } = this.#present;
    const { name } = inPlace.identity;
    const fix = `see above why it is not renewed; or issue one with fleet-certs issue agent ${name}`;
    this.#reminders.warn('end', { endsAt: endOf(inPlace), fix }, 'the certificate ends soon');
  }

  #tellOfEnd(ended: Credentials): void {
    const fix = `let an administrator run: fleetctl host readmit ${ended.identity.name}`;
    const text =
      'the certificate has expired; every process runs on, and this host asks to come back';
    this.#reminders.warn('ended', { endedAt: endOf(ended), fix }, text);
  }

  #dropStaged(): void {
    const { files } = this.#options;
    this.#write('the staged certificate could not be removed', () => dropStaged(files));
  }

  #write(text: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#options.log.error(detailsOf(reasonFor(error)), text);
    }
  }

  #dueMs(): number {
    return renewalDueMs(this.#present.inPlace.identity, this.#options.chance());
  }
}

const endOf = ({ identity }: Pick<Credentials, 'identity'>): string =>
  new Date(identity.notAfterMs).toISOString();

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function credentialsOf(ca: string, { certificatePem, identity }: Issued, key: string): Credentials {
  return { ca, cert: certificatePem, key, identity };
}

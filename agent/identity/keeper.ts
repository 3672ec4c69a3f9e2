/**
 * Keeps this agent's certificate alive for as long as the agent runs: asks for the next one at two
 * thirds of its life, asks to come back after it has expired, and takes up what somebody puts in its
 * place by hand. No process is ever touched by any of it. Each of these is a file of its own; here is
 * when each has its turn.
 *
 *   in place ──2/3 of its life──▶ key staged ──answer──▶ on trial ──session up──▶ in place
 *                                                            └──only the old one works──▶ dropped
 *   in place ──expired──▶ asks to come back, each minute ──readmitted──▶ in place
 */
import type { CredentialFiles, Credentials } from '../../proto/credentials.ts';
import type { LeafKey } from '../../proto/pki/new-key.ts';
import { warningDueMs } from '../../proto/pki/renewal.ts';
import type { Log } from '../ports.ts';
import type { CertificateSource } from './certificate-source.ts';
import { replacement } from './changed-by-hand.ts';
import { askToComeBack } from './come-back.ts';
import { endOf, warnOfEnd } from './life-notices.ts';
import type { StartingIdentity } from './load.ts';
import { OneRequest } from './one-request.ts';
import { OwnFiles } from './own-files.ts';
import { type LinkIdentity, PresentIdentity } from './present.ts';
import { createReminders, type Reminders } from './reminders.ts';
import { Renewal } from './renewal.ts';

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
  readonly #ownFiles: OwnFiles;
  readonly #reminders: Reminders;
  readonly #renewal: Renewal;

  constructor(options: KeeperOptions) {
    const { start, clock, files, log, source, makeKey, chance } = options;
    this.#options = options;
    this.#reminders = createReminders(log, clock.nowMs);
    this.#ownFiles = new OwnFiles(files, this.#reminders, log);
    this.#present = new PresentIdentity(start.inPlace, clock.nowMs, {
      kept: (credentials, before) => this.#kept(credentials, before),
      dropped: (credentials) => this.#dropped(credentials),
    });
    if (start.onTrial !== null) this.#present.tryOut(start.onTrial);
    const shared = { request: this.#request, reminders: this.#reminders, ownFiles: this.#ownFiles };
    this.#renewal = new Renewal(
      {
        ...{ files, source, makeKey, chance, log, nowMs: clock.nowMs, ...shared },
        tryOut: (issued) => this.#tryOut(issued),
        postponed: () => this.#lookAgain(),
      },
      start.inPlace,
    );
  }

  /** For the link. */
  get identity(): LinkIdentity {
    return this.#present;
  }

  /** From now on; the link must be there. */
  begin(): void {
    this.#ownFiles.endWhatWasBegun();
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#request.giveUp();
    this.#options.clock.wake(0, null);
  }

  #look(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#takeUpChanges(nowMs);
    this.#ownFiles.putWhatIsDue();
    const { inPlace, isTrying } = this.#present;
    const hasEnded = nowMs > inPlace.identity.notAfterMs;
    // Nobody is let in to renew by it any more, nor would be told that it was signed.
    if (hasEnded && this.#request.kind === 'renewal') this.#request.giveUp();
    if (!isTrying && this.#request.kind === null) {
      if (hasEnded) this.#askToComeBack();
      else if (nowMs >= this.#renewal.dueMs) this.#renewal.ask();
    }
    if (nowMs >= warningDueMs(inPlace.identity) && !hasEnded) warnOfEnd(this.#reminders, inPlace);
    if (this.#present.countsAgain) this.#options.redial('the certificate counts again');
    this.#lookAgain();
  }

  #lookAgain(): void {
    const { clock, chance } = this.#options;
    const nowMs = clock.nowMs();
    const regularMs = LOOK_INTERVAL_MS + (2 * chance() - 1) * LOOK_SPREAD_MS;
    const comingMs = [this.#renewal.dueMs, this.#present.inPlace.identity.notAfterMs + 1]
      .map((atMs) => atMs - nowMs)
      .filter((inMs) => inMs > 0);
    const afterMs = Math.max(SHORTEST_WAIT_MS, Math.min(regularMs, ...comingMs));
    clock.wake(afterMs, () => this.#look());
  }

  #tryOut(issued: Credentials): void {
    this.#present.tryOut(issued);
    this.#options.redial('a new certificate is on trial');
  }

  #kept(credentials: Credentials, before: Credentials): void {
    this.#ownFiles.put(credentials, before);
    this.#request.giveUp();
    this.#options.log.info({ endsAt: endOf(credentials) }, 'certificate renewed');
    this.#beginLife();
  }

  #dropped({ identity: { fingerprint256: fingerprint } }: Credentials): void {
    this.#ownFiles.dropStaged(this.#present.inPlace);
    this.#renewal.failed({ why: 'no session came up by the new one', fingerprint });
  }

  #askToComeBack(): void {
    const { source, log } = this.#options;
    const { inPlace } = this.#present;
    const readmitted = (issued: Credentials): void => {
      this.#ownFiles.put(issued, inPlace);
      this.#takeUp(issued, 'this host was readmitted');
    };
    const [request, reminders] = [this.#request, this.#reminders];
    askToComeBack(inPlace, { source, request, reminders, log, readmitted });
  }

  #takeUpChanges(nowMs: number): void {
    const changed = this.#ownFiles.changed(nowMs);
    if (changed === null) return;
    const found = replacement(changed, this.#present, this.#options.log);
    if (found === null) return;
    this.#ownFiles.takeUp(found);
    this.#takeUp(found, 'the certificate was replaced');
  }

  /** Without a trial. */
  #takeUp(credentials: Credentials, because: string): void {
    this.#request.giveUp();
    this.#present.replace(credentials);
    this.#beginLife();
    this.#options.redial(because);
  }

  #beginLife(): void {
    this.#renewal.beginLife(this.#present.inPlace);
    this.#reminders.forget();
    this.#lookAgain();
  }
}

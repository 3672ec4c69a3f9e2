/**
 * By which certificate the link dials. While a new one is on trial the two take turns, and whichever
 * brings a session up first decides: the new one takes the place of the old, or is dropped. So a new
 * one that does not work never cuts the host off, whatever the reason and however it shows.
 */
import type { Credentials } from '../../proto/credentials.ts';

/** Who the agent is at present. */
export interface LinkIdentity {
  /** To dial with; null: none counts, and `redial` is called once one does. */
  credentials(): Credentials | null;
  /** By these a session came up. */
  worked(credentials: Credentials): void;
  /** By these none came up, for whatever reason, or it was ended. */
  failed(credentials: Credentials): void;
}

/** What became of a trial. */
export interface TrialOutcome {
  /** @param before whose place it has taken */
  kept(credentials: Credentials, before: Credentials): void;
  dropped(credentials: Credentials): void;
}

export class PresentIdentity implements LinkIdentity {
  readonly #nowMs: () => number;
  readonly #outcome: TrialOutcome;
  #inPlace: Credentials;
  #onTrial: Credentials | null = null;
  #isTrialsTurn = false;
  #isWaitedFor = false;

  constructor(inPlace: Credentials, nowMs: () => number, outcome: TrialOutcome) {
    this.#inPlace = inPlace;
    this.#nowMs = nowMs;
    this.#outcome = outcome;
  }

  get inPlace(): Credentials {
    return this.#inPlace;
  }

  get onTrial(): Credentials | null {
    return this.#onTrial;
  }

  /** That the trial is not lost yet: after the end of the one in place it is, once it has failed. */
  get isTrying(): boolean {
    return this.#onTrial !== null && (this.#isTrialsTurn || this.#counts(this.#inPlace));
  }

  /** Null after the end of the one in place: nobody lets us in by it. */
  credentials(): Credentials | null {
    const [inPlace, onTrial] = [this.#inPlace, this.#onTrial];
    const isTrials = onTrial !== null && (this.#isTrialsTurn || !this.#counts(inPlace));
    const next = isTrials ? onTrial : inPlace;
    this.#isWaitedFor = !this.#counts(next);
    return this.#isWaitedFor ? null : next;
  }

  /** Somebody was told that none counts, and one does now: the clock was wrong, and was set right. */
  get countsAgain(): boolean {
    return this.#isWaitedFor && this.#counts(this.#inPlace);
  }

  tryOut(credentials: Credentials): void {
    this.#onTrial = credentials;
    this.#isTrialsTurn = true;
  }

  /** Without a trial; one that was under way is over. */
  replace(credentials: Credentials): void {
    this.#inPlace = credentials;
    this.#onTrial = null;
  }

  worked(credentials: Credentials): void {
    const tried = this.#onTrial;
    if (tried === null) return;
    if (credentials === tried) {
      const before = this.#inPlace;
      this.replace(tried);
      this.#outcome.kept(tried, before);
    } else if (credentials === this.#inPlace) {
      this.#onTrial = null;
      this.#outcome.dropped(tried);
    }
  }

  failed(credentials: Credentials): void {
    this.#isTrialsTurn = credentials !== this.#onTrial;
  }

  #counts({ identity }: Credentials): boolean {
    return this.#nowMs() <= identity.notAfterMs;
  }
}

/** What getting and keeping a certificate of one's own needs from the world. */
import type { Refusal } from '../../proto/errors.ts';
import type { JoinString } from '../../proto/pki/join-string.ts';
import type { TokenFile } from '../../proto/pki/token-file.ts';

/** Files of the person who calls fleetctl. Every failure is a `FleetError`. */
export interface OwnFiles {
  /** Null where there is none. */
  readonly read: (path: string) => Promise<string | null>;
  /** For its owner only (0600), whole or not at all; refused where something is in its place. */
  readonly create: (path: string, text: string) => Promise<void>;
  /** At once; its mode stays, a new one is its owner's only, and a link goes on leading to it. */
  readonly replace: (path: string, text: string) => Promise<void>;
  /** Refused where something is in the new place. */
  readonly move: (from: string, to: string) => Promise<void>;
  /** Nothing to do where there is none. */
  readonly remove: (path: string) => Promise<void>;
}

/** A certificate for somebody who has none yet. */
export interface SignIn {
  /** Of the person's configuration; null where nothing says where that is. */
  readonly configPath: (option: string | null) => string | null;
  /** What is wrong with this text in the place of the configuration; null: it can be used. */
  readonly judge: (path: string, text: string, context: string) => Refusal | null;
  /** The file of whom a context of this text trusts, absolute; null where it has none of that name. */
  readonly authorityFile: (path: string, text: string, context: string) => string | null;
  /** Whether the authority with this pin is among these, PEM. */
  readonly isAmong: (authoritiesPem: string, pin: string) => boolean;
  /** @param path `-`: standard input */
  readonly readToken: (path: string) => Promise<TokenFile>;
  /** A new private key, PKCS#8, PEM. */
  readonly makeKey: () => Promise<string>;
  /** Repeated with the same key, it has the same answer. */
  readonly enrol: (request: EnrolRequest) => Promise<Enrolled>;
}

export interface EnrolRequest {
  readonly join: JoinString;
  readonly keyPem: string;
  /** Called once, when somebody has to sign first. */
  readonly onWaiting: () => void;
  readonly signal: AbortSignal;
}

export interface Enrolled {
  readonly certificatePem: string;
  readonly authoritiesPem: string;
  readonly fleet: string;
  /** Of the operator. */
  readonly name: string;
  readonly certificateEndsAtMs: number;
  /** `host:port`, where operators dial; the first one is the best. */
  readonly controllers: readonly string[];
}

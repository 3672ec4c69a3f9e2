/**
 * Who is in the fleet, as the controller keeps it: tokens, certificates, who is barred, who waits for
 * a signature. And what may be asked of it. Secrets never come here, only their hashes; certificates
 * come signed, or not at all where the authority's key is elsewhere.
 */
import type {
  Bar,
  CertificateChoice,
  CertificateRecord,
  PendingRequest,
  Token,
  TokenRequest,
} from '../../proto/certificates.ts';
import type { Holder } from '../../proto/identity-name.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { HostId, Labels } from '../../proto/vocabulary.ts';

export interface Identities {
  /** By the hash of their secret. */
  readonly tokens: PersistentMap<string, Token>;
  /** By fingerprint. */
  readonly certificates: PersistentMap<string, CertificateRecord>;
  /** By `holderText`. */
  readonly bars: PersistentMap<string, Bar>;
  /** By the hash of their key. */
  readonly pending: PersistentMap<string, PendingRequest>;
  /** What a token said of a host; it counts for more than what the host says of itself. */
  readonly givenLabels: PersistentMap<HostId, Labels>;
  /** Hosts whose expired certificate is good for a new one, until this time (wall clock). */
  readonly readmitted: PersistentMap<HostId, number>;
}

export const NO_IDENTITIES: Identities = {
  tokens: PersistentMap.of([]),
  certificates: PersistentMap.of([]),
  bars: PersistentMap.of([]),
  pending: PersistentMap.of([]),
  givenLabels: PersistentMap.of([]),
  readmitted: PersistentMap.of([]),
};

/** How long certificates live that are issued here. */
export interface CertificateLives {
  readonly agentDays: number;
  readonly operatorDays: number;
  readonly controllerDays: number;
}

/** A certificate that somebody has shown. TLS has checked its signature, nobody its dates. */
export interface SeenCertificate extends Holder {
  /** SHA-256, `AB:CD:…` in capitals. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** One that was signed and checked just now, and counts when this is committed. */
export interface IssuedCertificate extends SeenCertificate {
  readonly keyHash: string;
  readonly pem: string;
}

/** Somebody has proved to have the key, and wants a certificate for it. */
export interface WantedCertificate {
  readonly keyHash: string;
  readonly csrPem: string;
  /** Null: the authority's key is elsewhere, and somebody has to sign. */
  readonly issued: IssuedCertificate | null;
}

export type IdentityRequest =
  | { readonly kind: 'createToken'; readonly token: TokenRequest; readonly secretHash: string }
  | { readonly kind: 'revokeToken'; readonly id: string }
  | {
      readonly kind: 'revokeCertificates';
      readonly choice: CertificateChoice;
      readonly reason: string;
    }
  | { readonly kind: 'removeHost'; readonly host: HostId; readonly reason: string }
  | { readonly kind: 'readmitHost'; readonly host: HostId; readonly reason: string }
  | {
      readonly kind: 'enrol';
      readonly secretHash: string;
      /** Empty: as the token says. */
      readonly name: string;
      readonly wanted: WantedCertificate;
    }
  /** The holder is who asks. */
  | { readonly kind: 'renew'; readonly wanted: WantedCertificate }
  | {
      readonly kind: 'return';
      readonly expired: SeenCertificate;
      readonly wanted: WantedCertificate;
    }
  | { readonly kind: 'addCertificates'; readonly certificates: readonly IssuedCertificate[] };

export type IdentityAnswer =
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'certificates'; readonly certificates: readonly CertificateRecord[] }
  | { readonly kind: 'issued'; readonly name: string; readonly certificatePem: string }
  | { readonly kind: 'pending'; readonly name: string }
  | { readonly kind: 'removed'; readonly processes: number; readonly wasConnected: boolean }
  /** `was`: what stood against it; empty: nothing did. */
  | { readonly kind: 'readmitted'; readonly was: string };

export type IdentityWrite =
  | { readonly kind: 'token'; readonly token: Token }
  /** Of no use to anybody for a long time. */
  | { readonly kind: 'tokenForgotten'; readonly secretHash: string }
  | { readonly kind: 'certificate'; readonly certificate: CertificateRecord }
  | { readonly kind: 'certificateForgotten'; readonly fingerprint: string }
  | { readonly kind: 'bar'; readonly bar: Bar }
  | { readonly kind: 'pending'; readonly request: PendingRequest }
  | { readonly kind: 'pendingEnded'; readonly keyHash: string }
  | { readonly kind: 'givenLabels'; readonly host: HostId; readonly labels: Labels }
  /** Null: not any more. */
  | { readonly kind: 'readmitted'; readonly host: HostId; readonly untilMs: number | null };

/**
 * What the controller knows of the certificates of its fleet: which it has issued or seen, which do
 * not count any more, who asks for one, and the tokens by which hosts and people get their first.
 */
import type { Holder } from './identity-name.ts';
import type { Labels } from './vocabulary.ts';

/** A certificate begins so much before it is made, because clocks differ. */
export const BACKDATED_MS = 5 * 60_000;

/** In one call: each takes a check of a signature. */
export const ADDED_AT_ONCE_MAX = 500;

/** One certificate. Times are wall-clock milliseconds. */
export interface CertificateRecord extends Holder {
  /** SHA-256 of it, `AB:CD:…` in capitals. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the holder's public key (SPKI, DER), 64 hexadecimal digits; empty if never seen. */
  readonly keyHash: string;
  /** Null: issued elsewhere, with `fleet-certs issue`. */
  readonly issued: { readonly atMs: number; readonly because: string } | null;
  /** When its holder showed it first; null: not yet. */
  readonly firstSeenAtMs: number | null;
  /** Why it does not count any more; null: it does, for as long as its dates say. */
  readonly ended: CertificateEnd | null;
  /** Of one that was issued here; null of others. */
  readonly pem: string | null;
}

export interface CertificateEnd {
  readonly kind: 'revoked' | 'replaced';
  readonly atMs: number;
  /** Null: nobody did that, it was replaced by a newer one. */
  readonly by: string | null;
  readonly reason: string;
}

/** Nothing of this holder that was issued up to a time counts. */
export interface Bar extends Holder {
  /** Null: nothing at all, until it is admitted again. */
  readonly issuedUntilMs: number | null;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

/** Lets one host or one person get a certificate, once. Its secret is known to nobody afterwards. */
export interface Token {
  /** The first 8 digits of `secretHash`: how people name it. */
  readonly id: string;
  /** SHA-256 of the secret, 64 hexadecimal digits. */
  readonly secretHash: string;
  readonly kind: 'agent' | 'operator';
  /** Of an agent's: a glob of host names; of an operator's: the name itself. */
  readonly names: string;
  /** What the controller says of the host, whatever its agent says; only of an agent's. */
  readonly labels: Labels;
  /** The name may be in the fleet already: what it has is revoked when this is used. */
  readonly replaces: boolean;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly used: TokenUse | null;
  readonly revokedBy: string | null;
}

export interface TokenUse {
  readonly atMs: number;
  /** Who got in by it. */
  readonly name: string;
  readonly address: string | null;
  readonly keyHash: string;
}

export interface TokenRequest {
  readonly kind: Token['kind'];
  readonly names: string;
  readonly labels: Labels;
  readonly replaces: boolean;
  readonly ttlMs: number;
}

/** What `token create` answers: the only time that the join string can be read. */
export interface NewToken {
  readonly token: TokenSummary;
  readonly joinString: string;
}

/** Somebody wants a certificate, and whoever has the authority's key has not signed it yet. */
export interface PendingRequest extends Holder {
  /** SHA-256 of the public key (SPKI, DER), 64 hexadecimal digits. */
  readonly keyHash: string;
  /** PKCS#10, PEM; its self-signature was checked. */
  readonly csrPem: string;
  readonly days: number;
  /** `token 1a2b3c4d of alice`, `renewal`, `return` */
  readonly because: string;
  readonly address: string | null;
  readonly requestedAtMs: number;
}

/** Which certificates are meant: one, by (the beginning of) its fingerprint, or all of a holder. */
export type CertificateChoice =
  | { readonly kind: 'fingerprint'; readonly beginning: string }
  | { readonly kind: 'holder'; readonly holder: Holder };

/** What is told of a certificate: all but its holder's key. */
export type CertificateSummary = Omit<CertificateRecord, 'keyHash' | 'pem'>;

/** What is told of a token: all but what only serves to recognize it. */
export interface TokenSummary extends Omit<Token, 'secretHash' | 'used'> {
  readonly used: Omit<TokenUse, 'keyHash'> | null;
}

/** To who asks for a certificate. */
export interface CertificateAnswer {
  /** Null: somebody has to sign it first; ask again, with the same key, after so long. */
  readonly certificatePem: string | null;
  readonly retryAfterMs: number;
  /** Whom to trust, one PEM block after another. */
  readonly authoritiesPem: string;
  /** Where agents and operators dial; none with a renewal. */
  readonly controllers: readonly string[];
  readonly name: string;
}

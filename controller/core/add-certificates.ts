/**
 * Certificates from whoever has the authority's key, each for somebody who waits for it. All of a
 * file or nothing of it: one that answers no request says that the file is not what it was taken for.
 */
import type { CertificateRecord, Token } from '../../proto/certificates.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { holderText } from '../../proto/identity-name.ts';
import type { IdentityAnswer, IdentityRequest, IssuedCertificate } from './identities.ts';
import { misfitOf, PENDING_MAX, recordIssued } from './issue.ts';
import type { Turn } from './state.ts';
import { tokenWords } from './tokens.ts';

export function addCertificates(
  turn: Turn,
  { certificates }: Extract<IdentityRequest, { readonly kind: 'addCertificates' }>,
): IdentityAnswer | Refusal {
  if (certificates.length === 0 || certificates.length > PENDING_MAX) {
    return refusal('usage', `${certificates.length} certificates cannot be added at once`, {
      cause: `1 to ${PENDING_MAX} can`,
    });
  }
  const keys = new Set<string>();
  for (const certificate of certificates) {
    const problem = problemOf(turn, certificate, keys);
    if (problem !== null) return notWanted(certificate, problem);
    keys.add(certificate.keyHash);
  }
  const replacing = replacingTokens(turn);
  return {
    kind: 'certificates',
    certificates: certificates.map((certificate) => add(turn, certificate, replacing)),
  };
}

/** Added before, and asked again because the answer was lost. */
function knownOf(turn: Turn, { fingerprint }: IssuedCertificate): CertificateRecord | null {
  const record = turn.state.identities.certificates.get(fingerprint);
  return record?.pem == null ? null : record;
}

function problemOf(
  turn: Turn,
  certificate: IssuedCertificate,
  keys: ReadonlySet<string>,
): string | null {
  if (keys.has(certificate.keyHash)) return 'another one before it is for the same key';
  if (knownOf(turn, certificate) !== null) return null;
  const request = turn.state.identities.pending.get(certificate.keyHash);
  if (request !== undefined) return misfitOf(turn, certificate, request);
  return 'nobody waits for it: the request was answered, withdrawn, or is of another controller';
}

function add(
  turn: Turn,
  certificate: IssuedCertificate,
  replacing: ReadonlyMap<string, Token>,
): CertificateRecord {
  const known = knownOf(turn, certificate);
  if (known !== null) return known;
  const { keyHash } = certificate;
  const because = turn.state.identities.pending.get(keyHash)?.because ?? '';
  const token = replacing.get(keyHash);
  // Whoever comes back does so with the key for which there was a token once.
  const isByToken = token !== undefined && because === tokenWords(token);
  return recordIssued(turn, { certificate, because, replacing: isByToken ? token : null });
}

/** By the key that each was used for: what is older ends when its certificate is there. */
function replacingTokens(turn: Turn): ReadonlyMap<string, Token> {
  const found = new Map<string, Token>();
  for (const token of turn.state.identities.tokens.values()) {
    if (token.replaces && token.used !== null) found.set(token.used.keyHash, token);
  }
  return found;
}

function notWanted(certificate: IssuedCertificate, cause: string): Refusal {
  const { fingerprint } = certificate;
  return refusal('wrong-state', `the certificate of ${holderText(certificate)} was not added`, {
    cause: `${cause} (${fingerprint.slice(0, 23)}…); nothing that came with it was`,
    fix: 'sign what fleetctl cert requests says now',
  });
}

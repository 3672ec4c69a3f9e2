/**
 * Checks a certificate that was just issued before it is relied on: it must be of our key, signed by
 * the authority that is trusted, and say that its holder is who asked. A controller that is wrong, or
 * whose authority was changed, would otherwise lock a host out at the next connection.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { CertificateAnswer } from '../certificates.ts';
import { FleetError, isRefusal, refusal } from '../errors.ts';
import { type Identity, identityOf } from '../identity.ts';
import { describeSubject, type IdentityKind } from '../identity-name.ts';
import { certificatesIn, issuerAmong, parseCertificate } from './issuer.ts';
import { isAddress } from './join-string.ts';

/** What came of asking. */
export interface Issued {
  readonly certificatePem: string;
  /** The one that signed, PEM, which was trusted before. Whatever else an answer names is not. */
  readonly authoritiesPem: string;
  readonly identity: Identity;
  /** The name in the certificate. */
  readonly name: string;
  /** Where agents and operators dial, `host:port`; none with a renewal. */
  readonly controllers: readonly string[];
}

export interface Expected {
  readonly kind: IdentityKind;
  readonly fleet: string;
  /** Null: whatever the token said. */
  readonly name: string | null;
  /** What is trusted already, PEM; several during a rotation. */
  readonly ca: string;
  /** The private key that the request was made with. */
  readonly key: KeyObject;
}

/** @throws FleetError where the answer is not what was asked for */
export function checkIssued(
  answer: Pick<CertificateAnswer, 'controllers'> & { readonly certificatePem: string },
  expected: Expected,
): Issued {
  const certificate = parseCertificate(answer.certificatePem);
  if (certificate === null) throw wrong('it is damaged');
  const identity = identityOf(certificate.raw);
  if (isRefusal(identity)) throw wrong(identity.cause ?? identity.message);
  const { kind, fleet, name } = expected;
  const isOurs =
    identity.kind === kind && identity.fleet === fleet && (name ?? identity.name) === identity.name;
  if (!isOurs) throw wrong(`it is of ${describeSubject(identity)}`);
  if (!certificate.publicKey.equals(createPublicKey(expected.key))) {
    throw wrong('it is of another key than the one that was sent');
  }
  const issuer = issuerAmong(certificate, certificatesIn(expected.ca));
  if (issuer === null) throw wrong('another authority signed it than the one that is trusted');
  // They are written into configurations, in which a line of its own could start a program.
  if (!answer.controllers.every(isAddress))
    throw wrong('what it says of where to dial is no address');
  return {
    certificatePem: certificate.toString(),
    authoritiesPem: issuer.toString(),
    ...{ identity, name: identity.name, controllers: answer.controllers },
  };
}

function wrong(cause: string): FleetError {
  return new FleetError(
    refusal('unauthenticated', 'the controller answered with a certificate that is of no use', {
      cause,
      fix: 'nothing was changed here; the log of the controller says what it issued',
    }),
  );
}

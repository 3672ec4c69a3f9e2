/** Certificates, and who wants one, in the `Authority` and `Enrollment` services ⇄ the vocabulary. */
import type {
  CertificateAnswer,
  CertificateChoice,
  CertificateEnd,
  CertificateSummary,
  PendingRequest,
} from '../certificates.ts';
import type {
  Certificate as WireCertificate,
  Certificate__Output as WireCertificateOutput,
} from '../gen/fleet/v1/Certificate.ts';
import type {
  CertificateAnswer as WireAnswer,
  CertificateAnswer__Output as WireAnswerOutput,
} from '../gen/fleet/v1/CertificateAnswer.ts';
import type {
  CertificateChoice as WireChoice,
  CertificateChoice__Output as WireChoiceOutput,
} from '../gen/fleet/v1/CertificateChoice.ts';
import type {
  CertificateRequest as WireRequest,
  CertificateRequest__Output as WireRequestOutput,
} from '../gen/fleet/v1/CertificateRequest.ts';
import { type Holder, IDENTITY_KINDS } from '../identity-name.ts';
import { exact, malformed, oneOf, oneOfOrNone, orNull, present, short } from './fields.ts';

const ENDS = ['revoked', 'replaced'] as const satisfies readonly CertificateEnd['kind'][];

export function encodeCertificate(certificate: CertificateSummary): WireCertificate {
  const { kind, name, fingerprint, notBeforeMs, notAfterMs } = certificate;
  const { issued, firstSeenAtMs, ended } = certificate;
  return {
    ...{ kind, name, fingerprint, notBeforeMs, notAfterMs },
    ...(issued === null ? {} : { issuedAtMs: issued.atMs, issuedBecause: issued.because }),
    ...present('firstSeenAtMs', firstSeenAtMs),
    ...(ended === null ? {} : encodeEnd(ended)),
  };
}

export function decodeCertificate(wire: WireCertificateOutput): CertificateSummary {
  const { issuedAtMs, issuedBecause, firstSeenAtMs } = wire;
  return {
    ...decodeHolder(wire),
    fingerprint: wire.fingerprint,
    notBeforeMs: exact('time', wire.notBeforeMs),
    notAfterMs: exact('time', wire.notAfterMs),
    issued:
      issuedAtMs === undefined ? null : { atMs: exact('time', issuedAtMs), because: issuedBecause },
    firstSeenAtMs: firstSeenAtMs === undefined ? null : exact('time', firstSeenAtMs),
    ended: decodeEnd(wire),
  };
}

function encodeEnd({ kind, atMs, by, reason }: CertificateEnd): WireCertificate {
  return { ended: kind, endedAtMs: atMs, endedReason: reason, ...present('endedBy', by) };
}

function decodeEnd(wire: WireCertificateOutput): CertificateEnd | null {
  const kind = oneOfOrNone('end of a certificate', ENDS, wire.ended);
  if (kind === null) return null;
  const { endedAtMs, endedBy, endedReason: reason } = wire;
  return { kind, atMs: exact('time', endedAtMs), by: orNull(endedBy), reason };
}

export function encodeCertificateChoice(choice: CertificateChoice): WireChoice {
  switch (choice.kind) {
    case 'fingerprint':
      return { fingerprint: choice.beginning };
    case 'holder':
      return { holder: { kind: choice.holder.kind, name: choice.holder.name } };
  }
}

export function decodeCertificateChoice(wire: WireChoiceOutput | null): CertificateChoice {
  const chosen = decodeCertificateChoiceOrAll(wire);
  if (chosen === null) throw malformed('nothing said of which certificates');
  return chosen;
}

/** Null stands for every certificate, which only a question may mean. */
export function decodeCertificateChoiceOrAll(
  wire: WireChoiceOutput | null,
): CertificateChoice | null {
  if (wire === null) return null;
  if (wire.holder) return { kind: 'holder', holder: decodeHolder(wire.holder) };
  if (wire.fingerprint === undefined) throw malformed('a choice of certificates without a choice');
  return { kind: 'fingerprint', beginning: short('a fingerprint', wire.fingerprint) };
}

export function encodePendingRequest({ address, ...request }: PendingRequest): WireRequest {
  return { ...request, ...present('address', address) };
}

export function decodePendingRequest(wire: WireRequestOutput): PendingRequest {
  return {
    ...decodeHolder(wire),
    keyHash: wire.keyHash,
    csrPem: wire.csrPem,
    days: wire.days,
    because: wire.because,
    address: orNull(wire.address),
    requestedAtMs: exact('time', wire.requestedAtMs),
  };
}

export function encodeCertificateAnswer(answer: CertificateAnswer): WireAnswer {
  const { certificatePem, retryAfterMs, authoritiesPem, controllers, name } = answer;
  return {
    ...{ retryAfterMs, authoritiesPem, name },
    controllers: [...controllers],
    ...present('certificatePem', certificatePem),
  };
}

export function decodeCertificateAnswer(wire: WireAnswerOutput): CertificateAnswer {
  return {
    certificatePem: orNull(wire.certificatePem),
    retryAfterMs: exact('time to wait', wire.retryAfterMs),
    authoritiesPem: wire.authoritiesPem,
    controllers: wire.controllers,
    name: wire.name,
  };
}

function decodeHolder({ kind, name }: { readonly kind: string; readonly name: string }): Holder {
  return { kind: oneOf('kind of a holder', IDENTITY_KINDS, kind), name: short('a name', name) };
}

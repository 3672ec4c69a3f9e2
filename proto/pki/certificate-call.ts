/** The three calls that answer with a certificate, over a grpc-js channel. */
import { type Client, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import type { CertificateAnswer } from '../certificates.ts';
import { decodeCertificateAnswer } from '../codec/certificates.ts';
import { decodeRefusal } from '../codec/error.ts';
import { FleetError, type Refusal } from '../errors.ts';
import { authorityService, enrollmentService } from '../load-authority.ts';
import { explainTlsFailure } from '../tls-failures.ts';

/** As in authority.proto. */
export type CertificateCall =
  | {
      readonly kind: 'enrol';
      readonly request: { readonly secret: string; readonly name: string; readonly csrPem: string };
    }
  | {
      readonly kind: 'return';
      readonly request: { readonly certificatePem: string; readonly csrPem: string };
    }
  | { readonly kind: 'renew'; readonly request: { readonly csrPem: string } };

type WireAnswer = Parameters<typeof decodeCertificateAnswer>[0];

const CALL_DEADLINE_MS = 30_000;

const METHODS = {
  enrol: enrollmentService['Enrol'],
  return: enrollmentService['Return'],
  renew: authorityService['Renew'],
} as const;

/** @throws FleetError: the refusal of the controller, or why there is no answer */
export function askForCertificate(
  channel: Client,
  { kind, request }: CertificateCall,
  signal: AbortSignal,
): Promise<CertificateAnswer> {
  const { path, requestSerialize, responseDeserialize } = METHODS[kind] as MethodDefinition<
    CertificateCall['request'],
    WireAnswer
  >;
  return new Promise((resolve, reject) => {
    const call = channel.makeUnaryRequest(
      ...([path, requestSerialize, responseDeserialize, request, new Metadata()] as const),
      { deadline: Date.now() + CALL_DEADLINE_MS },
      (error, answer) => {
        signal.removeEventListener('abort', cancel);
        if (error !== null) return reject(new FleetError(explained(decodeRefusal(error))));
        try {
          resolve(decodeCertificateAnswer(answer as WireAnswer));
        } catch (malformed) {
          reject(malformed);
        }
      },
    );
    const cancel = (): void => call.cancel();
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}

/** What the transport says of itself helps nobody. */
function explained(because: Refusal): Refusal {
  if (because.cause !== null) return because;
  const known = explainTlsFailure(because.message);
  return known === null
    ? because
    : { ...because, message: 'the controller was not reached', ...known };
}

/**
 * The `Enrollment` service, for those who have no certificate that counts. What a call brings is
 * looked at in this order: how often its address has failed; what it has to show, a token's secret or
 * the certificate that has expired; and only then its request for a new one. Refusals are on record.
 */
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Actor } from '../../proto/audit.ts';
import { encodeCertificateAnswer } from '../../proto/codec/certificates.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { hashSecret } from '../../proto/pki/join-string.ts';
import { readSigningRequest } from '../../proto/pki/signing-request.ts';
import type { RpcName } from '../core/authorize.ts';
import { enrolmentOf } from '../core/enrol.ts';
import type { IdentityAnswer } from '../core/identities.ts';
import { refusedEntry } from '../core/record.ts';
import { actionOf } from '../core/recorded-action.ts';
import { returnOf } from '../core/renewal.ts';
import { createAttemptLimit } from '../door/attempt-limit.ts';
import { answerWith } from '../door/guard.ts';
import { addressOfPeer } from '../door/peer-address.ts';
import { createSparingLog } from '../door/sparing-log.ts';
import type { FleetDriver } from '../driver.ts';
import type { Issuer } from '../identity/issuer.ts';
import type { Trust } from '../identity/trust.ts';
import { readTrustedCertificate } from '../identity/trusted-certificate.ts';
import type { Clock, Log } from '../ports.ts';
import { certificateAnswerOf } from './certificate-answer.ts';
import { expected } from './identity-act.ts';

export interface EnrollmentOptions {
  readonly driver: Pick<FleetDriver, 'state' | 'identity' | 'deliver'>;
  readonly issuer: Issuer;
  readonly trust: () => Trust;
  /** `host:port`, where agents and operators dial. */
  readonly controllers: () => readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

type WireAnswer = ReturnType<typeof encodeCertificateAnswer>;

interface WireEnrol {
  readonly secret: string;
  readonly name: string;
  readonly csrPem: string;
}

interface WireReturn {
  readonly certificatePem: string;
  readonly csrPem: string;
}

/** `isOnRecord`: the core has decided it, which puts on record what it decides. */
interface Outcome {
  readonly answer: IdentityAnswer | Refusal;
  readonly isOnRecord: boolean;
}

export function enrollmentHandlers(options: EnrollmentOptions): UntypedServiceImplementation {
  const { driver, trust, controllers, clock, log } = options;
  const limit = createAttemptLimit(() => clock.now().monotonicMs);
  const sparing = createSparingLog(log);

  function handler<Request>(
    rpc: RpcName,
    serve: (request: Request, by: Actor) => Promise<Outcome>,
  ) {
    return (call: ServerUnaryCall<Request, WireAnswer>, reply: sendUnaryData<WireAnswer>): void =>
      answerWith(reply, { rpc, log }, async () => {
        const address = addressOfPeer(call.getPeer());
        const tooMany = limit.refusalFor(address);
        if (tooMany !== null) return tooMany;
        const by: Actor = { kind: 'nobody', name: '', fingerprint: null, address };
        const { answer, isOnRecord } = await serve(call.request, by);
        if (isRefusal(answer)) {
          tell(rpc, by, answer);
          if (!isOnRecord) {
            const entry = refusedEntry({ actor: by, action: actionOf(rpc) }, answer);
            driver.deliver({ kind: 'onRecord', entry });
          }
          return answer;
        }
        const { authoritiesPem } = trust();
        const context = { authoritiesPem, controllers: controllers() };
        const given = expected(['issued', 'pending'], answer);
        return encodeCertificateAnswer(certificateAnswerOf(given, context));
      });
  }

  function tell(rpc: RpcName, { address }: Actor, { code, message, cause }: Refusal): void {
    const nowMs = clock.now().monotonicMs;
    const details = { rpc, address, code, cause };
    sparing.warn(`${address} ${rpc}`, details, `refused: ${message}`, nowMs);
    if (NO_FAILURES.includes(code) || !limit.failed(address)) return;
    log.warn({ rpc, address }, 'too many failed attempts: this address has to wait for a minute');
  }

  return {
    Enrol: handler('Enrollment.Enrol', (request: WireEnrol, by) => enrol(options, request, by)),
    Return: handler('Enrollment.Return', (request: WireReturn, by) =>
      comeBack(options, request, by),
    ),
  };
}

/** What is nobody's fault; and who has proved to have the key of a host may ask until it is let in. */
const NO_FAILURES: readonly Refusal['code'][] = ['exhausted', 'internal', 'wrong-state'];

async function enrol(
  { driver, issuer, clock }: EnrollmentOptions,
  { secret, name, csrPem }: WireEnrol,
  by: Actor,
): Promise<Outcome> {
  // Looked up by its hash: how long that takes says nothing about the secret.
  const secretHash = hashSecret(secret);
  let isOnRecord = false;
  const answer = await issuer.certify(
    csrPem,
    () => enrolmentOf(driver.state(), { secretHash, name }, clock.now().wallMs),
    (wanted) => {
      isOnRecord = true;
      return driver.identity({ kind: 'enrol', secretHash, name, wanted }, by);
    },
  );
  return { answer, isOnRecord };
}

async function comeBack(
  { driver, issuer, trust, clock }: EnrollmentOptions,
  { certificatePem, csrPem }: WireReturn,
  by: Actor,
): Promise<Outcome> {
  const proof = expiredOf({ certificatePem, csrPem }, trust());
  if (isRefusal(proof)) return { answer: proof, isOnRecord: false };
  const { expired, wanted } = proof;
  const allow = () => returnOf(driver.state(), expired, clock.now().wallMs);
  const { name } = expired;
  // A host that may not come back is shown to those who could admit it: the core sees to that.
  if (isRefusal(allow())) {
    const answer = await driver.identity({ kind: 'return', expired, wanted }, { ...by, name });
    return { answer, isOnRecord: true };
  }
  let isOnRecord = false;
  const answer = await issuer.certify(csrPem, allow, (signed) => {
    isOnRecord = true;
    return driver.identity({ kind: 'return', expired, wanted: signed }, { ...by, name });
  });
  return { answer, isOnRecord };
}

/** Our own authority has issued the certificate, and who asks has its key. */
function expiredOf({ certificatePem, csrPem }: WireReturn, ours: Trust) {
  const expired = readTrustedCertificate(certificatePem, ours);
  if (isRefusal(expired)) return expired;
  const request = readSigningRequest(csrPem);
  if (isRefusal(request)) return request;
  const { keyHash, csrPem: keptPem } = request;
  const wanted = { keyHash, csrPem: keptPem, issued: null };
  if (keyHash === expired.keyHash) return { expired, wanted };
  return refusal('unauthenticated', 'the request is not by the key of the certificate', {
    fix: 'make it with the key that belongs to the certificate',
  });
}

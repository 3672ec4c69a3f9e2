/** Certificates in the `Authority` service: which there are, their end, and those that are wanted. */
import { setTimeout as pause } from 'node:timers/promises';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  ADDED_AT_ONCE_MAX,
  type CertificateChoice,
  type CertificateRecord,
} from '../../proto/certificates.ts';
import {
  decodeCertificateChoice,
  decodeCertificateChoiceOrAll,
  encodeCertificate,
  encodeCertificateAnswer,
  encodePendingRequest,
} from '../../proto/codec/certificates.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { barOn, counts, isOf, issuedAtMs } from '../core/admission.ts';
import type { Identities, IssuedCertificate } from '../core/identities.ts';
import { renewalOf } from '../core/renewal.ts';
import { type Sight, seesHost, sightOf } from '../core/visible.ts';
import type { Caller } from '../door/guard.ts';
import { readTrustedCertificate } from '../identity/trusted-certificate.ts';
import type { AuthorityOptions } from './authority-calls.ts';
import { certificateAnswerOf } from './certificate-answer.ts';
import { ask, expected, refuse } from './identity-act.ts';

type WireChoice = Parameters<typeof decodeCertificateChoice>[0];

interface WireListing {
  readonly choice: WireChoice;
  readonly all: boolean;
}

interface WireRevocation {
  readonly choice: WireChoice;
  readonly reason: string;
}

export function certificateHandlers(options: AuthorityOptions): UntypedServiceImplementation {
  return { ...lookingHandlers(options), ...changingHandlers(options) };
}

function lookingHandlers({ driver, guard, clock }: AuthorityOptions): UntypedServiceImplementation {
  return {
    ListCertificates: guard.unary('Authority.ListCertificates', (request: WireListing, caller) => {
      const choice = decodeCertificateChoiceOrAll(request.choice);
      const state = driver.state();
      const { wallMs } = clock.now();
      const sight = sightOf(state, caller.name, wallMs);
      const listed = [...state.identities.certificates.values()].filter(
        (record) =>
          (choice === null || isChosen(record, choice)) &&
          (request.all || isInForce(state.identities, record, wallMs)) &&
          seesCertificate(sight, record),
      );
      return { certificates: inOrder(listed).map(encodeCertificate) };
    }),
    ListCertificateRequests: guard.unary('Authority.ListCertificateRequests', () => {
      const requests = [...driver.state().identities.pending.values()];
      return { requests: inOrder(requests).map(encodePendingRequest) };
    }),
  };
}

function changingHandlers(options: AuthorityOptions): UntypedServiceImplementation {
  const { guard } = options;
  return {
    RevokeCertificates: guard.unary(
      'Authority.RevokeCertificates',
      async ({ choice, reason }: WireRevocation, caller) => {
        const chosen = decodeCertificateChoice(choice);
        const request = { kind: 'revokeCertificates', choice: chosen, reason } as const;
        return encodedList(await ask(options, request, caller));
      },
    ),
    AddCertificates: guard.unary(
      'Authority.AddCertificates',
      async ({ certificatesPem }: { readonly certificatesPem: readonly string[] }, caller) => {
        const certificates = allTrusted(certificatesPem, options);
        if (isRefusal(certificates)) {
          return refuse(options, 'addCertificates', caller, certificates);
        }
        return encodedList(await ask(options, { kind: 'addCertificates', certificates }, caller));
      },
    ),
    Renew: guard.unary('Authority.Renew', ({ csrPem }: { readonly csrPem: string }, caller) =>
      renew(options, csrPem, caller),
    ),
  };
}

async function renew(options: AuthorityOptions, csrPem: string, caller: Caller) {
  const { driver, issuer, clock, trust } = options;
  await untilOnRecord(driver, caller.fingerprint256);
  let isOnRecord = false;
  const answer = await issuer.certify(
    csrPem,
    () => renewalOf(driver.state(), caller.actor, clock.now().wallMs),
    (wanted) => {
      isOnRecord = true;
      return ask(options, { kind: 'renew', wanted }, caller);
    },
  );
  if (isRefusal(answer)) {
    return isOnRecord ? answer : refuse(options, 'renew', caller, answer);
  }
  const { authoritiesPem } = trust();
  // Where to dial it knows: it just has.
  const given = expected(['issued', 'pending'], answer);
  return encodeCertificateAnswer(certificateAnswerOf(given, { authoritiesPem, controllers: [] }));
}

/** The door has told the core of a certificate that is new to it; that takes a commit. */
async function untilOnRecord(
  driver: AuthorityOptions['driver'],
  fingerprint: string,
): Promise<void> {
  for (let tries = 0; tries < 40; tries += 1) {
    if (driver.state().identities.certificates.get(fingerprint) !== undefined) return;
    await pause(25);
  }
}

function encodedList(answer: Awaited<ReturnType<typeof ask>>) {
  if (isRefusal(answer)) return answer;
  const { certificates } = expected('certificates', answer);
  return { certificates: inOrder(certificates).map(encodeCertificate) };
}

/** Of each the signature is checked. */
export function allTrusted(
  pems: readonly string[],
  { trust }: Pick<AuthorityOptions, 'trust'>,
): readonly IssuedCertificate[] | Refusal {
  if (pems.length > ADDED_AT_ONCE_MAX) {
    return refusal('usage', `${pems.length} certificates cannot be added in one call`, {
      cause: `at most ${ADDED_AT_ONCE_MAX} are taken at once`,
      fix: 'send them in several calls, as fleetctl cert add FILE does by itself',
    });
  }
  const ours = trust();
  const certificates: IssuedCertificate[] = [];
  for (const pem of pems) {
    const certificate = readTrustedCertificate(pem, ours);
    if (isRefusal(certificate)) return certificate;
    certificates.push(certificate);
  }
  return certificates;
}

function isChosen(record: CertificateRecord, choice: CertificateChoice): boolean {
  switch (choice.kind) {
    case 'fingerprint':
      return digitsOf(record.fingerprint).startsWith(digitsOf(choice.beginning));
    case 'holder':
      return isOf(choice.holder, record);
  }
}

const digitsOf = (fingerprint: string): string => fingerprint.replaceAll(':', '').toUpperCase();

function isInForce(identities: Identities, record: CertificateRecord, nowMs: number): boolean {
  return counts(record, nowMs) && barOn(identities, record, issuedAtMs(record)) === null;
}

/** Of a host whoever may see the host; of people themselves, and who may see everything. */
function seesCertificate(sight: Sight, { kind, name }: CertificateRecord): boolean {
  if (sight.seesEverything) return true;
  if (kind !== 'agent') return kind === 'operator' && name === sight.operator;
  const host = sight.state.hosts.get(hostId(name));
  return host !== undefined && seesHost(sight, host);
}

function inOrder<Item extends { readonly kind: string; readonly name: string }>(
  items: readonly Item[],
): readonly Item[] {
  return sortNaturally(
    items,
    ({ kind }) => kind,
    ({ name }) => name,
  );
}

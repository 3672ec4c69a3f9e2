/**
 * Makes certificates, where the authority's key is beside the controller, and the secrets by which
 * newcomers get theirs. What goes into a certificate is decided by the core and the settings of the
 * fleet; of the request for it only the public key counts.
 */
import { randomBytes } from 'node:crypto';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Holder } from '../../proto/identity-name.ts';
import type { SigningAuthority } from '../../proto/pki/authority.ts';
import { formatJoinString, hashSecret, makeSecret } from '../../proto/pki/join-string.ts';
import { signLeaf } from '../../proto/pki/leaf.ts';
import { readSigningRequest } from '../../proto/pki/signing-request.ts';
import type { IssuedCertificate, WantedCertificate } from '../core/identities.ts';
import type { Allowance } from '../core/issue.ts';
import { createOneAtATime } from './one-at-a-time.ts';

export interface Issuer {
  /**
   * Reads a request for a certificate, signs it where it can, and hands both over. Requests are
   * served one at a time, each until its certificate is recorded: of many who want the same only the
   * first costs a signature.
   *
   * @param allow for whom, and for how long, or why not; asked again when it is the request's turn
   * @param record resolves when the certificate is recorded, or refused
   */
  certify<Answer>(
    csrPem: string,
    allow: () => Allowed | Refusal,
    record: (wanted: WantedCertificate) => Promise<Answer | Refusal>,
  ): Promise<Answer | Refusal>;
}

/** What the core lets somebody have: as much of it as signing takes. */
type Allowed = Pick<Allowance, 'holder' | 'days' | 'alreadyIssued' | 'mayChangeKey'>;

/** Some 10 ms each; who is refused asks again, as agents do by themselves. */
const WAITING_MAX = 200;

/** @param authority null: its key is elsewhere, and somebody has to sign */
export function createIssuer(authority: SigningAuthority | null, nowMs: () => number): Issuer {
  const oneAtATime = createOneAtATime(WAITING_MAX);

  function wantedBy(sentPem: string, allowed: Allowed): WantedCertificate | Refusal {
    const request = readSigningRequest(sentPem);
    if (isRefusal(request)) return request;
    const { keyHash, publicKeyPem, csrPem } = request;
    if (authority === null || !isNewIn(allowed, keyHash)) return { keyHash, csrPem, issued: null };
    const issued = sign(authority, { ...allowed, publicKeyPem, nowMs: nowMs() });
    return isRefusal(issued) ? issued : { keyHash, csrPem, issued };
  }

  return {
    async certify(csrPem, allow, record) {
      // Whoever has no right to it waits for nothing, and nobody waits for that one.
      const early = allow();
      if (isRefusal(early)) return early;
      return oneAtATime(async () => {
        const allowed = allow();
        const wanted = isRefusal(allowed) ? allowed : wantedBy(csrPem, allowed);
        return isRefusal(wanted) ? wanted : record(wanted);
      });
    },
  };
}

/** One that has its certificate gets the same again, and another key mostly none. */
function isNewIn({ alreadyIssued, mayChangeKey }: Allowed, keyHash: string): boolean {
  return alreadyIssued === null || (mayChangeKey && alreadyIssued.keyHash !== keyHash);
}

function sign(
  authority: SigningAuthority,
  order: {
    readonly holder: Holder;
    readonly days: number;
    readonly publicKeyPem: string;
    readonly nowMs: number;
  },
): IssuedCertificate | Refusal {
  const { holder, days, publicKeyPem, nowMs } = order;
  const { kind, name } = holder;
  const signed = signLeaf(authority, { kind, name, days, nowMs, publicKeyPem, addresses: [] });
  if (isRefusal(signed)) return signed;
  const { certificatePem: pem, ...certificate } = signed;
  return { kind, name, ...certificate, pem };
}

export interface NewSecret {
  /** What is kept of it. */
  readonly secretHash: string;
  /** What the newcomer gets. */
  readonly joinString: string;
}

/** @param where `host:port` of the listener for newcomers, and the pin of the authority behind it */
export function newSecret(where: { readonly address: string; readonly pin: string }): NewSecret {
  const secret = makeSecret(randomBytes(SECRET_BYTES));
  return { secretHash: hashSecret(secret), joinString: formatJoinString({ ...where, secret }) };
}

const SECRET_BYTES = 32;

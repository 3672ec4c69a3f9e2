/**
 * Signs the certificate of one controller, agent or operator. What goes into it is decided here and
 * by whoever asks `signLeaf`, never by the one who gets it: of its request only the public key counts.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { isRefusal, type Refusal, refusal } from '../errors.ts';
import { subjectUri } from '../identity.ts';
import { IDENTITY_NAME_RULE, type IdentityKind, isIdentityName } from '../identity-name.ts';
import { addressProblem } from './addresses.ts';
import type { SigningAuthority } from './authority.ts';
import { type AlternativeName, buildCertificate, type CertificateTemplate } from './certificate.ts';
import { daysRefusal, daysUntil, lifeFrom } from './life.ts';
import { recheck } from './recheck.ts';
import { keyHashOf, keyProblem, parseKey } from './signing-request.ts';

export interface LeafOrder {
  readonly kind: IdentityKind;
  readonly name: string;
  readonly days: number;
  readonly nowMs: number;
  /** Of the holder, SPKI. */
  readonly publicKeyPem: string;
  /** DNS names and IP addresses under which a controller is reached; none of others. */
  readonly addresses: readonly AlternativeName[];
}

export interface SignedLeaf {
  readonly certificatePem: string;
  /** SHA-256 of it, `AB:CD:…` in capitals. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** `keyHashOf` the holder's public key. */
  readonly keyHash: string;
}

/** Some 10 ms of work. Throws only if what was built differs from the template: a defect of ours. */
export function signLeaf(authority: SigningAuthority, order: LeafOrder): SignedLeaf | Refusal {
  const publicKey = holderKey(order.publicKeyPem);
  const refused = refusalOfLeafOrder(authority, order);
  if (refused !== null) return refused;
  if (isRefusal(publicKey)) return publicKey;
  const { kind, name } = order;
  const uri = subjectUri({ fleet: authority.fleet, kind, name });
  const life = lifeFrom(order.nowMs, order.days);
  const template: CertificateTemplate = {
    ...life,
    commonName: name,
    organization: authority.fleet,
    use: kind === 'controller' ? 'server' : 'client',
    alternativeNames: [{ kind: 'uri', value: uri }, ...order.addresses],
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
  const certificatePem = buildCertificate(template, authority);
  recheck({ template, certificatePem, issuerPem: authority.certificatePem });
  const fingerprint = new X509Certificate(certificatePem).fingerprint256;
  return { certificatePem, fingerprint, ...life, keyHash: keyHashOf(publicKey) };
}

/** Cheap: says before there is a key whether the order can be granted. */
export function refusalOfLeafOrder(
  authority: Pick<SigningAuthority, 'fleet' | 'notAfterMs'>,
  order: Omit<LeafOrder, 'publicKeyPem'>,
): Refusal | null {
  return (
    nameRefusal(order.kind, order.name) ??
    daysRefusal(order.days) ??
    addressesRefusal(order) ??
    outlivingRefusal(authority, order)
  );
}

/** `what` is meant to be called so: `fleet`, `agent`, … */
export function nameRefusal(what: string, name: string): Refusal | null {
  if (isIdentityName(name)) return null;
  return refusal('usage', `${JSON.stringify(name.slice(0, 80))} is not a possible ${what} name`, {
    fix: `a name is ${IDENTITY_NAME_RULE}`,
  });
}

function addressesRefusal(order: Pick<LeafOrder, 'kind' | 'addresses'>): Refusal | null {
  const { kind, addresses } = order;
  if (kind !== 'controller') {
    return addresses.length === 0
      ? null
      : refusal('usage', `the certificate of an ${kind} holds no addresses`, {
          fix: 'only controllers are dialled: leave the addresses out',
        });
  }
  const problems =
    addresses.length === 0
      ? ['there is none']
      : addresses.flatMap((one) => addressProblem(one) ?? []);
  if (problems.length === 0) return null;
  return refusal('usage', `the addresses of a controller are not usable: ${problems.join('; ')}`, {
    fix: 'list how agents and operators reach the controller: DNS:ops-1.example.com,IP:10.0.0.7',
  });
}

function outlivingRefusal(
  authority: Pick<SigningAuthority, 'fleet' | 'notAfterMs'>,
  { nowMs, days }: Pick<LeafOrder, 'nowMs' | 'days'>,
): Refusal | null {
  if (lifeFrom(nowMs, days).notAfterMs <= authority.notAfterMs) return null;
  const daysLeft = daysUntil(authority.notAfterMs, nowMs);
  return refusal('configuration', 'the certificate would outlive its authority', {
    cause: `the authority of fleet "${authority.fleet}" ends at ${new Date(authority.notAfterMs).toISOString()}`,
    fix:
      daysLeft > 0
        ? `ask for at most ${daysLeft} days, and plan a new authority`
        : 'make a new authority with fleet-certs init in another directory, and issue all again',
  });
}

function holderKey(publicKeyPem: string): KeyObject | Refusal {
  const publicKey = parseKey(publicKeyPem);
  const problem = publicKey === null ? 'its public key is damaged' : keyProblem(publicKey);
  if (publicKey !== null && problem === null) return publicKey;
  return refusal('usage', 'the certificate cannot be made for this key', {
    cause: problem ?? '',
    fix: 'make a new RSA key of 2048 bits',
  });
}

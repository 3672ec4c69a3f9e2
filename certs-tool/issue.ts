/**
 * The certificates of a fleet: one authority, and from it short-lived ones for controllers, agents
 * and operators, with keys that are made here. How each is built is `proto/pki/`, which the
 * controller uses as well.
 *
 * Nothing here touches files or a clock; keys and serial numbers are random.
 */
import { FleetError, isRefusal, type Refusal, refusal } from '../proto/errors.ts';
import { authorityUri } from '../proto/identity.ts';
import type { IdentityKind } from '../proto/identity-name.ts';
import { parseAddresses } from '../proto/pki/addresses.ts';
import type { SigningAuthority } from '../proto/pki/authority.ts';
import { buildCertificate, type CertificateTemplate } from '../proto/pki/certificate.ts';
import { type LeafOrder, nameRefusal, refusalOfLeafOrder, signLeaf } from '../proto/pki/leaf.ts';
import { daysRefusal, lifeFrom } from '../proto/pki/life.ts';
import { generateLeafKey, generateRsaKeys } from '../proto/pki/new-key.ts';
import { recheck } from '../proto/pki/recheck.ts';

export const DEFAULT_DAYS = { authority: 5 * 365, controller: 30, agent: 7, operator: 30 } as const;

/** A certificate and its private key as PEM. */
export interface CertificatePair {
  readonly certificatePem: string;
  /** Encrypted, if there is a passphrase. */
  readonly keyPem: string;
  readonly notAfterMs: number;
}

export interface Authority extends SigningAuthority, CertificatePair {}

export interface AuthorityRequest {
  readonly fleet: string;
  readonly nowMs: number;
  readonly days?: number;
  /** The key is written encrypted with it; null: as it is. */
  readonly passphrase?: string | null;
}

/** `san` is what `parseAddresses` reads: under which names the controller is reached. */
export type LeafRequest = {
  readonly name: string;
  readonly nowMs: number;
  readonly days?: number;
} & (
  | { readonly kind: 'controller'; readonly san: string }
  | { readonly kind: Exclude<IdentityKind, 'controller'> }
);

/** A new fleet's authority; throws FleetError where `refusalOfAuthority` refuses. */
export async function createAuthority(request: AuthorityRequest): Promise<Authority> {
  const refused = refusalOfAuthority(request);
  if (refused !== null) throw new FleetError(refused);
  const { publicKey, privateKey } = await generateRsaKeys(AUTHORITY_KEY_BITS);
  const { fleet, nowMs, days = DEFAULT_DAYS.authority, passphrase = null } = request;
  const life = lifeFrom(nowMs, days);
  const template: CertificateTemplate = {
    ...life,
    commonName: 'fleetvisor certificate authority',
    organization: fleet,
    use: 'authority',
    alternativeNames: [{ kind: 'uri', value: authorityUri(fleet) }],
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
  const certificatePem = buildCertificate(template, { certificatePem: null, privateKey });
  recheck({ template, certificatePem, issuerPem: certificatePem });
  const cipher = passphrase === null ? {} : { cipher: KEY_CIPHER, passphrase };
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher }).toString();
  return { fleet, certificatePem, privateKey, keyPem, notAfterMs: life.notAfterMs };
}

export function refusalOfAuthority(request: AuthorityRequest): Refusal | null {
  const { fleet, days = DEFAULT_DAYS.authority } = request;
  return nameRefusal('fleet', fleet) ?? daysRefusal(days);
}

/** A certificate and its new key; throws FleetError where `refusalOfLeaf` refuses. */
export async function issueLeaf(
  authority: SigningAuthority,
  request: LeafRequest,
): Promise<CertificatePair> {
  const order = orderOf(request);
  if (isRefusal(order)) throw new FleetError(order);
  const refused = refusalOfLeafOrder(authority, order);
  if (refused !== null) throw new FleetError(refused);
  const { publicKeyPem, keyPem } = await generateLeafKey();
  const leaf = signLeaf(authority, { ...order, publicKeyPem });
  if (isRefusal(leaf)) throw new FleetError(leaf);
  return { certificatePem: leaf.certificatePem, keyPem, notAfterMs: leaf.notAfterMs };
}

/** Cheap: says before a key is made whether the request can be granted. */
export function refusalOfLeaf(authority: SigningAuthority, request: LeafRequest): Refusal | null {
  const order = orderOf(request);
  return isRefusal(order) ? order : refusalOfLeafOrder(authority, order);
}

/** The authority signs for years, the others only for days. */
const AUTHORITY_KEY_BITS = 3072;
const KEY_CIPHER = 'aes-256-cbc';

function orderOf(request: LeafRequest): Omit<LeafOrder, 'publicKeyPem'> | Refusal {
  const { kind, name, nowMs, days = DEFAULT_DAYS[request.kind] } = request;
  const order = { kind, name, nowMs, days };
  if (request.kind !== 'controller') return { ...order, addresses: [] };
  const addresses = parseAddresses(request.san);
  if (addresses.kind === 'addresses') return { ...order, addresses: addresses.names };
  return refusal('usage', `--san is not usable: ${addresses.problems.join('; ')}`, {
    fix: 'list how agents and operators reach the controller: DNS:ops-1.example.com,IP:10.0.0.7',
  });
}

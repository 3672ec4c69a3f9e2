/**
 * The certificates of a fleet: one authority, and from it short-lived ones for controllers, agents
 * and operators. Decides what goes into each and refuses what would not work later.
 *
 * Nothing here touches files or a clock; keys and serial numbers are random.
 */
import { createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { FleetError, type Refusal, refusal } from '../proto/errors.ts';
import {
  authorityUri,
  fleetOfAuthority,
  IDENTITY_NAME_RULE,
  type IdentityKind,
  isIdentityName,
  subjectUri,
} from '../proto/identity.ts';
import { parseAddresses } from './addresses.ts';
import { type AlternativeName, buildCertificate, type CertificateTemplate } from './certificate.ts';
import { recheck } from './recheck.ts';

export const DEFAULT_DAYS = { authority: 5 * 365, controller: 30, agent: 7, operator: 30 } as const;

/** A certificate and its private key as PEM. */
export interface CertificatePair {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly notAfterMs: number;
}

export interface Authority extends CertificatePair {
  readonly fleet: string;
}

export interface AuthorityRequest {
  readonly fleet: string;
  readonly nowMs: number;
  readonly days?: number;
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
  const keys = await generateRsaKeys(AUTHORITY_KEY_BITS);
  const life = lifeFrom(request.nowMs, request.days ?? DEFAULT_DAYS.authority);
  const template: CertificateTemplate = {
    ...life,
    commonName: 'fleetvisor certificate authority',
    organization: request.fleet,
    use: 'authority',
    alternativeNames: [{ kind: 'uri', value: authorityUri(request.fleet) }],
    publicKeyPem: pemOf(keys.publicKey, 'spki'),
  };
  const certificatePem = buildCertificate(template, {
    certificatePem: null,
    privateKey: keys.privateKey,
  });
  recheck({ template, certificatePem, issuerPem: certificatePem, privateKey: keys.privateKey });
  return {
    fleet: request.fleet,
    certificatePem,
    keyPem: pemOf(keys.privateKey, 'pkcs8'),
    notAfterMs: life.notAfterMs,
  };
}

export function refusalOfAuthority(request: AuthorityRequest): Refusal | null {
  return nameRefusal('fleet', request.fleet) ?? daysRefusal(request.days);
}

/** An authority made before, from its two PEM files; refused if they are not one. */
export function authorityFrom(pems: {
  readonly certificatePem: string;
  readonly keyPem: string;
}): Authority | Refusal {
  const parsed = parsePair(pems);
  if (parsed === null) return unusableAuthority('the certificate or the key is damaged');
  const fleet = fleetOfAuthority(parsed.certificate);
  if (fleet === null) return unusableAuthority('it is not one that fleet-certs init made');
  if (parsed.key.asymmetricKeyType !== 'rsa') return unusableAuthority('its key is not RSA');
  if (!parsed.certificate.checkPrivateKey(parsed.key)) {
    return unusableAuthority('the key is not the key of the certificate');
  }
  return { ...pems, fleet, notAfterMs: Date.parse(parsed.certificate.validTo) };
}

/** A certificate and its new key; throws FleetError where `refusalOfLeaf` refuses. */
export async function issueLeaf(
  authority: Authority,
  request: LeafRequest,
): Promise<CertificatePair> {
  const refused = refusalOfLeaf(authority, request);
  if (refused !== null) throw new FleetError(refused);
  const keys = await generateRsaKeys(LEAF_KEY_BITS);
  const life = lifeFrom(request.nowMs, request.days ?? DEFAULT_DAYS[request.kind]);
  const template: CertificateTemplate = {
    ...life,
    commonName: request.name,
    organization: authority.fleet,
    use: request.kind === 'controller' ? 'server' : 'client',
    alternativeNames: leafNames(authority.fleet, request),
    publicKeyPem: pemOf(keys.publicKey, 'spki'),
  };
  const certificatePem = buildCertificate(template, {
    certificatePem: authority.certificatePem,
    privateKey: createPrivateKey(authority.keyPem),
  });
  const issuerPem = authority.certificatePem;
  recheck({ template, certificatePem, issuerPem, privateKey: keys.privateKey });
  return {
    certificatePem,
    keyPem: pemOf(keys.privateKey, 'pkcs8'),
    notAfterMs: life.notAfterMs,
  };
}

/** Cheap: says before a key is made whether the request can be granted. */
export function refusalOfLeaf(authority: Authority, request: LeafRequest): Refusal | null {
  const malformed =
    nameRefusal(request.kind, request.name) ?? daysRefusal(request.days) ?? sanRefusal(request);
  if (malformed !== null) return malformed;
  const { notAfterMs } = lifeFrom(request.nowMs, request.days ?? DEFAULT_DAYS[request.kind]);
  if (notAfterMs <= authority.notAfterMs) return null;
  const daysLeft = Math.floor((authority.notAfterMs - wholeSecond(request.nowMs)) / DAY_MS);
  const endsAt = new Date(authority.notAfterMs).toISOString();
  return refusal('configuration', 'the certificate would outlive its authority', {
    cause: `the authority of fleet "${authority.fleet}" ends at ${endsAt}`,
    fix:
      daysLeft > 0
        ? `ask for at most --days ${daysLeft}, and plan a new authority`
        : 'make a new authority with fleet-certs init in another directory, and issue all again',
  });
}

/** The authority signs for years, the others only for days. */
const AUTHORITY_KEY_BITS = 3072;
const LEAF_KEY_BITS = 2048;
/** So that a host whose clock is a little behind accepts a certificate made this moment. */
const CLOCK_SKEW_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
/** Twenty years; a longer life is more likely a slip than a wish. */
const DAYS_MAX = 7300;

interface RsaKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function generateRsaKeys(modulusLength: number): Promise<RsaKeys> {
  return promisify(generateKeyPair)('rsa', { modulusLength, publicExponent: 65537 });
}

function pemOf(key: KeyObject, type: 'spki' | 'pkcs8'): string {
  return key.export({ type, format: 'pem' }).toString();
}

function lifeFrom(nowMs: number, days: number) {
  const fromMs = wholeSecond(nowMs);
  return { notBeforeMs: fromMs - CLOCK_SKEW_MS, notAfterMs: fromMs + days * DAY_MS };
}

/** Certificates know no fractions. */
function wholeSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

function leafNames(fleet: string, request: LeafRequest): readonly AlternativeName[] {
  const uri = subjectUri({ fleet, kind: request.kind, name: request.name });
  const addresses = request.kind === 'controller' ? parseAddresses(request.san) : null;
  return [{ kind: 'uri', value: uri }, ...(addresses?.kind === 'addresses' ? addresses.names : [])];
}

function nameRefusal(what: string, name: string): Refusal | null {
  if (isIdentityName(name)) return null;
  return refusal('usage', `${JSON.stringify(name.slice(0, 80))} is not a possible ${what} name`, {
    fix: `a name is ${IDENTITY_NAME_RULE}`,
  });
}

function daysRefusal(days: number | undefined): Refusal | null {
  if (days === undefined || (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX)) return null;
  return refusal('usage', `a certificate cannot be valid for ${days} days`, {
    fix: `give a whole number of days from 1 to ${DAYS_MAX}`,
  });
}

function sanRefusal(request: LeafRequest): Refusal | null {
  if (request.kind !== 'controller') return null;
  const addresses = parseAddresses(request.san);
  if (addresses.kind === 'addresses') return null;
  return refusal('usage', `--san is not usable: ${addresses.problems.join('; ')}`, {
    fix: 'list how agents and operators reach the controller: DNS:ops-1.example.com,IP:10.0.0.7',
  });
}

function parsePair(pems: { readonly certificatePem: string; readonly keyPem: string }) {
  try {
    return {
      certificate: new X509Certificate(pems.certificatePem),
      key: createPrivateKey(pems.keyPem),
    };
  } catch {
    return null;
  }
}

function unusableAuthority(cause: string): Refusal {
  return refusal('configuration', 'the certificate authority is not usable', {
    cause,
    fix: 'name the directory that fleet-certs init made, or restore ca.crt and ca.key from a backup',
  });
}

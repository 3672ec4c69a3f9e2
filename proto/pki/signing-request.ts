/**
 * Certificate signing requests (PKCS#10, RFC 2986): how a newcomer shows its public key and that it
 * has the private one. Written and read here without a certificate library: what strangers send is
 * walked once, without recursion, and only the key is taken from it.
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Refusal, refusal } from '../errors.ts';
import { DER_TAG, derElement, readElements } from './der.ts';

export interface SigningRequest {
  /** SPKI. */
  readonly publicKeyPem: string;
  /** `keyHashOf` it. */
  readonly keyHash: string;
  /** The request itself, laid out as we lay it out: what is kept and passed on is not as it was sent. */
  readonly csrPem: string;
}

/** As PEM. The name is for people who look at the request; nothing reads it. */
export function makeSigningRequest(privateKey: KeyObject, commonName: string): string {
  const publicKey = createPublicKey(privateKey);
  const info = derElement(
    DER_TAG.sequence,
    VERSION_1,
    subject(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    derElement(DER_TAG.attributes),
  );
  // The first octet says that no bit of the last one is unused.
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', info, privateKey)]);
  const request = derElement(
    DER_TAG.sequence,
    info,
    SHA256_WITH_RSA,
    derElement(DER_TAG.bitString, signature),
  );
  return pemOf(request);
}

/** Refuses what is too large or damaged, a key that we do not want, and one that did not sign it. */
export function readSigningRequest(pem: string): SigningRequest | Refusal {
  if (pem.length > PEM_LENGTH_MAX) return unusable(`it is longer than ${PEM_LENGTH_MAX} bytes`);
  const der = derOf(pem);
  if (der === null) return unusable('it is not one PEM block of a CERTIFICATE REQUEST');
  const parts = partsOf(der);
  if (parts === null) return unusable('it is damaged, or not signed with SHA-256 and RSA');
  const publicKey = parseKey({ key: parts.spki, format: 'der', type: 'spki' });
  const problem = publicKey === null ? 'its public key is damaged' : keyProblem(publicKey);
  if (publicKey === null || problem !== null) return unusable(problem ?? '');
  if (!isSignedBy(publicKey, parts)) {
    return unusable('its signature is not of its own key');
  }
  return {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyHash: keyHashOf(publicKey),
    csrPem: pemOf(der),
  };
}

/** SHA-256 of a public key (SPKI, DER), 64 hexadecimal digits. */
export function keyHashOf(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** Null: it may stand in a certificate of the fleet. */
export function keyProblem(publicKey: KeyObject): string | null {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  if (asymmetricKeyType !== 'rsa') return 'its public key is not RSA';
  const { modulusLength = 0, publicExponent } = asymmetricKeyDetails ?? {};
  if (modulusLength < MODULUS_BITS_MIN || modulusLength > MODULUS_BITS_MAX) {
    return `its public key has ${modulusLength} bits, not ${MODULUS_BITS_MIN} to ${MODULUS_BITS_MAX}`;
  }
  return publicExponent === 65_537n ? null : 'the exponent of its public key is not 65537';
}

/** Null: damaged. */
export function parseKey(key: Parameters<typeof createPublicKey>[0]): KeyObject | null {
  try {
    return createPublicKey(key);
  } catch {
    return null;
  }
}

const BEGIN = '-----BEGIN CERTIFICATE REQUEST-----';
const END = '-----END CERTIFICATE REQUEST-----';
/** Ours have a thousand. */
const PEM_LENGTH_MAX = 16 * 1024;
const MODULUS_BITS_MIN = 2048;
/** Above that each verification takes long. */
const MODULUS_BITS_MAX = 4096;

const VERSION_1 = Buffer.from('020100', 'hex');
/** AlgorithmIdentifier (RFC 4055 §5). */
const SHA256_WITH_RSA = Buffer.from('300d06092a864886f70d01010b0500', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');

function subject(commonName: string): Buffer {
  const value = derElement(DER_TAG.utf8String, Buffer.from(commonName));
  const attribute = derElement(DER_TAG.sequence, COMMON_NAME, value);
  return derElement(DER_TAG.sequence, derElement(DER_TAG.set, attribute));
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

function derOf(pem: string): Buffer | null {
  const text = pem.trim();
  if (!text.startsWith(BEGIN) || !text.endsWith(END)) return null;
  const base64 = text.slice(BEGIN.length, -END.length);
  return /^\r?\n[A-Za-z0-9+/=\r\n]+\n$/.test(base64) ? Buffer.from(base64, 'base64') : null;
}

function partsOf(der: Buffer) {
  const { sequence, integer, bitString, attributes } = DER_TAG;
  const [outer] = readElements(der, [sequence]) ?? [];
  if (outer === undefined) return null;
  const [info, algorithm, signature] =
    readElements(outer.content, [sequence, sequence, bitString]) ?? [];
  if (info === undefined || algorithm === undefined || signature === undefined) return null;
  const [version, , spki] =
    readElements(info.content, [integer, sequence, sequence, attributes]) ?? [];
  if (version === undefined || spki === undefined) return null;
  const isAsWanted =
    version.whole.equals(VERSION_1) &&
    algorithm.whole.equals(SHA256_WITH_RSA) &&
    signature.content[0] === 0;
  return isAsWanted
    ? { info: info.whole, spki: spki.whole, signature: signature.content.subarray(1) }
    : null;
}

function isSignedBy(
  publicKey: KeyObject,
  parts: { readonly info: Buffer; readonly signature: Buffer },
): boolean {
  try {
    return verify('sha256', parts.info, publicKey, parts.signature);
  } catch {
    // A modulus that no real key has.
    return false;
  }
}

function unusable(cause: string): Refusal {
  return refusal('usage', 'the certificate signing request is not usable', {
    cause,
    fix: 'send one as PEM, of an RSA key of 2048 to 4096 bits, signed by that key with SHA-256',
  });
}

/**
 * The join string: the one line that a newcomer needs to get its first certificate. It says where to
 * ask, by which key the right answer is known, and a secret that counts once.
 *
 * `fleetvisor:1:<host:port>:<pin of the authority>:<secret>`
 */
import { createHash } from 'node:crypto';
import { type Refusal, refusal } from '../errors.ts';

export interface JoinString {
  /** `host:port`; an IPv6 address in brackets. */
  readonly address: string;
  /** `pinOf` the fleet's authority. */
  readonly pin: string;
  /** 256 random bits, base64url. Never log it. */
  readonly secret: string;
}

export function formatJoinString({ address, pin, secret }: JoinString): string {
  return `${BEGINNING}${VERSION}:${address}:${pin}:${secret}`;
}

/** White space around it is forgiven. A refusal never repeats what it read: the secret is in there. */
export function parseJoinString(text: string): JoinString | Refusal {
  if (text.length > FILE_LENGTH_MAX) return unusable('it is far too long');
  const line = text.trim();
  if (line === '') return unusable('it is empty');
  if (!line.startsWith(BEGINNING)) return unusable(`it does not begin with ${BEGINNING}`);
  const [version = '', ...rest] = line.slice(BEGINNING.length).split(':');
  if (version !== VERSION) {
    return unusable('it is of another version', 'bring both programs to the same version');
  }
  const secret = rest.pop() ?? '';
  const pin = rest.pop() ?? '';
  const address = rest.join(':');
  if (!DIGEST.test(secret) || !DIGEST.test(pin)) return unusable('its end is damaged or missing');
  return isAddress(address) ? { address, pin, secret } : unusable('its address is damaged');
}

/** From 32 random bytes. */
export function makeSecret(random: Buffer): string {
  if (random.length !== SECRET_BYTES) throw new Error(`a secret is made of ${SECRET_BYTES} bytes`);
  return random.toString('base64url');
}

/** What is kept of a secret: SHA-256, 64 hexadecimal digits. It has too many bits to be guessed. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

const BEGINNING = 'fleetvisor:';
const VERSION = '1';
const SECRET_BYTES = 32;
/** 256 bits in base64url. */
const DIGEST = /^[A-Za-z0-9_-]{43}$/;
/** With the white space around it: somebody may hand in any file. */
const FILE_LENGTH_MAX = 4_096;

/** `host:port`, with nothing in it that means anything to a shell or a configuration. */
export function isAddress(text: string): boolean {
  const [, host = '', port = ''] =
    /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253}):([0-9]{1,5})$/i.exec(text) ?? [];
  return host !== '' && Number(port) >= 1 && Number(port) <= 65_535;
}

function unusable(cause: string, fix?: string): Refusal {
  return refusal('usage', 'the join string is not usable', {
    cause,
    fix: fix ?? 'copy the whole line that fleetctl token create printed, or make a new token',
  });
}

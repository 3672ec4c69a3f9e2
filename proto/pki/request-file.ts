/**
 * The file in which requests travel from the controller to the machine with the authority's key:
 * `fleetctl cert requests --output FILE` writes it, `fleet-certs sign FILE` reads it. Text, because
 * people read it before they sign: for each request lines that say who asks for what, then the
 * request itself as PEM. Lines that begin with `#` between requests are comments.
 */
import { isRefusal, type Refusal, refusal } from '../errors.ts';
import { type Holder, isIdentityKind, isIdentityName } from '../identity-name.ts';
import { formatAddresses, parseAddresses } from './addresses.ts';
import type { AlternativeName } from './certificate.ts';

/** A `PendingRequest` is one. */
export interface FiledRequest extends Holder {
  readonly days: number;
  /** One line, as all that is only read. */
  readonly because: string;
  /** From where it was asked; null: not known. */
  readonly address: string | null;
  /** SHA-256 of the public key (SPKI, DER), 64 hexadecimal digits. */
  readonly keyHash: string;
  /** Under which names a controller is reached; only of controllers. */
  readonly addresses?: readonly AlternativeName[];
  readonly csrPem: string;
}

export function formatRequestFile(requests: readonly FiledRequest[]): string {
  return [HEAD, ...requests.map(requestText)].join('\n');
}

/**
 * Never throws; the requests themselves (PKCS#10) are not judged. The first mistake refuses all: a
 * program has written the file, so somebody has damaged it or made it up.
 */
export function parseRequestFile(text: string): readonly FiledRequest[] | Refusal {
  const requests: FiledRequest[] = [];
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  let at = 0;
  while (at < lines.length) {
    if (lines[at] === '' || lines[at]?.startsWith('#')) {
      at += 1;
      continue;
    }
    const block = readBlock(lines, at);
    if (isRefusal(block)) return block;
    requests.push(block.request);
    at = block.next;
  }
  return requests;
}

const HEAD = `# Requests for certificates. Read who asks, sign with fleet-certs sign FILE, and hand in what
# that writes with fleetctl cert add.
`;

function requestText(request: FiledRequest): string {
  const { kind, name, days, because, address, keyHash, addresses = [], csrPem } = request;
  const lines = [
    `kind: ${kind}`,
    `name: ${name}`,
    `days: ${days}`,
    `because: ${oneLine(because)}`,
    ...(address === null ? [] : [`from: ${oneLine(address)}`]),
    ...(addresses.length === 0 ? [] : [`addresses: ${formatAddresses(addresses)}`]),
    `key: ${keyHash}`,
  ];
  return `${lines.join('\n')}\n${csrPem.trim()}\n`;
}

const oneLine = (text: string): string => text.replace(UNSAFE, '?').trim() || 'not said';

interface Block {
  readonly request: FiledRequest;
  /** The line after it. */
  readonly next: number;
}

function readBlock(lines: readonly string[], from: number): Block | Refusal {
  const headers = new Map<string, string>();
  let at = from;
  while (at < lines.length && lines[at] !== PEM_BEGIN) {
    const problem = noteHeader(headers, lines[at] ?? '');
    if (problem !== null) return damaged(at, problem);
    at += 1;
  }
  const end = lines.indexOf(PEM_END, at);
  if (end < 0 || end - at > PEM_LINES_MAX) {
    return damaged(from, 'the request that begins here has no end');
  }
  const request = requestOf(headers, `${lines.slice(at, end + 1).join('\n')}\n`);
  return typeof request === 'string' ? damaged(from, request) : { request, next: end + 1 };
}

/** What is wrong with the line; null: it has been noted. */
function noteHeader(headers: Map<string, string>, line: string): string | null {
  const [, key = '', value = ''] = /^([a-z]{1,20}): (.{1,4096})$/.exec(line) ?? [];
  if (!Object.hasOwn(HEADERS, key)) {
    return `this is no line of a request (${Object.keys(HEADERS).join(', ')}, then the PEM block)`;
  }
  if (value.search(UNSAFE) >= 0) return `${key} holds characters that could deceive who reads it`;
  if (headers.has(key)) return `${key} is said twice`;
  headers.set(key, value);
  return null;
}

/** Each with what is expected of it, for messages. */
const HEADERS: Readonly<Record<string, string>> = {
  kind: 'controller, agent or operator',
  name: 'a name as certificates hold it',
  days: 'a whole number',
  because: 'why it was asked for',
  from: 'where it came from',
  addresses: 'DNS:name,IP:address',
  key: '64 hexadecimal digits',
};

/** The request, or what is wrong with it. */
function requestOf(headers: ReadonlyMap<string, string>, csrPem: string): FiledRequest | string {
  const wrong = (key: string): string => `${key} is missing or not ${HEADERS[key]}`;
  const text = (key: string): string => headers.get(key) ?? '';
  const kind = text('kind');
  if (!isIdentityKind(kind)) return wrong('kind');
  if (!isIdentityName(text('name'))) return wrong('name');
  if (!/^[0-9]{1,6}$/.test(text('days'))) return wrong('days');
  if (text('because') === '') return wrong('because');
  if (!/^[0-9a-f]{64}$/.test(text('key'))) return wrong('key');
  const listed = headers.has('addresses') ? parseAddresses(text('addresses')) : null;
  if (listed?.kind === 'problems') return `addresses: ${listed.problems.join('; ')}`;
  return {
    kind,
    name: text('name'),
    days: Number(text('days')),
    because: text('because'),
    address: headers.get('from') ?? null,
    keyHash: text('key'),
    ...(listed === null ? {} : { addresses: listed.names }),
    csrPem,
  };
}

function damaged(at: number, cause: string): Refusal {
  return refusal('usage', 'the file of certificate requests is not usable', {
    cause: `line ${at + 1}: ${cause}`,
    fix: 'write it anew: fleetctl cert requests --output FILE',
  });
}

const PEM_BEGIN = '-----BEGIN CERTIFICATE REQUEST-----';
const PEM_END = '-----END CERTIFICATE REQUEST-----';
/** Far more than the largest request that would be read. */
const PEM_LINES_MAX = 1_000;
/** Controls, line separators, and what turns or hides text: two requests could look alike. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

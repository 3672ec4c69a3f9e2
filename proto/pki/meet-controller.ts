/**
 * The first meeting of a newcomer and its controller: the only connection of the fleet that trusts
 * nobody. It reads which certificates the server shows, sends not one byte of its own beyond the
 * handshake, and closes. Whoever does not show the authority whose pin is in the join string, and a
 * controller's certificate signed by it, never learns that there is a token.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { FleetError, type Refusal, refusal } from '../errors.ts';
import { fleetOfAuthority } from '../identity.ts';
import { controllerProblem } from '../tls.ts';
import { explainTlsFailure } from '../tls-failures.ts';
import { pinOf } from './authority-pin.ts';
import { issuerAmong } from './issuer.ts';
import type { JoinString } from './join-string.ts';

export interface MetController {
  /** The one authority of the pin, PEM: all further connections trust nobody else. */
  readonly authoritiesPem: string;
  readonly fleet: string;
}

/** Long for a slow network; a person waits. */
const MEETING_TIMEOUT_MS = 10_000;

const LEAVING_TIMEOUT_MS = 1_000;

/** A server could show certificates without end. */
const CHAIN_LENGTH_MAX = 10;

/** @throws FleetError that says what to do */
export async function meetController(
  join: Pick<JoinString, 'address' | 'pin'>,
  signal: AbortSignal,
): Promise<MetController> {
  const { host, port } = splitAddress(join.address);
  const chain = await readChain({ host, port }, join.address, signal);
  const met = judgeChain(chain, { ...join, host, nowMs: Date.now() });
  if ('code' in met) throw new FleetError(met);
  return met;
}

/** What a server shows, leaf first, as DER, judged by the join string alone. */
export function judgeChain(
  chain: readonly Buffer[],
  expected: Pick<JoinString, 'address' | 'pin'> & {
    readonly host: string;
    readonly nowMs: number;
  },
): MetController | Refusal {
  const certificates = chain.map((der) => new X509Certificate(der));
  const [leaf] = certificates;
  const authority = certificates.find(
    (shown) => shown.ca && pinOf(shown.toString()) === expected.pin,
  );
  if (leaf === undefined || authority === undefined) return stranger(expected.address);
  // The pin is of the key alone: what else the certificate says is its own only if the key signed it.
  const fleet = authority.verify(authority.publicKey) ? fleetOfAuthority(authority) : null;
  const isSigned = issuerAmong(leaf, [authority]) !== null;
  if (fleet === null || !isSigned) return stranger(expected.address);
  const outlived = lifeRefusal(leaf, expected) ?? lifeRefusal(authority, expected);
  if (outlived !== null) return outlived;
  const problem = controllerProblem({ host: expected.host, fleet }, { raw: leaf.raw });
  if (problem !== undefined) {
    const known = explainTlsFailure(problem.message);
    return refusal('unauthenticated', `${expected.address} cannot be joined by that name`, {
      cause: known?.cause ?? problem.message,
      fix:
        known?.fix ?? 'check enroll_listen and join_address in the configuration of the controller',
    });
  }
  return { authoritiesPem: authority.toString(), fleet };
}

function readChain(
  { host, port }: { readonly host: string; readonly port: number },
  address: string,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] },
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (settle: () => void): void => {
      clearTimeout(tooLong);
      signal.removeEventListener('abort', abort);
      settle();
    };
    const fail = (because: Refusal): void => {
      socket.destroy();
      end(() => reject(new FleetError(because)));
    };
    const abort = (): void => fail(refusal('interrupted', 'interrupted before anything was sent'));
    const tooLong = setTimeout(
      () => fail(unreachable(address, 'the server accepts connections but is silent')),
      MEETING_TIMEOUT_MS,
    );
    socket.once('secureConnect', () => {
      const shown = shownBy(socket);
      // In order, so that the server does not take us for somebody who refuses its certificate.
      socket.end();
      setTimeout(() => socket.destroy(), LEAVING_TIMEOUT_MS).unref();
      end(() => resolve(shown));
    });
    socket.on('error', (error) => fail(unreachable(address, describe(error))));
    socket.once('close', () => fail(unreachable(address, 'ECONNRESET')));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Leaf first. The last one, if its own issuer, is linked to itself. */
function shownBy(socket: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = [];
  let shown: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (shown?.raw !== undefined && chain.length < CHAIN_LENGTH_MAX) {
    chain.push(shown.raw);
    if (shown.issuerCertificate === shown) break;
    shown = shown.issuerCertificate;
  }
  return chain;
}

function lifeRefusal(
  certificate: X509Certificate,
  { address, nowMs }: { readonly address: string; readonly nowMs: number },
): Refusal | null {
  const notBeforeMs = Date.parse(certificate.validFrom);
  const notAfterMs = Date.parse(certificate.validTo);
  if (nowMs >= notBeforeMs && nowMs <= notAfterMs) return null;
  const whose = certificate.ca ? "the fleet's authority" : 'the controller';
  const when =
    nowMs > notAfterMs
      ? `ended at ${new Date(notAfterMs).toISOString()}`
      : `begins only at ${new Date(notBeforeMs).toISOString()}`;
  return refusal('unauthenticated', `${address} shows a certificate outside its life`, {
    cause: `that of ${whose} ${when}, by the clock of this machine: ${new Date(nowMs).toISOString()}`,
    fix: 'compare the clocks of the two machines with date -u; renew the certificate that has ended',
  });
}

function stranger(address: string): Refusal {
  return refusal('unauthenticated', `${address} is not the controller that the join string is of`, {
    cause:
      'it shows no certificate by the authority whose fingerprint is in the join string; nothing was sent to it',
    fix: 'check that no proxy or other machine answers there; if the fleet has a new authority, make a new token with fleetctl token create',
  });
}

function unreachable(address: string, message: string): Refusal {
  const known = explainTlsFailure(message);
  return refusal('unavailable', `no controller could be met at ${address}`, {
    cause: known?.cause ?? message,
    fix:
      known?.fix ?? 'check the address, and enroll_listen in the configuration of the controller',
  });
}

function describe(error: Error): string {
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return `${code}${error.message}`;
}

/** As `parseJoinString` lets it through. */
function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(address.slice(colon + 1)),
  };
}

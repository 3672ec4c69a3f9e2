/**
 * TLS as every connection of the fleet uses it: version 1.3 only, a certificate on both sides, one
 * private authority, no way to switch any of it off. The server's side is for our own `tls.Server`
 * in front of grpc-js, whose own listener leaves silent sockets open; the client's is for grpc-js.
 */

import { constants, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  createSecureContext,
  type PeerCertificate,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { Credentials } from './credentials.ts';
import { isRefusal } from './errors.ts';
import { alternativeNames, identityOf } from './identity.ts';
import { describeSubject } from './identity-name.ts';

/** Long for a slow network, short for somebody who holds sockets open. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * For `tls.createServer`; its sockets go to a grpc-js connection injector that is made with
 * insecure credentials, since TLS is done by then. The caller must destroy the socket in
 * `tlsClientError`: when the handshake times out Node only reports it.
 */
export function tlsServerOptions(credentials: Credentials): TlsOptions {
  return {
    ...secureContextOf(credentials),
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
}

/**
 * For `setSecureContext` of a server that is up, which forgets whatever is not told again:
 * connections from now on are made with these, and those that are open stay.
 */
export function secureContextOf(credentials: Credentials): SecureContextOptions {
  return {
    ...contextOptions(credentials),
    // A resumed session would count as authorized although its certificate had ended meanwhile.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** For a grpc-js client: trusts only a controller of our own fleet that was issued this host name. */
export function channelCredentials(credentials: Credentials): ChannelCredentials {
  return trusting(contextOptions(credentials), credentials.identity.fleet);
}

/** The same for who has no certificate that counts: trusts no less, and shows nothing of itself. */
export function anonymousCredentials(trust: {
  readonly ca: string;
  readonly fleet: string;
}): ChannelCredentials {
  return trusting({ ca: trust.ca, minVersion: 'TLSv1.3' }, trust.fleet);
}

function trusting(context: SecureContextOptions, fleet: string): ChannelCredentials {
  return withHandshakeTimeout(
    ChannelCredentials.createFromSecureContext(createSecureContext(context), {
      checkServerIdentity: (host, peer) => controllerProblem({ host, fleet }, peer),
    }),
  );
}

/** Below the time for which anybody waits for a first answer. */
const CLIENT_HANDSHAKE_TIMEOUT_MS = 8_000;

/**
 * grpc-js waits for TLS and for HTTP/2 to begin without end, even on a channel that is closed: an
 * agent whose controller accepts connections and stays silent would keep a socket of every try.
 */
function withHandshakeTimeout(credentials: ChannelCredentials): ChannelCredentials {
  const create = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...args) => {
    const connector = create(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = async (socket) => {
      let hasBegun = (): boolean => false;
      setTimeout(() => {
        if (!hasBegun()) socket.destroy(new Error('the server accepts connections but is silent'));
      }, CLIENT_HANDSHAKE_TIMEOUT_MS).unref();
      const secured = await connect(socket);
      hasBegun = () => secured.socket.bytesRead > 0;
      return secured;
    };
    return connector;
  };
  return credentials;
}

function contextOptions(credentials: Credentials) {
  const { ca, cert, key } = credentials;
  return { ca, cert, key, minVersion: 'TLSv1.3' } as const;
}

/**
 * Why this is no certificate of a controller of the fleet for that host. Replaces Node's own check,
 * which would believe the common name of a certificate without DNS names.
 */
export function controllerProblem(
  expected: { readonly host: string; readonly fleet: string },
  peer: Pick<PeerCertificate, 'raw'>,
): Error | undefined {
  const identity = identityOf(peer.raw);
  if (isRefusal(identity)) {
    return new Error(`the server has no certificate of a controller: ${identity.cause}`);
  }
  if (identity.kind !== 'controller' || identity.fleet !== expected.fleet) {
    const wanted = `a controller of fleet "${expected.fleet}"`;
    return new Error(`the server is ${describeSubject(identity)}, not ${wanted}`);
  }
  const certificate = new X509Certificate(peer.raw);
  if (coversHost(certificate, expected.host)) return undefined;
  const names = (alternativeNames(certificate) ?? [])
    .filter((name) => !name.startsWith('URI:'))
    .map((name) => name.replace('IP Address:', 'IP:'));
  return new Error(
    `the controller's certificate does not cover "${expected.host}", only ${names.join(', ') || 'no host'}`,
  );
}

function coversHost(certificate: X509Certificate, host: string): boolean {
  return isIP(host) === 0
    ? certificate.checkHost(host, { subject: 'never' }) !== undefined
    : certificate.checkIP(host) !== undefined;
}

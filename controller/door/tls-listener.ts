/**
 * A TLS listener that outlives whoever is at its other end: a handshake takes five seconds at most
 * and its socket is really closed then, and there are never so many of them under way that somebody
 * new cannot begin one. Our own, because grpc-js' leaves sockets open whose handshake timed out, and
 * says nothing about why a client was refused.
 */
import { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Address } from '../../proto/dialect/values.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { explainRefusedClient } from '../../proto/tls-failures.ts';
import type { Log } from '../ports.ts';
import { type ConnectionLimits, Handshakes } from './connection-limits.ts';
import { addressOfPeer, neighbourhoodOf } from './peer-address.ts';
import { createSparingLog } from './sparing-log.ts';

export interface TlsListenerOptions {
  readonly listen: Address;
  /** Of which key of `[controller]`, for the message where it cannot be listened on. */
  readonly setting: string;
  readonly tls: TlsOptions;
  readonly limits: Omit<ConnectionLimits, 'connections'>;
  /** Its handshake is done. */
  readonly onConnection: (socket: TLSSocket) => void;
  readonly log: Log;
}

export interface TlsListener {
  /** The port that was given, where 0 was asked for. */
  readonly port: number;
  /** For connections from now on; what is open stays as it is. */
  useContext(context: SecureContextOptions): void;
  /** Takes no new connections, and closes those whose handshake is under way. */
  close(): void;
}

/** As many as the system lets wait (Linux: 4096); a fleet may come back all at once. */
const BACKLOG = 4_096;

/** @throws FleetError `configuration` where the address cannot be listened on */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { listen, limits, log, onConnection } = options;
  const sparing = createSparingLog(log);
  const handshakes = new Handshakes<Socket>(limits);
  const peers = new WeakMap<object, string>();
  const pushedOut = new WeakSet<object>();
  const server = createServer(options.tls);

  // One for all, since it would stay with each of 10,000 connections.
  function endHandshake(this: Socket): void {
    handshakes.end(this);
  }

  function refused(connection: object, why: string): void {
    const peer = peers.get(connection) ?? null;
    const about = `${addressOfPeer(peer ?? '')}: ${why}`;
    sparing.warn(about, { peer }, `refused a connection: ${why}`, performance.now());
  }

  server.on('connection', (raw) => {
    peers.set(raw, `${raw.remoteAddress}:${raw.remotePort}`);
    const leaving = handshakes.begin(raw, neighbourhoodOf(raw.remoteAddress ?? null));
    raw.on('close', endHandshake);
    if (leaving === null) return;
    pushedOut.add(leaving);
    leaving.destroy();
  });
  server.on('secureConnection', (socket) => {
    const raw = connectionOf(socket);
    handshakes.end(raw);
    raw.off('close', endHandshake);
    // Until HTTP/2 has taken it over nobody else listens for its errors, which would end us.
    socket.on('error', ignore);
    onConnection(socket);
  });
  server.on('tlsClientError', (error, socket) => {
    const raw = connectionOf(socket);
    const why = pushedOut.has(raw)
      ? 'too many handshakes were under way, and it was the oldest'
      : explainRefusedClient(error, socket.authorizationError);
    refused(raw, why);
    socket.destroy();
  });
  await listening(server, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : listen.port,
    useContext: (context) => server.setSecureContext(context),
    close() {
      server.close();
      for (const raw of handshakes.sockets()) raw.destroy();
    },
  };
}

const ignore = (): void => undefined;

function listening(
  server: ReturnType<typeof createServer>,
  { listen: { host, port }, setting, log }: TlsListenerOptions,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const refuse = (error: Error): void => {
      const fix = `stop what uses the port, or change [controller] ${setting}`;
      const because = { cause: error.message, fix };
      reject(new FleetError(refusal('configuration', `cannot listen on ${host}:${port}`, because)));
    };
    server.once('error', refuse);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', refuse);
      // Running out of descriptors, say: nobody new gets in, and who is in stays.
      server.on('error', (error) =>
        log.error({ error: error.message }, 'the listener has trouble'),
      );
      resolve();
    });
  });
}

/**
 * The connection below a TLS socket. By the time that a refusal is told, the socket has forgotten
 * who was at its other end, and Node names the connection in no public place.
 */
function connectionOf(socket: TLSSocket): Socket {
  const parent: unknown = Reflect.get(socket, '_parent');
  return parent instanceof Socket ? parent : socket;
}

/**
 * The listener for newcomers, who have no certificate that counts: TLS of the controller's side only,
 * one small service behind it, and connections that are few, short and soon gone. Nothing of the
 * fleet can be reached from here, so that whatever goes wrong here goes wrong for newcomers alone.
 */
import { constants } from 'node:crypto';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Credentials } from '../../proto/credentials.ts';
import type { Address } from '../../proto/dialect/values.ts';
import { enrollmentService } from '../../proto/load-authority.ts';
import { trustOf } from '../identity/trust.ts';
import type { Log } from '../ports.ts';
import { Handshakes } from './connection-limits.ts';
import { refuseCompressed } from './no-compression.ts';
import { neighbourhoodOf } from './peer-address.ts';
import { listenTls } from './tls-listener.ts';

export interface EnrollmentDoorOptions {
  readonly listen: Address;
  readonly credentials: Credentials;
  readonly enrollment: UntypedServiceImplementation;
  readonly log: Log;
}

export interface EnrollmentDoor {
  /** The port that was given, where 0 was asked for. */
  readonly port: number;
  /** For connections from now on. */
  useCredentials(credentials: Credentials): void;
  /** At once: whoever was in the middle of something asks again. */
  close(): void;
}

/** Under way, and again as many that are done. */
const LIMITS = { handshakes: 256, handshakesPerNeighbourhood: 32 } as const;

/** A newcomer needs a second; one who waits for a signature comes again. */
const CONNECTION_LIFE_MS = 60_000;
/** Told in time, a client moves to a new connection between two calls. */
const CONNECTION_AGE_MS = 45_000;

const HANDSHAKE_TIMEOUT_MS = 5_000;
const MESSAGE_MAX_BYTES = 65_536;
/** Calls at a time on one connection. */
const STREAMS_MAX = 4;

/** @throws FleetError `configuration` where the address cannot be listened on */
export async function openEnrollmentDoor(options: EnrollmentDoorOptions): Promise<EnrollmentDoor> {
  const { credentials, listen, log } = options;
  const server = new Server({
    'grpc.enable_channelz': 0,
    'grpc.max_concurrent_streams': STREAMS_MAX,
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
    'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': CONNECTION_LIFE_MS - CONNECTION_AGE_MS,
    interceptors: [refuseCompressed],
  });
  server.addService(enrollmentService, options.enrollment);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const guests = createGuestList();
  const listener = await listenTls({
    ...{ listen, log, setting: 'enroll_listen', limits: LIMITS },
    tls: tlsOptions(credentials),
    onConnection: (socket) => {
      guests.admit(socket);
      injector.injectConnection(socket);
    },
  });
  return {
    port: listener.port,
    useCredentials: (renewed) => listener.useContext(contextOptions(renewed)),
    close() {
      listener.close();
      server.forceShutdown();
      guests.dismiss();
    },
  };
}

/** Connections that are open, of which the oldest goes where there are too many. */
function createGuestList() {
  const guests = new Handshakes<TLSSocket>(LIMITS);
  const open = new Set<TLSSocket>();
  return {
    admit(socket: TLSSocket): void {
      const leaving = guests.begin(socket, neighbourhoodOf(socket.remoteAddress ?? null));
      leaving?.destroy();
      open.add(socket);
      const end = setTimeout(() => socket.destroy(), CONNECTION_LIFE_MS);
      end.unref();
      socket.once('close', () => {
        clearTimeout(end);
        guests.end(socket);
        open.delete(socket);
      });
    },
    dismiss(): void {
      for (const socket of open) socket.destroy();
    },
  };
}

function tlsOptions(credentials: Credentials): TlsOptions {
  return {
    ...contextOptions(credentials),
    requestCert: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
}

/**
 * The certificate and the authority that has issued it: the newcomer knows the hash of its key from
 * the join string, and trusts nothing else.
 */
function contextOptions(credentials: Credentials): SecureContextOptions {
  const { issuerPem } = trustOf(credentials);
  const cert = `${credentials.cert.trimEnd()}\n${issuerPem}`;
  return {
    ...{ cert, key: credentials.key, minVersion: 'TLSv1.3' },
    // Nobody comes twice, and what would be kept for it could be asked for without end. Told here,
    // because `setSecureContext` forgets whatever is not told again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

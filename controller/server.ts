/**
 * The controller's front door: our own TLS listener, whose finished connections are handed to
 * grpc-js. grpc-js' own listener leaves a socket open whose handshake timed out, and says nothing
 * about why a client was refused.
 */
import { createServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { serverOptions } from '../proto/channel-options.ts';
import type { Credentials } from '../proto/credentials.ts';
import type { Address } from '../proto/dialect/values.ts';
import { FleetError, refusal } from '../proto/errors.ts';
import { agentLinkService, controlService } from '../proto/load.ts';
import { tlsServerOptions } from '../proto/tls.ts';
import { explainRefusedClient } from '../proto/tls-failures.ts';
import type { Log } from './ports.ts';

export interface FrontDoorOptions {
  readonly listen: Address;
  readonly credentials: Credentials;
  readonly control: UntypedServiceImplementation;
  readonly agentLink: UntypedServiceImplementation;
  readonly log: Log;
}

export interface FrontDoor {
  /** The port that was given, where 0 was asked for. */
  readonly port: number;
  /** Takes no new connections, waits a moment for calls under way, then closes everything. */
  close(graceMs: number): Promise<void>;
}

/** @throws FleetError `configuration` where the address cannot be listened on */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { credentials, listen, log } = options;
  const server = new Server(serverOptions);
  server.addService(controlService, options.control);
  server.addService(agentLinkService, options.agentLink);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const tls = createServer(tlsServerOptions(credentials), (socket) => {
    injector.injectConnection(socket);
  });
  const peers = new WeakMap<object, string>();
  tls.on('connection', (raw) => peers.set(raw, `${raw.remoteAddress}:${raw.remotePort}`));
  tls.on('tlsClientError', (error, socket) => {
    const why = explainRefusedClient(error, socket.authorizationError);
    log.warn({ peer: peers.get(connectionOf(socket)) ?? null }, `refused a connection: ${why}`);
    socket.destroy();
  });
  await listening(tls, listen, log);
  const address = tls.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : listen.port,
    async close(graceMs) {
      tls.close();
      const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      const tooLong = new Promise<void>((resolve) => setTimeout(resolve, graceMs));
      await Promise.race([drained, tooLong]);
      server.forceShutdown();
    },
  };
}

async function listening(server: TlsServer, { host, port }: Address, log: Log): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: Error): void => {
      const fix = 'stop what uses the port, or change [controller] listen';
      const because = { cause: error.message, fix };
      reject(new FleetError(refusal('configuration', `cannot listen on ${host}:${port}`, because)));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
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
function connectionOf(socket: TLSSocket): object {
  const parent: unknown = Reflect.get(socket, '_parent');
  return typeof parent === 'object' && parent !== null ? parent : socket;
}

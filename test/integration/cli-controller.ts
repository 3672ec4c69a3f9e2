/**
 * A controller for the tests of fleetctl: the real `Control` service over real TLS, whose answers
 * each test writes by hand; and a person's configuration that leads to it.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import type { Credentials } from '../../proto/credentials.ts';
import { controlService } from '../../proto/load.ts';
import { authorityService } from '../../proto/load-authority.ts';
import { tlsServerOptions } from '../../proto/tls.ts';
import { PROTOCOL_VERSION } from '../../proto/version.ts';

/** Messages as on the wire; made with the codec. */
export interface ControlHandlers {
  readonly GetVersion?: handleUnaryCall<object, object>;
  readonly ListProcesses?: handleUnaryCall<object, object>;
  readonly SubmitOperation?: handleUnaryCall<object, object>;
  readonly WatchOperation?: handleServerStreamingCall<object, object>;
  readonly PlanOperation?: handleUnaryCall<object, object>;
  readonly GetOperation?: handleUnaryCall<object, object>;
  readonly ListOperations?: handleUnaryCall<object, object>;
  readonly ListEvents?: handleUnaryCall<object, object>;
  /** Of the `Authority` service. */
  readonly Renew?: handleUnaryCall<object, object>;
}

export interface FakeController {
  readonly port: number;
  /** As a crash: every connection ends at once, nothing listens any more. */
  readonly kill: () => Promise<void>;
}

/** @param port 0 for any, or the one that a killed controller had */
export async function startController(
  credentials: Credentials,
  { Renew, ...handlers }: ControlHandlers,
  port = 0,
): Promise<FakeController> {
  const grpc = new Server();
  grpc.addService(controlService, {
    GetVersion: answer({ version: '0.1.0', protocolVersion: PROTOCOL_VERSION }),
    ...handlers,
  });
  if (Renew !== undefined) grpc.addService(authorityService, { Renew });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<TLSSocket>();
  const listener = createServer(tlsServerOptions(credentials), (socket) => {
    sockets.add(socket.on('error', () => {}));
    injector.injectConnection(socket);
  });
  listener.on('tlsClientError', (_error, socket) => socket.destroy());
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    kill: async () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
      grpc.forceShutdown();
      await once(listener, 'close');
    },
  };
}

export function answer(message: object): handleUnaryCall<object, object> {
  return (_call, reply) => reply(null, message);
}

/** Writes a configuration file beside the person's certificate and key, and returns its path. */
export function writeConfiguration(
  directory: string,
  port: number,
  { ca, cert, key }: Credentials,
): string {
  const files = { 'ca.crt': ca, 'alice.crt': cert, 'alice.key': key };
  for (const [name, pem] of Object.entries(files)) {
    writeFileSync(join(directory, name), pem, { mode: 0o600 });
  }
  const path = join(directory, 'config');
  const lines = [
    '[context:test]',
    `controller = 127.0.0.1:${port}`,
    'ca = ca.crt',
    'cert = alice.crt',
    'key = alice.key',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/**
 * What the TLS tests stand on: certificates of throw-away fleets, a gRPC server behind our own TLS
 * server as the controller has it, and a client that makes one call.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls';
import {
  ChannelCredentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { type Authority, issueLeaf, type LeafRequest } from '../../certs-tool/issue.ts';
import type { Credentials } from '../../proto/credentials.ts';
import type { Refusal } from '../../proto/errors.ts';
import { type Identity, identityOf, identityOfCall } from '../../proto/identity.ts';
import { controlService } from '../../proto/load.ts';
import { tlsServerOptions } from '../../proto/tls.ts';
import { explainRefusedClient } from '../../proto/tls-failures.ts';

const DAY_MS = 86_400_000;
const LOOPBACK = 'DNS:localhost,IP:127.0.0.1';

/** As `LeafRequest` without what is the same everywhere; `sinceDays` issues it in the past. */
export type Wanted = Pick<LeafRequest, 'kind' | 'name'> & {
  readonly san?: string;
  readonly sinceDays?: number;
};

export async function issue(authority: Authority, wanted: Wanted): Promise<Credentials> {
  const nowMs = Date.now() - (wanted.sinceDays ?? 0) * DAY_MS;
  const request: LeafRequest =
    wanted.kind === 'controller'
      ? { kind: 'controller', name: wanted.name, san: wanted.san ?? LOOPBACK, nowMs }
      : { kind: wanted.kind, name: wanted.name, nowMs };
  const pair = await issueLeaf(authority, request);
  return credentialsOf(authority, pair.certificatePem, pair.keyPem);
}

export function credentialsOf(authority: Authority, cert: string, key: string): Credentials {
  const identity = identityOf(new X509Certificate(cert).raw);
  assert.ok('name' in identity);
  return { ca: authority.certificatePem, cert, key, identity };
}

/** A gRPC server behind our own TLS server, as the controller has it. */
export async function serve(credentials: Credentials, change: TlsOptions = {}) {
  const callers: (Identity | Refusal)[] = [];
  const refusals: string[] = [];
  const grpc = new Server();
  const GetVersion = (call: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>) => {
    callers.push(identityOfCall(call, { fleet: 'fleet', nowMs: Date.now() }));
    reply(null, { version: '0.1.0', protocolVersion: 1 });
  };
  grpc.addService(controlService, { GetVersion });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer({ ...tlsServerOptions(credentials), ...change }, (socket) => {
    injector.injectConnection(socket);
  });
  listener.on('tlsClientError', (error, socket) => {
    refusals.push(explainRefusedClient(error, socket.authorizationError));
    socket.destroy();
  });
  listener.listen(0);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const close = async (): Promise<void> => {
    grpc.forceShutdown();
    listener.close();
    await once(listener, 'close');
  };
  return { port, callers, refusals, close };
}

export type Served = Awaited<ReturnType<typeof serve>>;

const ControlClient = makeClientConstructor(controlService, 'fleet.v1.Control');

/** One call over a new connection: its answer, or the text of its failure. */
export async function ask(target: string, credentials: ChannelCredentials): Promise<unknown> {
  const client = new ControlClient(target, credentials);
  const getVersion = client['GetVersion']?.bind(client);
  try {
    return await new Promise((resolve) => {
      const answer = (error: ServiceError | null, version: unknown) =>
        resolve(error === null ? version : error.message);
      getVersion?.({}, { deadline: Date.now() + 10_000 }, answer);
    });
  } finally {
    client.close();
  }
}

/** A client that follows none of our rules. */
export function carelessClient(context: SecureContextOptions): ChannelCredentials {
  return ChannelCredentials.createFromSecureContext(createSecureContext(context), {
    checkServerIdentity: () => undefined,
  });
}

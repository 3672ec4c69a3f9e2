/**
 * Every RPC there is, as the .proto files have it, and a way to call each with nothing in between:
 * no client of ours that would refuse by itself what the controller ought to refuse.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Client,
  type ClientReadableStream,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { clientOptions, MESSAGE_MAX_BYTES } from '../../../proto/channel-options.ts';
import type { Credentials } from '../../../proto/credentials.ts';
import { agentLinkService, controlService } from '../../../proto/load.ts';
import { authorityService, enrollmentService } from '../../../proto/load-authority.ts';
import { anonymousCredentials, channelCredentials } from '../../../proto/tls.ts';

const FOLDER = join(
  dirname(fileURLToPath(import.meta.url)),
  ...['..', '..', '..', 'proto', 'fleet', 'v1'],
);

/** Of the agent's own socket; nothing of it is served over a network. */
const LOCAL = 'local.proto';

/** As the files say: `Service.Method`. */
export function declaredRpcs(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.proto') && name !== LOCAL)
    .flatMap((name) => rpcsOf(readFileSync(join(FOLDER, name), 'utf8')));
}

function rpcsOf(text: string): readonly string[] {
  const code = text.replaceAll(/\/\/.*$/gm, '').replaceAll(/\/\*.*?\*\//gs, '');
  const found = [...code.matchAll(/\bservice\s+(\w+)\s*\{([^}]*)\}/g)].flatMap(
    ([, service = '', body = '']) =>
      [...body.matchAll(/\brpc\s+(\w+)\s*\(/g)].map(([, method = '']) => `${service}.${method}`),
  );
  const words = [...code.matchAll(/\brpc\b/g)].length;
  assert.equal(found.length, words, 'an rpc stands where this test does not look');
  return found;
}

const SERVICES = {
  AgentLink: agentLinkService,
  Control: controlService,
  Authority: authorityService,
  Enrollment: enrollmentService,
} as const;

/** What the programs themselves know, which must be the same. */
export function loadedRpcs(): readonly string[] {
  return Object.entries(SERVICES).flatMap(([service, definition]) =>
    Object.keys(definition).map((method) => `${service}.${method}`),
  );
}

export type Status = (typeof STATUSES)[number];

/** By number (grpc: status codes). */
const STATUSES = [
  'ok',
  'cancelled',
  'unknown',
  'invalid argument',
  'deadline exceeded',
  'not found',
  'already exists',
  'permission denied',
  'resource exhausted',
  'failed precondition',
  'aborted',
  'out of range',
  'unimplemented',
  'internal',
  'unavailable',
  'data loss',
  'unauthenticated',
] as const;

export interface RawAnswer {
  readonly status: Status;
  readonly details: string;
  /** What came before the status; of a stream the first message. */
  readonly message: object | null;
}

const CALL_WITHIN_MS = 10_000;

/** To the controller by itself; `credentials` null: without a certificate. */
export function rawClient(
  port: number,
  credentials: Credentials | null,
  trust: { readonly ca: string; readonly fleet: string },
): Client {
  const channel =
    credentials === null ? anonymousCredentials(trust) : channelCredentials(credentials);
  return new Client(`127.0.0.1:${port}`, channel, clientOptions(MESSAGE_MAX_BYTES));
}

/** Calls it; a stream is left as soon as it says anything. */
export function callRpc(client: Client, rpc: string, request: object): Promise<RawAnswer> {
  const [service = '', name = ''] = rpc.split('.');
  const method = SERVICES[service as keyof typeof SERVICES]?.[name];
  assert.ok(method, `${rpc} is unknown`);
  return method.responseStream
    ? callStream(client, method, request)
    : callOnce(client, method, request);
}

function callOnce(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<object, object>,
  request: object,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + CALL_WITHIN_MS },
      (error, message) => resolve(answerOf(error, message ?? null)),
    );
  });
}

function callStream(
  client: Client,
  { path, requestStream, requestSerialize, responseDeserialize }: MethodDefinition<object, object>,
  request: object,
): Promise<RawAnswer> {
  const options = { deadline: Date.now() + CALL_WITHIN_MS };
  const open = (): ClientReadableStream<object> => {
    if (!requestStream) {
      return client.makeServerStreamRequest(
        ...([path, requestSerialize, responseDeserialize, request] as const),
        new Metadata(),
        options,
      );
    }
    const stream = client.makeBidiStreamRequest(
      ...([path, requestSerialize, responseDeserialize] as const),
      new Metadata(),
      options,
    );
    stream.write(request);
    return stream;
  };
  return new Promise((resolve) => {
    const stream = open();
    stream.on('data', (message: object) => {
      resolve(answerOf(null, message));
      stream.cancel();
    });
    stream.on('error', (error: ServiceError) => resolve(answerOf(error, null)));
    stream.on('end', () => resolve(answerOf(null, null)));
  });
}

/** A call of any path, with a message of any bytes. */
export function callPath(client: Client, path: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
      new Metadata(),
      { deadline: Date.now() + CALL_WITHIN_MS },
      (error, message) => resolve(answerOf(error, message ?? null)),
    );
  });
}

function answerOf(error: ServiceError | null, message: object | null): RawAnswer {
  const status = STATUSES[error?.code ?? 0];
  assert.ok(status, `status ${error?.code}`);
  return { status, details: error?.details ?? '', message };
}

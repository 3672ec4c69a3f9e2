/**
 * The job behind `echo.ts`: the least that a server for many hosts can be. It sends each of its
 * clients a small message and waits until all have sent one back. Over mutual TLS 1.3, either with
 * grpc-js or with nothing else at all.
 */
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { answerParent } from '../swarm/child-process.ts';
import { ECHO_PATH, type EchoServerRequest, MESSAGE_BYTES } from './echo.ts';

type Listen = Extract<EchoServerRequest, { readonly kind: 'listen' }>;
type Stream = ServerDuplexStream<Buffer, Buffer>;

const clients: { write(message: Buffer): unknown }[] = [];
let receivedBytes = 0;
let whenAnswered: (() => void) | null = null;

/** Answers with the port, how many clients there are, or after a round with how many answered. */
answerParent((request: EchoServerRequest): Promise<number> | number => {
  switch (request.kind) {
    case 'listen':
      return request.transport === 'grpc' ? listenGrpc(request) : listenTls(request);
    case 'count':
      return clients.length;
    case 'round':
      return round();
  }
});

function round(): Promise<number> {
  receivedBytes = 0;
  const message = Buffer.alloc(MESSAGE_BYTES, 1);
  for (const client of clients) client.write(message);
  return new Promise((resolve) => {
    whenAnswered = () => resolve(clients.length);
  });
}

function received(bytes: number): void {
  receivedBytes += bytes;
  if (receivedBytes === clients.length * MESSAGE_BYTES) whenAnswered?.();
}

function listenTls({ ca, cert, key }: Listen): Promise<number> {
  const options = { ca, cert, key, minVersion: 'TLSv1.3', requestCert: true } as const;
  const server = createServer(options, (socket: TLSSocket) => {
    clients.push(socket);
    socket.on('data', ({ length }: Buffer) => received(length));
    socket.on('error', () => socket.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function listenGrpc({ ca, cert, key }: Listen): Promise<number> {
  const server = new Server();
  const asIs = (message: Buffer): Buffer => message;
  const connect = {
    path: ECHO_PATH,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService(
    { Connect: connect },
    {
      Connect: (stream: Stream) => {
        clients.push(stream);
        stream.on('data', ({ length }: Buffer) => received(length));
      },
    },
  );
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  const credentials = ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

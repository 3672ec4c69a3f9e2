/**
 * The client's end of one bidirectional gRPC stream, straight on node:http2: what grpc-js does for
 * it, without the channel, balancer and filters that make ten thousand clients in one process
 * expensive. The server cannot tell the difference.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from 'node:http2';
import { connect as connectTls, type SecureContext } from 'node:tls';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface StreamOptions {
  readonly server: Endpoint;
  /** The loopback address to dial from; many, where one has not enough ports. */
  readonly localAddress: string;
  readonly secureContext: SecureContext;
  /** `/package.Service/Method` */
  readonly path: string;
  /** TLS and HTTP/2 have begun; whether the server takes the call is not known yet. */
  readonly onConnected?: () => void;
  readonly onMessage: (message: Buffer) => void;
  /** Once. After it nothing else is called. */
  readonly onEnd: (why: string) => void;
}

/** Compression flag and length (gRPC over HTTP/2). */
const HEADER_BYTES = 5;
const HANDSHAKE_TIMEOUT_MS = 30_000;

export class GrpcStream implements Disposable {
  readonly #options: StreamOptions;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  #unread: Buffer = EMPTY;
  #hasEnded = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { server, localAddress, secureContext, path } = options;
    const addresses = { ...server, localAddress };
    const socket = connectTls({ ...addresses, secureContext, ALPNProtocols: ['h2'] });
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy(new Error('no answer to TLS')));
    socket.once('secureConnect', () => socket.setTimeout(0));
    this.#session = connectHttp2(`https://${server.host}:${server.port}`, {
      createConnection: () => socket,
    });
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let why = 'the server ended the stream';
    const noteStatus = (headers: { readonly [name: string]: unknown }): void => {
      if ('grpc-status' in headers) why = `${headers['grpc-status']} ${headers['grpc-message']}`;
    };
    this.#session.once('connect', () => options.onConnected?.());
    this.#session.on('error', (error) => this.#end(error.message));
    this.#session.on('close', () => this.#end('the connection was closed'));
    this.#stream.on('error', (error) => this.#end(error.message));
    this.#stream.on('response', noteStatus);
    this.#stream.on('trailers', noteStatus);
    this.#stream.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#stream.on('close', () => this.#end(why));
  }

  send(message: Uint8Array): void {
    if (this.#hasEnded) return;
    const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length);
    frame.writeUInt8(0, 0);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, HEADER_BYTES);
    this.#stream.write(frame);
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#session.destroy();
  }

  #received(chunk: Buffer): void {
    let unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    while (unread.length >= HEADER_BYTES && !this.#hasEnded) {
      const end = HEADER_BYTES + unread.readUInt32BE(1);
      if (unread.length < end) break;
      this.#options.onMessage(unread.subarray(HEADER_BYTES, end));
      unread = unread.subarray(end);
    }
    this.#unread = unread.length === 0 ? EMPTY : unread;
  }

  #end(why: string): void {
    if (this.#hasEnded) return;
    this[Symbol.dispose]();
    this.#options.onEnd(why);
  }
}

const EMPTY = Buffer.alloc(0);

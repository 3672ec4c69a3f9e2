/**
 * HTTP/2 by hand (RFC 9113), for saying what no client library would say: frames of any kind, on
 * streams that are not there, with headers that make no sense.
 */
import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Credentials } from '../../../proto/credentials.ts';

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8 } as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface Frame {
  readonly type: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
}

export function frameBytes({ type, flags = 0, stream = 0, payload = EMPTY }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const EMPTY = Buffer.alloc(0);

/** Literals without indexing and without Huffman coding (RFC 7541 §6.2.2). */
export function headerBlock(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]),
  );
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** With a prefix of 7 bits (RFC 7541 §5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

export function callHeaders(
  path: string,
  more: readonly (readonly [string, string])[] = [],
): Buffer {
  return headerBlock([
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'controller'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ]);
}

/** Length-prefixed, as gRPC sends a message. */
export function grpcMessage(bytes: Buffer, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A connection whose handshake is done. What it is told is dropped, and so are its errors. */
export async function dialRaw(
  port: number,
  credentials: Pick<Credentials, 'ca' | 'cert' | 'key'>,
  more: ConnectionOptions = {},
): Promise<TLSSocket> {
  const { ca, cert, key } = credentials;
  const socket = connect({
    ...{ host: '127.0.0.1', port, ca, cert, key, ALPNProtocols: ['h2'] },
    // Who is attacked need not prove who it is.
    checkServerIdentity: () => undefined,
    ...more,
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}

/** The same, with HTTP/2 begun as it should be. */
export async function dialHttp2(
  port: number,
  credentials: Pick<Credentials, 'ca' | 'cert' | 'key'>,
): Promise<TLSSocket> {
  const socket = await dialRaw(port, credentials);
  socket.write(PREFACE);
  socket.write(frameBytes({ type: FRAME.settings }));
  return socket;
}

/**
 * What breaks the rules of HTTP/2, of gRPC or of our own frames ends what it came by and nothing
 * else: with a valid certificate and without one, the controller goes on serving everybody else, in
 * time and without growing.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { encodeAgentMessage } from '../../../proto/codec/link.ts';
import type { Credentials } from '../../../proto/credentials.ts';
import { agentLinkService } from '../../../proto/load.ts';
import type { AgentMessage } from '../../../proto/messages.ts';
import { processName } from '../../../proto/vocabulary.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { readCredentials } from '../fleet/pki.ts';
import { eventually } from '../fleet/wait.ts';
import { dialAsAgent, helloOf } from './agent-stream.ts';
import {
  callHeaders,
  dialHttp2,
  dialRaw,
  FLAG,
  FRAME,
  frameBytes,
  grpcMessage,
  headerBlock,
  PREFACE,
} from './raw-http2.ts';

const CONNECT = '/fleet.v1.AgentLink/Connect';
const SERVED_WITHIN_MS = 2_000;
const GROWTH_MAX_MB = 250;

let fleet: Fleet;
let controller: Daemon;
let web: Credentials;
let memoryBeforeMb = 0;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  web = readCredentials(await fleet.pki.issue({ kind: 'agent', name: 'web-9' }), 'agent');
  await fleet.startAgent('web-1', { programs: '[program:web]\ncommand = sleep 1000\n' });
  await fleet.running('web-1', 'web');
  memoryBeforeMb = peakMemoryMb();
});

after(() => fleet?.[Symbol.dispose]());

afterEach(async () => {
  const startedMs = performance.now();
  await fleet.running('web-1', 'web');
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < SERVED_WITHIN_MS, `others were served after ${Math.round(tookMs)} ms`);
  assert.equal(controller.hasEnded(), false, controller.stderr().slice(-2_000));
  const grownMb = peakMemoryMb() - memoryBeforeMb;
  assert.ok(grownMb < GROWTH_MAX_MB, `its memory grew by ${Math.round(grownMb)} MB`);
});

function peakMemoryMb(): number {
  const status = readFileSync(`/proc/${controller.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

/** Until what was written has left, or nobody takes it any more. */
function flushed(socket: TLSSocket): Promise<unknown> {
  const isFlushed = () => socket.closed || socket.writableLength === 0;
  return eventually('it was taken, or refused', isFlushed, { askEveryMs: 2 });
}

async function isEnded(socket: TLSSocket): Promise<void> {
  await eventually('the connection was ended', () => socket.closed);
}

/** Streams that were ended by RST_STREAM with REFUSED_STREAM (RFC 9113 §7) from now on. */
function refusedStreams(socket: TLSSocket): ReadonlySet<number> {
  const refused = new Set<number>();
  let rest = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3); ) {
      const end = 9 + rest.readUIntBE(0, 3);
      const isRefusal = rest[3] === FRAME.rstStream && rest.readUInt32BE(9) === REFUSED_STREAM;
      if (isRefusal) refused.add(rest.readUInt32BE(5));
      rest = rest.subarray(end);
    }
  });
  return refused;
}

const REFUSED_STREAM = 0x7;

const beginCall = (stream: number, path = CONNECT) =>
  frameBytes({
    type: FRAME.headers,
    flags: FLAG.endHeaders,
    stream,
    payload: callHeaders(path),
  });

/** A run of frames, some of them sound by chance. */
const anyFrames = fc.array(
  fc.record({
    type: fc.nat(12),
    flags: fc.nat(255),
    stream: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(20), fc.nat(0x7fffffff)),
    payload: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 60 },
);

test('frames of any kind, on any stream, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(anyFrames, fc.boolean(), async (frames, isInCall) => {
      const socket = await dialHttp2(fleet.port, web);
      if (isInCall) socket.write(beginCall(1));
      socket.write(Buffer.concat(frames.map(frameBytes)));
      await flushed(socket);
      socket.destroy();
    }),
    { numRuns: 80 },
  );
});

test('headers that cannot be unpacked', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const socket = await dialHttp2(fleet.port, web);
      const payload = Buffer.from(bytes);
      socket.write(frameBytes({ type: FRAME.headers, flags: FLAG.endHeaders, stream: 1, payload }));
      await flushed(socket);
      socket.destroy();
    }),
    { numRuns: 100 },
  );
});

test('bytes that are no HTTP/2 at all, with a certificate and without', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), async (bytes) => {
      const socket = await dialRaw(fleet.port, web);
      socket.write(Buffer.from(bytes));
      const plain = connectPlain(fleet.port, '127.0.0.1').on('error', () => undefined);
      plain.end(Buffer.from(bytes));
      plain.resume();
      await flushed(socket);
      await eventually('who speaks no TLS is cut off', () => plain.closed);
      socket.destroy();
    }),
    { numRuns: 60 },
  );
});

test('ten thousand calls, each taken back at once', async () => {
  const socket = await dialHttp2(fleet.port, web);
  const cancel = Buffer.of(0, 0, 0, 8);
  for (let stream = 1; stream < 20_000; stream += 2) {
    socket.write(beginCall(stream));
    socket.write(frameBytes({ type: FRAME.rstStream, stream, payload: cancel }));
  }
  await flushed(socket);
  await fleet.running('web-1', 'web');
  socket.destroy();
  const lines = controller.log().filter((line) => line['host'] === 'web-9');
  assert.ok(lines.length < 100, `${lines.length} lines about it in the log`);
});

const FLOODS = {
  SETTINGS: frameBytes({ type: FRAME.settings }),
  PING: frameBytes({ type: FRAME.ping, payload: Buffer.alloc(8) }),
  'empty DATA': frameBytes({ type: FRAME.data, stream: 1 }),
  'empty HEADERS': frameBytes({ type: FRAME.headers, stream: 3 }),
} as const;

for (const [what, frame] of Object.entries(FLOODS)) {
  test(`a flood of ${what} by somebody who reads none of the answers`, async () => {
    const socket = await dialHttp2(fleet.port, web);
    socket.write(beginCall(1));
    socket.pause();
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => frame));
    for (let count = 0; count < 20 && !socket.closed; count += 1) {
      if (!socket.write(many)) await flushed(socket);
    }
    await fleet.running('web-1', 'web');
    socket.destroy();
  });
}

test('headers without an end', async () => {
  const socket = await dialHttp2(fleet.port, web);
  socket.write(frameBytes({ type: FRAME.headers, stream: 1, payload: callHeaders(CONNECT) }));
  for (let count = 0; count < 2_000 && !socket.closed; count += 1) {
    const payload = headerBlock([[`x-${count}`, 'y'.repeat(15_000)]]);
    socket.write(frameBytes({ type: FRAME.continuation, stream: 1, payload }));
    await flushed(socket);
  }
  await isEnded(socket);
});

test('more calls at a time than one may have are refused, and the connection is not lost by it', async () => {
  const socket = await dialHttp2(fleet.port, web);
  const refused = refusedStreams(socket);
  for (let stream = 1; stream < 120; stream += 2) socket.write(beginCall(stream));
  await eventually('some are refused', () => refused.size > 0);
  await fleet.running('web-1', 'web');
  assert.equal(socket.closed, false);
  socket.destroy();
});

const STRANGE_HEADERS = [
  ['grpc-timeout', 'soon'],
  ['grpc-timeout', '99999999H'],
  ['grpc-timeout', '1n'],
  ['grpc-timeout', ''],
  ['grpc-encoding', '\u00ff'],
  ['content-type', 'text/html'],
  ['x-bin', '!!!'],
] as const;

const STRANGE_PATHS = [
  '/',
  '*',
  '/fleet.v1.Control/',
  '/fleet.v1.Control/constructor',
  '/fleet.v1.Control/GetVersion/../SubmitOperation',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/__proto__',
  '/../../etc/passwd',
];

test('calls of what is not there, with headers that say nothing sensible', async () => {
  const socket = await dialHttp2(fleet.port, web);
  const calls = [
    ...STRANGE_HEADERS.flatMap((header) => [
      callHeaders(CONNECT, [header]),
      callHeaders('/fleet.v1.Control/GetVersion', [header]),
    ]),
    ...STRANGE_PATHS.map((path) => callHeaders(path)),
    headerBlock([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
    ]),
  ];
  const flags = FLAG.endHeaders | FLAG.endStream;
  calls.forEach((payload, index) => {
    socket.write(frameBytes({ type: FRAME.headers, flags, stream: 2 * index + 1, payload }));
  });
  await flushed(socket);
  await fleet.running('web-1', 'web');
  socket.destroy();
});

test('connections that are half closed after their first words', async () => {
  const sockets = await Promise.all(Array.from({ length: 8 }, () => dialRaw(fleet.port, web)));
  for (const socket of sockets) socket.end(PREFACE);
  await Promise.all(sockets.map(isEnded));
});

test('a message that says it is larger than it may be ends its call before it has come', async () => {
  const socket = await dialHttp2(fleet.port, web);
  socket.write(beginCall(1));
  const head = grpcMessage(Buffer.alloc(0));
  head.writeUInt32BE(0xffffffff, 1);
  const before = socket.bytesRead;
  socket.write(frameBytes({ type: FRAME.data, stream: 1, payload: head }));
  await eventually('it is answered', () => socket.bytesRead > before + 50);
  socket.destroy();
});

const EVENT = {
  seq: 1,
  atMs: Date.now(),
  event: { kind: 'processRemoved', process: processName('web', 'web') },
} as const;

/** What an agent says in its life, as bytes. */
const REAL_FRAMES: readonly Buffer[] = (
  [
    helloOf('fuzz'),
    { kind: 'snapshot', sessionEpoch: 1, seq: 0, processes: [], last: true, configProblem: null },
    { kind: 'event', sessionEpoch: 1, ...EVENT },
    { kind: 'events', sessionEpoch: 1, events: [EVENT, { ...EVENT, seq: 2 }] },
    { kind: 'heartbeat', probe: 7 },
    { kind: 'goodbye', reason: 'going', reconnectAfterMs: 5 },
  ] satisfies readonly AgentMessage[]
).map((message) => {
  const connect = agentLinkService['Connect'];
  assert.ok(connect);
  return connect.requestSerialize(encodeAgentMessage(message));
});

/** A real frame with some of its bytes changed, lost or said twice. */
const corruptedFrame = fc
  .record({
    frame: fc.constantFrom(...REAL_FRAMES),
    changes: fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat(255) }),
      {
        maxLength: 6,
      },
    ),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
    isTwice: fc.boolean(),
  })
  .map(({ frame, changes, cut, isTwice }) => {
    const bytes = Buffer.from(frame);
    for (const { at, to } of changes) bytes[Math.floor(at * bytes.length)] = to;
    const kept = bytes.subarray(0, Math.ceil(cut * bytes.length));
    return isTwice ? Buffer.concat([kept, kept]) : kept;
  });

test('corrupted frames of a session end that session at most', async () => {
  const saying = fc.array(corruptedFrame, { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(saying, fc.boolean(), async (frames, isGreeted) => {
      using agent = dialAsAgent(fleet.port, web);
      agent.stream.on('error', () => undefined);
      if (isGreeted) {
        agent.say(helloOf('fuzz'));
        await agent.welcomed;
      }
      for (const frame of frames) agent.stream.write(frame);
      await new Promise<void>((resolve) => agent.stream.write(Buffer.of(0xff), () => resolve()));
      const { code } = await agent.refused;
      assert.ok(
        ['internal', 'usage', 'conflict', 'version-skew', 'unavailable'].includes(code),
        code,
      );
    }),
    { numRuns: 80 },
  );
});

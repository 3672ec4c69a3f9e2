/**
 * The front door under attack: who connects and stays silent, comes too often, stays too long or
 * packs too much keeps nobody else out, and what it held is given back.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { Credentials } from '../../../proto/credentials.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { createPki, readCredentials } from '../fleet/pki.ts';
import { dialAsAgent, helloOf } from './agent-stream.ts';
import { callHeaders, dialHttp2, FLAG, FRAME, frameBytes, grpcMessage } from './raw-http2.ts';
import { credentialsUntil } from './short-lived.ts';

const SECOND_MS = 1_000;
const SILENT_SOCKETS = 2_000;

let fleet: Fleet;
let controller: Daemon;
let web: Credentials;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  web = readCredentials(await fleet.pki.issue({ kind: 'agent', name: 'web-9' }), 'agent');
});

after(() => fleet?.[Symbol.dispose]());

const descriptors = (): number => readdirSync(`/proc/${controller.pid}/fd`).length;

/** @param options.reset it is that from now on (proc(5), clear_refs); else since it was last reset */
function peakMemoryMb({ reset = false } = {}): number {
  if (reset) writeFileSync(`/proc/${controller.pid}/clear_refs`, '5');
  const status = readFileSync(`/proc/${controller.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

const logged = (text: RegExp) =>
  fleet.until(`the controller logs ${text}`, () =>
    controller.log().find(({ msg }) => text.test(msg)),
  );

test('an agent joins while 2,000 silent sockets of the same address are at the door, and they are closed', async () => {
  const before = descriptors();
  const silent: Socket[] = [];
  for (let count = 0; count < SILENT_SOCKETS; count += 1) {
    const socket = connectPlain(fleet.port, '127.0.0.1');
    socket.on('error', () => undefined);
    silent.push(socket.resume());
  }
  await fleet.startAgent('web-1', { programs: '[program:web]\ncommand = sleep 1000\n' });
  await fleet.running('web-1', 'web');
  await logged(/too many handshakes were under way, and it was the oldest/);
  await logged(/did not finish the handshake in time/);
  await fleet.until('every silent socket is closed', () => silent.every(({ closed }) => closed));
  await fleet.until('their descriptors are back', () => descriptors() <= before + 10);
  const lines = controller.log().filter(({ msg }) => msg.startsWith('refused a connection'));
  assert.ok(lines.length < 50, `${lines.length} lines about one address`);
});

/** Each says nothing of HTTP/2 afterwards, and is told so by being cut off. */
const REFUSED: readonly {
  readonly who: string;
  readonly dial: () => Promise<Socket | TLSSocket>;
  readonly says: RegExp;
}[] = [
  {
    who: 'one that speaks TLS 1.2',
    dial: async () => dialTls({ ...web, maxVersion: 'TLSv1.2' }),
    says: /older versions of TLS/,
  },
  {
    who: 'one that speaks no TLS',
    dial: async () => {
      const socket = connectPlain(fleet.port, '127.0.0.1');
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      return socket;
    },
    says: /does not speak TLS/,
  },
  {
    who: 'one without a certificate',
    dial: async () => dialTls({ ca: web.ca }),
    says: /showed no certificate/,
  },
  {
    who: 'one of another authority for a fleet of the same name',
    dial: async () => {
      const namesake = await createPki(fleet.path('namesake'), 'test');
      const files = await namesake.issue({ kind: 'agent', name: 'web-9' });
      return dialTls({ ...readCredentials(files, 'agent'), ca: web.ca });
    },
    says: /another authority/,
  },
  {
    who: 'one whose certificate has expired',
    dial: async () => dialTls(credentialsUntil(fleet.pki, AGENT, Date.now() - SECOND_MS)),
    says: /has expired/,
  },
  {
    who: 'one with the certificate of a controller',
    dial: async () => {
      const files = await fleet.pki.issue({ kind: 'controller', name: 'ops' });
      return dialTls(readCredentials(files, 'controller'));
    },
    says: /not for clients/,
  },
];

const AGENT = { kind: 'agent', name: 'web-9' } as const;

/** Whatever it says before. */
function closeOf(socket: Socket): Promise<unknown> {
  socket.on('error', () => undefined);
  socket.resume();
  return fleet.until('the connection is closed', () => socket.closed);
}

function dialTls(options: object): TLSSocket {
  const { port } = fleet;
  return connect({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    ALPNProtocols: ['h2'],
    ...options,
  });
}

for (const { who, dial, says } of REFUSED) {
  test(`${who} is cut off, and the log says why`, async () => {
    await closeOf(await dial());
    await logged(says);
  });
}

// Whoever resumed one would not be asked for a certificate again, that may have ended meanwhile.
test('no session is ever resumed', async () => {
  const sound = credentialsUntil(fleet.pki, AGENT, Date.now() + 3_600 * SECOND_MS);
  const first = dialTls(sound);
  first.on('error', () => undefined);
  const [session] = (await once(first, 'session')) as [Buffer];
  const second = dialTls({ ...sound, session });
  await once(second, 'secureConnect');
  assert.equal(second.isSessionReused(), false);
  for (const socket of [first, second]) socket.destroy();
});

test('a session and its connection end within four seconds when its certificate expires', async () => {
  const endsAtMs = Math.ceil(Date.now() / SECOND_MS) * SECOND_MS + 3 * SECOND_MS;
  const brief = credentialsUntil(fleet.pki, { kind: 'agent', name: 'brief' }, endsAtMs);
  const idle = await dialHttp2(fleet.port, brief);
  using agent = dialAsAgent(fleet.port, brief);
  agent.say(helloOf('one'));
  await agent.welcomed;
  const refused = await agent.refused;
  const lateMs = Date.now() - endsAtMs;
  assert.equal(refused.code, 'unauthenticated');
  assert.match(refused.cause ?? '', /agent "brief" of fleet "test" ended at/);
  assert.ok(lateMs > 0 && lateMs < 3.5 * SECOND_MS, `${lateMs} ms after its end`);
  await closeOf(idle);
  assert.ok(Date.now() - endsAtMs < 4 * SECOND_MS, 'who says nothing at all goes, too');
  const host = await fleet.until('the fleet knows that it is gone', async () => {
    const { hosts } = await (await fleet.client()).listProcesses({ hosts: 'brief', processes: [] });
    return hosts.find(({ connected }) => !connected);
  });
  assert.equal(host.host, 'brief');
});

test('a certificate with too many connections loses its oldest, and nobody else one', async () => {
  const files = await fleet.pki.issue({ kind: 'agent', name: 'web-8' });
  const other = await dialHttp2(fleet.port, readCredentials(files, 'agent'));
  const sockets: TLSSocket[] = [];
  for (let count = 0; count < 8; count += 1) sockets.push(await dialHttp2(fleet.port, web));
  assert.ok(sockets.every(({ closed }) => !closed));
  const oldest = sockets[0];
  assert.ok(oldest);
  const closed = once(oldest, 'close');
  sockets.push(await dialHttp2(fleet.port, web));
  await closed;
  assert.equal(other.closed, false);
  assert.equal(sockets.filter((socket) => socket.closed).length, 1);
  for (const socket of [...sockets, other]) socket.destroy();
});

test('what comes packed is not unpacked, however much would come out of it', async () => {
  const before = peakMemoryMb({ reset: true });
  const packed = grpcMessage(gzipSync(Buffer.alloc(1_000_000), { level: 9 }), true);
  const bombs = {
    gzip: Buffer.concat(Array.from({ length: 15 }, () => packed)),
    deflate: Buffer.concat(Array.from({ length: 2_600 }, () => grpcMessage(Buffer.of(0x78), true))),
  };
  const socket = await dialHttp2(fleet.port, web);
  let stream = 1;
  for (let round = 0; round < 8; round += 1) {
    const readBefore = socket.bytesRead;
    // Four at a time are what the other end takes before it has read any (RFC 9113 §6.9.2).
    for (const encoding of ['gzip', 'deflate', 'gzip', 'deflate'] as const) {
      const payload = callHeaders('/fleet.v1.AgentLink/Connect', [['grpc-encoding', encoding]]);
      socket.write(frameBytes({ type: FRAME.headers, flags: FLAG.endHeaders, stream, payload }));
      socket.write(frameBytes({ type: FRAME.data, stream, payload: bombs[encoding] }));
      stream += 2;
    }
    await fleet.until('it has answered', () => socket.bytesRead > readBefore + 4 * 9);
  }
  await fleet.processes();
  assert.equal(socket.closed, false);
  const grownMb = peakMemoryMb() - before;
  assert.ok(grownMb < 60, `its memory grew by ${Math.round(grownMb)} MB`);
  socket.destroy();
});

/**
 * A peer that accepts a connection and then says nothing must not hold a client's descriptors: an
 * agent dials again and again, for as long as such a controller lasts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { Client } from '@grpc/grpc-js';
import { clientOptions, MESSAGE_MAX_BYTES } from '../../proto/channel-options.ts';
import { channelCredentials, tlsServerOptions } from '../../proto/tls.ts';
import { createPki, type Pki, readCredentials } from './fleet/pki.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleetvisor-'));
let pki: Pki;

process.noDeprecation = true;

before(async () => {
  pki = await createPki(join(folder, 'pki'), 'test');
});

after(() => rmSync(folder, { recursive: true }));

test('a client gives up silence with its socket, before TLS and after', {
  concurrency: true,
}, async (context) => {
  const controller = await pki.issue({ kind: 'controller', name: 'ops' });
  const servers = {
    'before TLS': createServer((socket) => void socket.resume()),
    'after TLS': createTlsServer(
      tlsServerOptions(readCredentials(controller, 'controller')),
      (socket) => void socket.resume(),
    ),
  };
  const tests = Object.entries(servers).map(([name, server]) =>
    context.test(name, () => dialsInVain(server)),
  );
  await Promise.all(tests);
});

async function dialsInVain(server: Server): Promise<void> {
  const accepted: Promise<unknown>[] = [];
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    accepted.push(new Promise((resolve) => socket.once('close', resolve)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const files = await pki.issue({ kind: 'operator', name: 'alice' });
  const credentials = channelCredentials(readCredentials(files, 'operator'));
  const client = new Client(`127.0.0.1:${port}`, credentials, clientOptions(MESSAGE_MAX_BYTES));
  const isReady = await new Promise<boolean>((resolve) => {
    client.waitForReady(Date.now() + 1_000, (error) => resolve(error === undefined));
  });
  assert.equal(isReady, false);
  client.close();
  assert.equal(accepted.length, 1);
  await Promise.all(accepted);
  server.close();
}

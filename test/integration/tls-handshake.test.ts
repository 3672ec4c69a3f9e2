/**
 * Real sockets on loopback: which connections a controller accepts, which it and its clients
 * refuse, and that each refusal can be explained to the people on both ends.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { type Authority, createAuthority } from '../../certs-tool/issue.ts';
import type { Credentials } from '../../proto/credentials.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { channelCredentials, tlsServerOptions } from '../../proto/tls.ts';
import { explainTlsFailure } from '../../proto/tls-failures.ts';
import { ask, carelessClient, credentialsOf, issue, type Served, serve } from './tls-harness.ts';

const NOW_MS = Date.now();
const DAY_MS = 86_400_000;

function assertExplained(failure: unknown, cause: RegExp): void {
  assert.equal(typeof failure, 'string', `was answered: ${JSON.stringify(failure)}`);
  const explanation = explainTlsFailure(String(failure));
  assert.match(explanation?.cause ?? `not explained: ${failure}`, cause);
}

let authority: Authority;
let foreign: Authority;
let old: Authority;
let agent: Credentials;
let controller: Served;
const opened: Served[] = [];

async function open(...args: Parameters<typeof serve>): Promise<Served> {
  const served = await serve(...args);
  opened.push(served);
  return served;
}

before(async () => {
  [authority, foreign, old] = await Promise.all([
    createAuthority({ fleet: 'fleet', nowMs: NOW_MS }),
    createAuthority({ fleet: 'fleet', nowMs: NOW_MS }),
    createAuthority({ fleet: 'fleet', nowMs: NOW_MS - 40 * DAY_MS }),
  ]);
  agent = await issue(authority, { kind: 'agent', name: 'web-1' });
  controller = await open(await issue(authority, { kind: 'controller', name: 'ops-1' }));
});
after(() => Promise.all(opened.map((served) => served.close())));

test('a client with the right certificate is answered, and known by it', async () => {
  const answer = await ask(`localhost:${controller.port}`, channelCredentials(agent));
  assert.deepEqual(answer, { version: '0.1.0', protocolVersion: 1 });
  assert.deepEqual(controller.callers.at(-1), agent.identity);
});

test('a controller is also found by its address', async () => {
  const answer = await ask(`127.0.0.1:${controller.port}`, channelCredentials(agent));
  assert.deepEqual(answer, { version: '0.1.0', protocolVersion: 1 });
});

test('operators are known as operators', async () => {
  const operator = await issue(authority, { kind: 'operator', name: 'alice' });
  await ask(`localhost:${controller.port}`, channelCredentials(operator));
  assert.deepEqual(controller.callers.at(-1), operator.identity);
});

/** Clients that the controller must refuse: what it logs, what they are told. */
const REFUSED_CLIENTS: readonly {
  readonly who: string;
  readonly credentials: () => Promise<ChannelCredentials>;
  readonly log: RegExp;
  readonly cause: RegExp;
}[] = [
  {
    who: 'without a certificate',
    credentials: async () => carelessClient({ ca: authority.certificatePem }),
    log: /showed no certificate/,
    cause: /none was shown/,
  },
  {
    who: 'of a foreign authority, even one for the same fleet name',
    credentials: async () => {
      const stranger = await issue(foreign, { kind: 'agent', name: 'web-1' });
      return channelCredentials({ ...stranger, ca: authority.certificatePem });
    },
    log: /another authority/,
    cause: /ended the connection without a word/,
  },
  {
    who: 'whose certificate has expired',
    credentials: async () => {
      const ca = authority.certificatePem;
      const late = await issue(authority, { kind: 'agent', name: 'web-1', sinceDays: 8 });
      return channelCredentials({ ...late, ca });
    },
    log: /has expired/,
    cause: /ended the connection without a word/,
  },
  {
    who: "with a controller's certificate",
    credentials: async () =>
      channelCredentials(await issue(authority, { kind: 'controller', name: 'ops-2' })),
    log: /not for clients/,
    cause: /ended the connection without a word/,
  },
  {
    who: 'that speaks TLS 1.2 at most',
    credentials: async () => carelessClient({ ...agent, maxVersion: 'TLSv1.2' }),
    log: /older versions of TLS/,
    cause: /older TLS than 1\.3/,
  },
  {
    who: 'that does not speak TLS',
    credentials: async () => ChannelCredentials.createInsecure(),
    log: /does not speak TLS/,
    cause: /ended the connection without a word/,
  },
];

for (const { who, credentials, log, cause } of REFUSED_CLIENTS) {
  test(`a client ${who} never reaches a handler`, async () => {
    const calls = controller.callers.length;
    const known = controller.refusals.length;
    const failure = await ask(`localhost:${controller.port}`, await credentials());
    assertExplained(failure, cause);
    assert.equal(controller.callers.length, calls);
    const logged = controller.refusals.slice(known).join('\n');
    assert.match(logged, log);
  });
}

/** Servers that a client must refuse, although each has a certificate. */
const REFUSED_SERVERS: readonly {
  readonly who: string;
  readonly credentials: () => Promise<Credentials>;
  readonly client?: () => Promise<Credentials>;
  readonly cause: RegExp;
}[] = [
  {
    who: 'of a foreign authority',
    credentials: () => issue(foreign, { kind: 'controller', name: 'ops-1' }),
    cause: /another authority/,
  },
  {
    who: 'issued for another host',
    credentials: () =>
      issue(authority, { kind: 'controller', name: 'ops-1', san: 'DNS:ops-1.example.com' }),
    cause: /does not cover "localhost", only (DNS|IP):/,
  },
  {
    who: 'issued for an address only, whose common name is the host',
    credentials: () =>
      issue(authority, { kind: 'controller', name: 'localhost', san: 'IP:127.0.0.1' }),
    cause: /does not cover "localhost", only (DNS|IP):/,
  },
  {
    who: "that shows an agent's certificate",
    credentials: async () => agent,
    cause: /may not serve/,
  },
  {
    who: 'that may serve, but is an agent',
    credentials: async () => serverNamed('spiffe://fleet/agent/web-1'),
    cause: /no controller of this fleet/,
  },
  {
    who: 'of another fleet under the same authority',
    credentials: async () => serverNamed('spiffe://other/controller/ops-1'),
    cause: /no controller of this fleet/,
  },
  {
    who: 'whose certificate has expired',
    credentials: () => issue(old, { kind: 'controller', name: 'ops-1', sinceDays: 40 }),
    client: () => issue(old, { kind: 'agent', name: 'web-1' }),
    cause: /controller's certificate has expired/,
  },
];

/** What fleet-certs never issues: a certificate for servers with a URI of our choice. */
function serverNamed(uri: string): Credentials {
  const key = agent.key;
  const publicKeyPem = new X509Certificate(agent.cert).publicKey
    .export({ type: 'spki', format: 'pem' })
    .toString();
  const cert = buildCertificate(
    {
      commonName: 'localhost',
      organization: 'fleet',
      use: 'server',
      alternativeNames: [
        { kind: 'uri', value: uri },
        { kind: 'dns', value: 'localhost' },
      ],
      notBeforeMs: NOW_MS - DAY_MS,
      notAfterMs: NOW_MS + DAY_MS,
      publicKeyPem,
    },
    { certificatePem: authority.certificatePem, privateKey: createPrivateKey(authority.keyPem) },
  );
  return credentialsOf(authority, cert, key);
}

for (const { who, credentials, client, cause } of REFUSED_SERVERS) {
  test(`a server ${who} gets no call`, async () => {
    const impostor = await open(await credentials());
    const caller = client === undefined ? agent : await client();
    const failure = await ask(`localhost:${impostor.port}`, channelCredentials(caller));
    assertExplained(failure, cause);
    assert.equal(impostor.callers.length, 0);
  });
}

test('a client does not fall back to TLS 1.2', async () => {
  const credentials = await issue(authority, { kind: 'controller', name: 'ops-1' });
  const outdated = await open(credentials, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  const failure = await ask(`localhost:${outdated.port}`, channelCredentials(agent));
  assertExplained(failure, /older TLS than 1\.3/);
});

test('a port that nobody listens on is explained', async () => {
  const vacant = await serve(agent);
  await vacant.close();
  const failure = await ask(`localhost:${vacant.port}`, channelCredentials(agent));
  assertExplained(failure, /nothing listens/);
});

test('no session is resumed: each connection proves its certificate anew', async () => {
  const { ca, cert, key } = agent;
  const options: ConnectionOptions = { host: 'localhost', port: controller.port, ca, cert, key };
  options.ALPNProtocols = ['h2'];
  const first = connect(options);
  const [session] = (await once(first, 'session')) as [Buffer];
  first.destroy();
  const second = connect({ ...options, session });
  await once(second, 'secureConnect');
  assert.equal(second.isSessionReused(), false);
  second.destroy();
});

test('who connects and says nothing is cut off when the time for the handshake is over', async () => {
  assert.equal(tlsServerOptions(agent).handshakeTimeout, 5_000);
  const hurried = await open(agent, { handshakeTimeout: 20 });
  const silent = connectPlain(hurried.port, 'localhost');
  silent.resume();
  await once(silent, 'close');
  assert.match(hurried.refusals.join('\n'), /did not finish the handshake in time/);
});

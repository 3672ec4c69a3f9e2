/**
 * Who stands where the controller should be, without being one: nobody of the fleet says a word to
 * it, whatever Node is told by the environment to let pass.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import type { Credentials } from '../../../proto/credentials.ts';
import { isRefusal } from '../../../proto/errors.ts';
import { identityOf } from '../../../proto/identity.ts';
import { buildCertificate } from '../../../proto/pki/certificate.ts';
import { agentConf } from '../fleet/config-files.ts';
import { type Daemon, startProgram } from '../fleet/daemon.ts';
import { freePort } from '../fleet/free-port.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { type Pki, readCredentials, sharedPki } from '../fleet/pki.ts';
import { MARK } from '../fleet/processes.ts';
import { type ScriptedController, startScriptedController } from '../fleet/scripted-controller.ts';
import { anyKeys } from './short-lived.ts';

/** What people set who want a certificate error to go away. */
const careless = (): Readonly<Record<string, string>> => ({
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_EXTRA_CA_CERTS: fleet.path('elsewhere', 'ca.crt'),
  NODE_NO_WARNINGS: '1',
});

interface Impostor {
  readonly who: string;
  readonly port: number;
  readonly controller: ScriptedController;
}

let fleet: Fleet;
let impostors: readonly Impostor[];
let plain: Server;
let plainText = '';

before(async () => {
  fleet = await createFleet();
  const elsewhere = await sharedPki(fleet.path('elsewhere'), 'elsewhere');
  const own = async (kind: 'agent' | 'operator'): Promise<Credentials> =>
    readCredentials(await fleet.pki.issue({ kind, name: 'mallory' }), kind);
  const san = 'DNS:controller.example.com';
  const other = await fleet.pki.issue({ kind: 'controller', name: 'other', san });
  const credentials: Readonly<Record<string, Credentials>> = {
    'a controller of another authority': forged({ ...elsewhere.authority, fleet: 'test' }, DAY_MS),
    'a controller of another name': readCredentials(other, 'controller'),
    'an operator of the fleet': await own('operator'),
    'an agent of the fleet': await own('agent'),
    'a controller whose certificate has expired': forged(fleet.pki.authority, -DAY_MS),
    'a controller of another fleet': forged({ ...fleet.pki.authority, fleet: 'tset' }, DAY_MS),
  };
  impostors = await Promise.all(
    Object.entries(credentials).map(async ([who, shown]) => {
      const port = await freePort();
      const ca = fleet.pki.authority.certificatePem;
      return { who, port, controller: await startScriptedController({ ...shown, ca }, port) };
    }),
  );
  plain = createServer((socket) => {
    socket.on('data', (bytes) => {
      plainText += bytes.toString('latin1');
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
});

after(async () => {
  fleet?.[Symbol.dispose]();
  plain?.close();
  for (const { controller } of impostors ?? []) await controller[Symbol.asyncDispose]();
});

const DAY_MS = 86_400_000;

/** A certificate of a controller for this machine that this authority would not issue so. */
function forged(authority: Pki['authority'], endsInMs: number): Credentials {
  const { keyPem: key, publicKeyPem } = anyKeys();
  const cert = buildCertificate(
    {
      commonName: 'ops',
      organization: authority.fleet,
      use: 'server',
      alternativeNames: [
        { kind: 'uri', value: `spiffe://${authority.fleet}/controller/ops` },
        { kind: 'ip', value: '127.0.0.1' },
      ],
      notBeforeMs: Date.now() - 2 * DAY_MS,
      notAfterMs: Date.now() + endsInMs,
      publicKeyPem,
    },
    authority,
  );
  const identity = identityOf(new X509Certificate(cert).raw);
  if (isRefusal(identity)) throw new Error(identity.cause ?? identity.message);
  return { ca: '', cert, key, identity };
}

const plainPort = (): number => {
  const address = plain.address();
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
};

async function fleetctlTo(port: number): Promise<Daemon> {
  const { ca, cert, key } = await fleet.pki.issue({ kind: 'operator', name: 'alice' });
  const controller = `127.0.0.1:${port}`;
  const config = fleet.writeFleetctlConf(`to-${port}`, { controller, ca, cert, key });
  const restart = ['restart', 'secret-name', '--hosts', '@*', '--yes'];
  return startProgram({
    name: 'fleetctl',
    words: [fleet.path('programs', 'fleetctl.js'), '--config', config, ...restart],
    directory: fleet.folder,
    env: { HOME: fleet.folder, PATH: '/usr/bin:/bin', [MARK]: fleet.folder, ...careless() },
  });
}

/** Of each, why it is not spoken to. */
const CAUSES: Readonly<Record<string, RegExp>> = {
  'a controller of another authority': /certificate of another authority/,
  'a controller of another name': /does not cover "127\.0\.0\.1"/,
  'an operator of the fleet': /an agent's or operator's certificate, which may not serve/,
  'an agent of the fleet': /an agent's or operator's certificate, which may not serve/,
  'a controller whose certificate has expired': /certificate has expired/,
  'a controller of another fleet': /no controller of this fleet/,
  plain: /does not speak our protocol/,
};

test('fleetctl says nothing to an impostor, and says why', async () => {
  const dialled = await Promise.all(
    [
      ...impostors.map(({ who, port }) => [who, port] as const),
      ['plain', plainPort()] as const,
    ].map(async ([who, port]) => {
      const fleetctl = await fleetctlTo(port);
      const { code } = await fleetctl.ended();
      return { who, code, stderr: fleetctl.stderr() };
    }),
  );
  for (const { who, code, stderr } of dialled) {
    assert.equal(code, 4, `${who}: ${stderr}`);
    const [, cause = ''] =
      /^error: the controller at \S+ cannot be reached\ncause: (.*)/.exec(stderr) ?? [];
    assert.match(cause, CAUSES[who] ?? assert.fail(who), who);
  }
  assert.doesNotMatch(plainText, /secret-name|fleet\.v1|PRI \*/);
});

/** Resolves when it has a session with the controller that is real. */
async function agentBeyond(name: string, ports: readonly number[]): Promise<Daemon> {
  const certificate = await fleet.pki.issue({ kind: 'agent', name });
  const controllers = [...ports, fleet.port].map((port) => `127.0.0.1:${port}`).join(', ');
  const programs = '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n';
  const place = { folder: fleet.folder, name, certificate };
  const config = fleet.write(
    `${name}.conf`,
    agentConf(place, { controller: controllers, programs }),
  );
  const agent = fleet.runAgent(['-c', config], { name, env: careless() });
  await fleet.running(name, 'web');
  return agent;
}

test('agents say nothing to any of them, and go on to the one that is real', async () => {
  await fleet.startController();
  const ports = [...impostors.map(({ port }) => port), plainPort()];
  // Two each: between two tries an agent waits.
  const pairs = ports.flatMap((port, index) =>
    index % 2 === 0 ? [[port, ...ports.slice(index + 1, index + 2)]] : [],
  );
  const agents = await Promise.all(pairs.map((pair, index) => agentBeyond(`web-${index}`, pair)));
  const logs = agents.map((agent) => agent.stderr()).join('');
  for (const port of ports) assert.match(logs, new RegExp(`:${port}\\b`), 'it was dialled');
  for (const { who, controller } of impostors) assert.equal(controller.sessions.length, 0, who);
  assert.doesNotMatch(plainText, /fleet\.v1|web-1|PRI \*/);
});

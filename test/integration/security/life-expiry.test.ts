/**
 * The end of a certificate: who has one that nobody renewed is out within seconds, with everything
 * that is open, and what the host runs goes on; it comes back when somebody says so.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Daemon } from '../fleet/daemon.ts';
import type { Fleet } from '../fleet/harness.ts';
import { begin } from '../fleet/operations.ts';
import { isAlive, sendSignal } from '../fleet/processes.ts';
import {
  gateBefore,
  type Host,
  linesOf,
  locally,
  localPid,
  placeHost,
  placePair,
  runHost,
  statusOf,
} from './life-stage.ts';
import { LETS_IN, type OpenFleet, openFleet, SIGNS } from './newcomers.ts';
import { credentialsUntil } from './short-lived.ts';

/** From its end until everything by it is closed. */
const CLOSED_WITHIN_MS = 3_000;

let open: OpenFleet;
let fleet: Fleet;

before(async () => {
  open = await openFleet(`${LETS_IN}${SIGNS}[operator:bob]\nroles = admin\n`);
  fleet = open.fleet;
});

after(() => open?.[Symbol.dispose]());

/** A whole second, as the ends of certificates are. */
const inSeconds = (seconds: number): number => Math.ceil(Date.now() / 1_000 + seconds) * 1_000;

const PROGRAMS = `[program:web]
command = sleep 1000
startsecs = 0
[program:slow]
command = sleep 1000
startsecs = 60
autostart = false
[program:quick]
command = sleep 1000
startsecs = 0
autostart = false
`;

test('who cannot renew is out within seconds of the end; programs run on, and it is readmitted', async () => {
  using gate = await gateBefore(fleet.port);
  const endsAtMs = inSeconds(8);
  const host = placeHost(open, 'web-1', { endsAtMs, programs: PROGRAMS, port: gate.port });
  const agent = await runHost(fleet, host);
  const web = await fleet.running('web-1', 'web');
  await fleet.until('it is out', async () => {
    const status = await statusOf(fleet, 'web-1');
    return status !== null && !status.connected;
  });
  await assertClosed('AgentLink.Connect', endsAtMs);
  assert.ok(isAlive(web));
  await fleet.until('it has asked to come back', async () =>
    /asks to come back/.test((await statusOf(fleet, 'web-1'))?.identityProblem ?? ''),
  );
  const hosts = await fleet.fleetctl('hosts');
  assert.match(
    hosts.stdout + hosts.stderr,
    /web-1: identity in doubt: .*fleetctl host readmit web-1/,
  );
  const described = await fleet.fleetctl('describe', 'web-1');
  assert.match(described.stdout, /asks to come back/);

  gate.open();
  const next = await startedExpired(host, agent, web);
  const readmitted = await fleet.fleetctl('host', 'readmit', 'web-1');
  assert.equal(readmitted.code, 0, readmitted.stderr);
  // It asks each minute; one that is started asks at once.
  await next.end('SIGKILL');
  const back = await runHost(fleet, host);
  await fleet.until('it is back', async () => (await statusOf(fleet, 'web-1'))?.connected);
  assert.equal(linesOf(back, 'this host was readmitted').length, 1);
  assert.equal(await fleet.running('web-1', 'web'), web);
  assert.equal((await statusOf(fleet, 'web-1'))?.identityProblem, null);
  const certificate = new X509Certificate(readFileSync(host.files.cert));
  assert.ok(Date.parse(certificate.validTo) > Date.now() + 86_400_000);
  await back.end('SIGKILL');
});

/** As the controller says, which has closed it. */
async function assertClosed(rpc: string, endsAtMs: number): Promise<void> {
  const line = await fleet.until(`${rpc} is closed`, () =>
    open.controller.log().find((one) => one['rpc'] === rpc && /ended at/.test(`${one['cause']}`)),
  );
  const lateMs = Date.parse(`${line['time']}`) - endsAtMs;
  assert.ok(lateMs >= 0 && lateMs < CLOSED_WITHIN_MS, `${rpc}: ${lateMs} ms`);
}

/** An agent supervises by a certificate that has expired as by any other. */
async function startedExpired(host: Host, before: Daemon, web: number): Promise<Daemon> {
  await before.end('SIGKILL');
  const agent = await runHost(fleet, host);
  assert.equal(await localPid(fleet, host.name, 'web'), web);
  const started = await locally(fleet, host.name, 'start', 'quick');
  assert.equal(started.code, 0, started.stderr + started.stdout);
  const quick = await localPid(fleet, host.name, 'quick');
  sendSignal(quick, 'SIGKILL');
  await fleet.until('it was started again', async () => {
    const pid = await localPid(fleet, host.name, 'quick');
    return pid > 0 && pid !== quick;
  });
  assert.match(agent.stderr(), /fleetctl host readmit web-1/);
  return agent;
}

test('what an operator watches ends with the certificate by which it was opened', async () => {
  const host = placeHost(open, 'web-2', { endsAtMs: inSeconds(3_000), programs: PROGRAMS });
  await runHost(fleet, host);
  await fleet.running('web-2', 'web');
  const operation = await begin(fleet, { verb: 'start', hosts: 'web-2', processes: ['slow'] });
  const endsAtMs = inSeconds(8);
  const bob = credentialsUntil(fleet.pki, { kind: 'operator', name: 'bob' }, endsAtMs);
  const config = fleet.writeFleetctlConf('bob', { ...placePair(fleet, 'bob', bob) });
  const streams = await Promise.all([
    fleet.startFleetctl('--config', config, 'op', 'watch', operation),
    fleet.startFleetctl('--config', config, 'logs', 'web', '-f', '--hosts', 'web-2'),
  ]);
  await Promise.all(
    streams.map(async (stream) => {
      const { code } = await stream.ended();
      assert.equal(code, 5, stream.stderr());
      assert.match(stream.stderr(), /ended at/);
    }),
  );
  for (const rpc of ['Control.WatchOperation', 'Control.ReadLogs']) {
    await assertClosed(rpc, endsAtMs);
  }
});

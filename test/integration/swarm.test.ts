/**
 * Simulated agents are worth only what they have in common with real ones: through a real
 * controller and a real fleetctl they restart, fail, stay silent and come back as real ones do.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OBEDIENT } from '../swarm/behaviour.ts';
import { type Swarm, startSwarm } from '../swarm/swarm.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, endOf, type Fleet, operationRequest } from './fleet/harness.ts';

const HOSTS = Array.from({ length: 100 }, (_, at) => `web-${`${at + 1}`.padStart(3, '0')}`);
const SUBMIT_WITHIN_MS = 10_000;
const BACK_WITHIN_MS = 10_000;

let fleet: Fleet;
let controller: Daemon;
let swarm: Swarm;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  swarm = await startSwarm({
    controller: { host: '127.0.0.1', port: fleet.port },
    authority: fleet.pki.authority,
    hosts: HOSTS,
    labels: (host) => ({ role: host.endsWith('7') ? 'edge' : 'web' }),
    processes: [
      { name: 'web', startMs: 200 },
      { group: 'jobs', name: 'mail', priority: 10, startMs: 0 },
    ],
  });
});

after(async () => {
  await swarm?.[Symbol.asyncDispose]();
  fleet?.[Symbol.dispose]();
});

async function restart(hosts: string, processes: readonly string[]) {
  const client = await fleet.client();
  const request = operationRequest({ verb: 'restart', hosts, processes });
  const { id } = await client.submitOperation(
    { kind: 'operation', request },
    AbortSignal.timeout(SUBMIT_WITHIN_MS),
  );
  return { client, id };
}

test('every simulated host is connected, with its labels and its programs RUNNING', async () => {
  const client = await fleet.client();
  const listing = await client.listProcesses({ hosts: 'role=edge', processes: [] });
  assert.deepEqual(
    listing.hosts.map(({ host }) => host).sort(),
    HOSTS.filter((host) => host.endsWith('7')),
  );
  assert.equal(listing.processes.length, 20);
  assert.ok(listing.processes.every((held) => held.hostConnected && held.status.pid !== null));
  assert.equal(await swarm.connected(), HOSTS.length);
});

test('a restart gives every process a new pid, tier after tier', async () => {
  const { client, id } = await restart('@*', ['web', 'jobs:mail']);
  const operation = await endOf(client, id);
  assert.equal(operation.state, 'succeeded');
  assert.equal(operation.waves.length, 2);
  assert.equal(operation.targets.length, 2 * HOSTS.length);
  assert.ok(operation.targets.every(({ oldPid, newPid }) => newPid !== null && newPid !== oldPid));
});

test('programs that crash fail their target with the last lines that they printed', async () => {
  const lastLines = ['cannot open /etc/web.conf'];
  await swarm.behave({ ...OBEDIENT, lastLines, fates: { 'web-042': 'crashes' } });
  const { client, id } = await restart('web-04*', ['web']);
  const operation = await endOf(client, id);
  assert.equal(operation.state, 'failed');
  const failed = operation.targets.filter(({ state }) => state !== 'succeeded');
  assert.deepEqual(
    failed.map(({ host, state, logTail }) => [host, state, logTail]),
    [['web-042', 'failed', lastLines]],
  );
});

test('a host that never answers keeps its target open, and answers when it is asked again', async () => {
  await swarm.behave({ ...OBEDIENT, fates: { 'web-051': 'mute' } });
  const { client, id } = await restart('web-05*', ['web']);
  const open = await fleet.until('all others are done', async () => {
    const { targets } = await client.getOperation(id);
    const left = targets.filter(({ state }) => state !== 'succeeded');
    return left.length === 1 && left;
  });
  assert.deepEqual(
    open.map(({ host, state }) => [host, state]),
    [['web-051', 'dispatched']],
  );
  await swarm.behave(OBEDIENT);
  await controller.end('SIGKILL');
  controller = await fleet.startController();
  assert.equal((await endOf(await fleet.client(), id)).state, 'succeeded');
});

test('all are back after the controller was gone', async () => {
  await fleet.until('all are back', async () => (await swarm.connected()) === HOSTS.length, {
    withinMs: BACK_WITHIN_MS,
  });
});

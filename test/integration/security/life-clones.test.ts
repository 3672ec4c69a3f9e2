/**
 * A machine that was copied with its key is told from one that was restarted: the copy never gets in
 * beside the original, and the original is never kept out.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Daemon } from '../fleet/daemon.ts';
import type { Fleet } from '../fleet/harness.ts';
import { isAlive } from '../fleet/processes.ts';
import { type Host, linesOf, placeHost, runHost, statusOf } from './life-stage.ts';
import { LETS_IN, type OpenFleet, openFleet, relayFrom } from './newcomers.ts';

const RESTARTS = 20;
const CLONE_TRIES = 5;

let open: OpenFleet;
let fleet: Fleet;

before(async () => {
  open = await openFleet(LETS_IN);
  fleet = open.fleet;
});

after(() => open?.[Symbol.dispose]());

const PROGRAMS = '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n';
const HALF_AN_HOUR_MS = 1_800_000;

const hostOf = (name: string): Host =>
  placeHost(open, name, { endsAtMs: Date.now() + HALF_AN_HOUR_MS, programs: PROGRAMS });

test('a copy of a running host is refused, and the original is not interrupted once', async () => {
  const host = hostOf('web-1');
  const agent = await runHost(fleet, host);
  const web = await fleet.running('web-1', 'web');
  const since = (await statusOf(fleet, 'web-1'))?.connectedSinceMs;
  using elsewhere = await relayFrom('127.0.0.2', fleet.port);
  const copy = copyOf(host, elsewhere.port);
  for (let tries = 0; tries < CLONE_TRIES; tries += 1) {
    const clone = await runHost(fleet, copy);
    await fleet.until('it is refused', () =>
      linesOf(clone, 'no session').some(({ why }) => /another agent is connected/.test(`${why}`)),
    );
    assert.equal(linesOf(clone, 'session is up').length, 0);
    const status = await statusOf(fleet, 'web-1');
    assert.equal(status?.connectedSinceMs, since, 'the session of the original has changed');
    assert.match(status?.identityProblem ?? '', /127\.0\.0\.1.*127\.0\.0\.2/);
    await clone.end('SIGKILL');
  }
  assert.equal(linesOf(agent, 'session is up').length, 1);
  assert.equal(linesOf(agent, 'no session').length, 0);
  assert.equal(await fleet.running('web-1', 'web'), web);
  const hosts = await fleet.fleetctl('hosts');
  assert.match(hosts.stdout, /^web-1 +identity in doubt/m);
  const settled = await fleet.fleetctl('host', 'readmit', 'web-1');
  assert.equal(settled.code, 0, settled.stderr);
  assert.equal((await statusOf(fleet, 'web-1'))?.identityProblem, null);
});

/** Everything of it, as a copied disk has it, but a socket of its own. */
function copyOf(host: Host, port: number): Host {
  execFileSync('cp', ['-a', fleet.path(host.name), fleet.path('copy')]);
  execFileSync('cp', ['-a', fleet.path(`pki-of-${host.name}`), fleet.path('pki-of-copy')]);
  const text = readFileSync(host.config, 'utf8')
    .replaceAll(`${fleet.path(`pki-of-${host.name}`)}/`, `${fleet.path('pki-of-copy')}/`)
    .replace(`state_dir = ${fleet.path(host.name)}\n`, `state_dir = ${fleet.path('copy')}\n`)
    .replace(fleet.path(`${host.name}.sock`), fleet.path('copy.sock'))
    .replace(/^controllers = .*$/m, `controllers = 127.0.0.1:${port}`);
  const config = fleet.path('copy.conf');
  writeFileSync(config, text);
  return { ...host, name: 'copy', config };
}

test('a host that is restarted, however it ended, is never taken for its own copy', async () => {
  const host = hostOf('web-2');
  let agent = await runHost(fleet, host);
  const web = await fleet.running('web-2', 'web');
  for (let restarts = 0; restarts < RESTARTS; restarts += 1) {
    await agent.end(restarts % 4 === 3 ? 'SIGALRM' : 'SIGKILL');
    agent = await runHost(fleet, host);
    await isIn(agent);
    assert.equal(linesOf(agent, 'no session').length, 0, agent.stderr());
  }
  assert.equal(await fleet.running('web-2', 'web'), web);
  assert.equal((await statusOf(fleet, 'web-2'))?.identityProblem, null);
  assert.ok(isAlive(web));
});

const isIn = (agent: Daemon): Promise<unknown> =>
  fleet.until('it has a session', () => linesOf(agent, 'session is up').length === 1);

/**
 * The controller's own troubles: it dies between the use of a token and the answer, and its
 * certificate is changed under everything that is open.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { issueLeaf } from '../../../certs-tool/issue.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { freePort } from '../fleet/free-port.ts';
import type { Fleet } from '../fleet/harness.ts';
import { begin } from '../fleet/operations.ts';
import { isAlive } from '../fleet/processes.ts';
import { trace, whyUntraceable } from '../kill-sweep/tracer.ts';
import { type Host, joinBy, linesOf, newToken, placeHost, runHost } from './life-stage.ts';
import { LETS_IN, openFleet, SIGNS } from './newcomers.ts';

/** More than there are when a host joins. */
const WRITES = 4;

test('a controller that dies while it lets somebody in gives one certificate or a refusal, never two', async (t) => {
  const why = await whyUntraceable();
  if (why !== null) return t.skip(why);
  using open = await openFleet(`enroll_listen = 127.0.0.1:${await freePort()}\n${SIGNS}`);
  const { fleet } = open;
  let { controller } = open;
  const outcomes: string[] = [];
  for (let killAt = 1; killAt <= WRITES; killAt += 1) {
    const host = placeHost(open, `web-${killAt}`, { endsAtMs: null, programs: '' });
    const token = await newToken(fleet, '--hosts', host.name);
    const notes = fleet.path('controller.trace');
    const looking = await trace({ pid: controller.pid, notes, killAt });
    const first = await joinBy(fleet, host, token);
    await looking.detach();
    const wasKilled = !isAlive(controller.pid);
    if (wasKilled) {
      await controller.ended();
      controller = await fleet.startController();
    }
    const last = first.code === 0 ? first : await joinBy(fleet, host, token);
    outcomes.push(`${wasKilled ? 'killed' : 'lived'} ${first.code} ${last.code}`);
    assert.equal(last.code, 0, `killed at ${killAt}: ${first.output}${last.output}`);
    assertOne(fleet, host);
  }
  t.diagnostic(outcomes.join(', '));
  assert.ok(outcomes.filter((outcome) => /^killed [^0]/.test(outcome)).length > 0, `${outcomes}`);
  assert.match(outcomes.at(-1) ?? '', /^lived/, 'there are more writes than were tried');
  const { code, stderr } = await fleet.fleetctl('audit', 'verify');
  assert.equal(code, 0, stderr);
});

/** On record, and it is the one that the host has. */
function assertOne(fleet: Fleet, { name, files }: Host): void {
  const rows = fleet.query<{ fingerprint: string }>(
    'controller/fleet.db',
    `SELECT fingerprint FROM certificates WHERE name = '${name}' AND issued IS NOT NULL`,
  );
  const own = new X509Certificate(readFileSync(files.cert)).fingerprint256;
  assert.deepEqual(
    rows.map(({ fingerprint }) => fingerprint),
    [own],
  );
  const used = fleet.query<{ used: string }>(
    'controller/fleet.db',
    `SELECT used FROM tokens WHERE names = '${name}' AND used IS NOT NULL`,
  );
  assert.equal(used.length, 1);
}

test('its certificate is changed under a session, a watched operation and followed logs', async () => {
  using open = await openFleet(LETS_IN);
  const { fleet, controller } = open;
  const ticker = fleet.script('ticker', 'while :; do echo tick; sleep 0.2; done\n');
  const programs = `[program:web]\ncommand = ${ticker}\nstartsecs = 0
[program:slow]\ncommand = sleep 1000\nstartsecs = 60\nautostart = false\n`;
  const host = placeHost(open, 'web-1', { endsAtMs: Date.now() + 1_800_000, programs });
  const agent = await runHost(fleet, host);
  await fleet.running('web-1', 'web');
  const id = await begin(fleet, { verb: 'start', hosts: 'web-1', processes: ['slow'] });
  const watching = await fleet.startFleetctl('op', 'watch', id);
  const following = await fleet.startFleetctl('logs', 'web', '-f', '--hosts', 'web-1');
  await fleet.until('logs come', () => following.stdout() !== '');
  const files = await fleet.pki.issue({ kind: 'controller', name: 'ops' });
  const san = 'DNS:localhost,IP:127.0.0.1';
  const wanted = { kind: 'controller', name: 'ops', nowMs: Date.now(), san } as const;
  const next = await issueLeaf(fleet.pki.authority, wanted);

  writeFileSync(files.key, next.keyPem);
  await readAgain(fleet, controller);
  assert.equal(countOf(controller, /files are in use/), 0);
  writeFileSync(files.cert, next.certificatePem);
  await readAgain(fleet, controller);
  await fleet.until('it uses them', () => countOf(controller, /files are in use/) > 0);
  const heard = following.stdout().length;
  await fleet.until('logs come still', () => following.stdout().length > heard);
  assert.ok(!watching.hasEnded() && !following.hasEnded());
  assert.equal(linesOf(agent, 'session is up').length, 1);
  const anew = await fleet.fleetctl('hosts');
  assert.equal(anew.code, 0, anew.stderr);
});

async function readAgain(fleet: Fleet, controller: Daemon): Promise<void> {
  const before = countOf(controller, /read again/);
  controller.signal('SIGHUP');
  await fleet.until('it has looked', () => countOf(controller, /read again/) > before);
}

const countOf = (controller: Daemon, text: RegExp): number =>
  controller.log().filter(({ msg }) => text.test(msg)).length;

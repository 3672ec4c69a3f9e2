/**
 * What is taken away is gone at once, whatever goes on under it: an operation on the host, streams
 * of an operator. No process is touched, and who is let in again finds its own.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { LogLine } from '../fleet/daemon.ts';
import { type Fleet, resultOf } from '../fleet/harness.ts';
import { begin, ended, operationOf, targetOf } from '../fleet/operations.ts';
import { descriptorsOf, isAlive } from '../fleet/processes.ts';
import {
  type Host,
  joinBy,
  linesOf,
  newToken,
  placeHost,
  runHost,
  statusOf,
} from './life-stage.ts';
import { LETS_IN, type OpenFleet, openFleet, SIGNS } from './newcomers.ts';

const CLOSED_WITHIN_MS = 2_000;

let open: OpenFleet;
let fleet: Fleet;

before(async () => {
  const more = '[operator:bob]\nroles = admin\n';
  open = await openFleet(`${LETS_IN}${SIGNS}unreachable_after = 1\n${more}`);
  fleet = open.fleet;
});

after(() => open?.[Symbol.dispose]());

/** `slow` writes down each of its starts. */
const programsOf = (name: string, startSeconds: number): string => `[program:web]
command = sleep 1000
startsecs = 0
[program:slow]
command = ${fleet.script(`slow-${name}`, `echo started >> '${fleet.path(`starts-${name}`)}'\nexec sleep 1000\n`)}
startsecs = ${startSeconds}
autostart = false
`;

/** Has come in by a token, as all do. */
async function member(name: string, startSeconds = 8) {
  const host = placeHost(open, name, { endsAtMs: null, programs: programsOf(name, startSeconds) });
  const joined = await joinBy(fleet, host, await newToken(fleet, '--hosts', name));
  assert.equal(joined.code, 0, joined.output);
  const agent = await runHost(fleet, host);
  return { host, agent, web: await fleet.running(name, 'web') };
}

const isOut = async (name: string): Promise<boolean> =>
  (await statusOf(fleet, name))?.connected !== true;

test('an agent that is revoked in the middle of an operation is out, and nothing is done twice', async () => {
  const { host, agent, web } = await member('web-1');
  const id = await begin(fleet, { verb: 'start', hosts: 'web-1', processes: ['slow'] });
  await fleet.lineCount(1, 'starts-web-1');
  const atMs = Date.now();
  const revoked = await fleet.fleetctl('cert', 'revoke', 'agent/web-1', '--yes', '--reason', 'x');
  const saidMs = Date.now();
  assert.equal(revoked.code, 0, revoked.stderr);
  await fleet.until('it is out', () => isOut('web-1'));
  assert.ok(Date.now() - saidMs < CLOSED_WITHIN_MS, `${Date.now() - atMs} ms`);
  await fleet.until('it was refused when it came back', () =>
    linesOf(agent, 'no session').some(({ why }) => /revoked/.test(String(why))),
  );
  assert.ok(isAlive(web));
  const { targets } = await ended(fleet, id);
  const lost = targetOf({ targets }, 'web-1', 'slow');
  assert.match(lost.state, /^(?:unreachable|indeterminate)$/);

  await agent.end('SIGKILL');
  const refused = await runHost(fleet, host);
  await fleet.until('it is refused', () => linesOf(refused, 'no session').length > 0);
  await refused.end('SIGKILL');
  await rejoined(host, ['--hosts', 'web-1', '--replace']);
  assert.equal(await fleet.running('web-1', 'web'), web);
  await fleet.running('web-1', 'slow');
  assert.equal(fleet.lines('starts-web-1').length, 1);
  const after = targetOf(await operationOf(fleet, id), 'web-1', 'slow');
  assert.match(after.state, /^(?:unreachable|indeterminate|succeeded)$/);
});

async function rejoined(host: Host, token: readonly string[]): Promise<void> {
  const joined = await joinBy(fleet, host, await newToken(fleet, ...token), '--replace');
  assert.equal(joined.code, 0, joined.output);
  await runHost(fleet, host);
  await fleet.until(`${host.name} is back`, async () => !(await isOut(host.name)));
}

test('an operator who is revoked sees nothing any more of what is watched and followed', async () => {
  const { agent } = await member('web-2', 60);
  const id = await begin(fleet, { verb: 'start', hosts: 'web-2', processes: ['slow'] });
  const config = await fleet.writeOperatorConf({ kind: 'operator', name: 'bob' });
  const watching = await fleet.startFleetctl('--config', config, 'op', 'watch', id);
  await fleet.until('it watches', () => isConnected(watching.pid, fleet.port));
  const status = await fleet.startFleetctl('--config', config, 'status', '--watch', '-o', 'jsonl');
  await fleet.until('the status is shown', () => status.stdout() !== '');
  const words = ['logs', 'web', '-f', '--hosts', 'web-2'];
  const streams = [watching, status, await fleet.startFleetctl('--config', config, ...words)];
  await fleet.until('the logs are read', async () =>
    (await auditOf('bob')).some((action) => /log/i.test(action)),
  );
  const revoked = await fleet.fleetctl('cert', 'revoke', 'operator/bob', '--yes');
  const saidMs = Date.now();
  assert.equal(revoked.code, 0, revoked.stderr);
  await Promise.all(
    streams.map(async (stream, index) => {
      const { code, stderr } = await resultOf(stream);
      assert.equal(code, 5, `${index}: ${stderr}`);
      assert.match(stderr, /revoked/);
    }),
  );
  for (const line of await closedOf('operator bob', streams.length)) {
    const tookMs = Date.parse(String(line['time'])) - saidMs;
    assert.ok(tookMs < CLOSED_WITHIN_MS, `${String(line['rpc'])}: ${tookMs} ms`);
  }
  const again = await fleet.fleetctl('--config', config, 'hosts');
  assert.equal(again.code, 5, again.stderr);
  assert.equal((await operationOf(fleet, id)).endedAtMs, null, 'what was watched goes on');
  assert.equal(linesOf(agent, 'session is up').length, 1);
});

/** As the controller says, which has closed them: how long programs take to end is another question. */
async function closedOf(who: string, least: number): Promise<readonly LogLine[]> {
  const lines = () =>
    open.controller
      .log()
      .filter((line) => line['caller'] === who && /revoked/.test(`${line.msg} ${line['cause']}`));
  await fleet.until(`${least} streams of ${who} are closed`, () => lines().length >= least);
  return lines();
}

/** To the controller; proc(5), /proc/net/tcp: state 01 is ESTABLISHED. */
function isConnected(pid: number, port: number): boolean {
  const own = new Set(descriptorsOf(pid).values());
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(
      ([, , remote = '', state, , , , , , inode]) =>
        remote.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`) &&
        state === '01' &&
        own.has(`socket:[${inode}]`),
    );
}

async function auditOf(actor: string): Promise<readonly string[]> {
  const authority = await (await fleet.client()).authority();
  const query = { actor, action: null, outcome: null, sinceMs: null, limit: 50 } as const;
  const actions: string[] = [];
  for await (const rows of authority.readAudit(query, AbortSignal.timeout(10_000))) {
    actions.push(...rows.map(({ action }) => action));
  }
  return actions;
}

test('a host that is removed is forgotten and kept out, and joins again with what runs on it', async () => {
  const { host, agent, web } = await member('web-3');
  const removed = await fleet.fleetctl('host', 'remove', 'web-3', '--yes', '--reason', 'scrapped');
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal(await statusOf(fleet, 'web-3'), null);
  await fleet.until('it knows', () =>
    linesOf(agent, 'no session').some(({ why }) => /removed/.test(String(why))),
  );
  assert.ok(isAlive(web));
  const early = await joinBy(fleet, host, await newToken(fleet, '--hosts', 'web-3'), '--replace');
  assert.equal(early.code, 5, early.output);
  assert.match(early.output, /removed from the fleet.*host readmit web-3/s);
  const readmitted = await fleet.fleetctl('host', 'readmit', 'web-3');
  assert.equal(readmitted.code, 0, readmitted.stderr);
  await agent.end('SIGKILL');
  await rejoined(host, ['--hosts', 'web-3']);
  assert.equal(await fleet.running('web-3', 'web'), web);
});

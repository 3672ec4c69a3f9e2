/**
 * Selectors against a real fleet: what stands in configurations (labels, groups), what is so just
 * now (states, connections), and what an earlier operation did, through to who is restarted.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Chronicle } from './fleet/chronicle.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument } from './fleet/harness.ts';

const ROLES = { 'prod-web-1': 'web', 'prod-web-2': 'web', 'prod-db-1': 'db', 'dev-1': 'web' };
type Host = keyof typeof ROLES;
const HOSTS = Object.keys(ROLES) as readonly Host[];

let fleet: Fleet;
let chronicle: Chronicle;
const agents = new Map<Host, Daemon>();

before(async () => {
  fleet = await createFleet({
    controller: `[hosts:front]
hosts = role=web and env=prod
[hosts:quiet]
hosts = @* and not @front
`,
  });
  chronicle = new Chronicle(fleet);
  await fleet.startController();
  await Promise.all(
    HOSTS.map(async (host) => {
      const env = host.startsWith('prod-') ? 'prod' : 'dev';
      const programs = `labels = env="${env}",role="${ROLES[host]}"
${chronicle.program(host, 'web', 'startsecs = 1', 'startretries = 0')}`;
      agents.set(host, await fleet.startAgent(host, { programs }));
      await fleet.running(host, 'web');
    }),
  );
});

after(() => fleet?.[Symbol.dispose]());

/** The hosts that were touched, and what became of them. */
async function restart(hosts: string, ...options: readonly string[]) {
  chronicle.begin();
  const result = await fleet.fleetctl('restart', 'web', '--hosts', hosts, '-o', 'json', ...options);
  const operation = result.stdout === '' ? null : result.json<OperationDocument>();
  const told = chronicle.entries().filter(({ moment }) => moment === 'told');
  return {
    ...result,
    id: operation?.id ?? '',
    targets: operation?.targets.map(({ host, state }) => `${host} ${state}`) ?? [],
    told: told.map(({ host }) => host).toSorted(),
  };
}

async function hostsMeantBy(selector: string): Promise<readonly string[]> {
  const client = await fleet.client();
  return (await client.listHosts(selector)).hosts.map(({ host }) => host).toSorted();
}

test('labels, groups and their difference mean the hosts whose agents say so', async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['@front', ['prod-web-1', 'prod-web-2']],
    ['@quiet', ['dev-1', 'prod-db-1']],
    ['env=prod and not role=db', ['prod-web-1', 'prod-web-2']],
    ['prod-*!prod-web-[1-2]', ['prod-db-1']],
    ['role in (db) or dev-1', ['dev-1', 'prod-db-1']],
    ['ip:127.0.0.0/8&~web', ['prod-web-1', 'prod-web-2']],
  ];
  for (const [selector, meant] of cases) {
    assert.deepEqual(await hostsMeantBy(selector), meant, selector);
  }
  const file = fleet.write('hosts.txt', 'prod-web-[1-2] # both\nprod-db-1\n');
  const listed = await fleet.fleetctl('hosts', `file:${file}!role=db`, '-o', 'name');
  assert.equal(listed.stdout, 'prod-web-1\nprod-web-2\n', listed.stderr);
});

test('--expect refuses a surprise before anything is done, and lets through what was expected', async () => {
  const surprised = await restart('@front', '--expect', '3');
  assert.deepEqual([surprised.code, surprised.told], [2, []]);
  const error = JSON.parse(surprised.stderr) as { code: string; message: string; cause: string };
  assert.equal(error.code, 'surprise');
  assert.equal(error.message, 'restart would touch 2 hosts, and 3 hosts were expected');
  assert.equal(error.cause, 'it would touch prod-web-[1-2]');
  const listed = await fleet.fleetctl('op', 'list', '-o', 'name');
  assert.equal(listed.stdout, '', 'it is not even remembered');
  const expected = await restart('@front', '--expect', '2');
  assert.equal(expected.code, 0, expected.stderr);
  assert.deepEqual(expected.told, ['prod-web-1', 'prod-web-2']);
});

test('op:ID:failed is where it failed, for the next try, which touches nobody else', async () => {
  using broken = chronicle.breakStart('prod-web-2', 'web');
  const first = await restart('env=prod');
  assert.equal(first.code, 10, first.stderr);
  assert.deepEqual(first.targets, [
    'prod-db-1 succeeded',
    'prod-web-1 succeeded',
    'prod-web-2 failed',
  ]);
  broken[Symbol.dispose]();
  const beginning = first.id.slice(0, 13);
  assert.deepEqual(await hostsMeantBy(`op:${beginning}:succeeded`), ['prod-db-1', 'prod-web-1']);
  const second = await restart(`op:${beginning}:failed`);
  assert.equal(second.code, 0, second.stderr);
  assert.deepEqual(second.targets, ['prod-web-2 succeeded']);
  const third = await restart(`op:${second.id}:unfinished`);
  assert.deepEqual([third.code, third.told], [6, []], third.stderr);
});

test('what a process is like now selects its host: once it is up it is not meant any more', async () => {
  assert.equal((await fleet.fleetctl('stop', 'web', '--hosts', 'prod-web-1,dev-1')).code, 0);
  assert.deepEqual(await hostsMeantBy('proc:web.state!=RUNNING'), ['dev-1', 'prod-web-1']);
  const started = await restart('proc:web.state=STOPPED & @front');
  assert.equal(started.code, 0, started.stderr);
  assert.deepEqual(started.targets, ['prod-web-1 succeeded']);
  assert.deepEqual(await hostsMeantBy('proc:web.state!=RUNNING'), ['dev-1']);
  await agents.get('prod-db-1')?.end('SIGKILL');
  await fleet.process('prod-db-1', 'web', 'is lost', ({ hostConnected }) => !hostConnected);
  assert.deepEqual(await hostsMeantBy('proc:all.state=UNREACHABLE'), ['prod-db-1']);
  const rest = await restart('proc:all.state!=UNREACHABLE and not role=db', '--expect', '3');
  assert.equal(rest.code, 0, rest.stderr);
  assert.deepEqual(rest.told, ['prod-web-1', 'prod-web-2']);
});

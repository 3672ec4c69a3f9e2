/**
 * Configurations that change on many hosts: what each would take up, taking it up, a host whose file
 * is wrong, one that is away, and what is done on a host itself.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument } from './fleet/harness.ts';
import { sendSignal } from './fleet/processes.ts';

const HOSTS = ['good-1', 'good-2', 'bad-1'] as const;
type Host = (typeof HOSTS)[number];

const FIRST = `
[program:steady]
command = sleep 1000
startsecs = 0
[program:web]
command = sleep 1000
startsecs = 0
[program:old]
command = sleep 1000
startsecs = 0
`;
const SECOND = `
[program:steady]
command = sleep 1000
startsecs = 0
[program:web]
command = sleep 2000
startsecs = 0
[program:queue]
command = sleep 1000
startsecs = 0
autostart = false
`;
const BROKEN = `${SECOND}numprocs = many\n`;

interface AnswersDocument {
  readonly items: readonly {
    readonly host: string;
    readonly state: string;
    readonly changes: readonly { readonly group: string; readonly change: string }[] | null;
    readonly processes: readonly { readonly process: string; readonly inUse: boolean }[] | null;
    readonly error: string | null;
  }[];
}
interface HostsDocument {
  readonly items: readonly { readonly host: string; readonly configProblem: string | null }[];
}

let fleet: Fleet;
let controller: Daemon;
const agents = new Map<Host, Daemon>();

before(async () => {
  fleet = await createFleet({ controller: 'unreachable_after = 4' });
  controller = await fleet.startController();
  await Promise.all(
    HOSTS.map(async (host) => {
      agents.set(host, await fleet.startAgent(host, { programs: FIRST }));
      for (const program of ['steady', 'web', 'old']) await fleet.running(host, program);
    }),
  );
});

after(() => fleet?.[Symbol.dispose]());

/** What stands behind the `[agent]` section of its file from now on. */
function configure(host: Host, programs: string): void {
  const path = fleet.path(`${host}.conf`);
  const [agent = ''] = readFileSync(path, 'utf8').split('\n[program:');
  writeFileSync(path, `${agent}\n${programs}`);
}

async function pidsOf(host: Host): Promise<Readonly<Record<string, number | null>>> {
  const entries = [...(await fleet.processes()).values()].filter((entry) => entry.host === host);
  return Object.fromEntries(entries.map(({ status }) => [status.process, status.pid]));
}

async function problemOf(host: Host): Promise<string | null | undefined> {
  const { items } = (await fleet.fleetctl('hosts', '-o', 'json')).json<HostsDocument>();
  return items.find((item) => item.host === host)?.configProblem;
}

const answersBy = ({ items }: AnswersDocument) =>
  Object.fromEntries(items.map(({ host, ...answer }) => [host, answer]));

test('reread tells of each host what an update would take up, or why it could not', async () => {
  for (const host of ['good-1', 'good-2'] as const) configure(host, SECOND);
  configure('bad-1', BROKEN);
  const pids = await pidsOf('good-1');
  const result = await fleet.fleetctl('reread', '--hosts', '@*', '-o', 'json');
  assert.equal(result.code, 10, result.stderr);
  const answers = answersBy(result.json<AnswersDocument>());
  for (const host of ['good-1', 'good-2']) {
    assert.deepEqual(answers[host]?.changes, [
      { group: 'old', change: 'disappeared' },
      { group: 'queue', change: 'available' },
      { group: 'web', change: 'changed' },
    ]);
  }
  assert.equal(answers['bad-1']?.state, 'failed');
  assert.match(answers['bad-1']?.error ?? '', /bad-1\.conf:\d+.*numprocs/s);
  assert.deepEqual(await pidsOf('good-1'), pids, 'asking has changed something');

  const { stdout } = await fleet.fleetctl('reread', '--hosts', 'good-*');
  assert.deepEqual(stdout.split('\n'), [
    'good-[1-2]: old: disappeared',
    'good-[1-2]: queue: available',
    'good-[1-2]: web: changed',
    '',
  ]);
});

test('avail shows what is configured, and what of it is in use already', async () => {
  const result = await fleet.fleetctl('avail', '--hosts', 'good-*', '-o', 'json');
  assert.equal(result.code, 0, result.stderr);
  const answers = answersBy(result.json<AnswersDocument>());
  for (const host of ['good-1', 'good-2']) {
    assert.deepEqual(
      answers[host]?.processes?.map(({ process, inUse }) => [process, inUse]),
      [
        ['queue', false],
        ['steady', true],
        ['web', true],
      ],
    );
  }
});

test('update takes it up where it can be read, and leaves the host alone where it cannot', async () => {
  const before = { 'good-1': await pidsOf('good-1'), 'bad-1': await pidsOf('bad-1') };
  const result = await fleet.fleetctl('update', '--hosts', '@*', '-o', 'json');
  assert.equal(result.code, 10, result.stderr);
  const { targets, waves } = result.json<OperationDocument>();
  assert.equal(waves.length, 1);
  const byHost = Object.fromEntries(targets.map((target) => [target.host, target]));
  for (const host of ['good-1', 'good-2']) {
    assert.deepEqual(
      { process: byHost[host]?.process, state: byHost[host]?.state, note: byHost[host]?.note },
      { process: '*', state: 'succeeded', note: 'old removed, web updated, queue added' },
    );
  }
  assert.equal(byHost['bad-1']?.state, 'failed');
  assert.match(byHost['bad-1']?.error ?? '', /rejected.*bad-1\.conf:\d+.*numprocs/s);

  const good = await pidsOf('good-1');
  assert.deepEqual(Object.keys(good).sort(), ['queue', 'steady', 'web']);
  assert.equal(good['steady'], before['good-1']['steady'], 'what had not changed was restarted');
  assert.notEqual(good['web'], before['good-1']['web']);
  assert.equal(good['queue'], null, 'it does not start by itself');
  assert.deepEqual(await pidsOf('bad-1'), before['bad-1']);
});

test('a host whose file is wrong shows it everywhere, until it is mended', async () => {
  assert.match((await problemOf('bad-1')) ?? '', /numprocs/);
  assert.equal(await problemOf('good-1'), null);
  const hosts = await fleet.fleetctl('hosts');
  assert.match(hosts.stdout, /^bad-1 +config rejected /m);
  assert.match(hosts.stdout, /^bad-1: config rejected: .*numprocs/m);
  const status = await fleet.fleetctl('status', '--hosts', 'bad-1');
  assert.equal(status.code, 0, 'all that it runs goes on running');
  assert.match(status.stderr, /^bad-1: config rejected: .*numprocs/);

  configure('bad-1', SECOND);
  const mended = await fleet.fleetctl('update', '--hosts', 'bad-1');
  assert.equal(mended.code, 0, mended.stdout + mended.stderr);
  assert.match(mended.stdout, /^bad-1 +updated .*web updated, queue added$/m);
  assert.equal(await problemOf('bad-1'), null);
});

test('only the groups that are named are taken up, and a name that means none is refused', async () => {
  for (const host of ['good-1', 'good-2'] as const) {
    configure(host, SECOND.replaceAll('sleep 1000', 'sleep 3000'));
  }
  const before = await pidsOf('good-1');
  const one = await fleet.fleetctl('update', 'queue', '--hosts', 'good-*');
  assert.equal(one.code, 0, one.stdout + one.stderr);
  assert.match(one.stdout, /^good-1 +updated .*queue updated$/m);
  assert.deepEqual(await pidsOf('good-1'), before);
  const none = await fleet.fleetctl('update', 'nothing', '--hosts', 'good-*');
  assert.equal(none.code, 10);
  assert.match(none.stdout, /2 failed: good-\[1-2\]: .*"?nothing"?/);
});

test('a host that is away is named, and holds nobody up', async () => {
  await agents.get('good-2')?.end('SIGKILL');
  await fleet.process('good-2', 'web', 'is lost', (entry) => !entry.hostConnected);
  const asked = await fleet.fleetctl('reread', '--hosts', 'good-*');
  assert.equal(asked.code, 11, asked.stderr);
  assert.match(asked.stdout, /^good-1: steady: changed$/m);
  assert.match(asked.stdout, /^good-2: UNREACHABLE: not connected$/m);
  const updated = await fleet.fleetctl('update', '--hosts', 'good-*');
  assert.equal(updated.code, 11, updated.stdout + updated.stderr);
  assert.match(updated.stdout, /^updated 1 of 2 hosts; 1 unreachable: good-2: the host was not/m);
});

test('what is done on the host itself is told to the controller: what, and by whom', async () => {
  configure('good-1', `${SECOND}\n[program:extra]\ncommand = sleep 1000\nstartsecs = 0\n`);
  sendSignal(agents.get('good-1')?.pid, 'SIGHUP');
  await fleet.running('good-1', 'extra');
  const client = await fleet.client();
  const events = await client.listEvents({ host: 'good-1', process: null, limit: 100 });
  const orders = events.flatMap(({ event }) => (event.kind === 'localOrder' ? [event] : []));
  assert.deepEqual(
    orders.map(({ requestedBy, command }) => ({ requestedBy, command })),
    [{ requestedBy: 'SIGHUP', command: 'update' }],
  );
  const id = orders[0]?.operationId;
  const targets = events.flatMap(({ event }) => (event.kind === 'targetSettled' ? [event] : []));
  assert.ok(targets.some(({ operationId, process }) => operationId === id && process === 'extra'));
  await fleet.until('the controller logs it', () =>
    controller.log().some(({ msg }) => msg === 'an order was given on a host itself'),
  );
});

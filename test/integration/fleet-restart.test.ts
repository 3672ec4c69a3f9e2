/**
 * One restart on part of a fleet, through all the real programs: what fleetctl says is what the
 * kernel says, a failure on one host is told with its reason, and a repeat does nothing twice.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ControlClient } from '../../cli/ports.ts';
import { FleetError } from '../../proto/errors.ts';
import type { OperationRequest } from '../../proto/operation.ts';
import {
  createFleet,
  endOf,
  type Fleet,
  type OperationDocument,
  operationRequest,
  type ProcessListDocument,
  pidOf,
} from './fleet/harness.ts';
import { isAlive, wordsOf } from './fleet/processes.ts';

const HOSTS = ['prod-1', 'prod-2', 'dev-1'] as const;
let fleet: Fleet;

before(async () => {
  fleet = await createFleet({ operators: ['alice', 'bob'] });
  const counted = fleet.script('counted', 'echo start >> "$STARTS"\nexec sleep 1000\n');
  const brittle = fleet.script(
    'brittle',
    'test -e "$BREAK" || exec sleep 1000\necho reading config\necho config is broken >&2\nexit 3\n',
  );
  await fleet.startController();
  const programs = (host: string): string => `
[program:web]
command = sleep 1000
[program:counted]
command = ${counted}
environment = STARTS="${fleet.path(`${host}.starts`)}"
startsecs = 0
[program:brittle]
command = ${brittle}
environment = BREAK="${fleet.path(`${host}.break`)}"
startretries = 0
`;
  await Promise.all(
    HOSTS.map(async (host) => {
      await fleet.startAgent(host, { programs: programs(host) });
      for (const name of ['web', 'counted', 'brittle']) await fleet.running(host, name);
    }),
  );
});

after(() => fleet?.[Symbol.dispose]());

async function pids(name: string): Promise<readonly number[]> {
  const processes = await fleet.processes();
  return HOSTS.map((host) => {
    const entry = processes.get(`${host} ${name}`);
    assert.ok(entry);
    return pidOf(entry.status);
  });
}

test('a restart on prod-* gives those two hosts new processes and leaves the third alone', async () => {
  const [old1, old2, oldDev] = await pids('web');
  const result = await fleet.fleetctl('restart', 'web', '--hosts=prod-*', '-o', 'json');
  assert.equal(result.code, 0, result.stderr);
  const operation = result.json<OperationDocument>();
  const [new1, new2, newDev] = await pids('web');
  assert.equal(newDev, oldDev);
  assert.deepEqual(
    operation.targets.map(({ host, process, state, oldPid, newPid }) => [
      host,
      process,
      state,
      oldPid,
      newPid,
    ]),
    [
      ['prod-1', 'web', 'succeeded', old1, new1],
      ['prod-2', 'web', 'succeeded', old2, new2],
    ],
  );
  for (const pid of [old1, old2]) assert.ok(!isAlive(pid as number), `${pid} is still there`);
  for (const pid of [new1, new2, newDev]) {
    assert.match(wordsOf(pid as number).join(' '), /sleep 1000$/, `${pid} is not the program`);
  }
});

test('status shows every process with the pid that the kernel knows, and exits 0', async () => {
  const result = await fleet.fleetctl('status', '-o', 'json');
  assert.equal(result.code, 0, result.stderr);
  const { items } = result.json<ProcessListDocument>();
  assert.equal(items.length, 9);
  for (const item of items) {
    assert.equal(item.state, 'RUNNING');
    assert.ok(isAlive(pidOf(item)));
  }
});

test('a program that does not come up on one host: exit 10, with its last error and last words', async () => {
  fleet.script('prod-2.break', '');
  const result = await fleet.fleetctl('restart', 'brittle', '--hosts', 'prod-*', '-o', 'json');
  assert.equal(result.code, 10, result.stderr);
  const [good, bad] = result.json<OperationDocument>().targets;
  assert.deepEqual([good?.host, good?.state], ['prod-1', 'succeeded']);
  assert.deepEqual([bad?.host, bad?.state], ['prod-2', 'failed']);
  assert.equal(bad?.error, 'Exited too quickly (exit status 3)');
  assert.deepEqual(bad?.logTail.toSorted(), ['config is broken', 'reading config']);
  const again = await fleet.fleetctl('restart', 'brittle', '--hosts', 'prod-2');
  assert.equal(again.code, 10, again.stderr);
  assert.match(again.stdout, /prod-2.*Exited too quickly \(exit status 3\)/);
  assert.match(again.stdout, /config is broken/);
});

test('an operation that is submitted twice runs once and is the same operation', async () => {
  const client = await fleet.client();
  const request = operationRequest({ verb: 'restart', hosts: 'dev-1', processes: ['counted'] });
  const startsBefore = fleet.lines('dev-1.starts').length;
  const { signal } = new AbortController();
  const [first, second] = await Promise.all([
    client.submitOperation({ kind: 'operation', request }, signal),
    client.submitOperation({ kind: 'operation', request }, signal),
  ]);
  assert.equal(first.id, request.id);
  assert.deepEqual(second.targets.length, first.targets.length);
  const ended = await endOf(client, request.id);
  assert.equal(ended.state, 'succeeded');
  const late = await client.submitOperation({ kind: 'operation', request }, signal);
  assert.deepEqual(late, ended);
  assert.equal(await fleet.lineCount(startsBefore + 1, 'dev-1.starts'), startsBefore + 1);
});

test('an id that is taken is refused to another request, and to another person', async () => {
  const client = await fleet.client();
  const request = operationRequest({ verb: 'restart', hosts: 'dev-1', processes: ['web'] });
  const { signal } = new AbortController();
  await client.submitOperation({ kind: 'operation', request }, signal);
  await endOf(client, request.id);
  using bob = await fleet.dial({ kind: 'operator', name: 'bob' });
  const submit = (as: ControlClient, changes: Partial<OperationRequest>) => () =>
    as.submitOperation({ kind: 'operation', request: { ...request, ...changes } }, signal);
  const attempts = [
    submit(client, { verb: 'stop' }),
    submit(client, { hosts: '@*' }),
    submit(client, { processes: ['web', 'counted'] }),
    submit(client, { strategy: { ...request.strategy, canary: 1 } }),
    submit(bob, {}),
  ];
  for (const attempt of attempts) {
    await assert.rejects(attempt, (error: unknown) => {
      assert.equal(FleetError.refusalFrom(error).code, 'conflict');
      return true;
    });
  }
  assert.equal((await fleet.fleetctl('status', 'web', '--hosts', 'dev-1')).code, 0);
});

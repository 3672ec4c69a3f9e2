/**
 * Somebody on a host holds a process: the fleet's operations leave it alone and say so, the host's own
 * orders do not, and the hold outlives its agent, until it ends by itself or somebody ends it.
 */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument } from './fleet/harness.ts';
import { fleetctlLocal, type Said } from './local-stage.ts';

const HOST = 'h-1';
const OTHER = 'h-2';
const US = userInfo().username;
const PROGRAMS = `
[program:slow]
command = sleep 1000
startsecs = 3
priority = 1
[program:web]
command = sleep 1000
startsecs = 0
priority = 2
`;

let fleet: Fleet;
let agent: Daemon;

before(async () => {
  fleet = await createFleet();
  await fleet.startController();
  agent = await fleet.startAgent(HOST, { programs: PROGRAMS });
  await fleet.startAgent(OTHER, { programs: PROGRAMS });
  for (const host of [HOST, OTHER]) {
    for (const process of ['slow', 'web']) await fleet.running(host, process);
  }
});

after(() => fleet?.[Symbol.dispose]());

const local = (...words: readonly string[]): Promise<Said> =>
  fleetctlLocal(fleet.path(`${HOST}.sock`), words);

async function hold(...words: readonly string[]): Promise<void> {
  const { stdout, stderr, exitCode } = await local('hold', 'web', ...words);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^web: held until \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
}

const heldAsTold = (is: boolean) =>
  fleet.process(HOST, 'web', is ? 'is held' : 'is free', ({ hostConnected, status }) => {
    return hostConnected && (status.hold !== null) === is;
  });

/** What became of the targets on the host, and the pid of web before and after. */
async function operate(...words: readonly string[]) {
  const before = await fleet.running(HOST, 'web');
  const { code, stderr, json } = await fleet.fleetctl(...words, '--hosts=h-*', '-o', 'json');
  const { targets } = json<OperationDocument>();
  const after = await fleet.running(HOST, 'web');
  const of = (host: string, process: string) => {
    const target = targets.find((one) => one.host === host && one.process === process);
    return target ?? assert.fail(`no target ${host} ${process}: ${stderr}`);
  };
  return { code, of, isTouched: before !== after };
}

test('a restart of the fleet leaves a held process alone, and does the others', async () => {
  await hold('--for', '2h', '--reason', 'two  words');
  const { hold: told } = await heldAsTold(true);
  assert.deepEqual([told?.by, told?.reason], [US, 'two  words']);
  const { code, of, isTouched } = await operate('restart', 'web');
  assert.equal(code, 0);
  assert.equal(isTouched, false);
  assert.equal(of(HOST, 'web').state, 'skipped');
  assert.match(
    of(HOST, 'web').note ?? '',
    new RegExp(`^held by ${US} until .* UTC: two {2}words$`),
  );
  assert.equal(of(OTHER, 'web').state, 'succeeded');
});

test('so does an update of the host, and status and the list of holds say why', async () => {
  const { of } = await operate('update');
  assert.equal(of(HOST, '*').state, 'skipped');
  assert.equal(of(OTHER, '*').state, 'succeeded');
  const { stdout } = await fleet.fleetctl('status', 'web');
  assert.match(
    stdout,
    new RegExp(`^h-1 +web +RUNNING .* held by ${US} until .* two {2}words$`, 'm'),
  );
  assert.match(
    (await local('hold')).stdout,
    new RegExp(`^web +held by ${US} until .* two {2}words\\n$`),
  );
});

test('what is ordered on the host itself is done', async () => {
  const before = await fleet.running(HOST, 'web');
  assert.equal((await local('restart', 'web')).exitCode, 0);
  await fleet.process(HOST, 'web', 'was restarted', ({ status }) => status.pid !== before);
});

test('a hold outlives its agent that is killed', async () => {
  await agent.end('SIGKILL');
  agent = await fleet.startAgent(HOST, { programs: PROGRAMS });
  const { hold: told } = await heldAsTold(true);
  assert.equal(told?.reason, 'two  words');
  const { of, isTouched } = await operate('restart', 'web');
  assert.deepEqual([of(HOST, 'web').state, isTouched], ['skipped', false]);
});

test('a release says whose hold it was; then the fleet reaches the process again', async () => {
  const { stdout, exitCode } = await local('release', 'web', 'nope');
  assert.match(stdout, new RegExp(`^web: released \\(was held by ${US} until .*\\)$`, 'm'));
  assert.match(stdout, /^nope: ERROR \(no such process\)$/m);
  assert.equal(exitCode, 1);
  assert.equal((await local('hold')).stdout, 'no process is held\n');
  await heldAsTold(false);
  const { of, isTouched } = await operate('restart', 'web');
  assert.deepEqual([of(HOST, 'web').state, isTouched], ['succeeded', true]);
});

test('a hold that comes while an operation is under way is the verdict of the agent', async () => {
  const restart = operate('restart', 'slow', 'web');
  await fleet.process(HOST, 'slow', 'is starting', ({ status }) => status.state === 'STARTING');
  await hold('--for', '1h');
  const { code, of, isTouched } = await restart;
  assert.equal(of(HOST, 'slow').state, 'succeeded');
  assert.deepEqual([of(HOST, 'web').state, isTouched, code], ['skipped', false, 0]);
  assert.match(of(HOST, 'web').note ?? '', new RegExp(`^held by ${US} until .* UTC$`));
});

test('a short hold replaces the long one, ends by itself, and the controller learns of both', async () => {
  const { stdout } = await local('hold', 'web', '--for', '2s');
  assert.match(stdout, new RegExp(`\\(was held by ${US} until .*\\)\\n$`));
  await heldAsTold(false);
  const { of } = await operate('restart', 'web');
  assert.equal(of(HOST, 'web').state, 'succeeded');
  const events = await (await fleet.client()).listEvents({ host: HOST, process: null, limit: 100 });
  const orders = events.flatMap(({ event }) => (event.kind === 'localOrder' ? event.command : []));
  assert.deepEqual(orders.toReversed(), [
    'hold web --for 2h --reason "two  words"',
    'restart web',
    'release web nope',
    'hold web --for 1h',
    'hold web --for 2s',
  ]);
});

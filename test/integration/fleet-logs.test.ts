/**
 * What programs on three hosts print, read through the controller by a real fleetctl: whole, in
 * order, through rotation, and through the end of an agent.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, resultOf } from './fleet/harness.ts';
import { operatorEnvironment } from './fleet/operator-shell.ts';
import { MARK } from './fleet/processes.ts';

const HOSTS = ['web-1', 'web-2', 'web-10'] as const;
const run = promisify(execFile);

let fleet: Fleet;
let controller: Daemon;
const agents = new Map<string, Daemon>();

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  await Promise.all(HOSTS.map(startAgent));
  await Promise.all(HOSTS.map((host) => fleet.running(host, 'counting')));
  await Promise.all(HOSTS.map((host) => fleet.running(host, 'talking')));
  await fleet.until('all have talked', async () => {
    const { stdout } = await fleet.fleetctl('logs', 'talking', '--hosts', '@*');
    return stdout.split('\n').length > 3 * HOSTS.length;
  });
});

after(() => fleet?.[Symbol.dispose]());

async function startAgent(host: string): Promise<void> {
  const talking = fleet.script(
    `talking-${host}`,
    'echo one; echo two; echo bad >&2; exec sleep 1000\n',
  );
  // Ten lines at a time, and a new file after about a hundred.
  const counting = fleet.script(
    `counting-${host}`,
    `n=0
while :; do
  m=$((n + 10))
  while test $n -lt $m; do n=$((n + 1)); echo "line $n"; done
  sleep 0.1
done
`,
  );
  const programs = `
[program:talking]
command = ${talking}
startsecs = 0
[program:counting]
command = ${counting}
startsecs = 0
stdout_logfile_maxbytes = 1000
stdout_logfile_backups = 5
[group:silent]
programs = nothing
[program:nothing]
command = sleep 1000
startsecs = 0
`;
  agents.set(host, await fleet.startAgent(host, { programs }));
}

function agentOf(host: (typeof HOSTS)[number]): Daemon {
  return agents.get(host) ?? assert.fail(host);
}

test('tail shows one log byte for byte, by lines or bytes, of stdout or stderr', async () => {
  const tail = async (...words: readonly string[]) => {
    const result = await fleet.fleetctl('tail', 'talking', '--hosts', 'web-1', ...words);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.stderr, '');
    return result.stdout;
  };
  assert.equal(await tail(), 'one\ntwo\n');
  assert.equal(await tail('-n', '1'), 'two\n');
  assert.equal(await tail('-n', '0'), '');
  assert.equal(await tail('-c', '6'), 'e\ntwo\n');
  assert.equal(await tail('--stderr'), 'bad\n');
});

test('tail of several has a header above each', async () => {
  const { stdout } = await fleet.fleetctl('tail', 'talking', '--hosts', 'web-*', '-n', '1');
  const pieces = stdout.split('\n\n').map((piece) => piece.trimEnd());
  const expected = HOSTS.map((host) => `==> ${host} talking <==\ntwo`);
  assert.deepEqual(pieces.toSorted(), expected.toSorted());
});

test('logs merges hosts line by line, in columns, with stderr told apart', async () => {
  const { stdout, stderr, code } = await fleet.fleetctl('logs', 'talking', '--hosts', '@*');
  assert.equal(code, 0, stderr);
  const expected = ['web-1 ', 'web-2 ', 'web-10'].flatMap((host) =>
    ['| one', '| two', '! bad'].map((line) => `${host} talking ${line}`),
  );
  assert.deepEqual(stdout.trimEnd().split('\n').toSorted(), expected.toSorted());
  const own = stdout.split('\n').filter((line) => line.startsWith('web-1  talking |'));
  assert.deepEqual(own, ['web-1  talking | one', 'web-1  talking | two']);
});

test('only one channel, only what contains an expression, as JSON lines', async () => {
  const { stdout } = await fleet.fleetctl(
    ...['logs', 'talking', '--hosts', 'web-2', '--stdout', '--grep', '^T|two$', '-o', 'jsonl'],
  );
  const [line, end] = stdout
    .trimEnd()
    .split('\n')
    .map((item) => JSON.parse(item));
  assert.deepEqual(line, { host: 'web-2', process: 'talking', channel: 'stdout', line: 'two' });
  assert.equal(end.kind, 'End');
  assert.equal(end.error, null);
});

test('what matches nothing, what is no expression, and what is too much is refused with a code', async () => {
  const refused = async (code: number, fix: RegExp, ...words: readonly string[]) => {
    const result = await fleet.fleetctl(...words);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, fix);
    assert.equal(result.stdout, '');
  };
  await refused(6, /did you mean talking\?/, 'logs', 'talkin', '--hosts', '@*');
  await refused(6, /web-9/, 'tail', 'talking', '--hosts', 'web-9');
  await refused(2, /RE2/, 'logs', 'talking', '--hosts', '@*', '--grep', '(?=x)');
  await refused(2, /1000/, 'logs', 'talking', '--hosts', '@*', '--grep', 'x'.repeat(1_001));
  const names = Array.from({ length: 1_001 }, (_, index) => `p${index}`);
  await refused(2, /too many/, 'logs', ...names, '--hosts', '@*');
});

test('a log without lines is no error; all there is can be asked for', async () => {
  const silent = await fleet.fleetctl('logs', 'silent:*', '--hosts', '@*', '--since', '1d');
  assert.equal(silent.code, 0, silent.stderr);
  assert.equal(silent.stdout, '');
  const all = await fleet.fleetctl('logs', 'counting', '--hosts', 'web-1', '-n', 'all');
  assert.equal(all.code, 0, all.stderr);
  assertConsecutive(numbersOf(all.stdout, 'web-1'));
  assert.ok(numbersOf(all.stdout, 'web-1').length > 10, 'more than is shown by itself');
});

test('a reader that leaves ends it quietly', async () => {
  const words = "fleetctl logs -f counting --hosts '@*' | head -n 2";
  const env = { ...(await operatorEnvironment(fleet)), [MARK]: fleet.folder };
  const { stdout, stderr } = await run('sh', ['-c', words], { env, timeout: 20_000 });
  assert.equal(stdout.trimEnd().split('\n').length, 2);
  assert.equal(stderr, '');
});

test('following loses no line and repeats none, through rotation on every host', async () => {
  const reader = await fleet.startFleetctl('logs', '-f', 'counting', '--hosts', '@*', '-n', '0');
  await fleet.until(
    'several files have been filled on each host',
    () => HOSTS.every((host) => numbersOf(reader.stdout(), host).length > 400),
    { withinMs: 30_000 },
  );
  const { code } = await reader.end('SIGINT');
  assert.equal(code, 130);
  assert.equal(reader.stderr(), '');
  for (const host of HOSTS) assertConsecutive(numbersOf(reader.stdout(), host));
  for (const line of reader.stdout().trimEnd().split('\n')) {
    assert.match(line, /^web-(?:1 |2 |10) counting \| line \d+$/);
  }
});

test('a host that is lost is told at once, the others go on, and it is read on when it is back', async () => {
  const reader = await fleet.startFleetctl('logs', '-f', 'counting', '--hosts', '@*', '-n', '0');
  const count = (host: string) => numbersOf(reader.stdout(), host).length;
  await fleet.until('all are read', () => HOSTS.every((host) => count(host) > 0));
  await agentOf('web-10').end('SIGKILL');
  await fleet.until('it is told', () => reader.stderr() !== '');
  const lost =
    '-- web-10: the connection to its agent was lost; reading goes on when it is back --\n';
  assert.equal(reader.stderr(), lost);
  const [before, others] = [count('web-10'), count('web-1')];
  await fleet.until('the others go on', () => count('web-1') > others + 20);
  const once = await fleet.fleetctl('logs', 'counting', '--hosts', '@*');
  assert.equal(once.code, 11, once.stderr);
  assert.equal(once.stderr, '-- not connected, so not read: web-10 --\n');
  assert.equal(numbersOf(once.stdout, 'web-1').length, 10);
  await startAgent('web-10');
  await fleet.until('it is read again', () => count('web-10') > before + 20);
  const back = '-- web-10: read from now on; what it printed meanwhile may be missing --\n';
  assert.equal(reader.stderr(), lost + back);
  const { code } = await reader.end('SIGINT');
  assert.equal(code, 130);
});

test('following outlives a restart of the controller', async () => {
  const reader = await fleet.startFleetctl('logs', '-f', 'counting', '--hosts', 'web-1', '-n', '0');
  const count = () => numbersOf(reader.stdout(), 'web-1').length;
  await fleet.until('it is read', () => count() > 0);
  await controller.end('SIGTERM');
  controller = await fleet.startController();
  await fleet.until('it is told', () => /the controller was lost/.test(reader.stderr()));
  const before = count();
  await fleet.until('it is read again', () => count() > before + 20, { withinMs: 30_000 });
  assert.match(
    reader.stderr(),
    /-- connected again; what was printed meanwhile may be missing --\n/,
  );
  assert.equal((await reader.end('SIGINT')).code, 130);
});

test('the controller logs who reads what', async () => {
  await resultOf(await fleet.startFleetctl('logs', 'talking', '--hosts', 'web-1'));
  const line = controller.log().find(({ msg }) => msg === 'reading logs');
  assert.equal(line?.['operator'], 'alice');
  assert.equal(line?.['hosts'], 'web-1');
});

/** Of `line N`, in the order in which they were shown. */
function numbersOf(stdout: string, host: string): readonly number[] {
  const lines = stdout.matchAll(new RegExp(`^${host} +counting \\| line (\\d+)$`, 'gm'));
  return Array.from(lines, ([, number]) => Number(number));
}

function assertConsecutive(numbers: readonly number[]): void {
  const [from = 0] = numbers;
  assert.ok(numbers.length > 0);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => from + index),
  );
}

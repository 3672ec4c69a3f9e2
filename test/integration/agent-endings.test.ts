/**
 * How programs end under a real agent: stopped by the signal that was asked for, by force when they
 * will not, by themselves, too often, or before they ever began.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createFleet, type Fleet, type OperationDocument, pidOf } from './fleet/harness.ts';
import { isAlive, sendSignal, statusField, wordsOf } from './fleet/processes.ts';

const HOST = 'web-1';
let fleet: Fleet;

before(async () => {
  fleet = await createFleet();
  const trapping = fleet.script(
    'trapping',
    `for name in INT QUIT TERM HUP USR1; do
  trap "echo $name >> '$SEEN'; test $name = HUP || test $name = USR1 || exit 0" $name
done
echo ready >> "$SEEN"
while :; do sleep 0.05; done
`,
  );
  const stubborn = fleet.script('stubborn', `trap '' TERM\nwhile :; do sleep 0.2; done\n`);
  const family = fleet.script('family', 'sleep 2000 &\nsleep 2000 &\nwait\n');
  const brief = fleet.script('brief', 'echo start >> "$STARTS"\nexit 1\n');
  fleet.write('not-executable', 'echo never\n');
  const trapped = (signal: string): string => `
[program:trapped-${signal.toLowerCase()}]
command = ${trapping}
environment = SEEN="${fleet.path(`${signal}.seen`)}"
stopsignal = ${signal}
startsecs = 0
`;
  const section = (name: string, command: string, autostart: boolean): string => `
[program:${name}]
command = ${command}
autostart = ${autostart}
startretries = 0
`;
  const unusable = (name: string, command: string): string =>
    section(name, command, false) + section(`auto-${name}`, command, true);
  const programs = `
${['INT', 'QUIT', 'TERM'].map(trapped).join('')}
[program:stubborn]
command = ${stubborn}
startsecs = 0
stopwaitsecs = 1
[program:family]
command = ${family}
startsecs = 0
stopasgroup = true
[program:stubborn-family]
command = /bin/sh -c "trap '' TERM; sleep 2000 & while :; do sleep 0.2; done"
startsecs = 0
stopwaitsecs = 1
killasgroup = true
[program:orphans]
command = ${family}
startsecs = 0
[program:code]
command = /bin/sh -c "exit 143"
startsecs = 0
autorestart = false
[program:signal]
command = /bin/sh -c "kill -TERM $$"
startsecs = 0
autorestart = false
[program:done]
command = /bin/true
startsecs = 0
[program:web]
command = sleep 1000
startsecs = 0
[program:looping]
command = ${brief}
environment = STARTS="${fleet.path('looping.starts')}"
startsecs = 0
autorestart = true
[program:failing]
command = ${brief}
environment = STARTS="${fleet.path('failing.starts')}"
startretries = 1
${unusable('missing', '/nonexistent/program --flag')}
${unusable('unknown', 'no-such-program-anywhere')}
${unusable('not-executable', fleet.path('not-executable'))}
${unusable('unbalanced', 'sleep "1000')}
${unusable('a-directory', fleet.folder)}
${section('no-directory', 'sleep 1000', false)}directory = ${fleet.path('nowhere')}
`;
  await fleet.startController();
  await fleet.startAgent(HOST, { programs });
  await fleet.running(HOST, 'web');
});

after(() => fleet?.[Symbol.dispose]());

for (const signal of ['INT', 'QUIT', 'TERM']) {
  test(`a program is stopped by SIG${signal} where its stopsignal says so`, async () => {
    const name = `trapped-${signal.toLowerCase()}`;
    await fleet.running(HOST, name);
    await fleet.until('it listens', () => fleet.lines(`${signal}.seen`).length > 0);
    const result = await fleet.fleetctl('stop', name, '--hosts', HOST);
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(fleet.lines(`${signal}.seen`), ['ready', signal]);
    const status = (await fleet.processes()).get(`${HOST} ${name}`)?.status;
    assert.deepEqual([status?.state, status?.exitCode, status?.pid], ['STOPPED', 0, null]);
  });
}

test('fleetctl signal delivers a signal and changes nothing else', async () => {
  assert.equal((await fleet.fleetctl('start', 'trapped-term', '--hosts', HOST)).code, 0);
  const pid = await fleet.running(HOST, 'trapped-term');
  const before = fleet.lines('TERM.seen').length;
  await fleet.until('it listens', () => fleet.lines('TERM.seen').at(-1) === 'ready');
  for (const signal of ['HUP', 'SIGUSR1']) {
    const result = await fleet.fleetctl('signal', signal, 'trapped-term', '--hosts', HOST);
    assert.equal(result.code, 0, result.stderr);
  }
  await fleet.until('both have arrived', () =>
    ['HUP', 'USR1'].every((name) => fleet.lines('TERM.seen').slice(before).includes(name)),
  );
  assert.equal(await fleet.running(HOST, 'trapped-term'), pid);
});

test('a program that ignores its stopsignal is killed after stopwaitsecs', async () => {
  const pid = await fleet.running(HOST, 'stubborn');
  const beganAtMs = performance.now();
  const result = await fleet.fleetctl('stop', 'stubborn', '--hosts', HOST);
  const tookMs = performance.now() - beganAtMs;
  assert.equal(result.code, 0, result.stderr);
  assert.ok(tookMs >= 1_000 && tookMs < 4_000, `it took ${tookMs} ms`);
  assert.ok(!isAlive(pid));
  const status = (await fleet.processes()).get(`${HOST} stubborn`)?.status;
  assert.deepEqual(
    [status?.state, status?.exitCode, status?.exitSignal],
    ['STOPPED', null, 'KILL'],
  );
});

test('stopasgroup and killasgroup reach the whole group, and without them its children are left alone', async () => {
  const members = new Map<string, readonly number[]>();
  for (const name of ['family', 'stubborn-family', 'orphans']) {
    const pid = await fleet.running(HOST, name);
    members.set(
      name,
      await fleet.until(`${name} has children`, () => {
        const children = fleet
          .leftOn(HOST)
          .filter(({ pid: child, words }) => isChildOf(child, pid) && words[1] === '2000')
          .map(({ pid: child }) => child);
        return children.length > 0 && children;
      }),
    );
  }
  const names = [...members.keys()];
  const result = await fleet.fleetctl('stop', ...names, '--hosts', HOST);
  assert.equal(result.code, 0, result.stderr);
  await fleet.until('the groups are gone', () =>
    ['family', 'stubborn-family'].every((name) => members.get(name)?.every((pid) => !isAlive(pid))),
  );
  assert.ok(members.get('orphans')?.every(isAlive), 'Supervisor leaves them, and so do we');
});

test('an exit with status 143 and a death by SIGTERM are told apart', async () => {
  const code = await fleet.process(
    HOST,
    'code',
    'has ended',
    ({ status }) => status.state === 'EXITED',
  );
  assert.deepEqual([code.exitCode, code.exitSignal], [143, null]);
  assert.equal(code.lastError, 'exited unexpectedly (exit status 143)');
  const signal = await fleet.process(
    HOST,
    'signal',
    'ended',
    ({ status }) => status.state === 'EXITED',
  );
  assert.deepEqual([signal.exitCode, signal.exitSignal], [null, 'TERM']);
  assert.equal(signal.lastError, 'exited unexpectedly (killed by SIGTERM)');
});

test('an expected exit is left at that', async () => {
  const done = await fleet.process(
    HOST,
    'done',
    'has ended',
    ({ status }) => status.state === 'EXITED',
  );
  assert.deepEqual([done.exitCode, done.lastError, done.restarts], [0, null, 0]);
});

test('a program that crashes is back at once, with a new pid, and its end is known', async () => {
  const old = await fleet.running(HOST, 'web');
  const beganAtMs = performance.now();
  sendSignal(old, 'SIGKILL');
  const fresh = await fleet.process(
    HOST,
    'web',
    'is back',
    ({ status }) => status.state === 'RUNNING' && status.pid !== old,
  );
  const tookMs = performance.now() - beganAtMs;
  assert.ok(tookMs < 1_000, `it took ${tookMs} ms`);
  assert.deepEqual([fresh.restarts, fresh.exitSignal], [1, 'KILL']);
  assert.match(wordsOf(pidOf(fresh)).join(' '), /sleep 1000$/);
});

test('a program that dies at once is not started for ever: the next try is delayed, and shown', async () => {
  const looping = await fleet.process(
    HOST,
    'looping',
    'waits for 2 s or more',
    ({ status }) => (status.nextTryAtMs ?? 0) - status.changedAtMs >= 2_000,
  );
  assert.equal(looping.state, 'BACKOFF');
  assert.equal(looping.lastError, 'exited unexpectedly (exit status 1)');
  const starts = fleet.lines('looping.starts').length;
  assert.ok(starts >= 11 && starts < 25, `${starts} starts`);
  const status = await fleet.fleetctl('status', 'looping', '--hosts', HOST);
  assert.equal(status.code, 3);
  assert.match(status.stdout, /BACKOFF.*exited unexpectedly \(exit status 1\); next try in \d+ s/);
});

test('a program that never stays up is FATAL after its retries, and says why', async () => {
  const failing = await fleet.process(
    HOST,
    'failing',
    'is FATAL',
    ({ status }) => status.state === 'FATAL',
  );
  assert.deepEqual(
    [failing.lastError, failing.exitCode, failing.nextTryAtMs],
    ['Exited too quickly (exit status 1)', 1, null],
  );
  assert.equal(fleet.lines('failing.starts').length, 2);
});

const UNUSABLE = {
  missing: /^can't find command '\/nonexistent\/program'$/,
  unknown: /^can't find command 'no-such-program-anywhere'$/,
  'not-executable': /^command at '.*\/not-executable' is not executable$/,
  unbalanced: /^can't parse command 'sleep "1000': No closing quotation$/,
  'a-directory': /^command at '.*' is a directory$/,
};

test('a start of what cannot be executed is refused with the reason, and nothing changes', async () => {
  for (const verb of ['start', 'restart']) {
    const names = Object.keys(UNUSABLE);
    const result = await fleet.fleetctl(verb, ...names, '--hosts', HOST, '-o', 'json');
    assert.equal(result.code, 10, result.stderr);
    const { targets } = result.json<OperationDocument>();
    assert.deepEqual(targets.map(({ process }) => process).sort(), names.sort());
    for (const { process, state, error, newPid } of targets) {
      assert.deepEqual([state, newPid], ['failed', null], process);
      assert.match(error ?? '', UNUSABLE[process as keyof typeof UNUSABLE], process);
      const status = (await fleet.processes()).get(`${HOST} ${process}`)?.status;
      assert.deepEqual([status?.state, status?.lastError], ['STOPPED', null], process);
    }
  }
});

test('where the agent starts it by itself, it is FATAL with the same reason', async () => {
  for (const [name, reason] of Object.entries(UNUSABLE)) {
    const status = await fleet.process(
      HOST,
      `auto-${name}`,
      'is FATAL',
      (entry) => entry.status.state === 'FATAL',
    );
    assert.match(status.lastError ?? '', reason, name);
  }
});

test('a directory that is not there is found at the start, which then fails', async () => {
  const result = await fleet.fleetctl('start', 'no-directory', '--hosts', HOST, '-o', 'json');
  assert.equal(result.code, 10, result.stderr);
  const [target] = result.json<OperationDocument>().targets;
  assert.match(target?.error ?? '', /^couldn't chdir to .*\/nowhere: ENOENT$/);
  const status = (await fleet.processes()).get(`${HOST} no-directory`)?.status;
  assert.deepEqual([status?.state, status?.lastError], ['FATAL', target?.error]);
});

function isChildOf(child: number, parent: number): boolean {
  return statusField(child, 'PPid') === String(parent);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetError, refusal } from '../../proto/errors.ts';
import { fleetctl, RESTART, smoothly } from '../fakes/cli-run.ts';
import { aHost, anOperation, aProcess } from '../fakes/control-client.ts';

const SOME = { hosts: [aHost('prod-1')], processes: [aProcess('prod-1', 'web')] };
const NOT_SHOWN =
  '3 hosts and 1,200 processes are not shown: your roles do not allow status on them\n';

test('status says how much is withheld, and its exit code is about what is shown', async () => {
  const given = { ...SOME, withheld: { hosts: 3, processes: 1_200 } };
  const table = await fleetctl(['status'], given);
  assert.deepEqual([table.exitCode, table.stderr], [0, NOT_SHOWN]);
  const json = JSON.parse((await fleetctl(['status', '-o', 'json'], given)).stdout);
  assert.deepEqual([json.withheldHosts, json.withheldProcesses], [3, 1_200]);
  const lines = await fleetctl(['status', '-o', 'jsonl'], given);
  assert.equal(JSON.parse(lines.stderr).message, NOT_SHOWN.trimEnd());
  assert.equal((await fleetctl(['status'], SOME)).stderr, '');
});

test('one thing that is withheld is told of as one', async () => {
  const host = await fleetctl(['hosts'], { ...SOME, withheld: { hosts: 1, processes: 0 } });
  assert.equal(host.stderr, '1 host is not shown: your roles do not allow status on it\n');
  const lines = await fleetctl(['hosts', '-o', 'jsonl'], { withheld: { hosts: 1, processes: 0 } });
  assert.match(lines.stderr, /^{"kind":"Notice","message":"1 host is not shown/);
});

test('where nothing is left to show, it is said why', async () => {
  const given = { withheld: { hosts: 2, processes: 0 } };
  for (const words of [
    ['status', '--hosts', 'db-*'],
    ['status', 'web'],
    ['hosts', 'db-*'],
  ]) {
    const { exitCode, stderr } = await fleetctl(words, given);
    assert.equal(exitCode, 6);
    assert.match(stderr, /^cause: 2 hosts are not shown: your roles do not allow status on them$/m);
  }
  const described = await fleetctl(['describe', 'db-1'], given);
  assert.equal(described.exitCode, 5);
  assert.match(described.stderr, /your roles do not allow status on it/);
});

test('describe says how many processes of a host are withheld', async () => {
  const given = { ...SOME, withheld: { hosts: 0, processes: 2 } };
  const { stderr } = await fleetctl(['describe', 'prod-1'], given);
  assert.match(stderr, /^2 processes are not shown/);
});

test('hosts and describe say when a certificate ends, and what is wrong with an identity', async () => {
  const problem = 'a second agent\nfrom 192.0.2.7';
  const certificateEndsAtMs = Date.UTC(2026, 10, 23, 12);
  const hosts = [aHost('web-2', { identityProblem: problem, certificateEndsAtMs }), aHost('web-1')];
  const listed = await fleetctl(['hosts'], { hosts });
  assert.match(listed.stdout, /^web-2 +identity in doubt /m);
  assert.match(listed.stdout, /^web-2: identity in doubt: a second agent; from 192\.0\.2\.7$/m);
  const described = await fleetctl(['describe', 'web-2'], { hosts: hosts.slice(0, 1) });
  assert.match(described.stdout, /^certificate +ends 2026-11-23T12:00:00\.000Z \(in 24 h\)$/m);
  assert.match(described.stdout, /^identity +a second agent; from 192\.0\.2\.7$/m);
  const [item] = JSON.parse((await fleetctl(['hosts', '-o', 'json'], { hosts })).stdout).items;
  assert.equal(item.host, 'web-1');
});

test('--allowed-only is sent with whatever becomes an operation, and with what reads logs', async () => {
  const verbs = [
    RESTART,
    ['start', 'web', '--hosts', 'a'],
    ['stop', 'web', '--hosts', 'a'],
    ['signal', 'HUP', 'web', '--hosts', 'a'],
    ['update', '--hosts', 'a'],
  ];
  for (const words of verbs) {
    const { submitted } = await fleetctl([...words, '--allowed-only'], smoothly(anOperation()));
    assert.equal(submitted[0]?.allowedOnly, true, words.join(' '));
  }
  const retry = ['op', 'retry', '0198f2a0', '--allowed-only'];
  const { submissions, saved } = await fleetctl(retry, smoothly(anOperation()));
  assert.deepEqual(
    submissions.map((each) => each.kind === 'retry' && each.allowedOnly),
    [true],
  );
  assert.equal(saved[0]?.words, 'op retry 0198f2a0 --allowed-only');
  for (const verb of ['logs', 'tail']) {
    const { logRequests } = await fleetctl([verb, 'web', '--hosts', 'a', '--allowed-only'], {
      logs: [{ news: [], ending: 'end' }],
    });
    assert.equal(logRequests[0]?.allowedOnly, true);
  }
});

test('what was left out is said in the plan, at the end and by op show', async () => {
  const operation = anOperation({ allowedOnly: true, notAllowed: 2, withheld: 1 });
  const dry = await fleetctl([...RESTART, '--allowed-only', '-n'], smoothly(operation));
  assert.match(dry.stdout, /^2 targets left out: not allowed$/m);
  const done = await fleetctl([...RESTART, '--allowed-only'], smoothly(operation));
  assert.match(
    done.stdout,
    /restarted 1 of 1 target on 1 host in 1\.1 s; 2 targets left out: not allowed\n/,
  );
  const shown = await fleetctl(['op', 'show', '0198f2a0'], { operations: [operation] });
  assert.match(shown.stdout, /^allowed only +2 targets left out: not allowed$/m);
  assert.match(shown.stdout, /^not shown +1 target: your roles do not allow status on it$/m);
});

test('where everything was left out, nobody is told that nothing matched', async () => {
  const none = anOperation({ targets: [], waves: [], notAllowed: 1 });
  const { stdout } = await fleetctl([...RESTART, '--allowed-only'], smoothly(none));
  assert.match(stdout, /nothing was done: 1 target left out: not allowed/);
});

test('a refusal of what is not allowed is told whole, and moves no cursor', async () => {
  const list = Array.from({ length: 200 }, (_, index) => `h${index}x`).join(',');
  const cause = `restart is not allowed:\n  ${list}: web: no role of alice allows it\n  \u001b]0;owned\u0007`;
  const denied = new FleetError(refusal('denied', 'not allowed', { cause }));
  const { exitCode, stderr } = await fleetctl(RESTART, { submissions: [denied] });
  assert.equal(exitCode, 5);
  assert.ok(stderr.includes('h199x: web'), stderr);
  assert.ok(!stderr.includes('\u001b') && !stderr.includes('\u0007'));
});

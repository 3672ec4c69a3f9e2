import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetctl, onHosts, RESTART, smoothly, twoWaves } from '../fakes/cli-run.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';

test('after trouble: what failed and why, its log once, and what to type next', async () => {
  const logTail = ['\u001b[31mbind: address in use\u001b[0m', '\tat main'];
  const failed = { state: 'failed', error: 'exited too quickly', oldPid: 9, logTail } as const;
  const operation = anOperation({
    state: 'failed',
    targets: [
      aTarget('prod-1', 'web:a', { newPid: 3 }),
      aTarget('prod-10', 'web:a', failed),
      aTarget('prod-2', 'web:a', failed),
      aTarget('prod-2', 'evil\u001b[2J', { ...failed, logTail: [] }),
      aTarget('prod-3', 'web:a', { state: 'unreachable', error: 'not connected' }),
    ],
  });
  const { exitCode, stdout } = await fleetctl(RESTART, smoothly(operation));
  assert.equal(exitCode, 10);
  assert.equal(
    stdout,
    [
      'prod-1    web:a         restarted     pid 3',
      'prod-10   web:a         FAILED        pid 9   exited too quickly',
      'prod-2    web:a         FAILED        pid 9   exited too quickly',
      'prod-2    evil\\x1b[2J   FAILED        pid 9   exited too quickly',
      'prod-3    web:a         UNREACHABLE   not connected',
      'restarted 1 of 5 targets; 3 failed: prod-10 web:a: exited too quickly, prod-2 web:a: exited too quickly, prod-2 evil\\x1b[2J: exited too quickly; 1 unreachable: prod-3 web:a: not connected',
      'log of web:a on prod-2, prod-10:',
      '    bind: address in use',
      '        at main',
      "look:  fleetctl status web:a 'evil\\x1b[2J' --hosts prod-2,prod-3,prod-10",
      'retry: fleetctl restart web:a --hosts prod-2,prod-3,prod-10',
      "retry: fleetctl restart 'evil\\x1b[2J' --hosts prod-2",
      '',
    ].join('\n'),
  );
});

test('-o json prints one document at the end and nothing else', async () => {
  const { stdout, exitCode } = await fleetctl([...RESTART, '-o', 'json'], smoothly(twoWaves));
  const document = JSON.parse(stdout);
  assert.equal(exitCode, 0);
  assert.deepEqual(Object.keys(document), [
    'apiVersion',
    'kind',
    'id',
    'verb',
    'signal',
    'hosts',
    'processes',
    'reason',
    'requestedBy',
    'state',
    'startedAt',
    'durationMs',
    'waves',
    'targets',
  ]);
  assert.equal(document.kind, 'Operation');
  assert.equal(document.durationMs, 1_100);
  assert.deepEqual(document.targets[0], {
    host: 'prod-1',
    process: 'db',
    wave: 0,
    state: 'succeeded',
    oldPid: 17,
    newPid: 23,
    durationMs: 1_100,
    error: null,
    logTail: [],
  });
});

test('what is sent is what was typed, with an id of our own', async () => {
  const { submitted } = await fleetctl(
    ['signal', 'sigusr1', 'web:*', 'db', '--hosts', 'role=web', '--reason', 'rotate'],
    smoothly(twoWaves),
  );
  assert.equal(submitted.length, 1);
  const { id, ...request } = submitted[0] as NonNullable<(typeof submitted)[0]>;
  assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7/);
  assert.deepEqual(request, {
    verb: 'signal',
    signal: 'USR1',
    hosts: 'role=web',
    processes: ['web:*', 'db'],
    reason: 'rotate',
  });
});

test('--dry-run shows the waves in order and submits nothing', async () => {
  const { stdout, submitted, planned, exitCode } = await fleetctl(
    [...RESTART, '--dry-run'],
    smoothly({ ...twoWaves, state: 'planned' }),
  );
  assert.equal(exitCode, 0);
  assert.equal(submitted.length, 0);
  assert.equal(planned.length, 1);
  assert.equal(
    stdout,
    [
      'wave 1 of 2 (group priority 10, priority 999): 2 targets',
      '  prod-1: db',
      '  prod-10: db',
      'wave 2 of 2 (group priority 20, priority 5): 1 target',
      '  prod-1: web:0',
      'dry run: nothing was done; restart would touch 3 targets on 2 hosts',
      '',
    ].join('\n'),
  );
});

test('a person is asked before more than ten hosts are touched', async () => {
  const asked = await fleetctl(RESTART, { ...smoothly(onHosts(11)), answers: ['y'] });
  assert.deepEqual(asked.questions, [
    'restart 11 targets on 11 hosts (prod-0, prod-1, prod-2, prod-3, prod-4 and 6 more)? [y/N] ',
  ]);
  assert.equal(asked.exitCode, 0);
  for (const answer of ['n', '', 'yesterday', null]) {
    const declined = await fleetctl(RESTART, { ...smoothly(onHosts(11)), answers: [answer] });
    assert.equal(declined.submitted.length, 0, String(answer));
    assert.equal(declined.exitCode, 130);
  }
});

test('nobody is asked about ten hosts, with --yes, or off a terminal', async () => {
  const ten = await fleetctl(RESTART, { ...smoothly(onHosts(10)), answers: [] });
  const yes = await fleetctl([...RESTART, '--yes'], { ...smoothly(onHosts(11)), answers: [] });
  const script = await fleetctl(RESTART, smoothly(onHosts(11)));
  for (const { questions, exitCode, submitted } of [ten, yes, script]) {
    assert.deepEqual(
      { questions, exitCode, sent: submitted.length },
      {
        questions: [],
        exitCode: 0,
        sent: 1,
      },
    );
  }
});

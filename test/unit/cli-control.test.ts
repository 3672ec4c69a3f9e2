import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl, onHosts, RESTART, smoothly, twoWaves } from '../fakes/cli-run.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';

test('after trouble: what failed and why, its log once, and what to type next', async () => {
  const logTail = ['\u001b[31mbind: address in use\u001b[0m', '\tat main'];
  const failed = { state: 'failed', error: 'Exited too quickly', oldPid: 9, logTail } as const;
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
  assert.equal(stdout.includes('\u001b'), false);
  assert.match(stdout, /^prod-10 +web:a +FAILED +pid 9 +Exited too quickly$/m);
  assert.match(
    stdout,
    /^restarted 1 of 5 targets; 1 was down before; 3 failed: .*; 1 unreachable: .*not connected$/m,
  );
  assert.match(stdout, /^log of web:a on prod-\[2,10\]:\n {4}bind: address in use\n {8}at main$/m);
  assert.match(stdout, new RegExp(`^retry: fleetctl op retry ${operation.id}$`, 'm'));
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
    'order',
    'fullStop',
    'expectHosts',
    'allowedOnly',
    'notAllowed',
    'withheld',
    'strategy',
    'requestedBy',
    'runbook',
    'retryOf',
    'state',
    'halt',
    'startedAt',
    'durationMs',
    'leftOut',
    'waves',
    'targets',
  ]);
  assert.equal(document.kind, 'Operation');
  assert.equal(document.durationMs, 1_100);
  assert.deepEqual(document.targets[0], {
    host: 'prod-1',
    process: 'db',
    wave: 0,
    stopWave: null,
    state: 'succeeded',
    stopped: false,
    overdue: false,
    processState: 'RUNNING',
    hostConnected: true,
    oldPid: 17,
    newPid: 23,
    dispatchedAt: null,
    durationMs: 1_100,
    error: null,
    note: null,
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
    order: 'tier',
    fullStop: false,
    strategy: DEFAULT_STRATEGY,
    expectHosts: null,
    allowedOnly: false,
  });
});

test('how it goes about its targets is sent as typed', async () => {
  const { submitted } = await fleetctl(
    [
      ...RESTART,
      ...['--batch', '1,20%', '--canary', '2', '--batch-wait', '30s', '--max-errors', '5%'],
      ...['--max-unreachable', '3', '--min-healthy-time', '1m', '--on-error', 'fail'],
      ...['--offline', 'queue=2h', '--deadline', '3d', '--lock-wait', '5m'],
    ],
    smoothly(twoWaves),
  );
  assert.deepEqual(submitted[0]?.strategy, {
    batch: [
      { kind: 'count', count: 1 },
      { kind: 'percent', percent: 20 },
    ],
    canary: 2,
    batchWaitMs: 30_000,
    maxErrors: { kind: 'percent', percent: 5 },
    maxUnreachable: { kind: 'count', count: 3 },
    minHealthyMs: 60_000,
    onError: 'fail',
    offline: { kind: 'queue', ttlMs: 7_200_000 },
    deadlineMs: 259_200_000,
    lockWaitMs: 300_000,
  });
});

test('order, full stop and the expected number of hosts are sent as typed', async () => {
  const { submitted } = await fleetctl(
    [...RESTART, '--order', 'host', '--full-stop', '--expect', '3'],
    smoothly(twoWaves),
  );
  const { order, fullStop, expectHosts } = submitted[0] as NonNullable<(typeof submitted)[0]>;
  assert.deepEqual(
    { order, fullStop, expectHosts },
    { order: 'host', fullStop: true, expectHosts: 3 },
  );
});

test('hosts that stand in a file or on standard input are read before anything is sent', async () => {
  const files = { 'hosts.txt': 'prod-1\nprod-2\n', '-': 'db-1\n' };
  const { submitted } = await fleetctl(['stop', 'web', '--hosts', 'file:hosts.txt,-'], {
    ...smoothly(twoWaves),
    files,
  });
  assert.equal(submitted[0]?.hosts, '(prod-[1-2]),(db-1)');
  const world = fakeWorld(() => assert.fail('dialled'));
  const words = ['stop', 'web', '--hosts', 'file:absent.txt'];
  assert.equal(await runFleetctl(words, world.environment), 2);
  assert.match(world.stderr(), /^error: absent\.txt cannot be read/);
});

test('another number of hosts than expected is refused by the controller, and asked nobody about', async () => {
  const surprise = new FleetError(refusal('surprise', 'restart would touch 12 hosts'));
  const { exitCode, questions, submitted } = await fleetctl([...RESTART, '--expect', '3'], {
    plan: surprise,
    answers: ['y'],
  });
  assert.deepEqual([exitCode, questions.length, submitted.length], [2, 0, 0]);
});

test('options that contradict one another are refused with the reason, before anything is dialled', async () => {
  const contradictions = [
    ['--dry-run --detach', 'a dry run does nothing that could go on'],
    ['--dry-run --timeout 5', 'a dry run does nothing that could be waited for'],
    ['--detach --timeout 5', '--detach does not wait at all'],
    ['--detach --quiet -o json', '--quiet prints only the id, -o json the whole operation'],
    ['--canary 1 --full-stop', 'a full stop stops all first'],
    ['--canary 1 --on-error continue', 'which continues whatever fails'],
    ['--max-errors 1 --on-error continue', 'what always continues has no limit'],
    ['--max-unreachable 5% --on-error continue', 'what always continues has no limit'],
    ['--batch-wait 5', 'without --batch or --canary there is only one batch'],
    ['--batch-wait 5 --batch 100%,1', 'without --batch or --canary there is only one batch'],
  ] as const;
  for (const [flags, cause] of contradictions) {
    const world = fakeWorld(() => assert.fail('dialled'));
    assert.equal(await runFleetctl([...RESTART, ...flags.split(' ')], world.environment), 2, flags);
    assert.ok(world.stderr().includes(cause), world.stderr());
  }
});

test('what only seems to contradict is sent', async () => {
  const harmless = [
    '--canary 1 --batch-wait 5',
    '--batch 5 --full-stop',
    '--batch-wait 0',
    '--canary 0 --full-stop',
    '--max-errors 0 --on-error continue',
  ];
  for (const flags of harmless) {
    const { submitted } = await fleetctl([...RESTART, ...flags.split(' ')], smoothly(twoWaves));
    assert.equal(submitted.length, 1, flags);
  }
});

test('--detach submits, says how to watch, and leaves with 0', async () => {
  const begun = { ...twoWaves, state: 'running', endedAtMs: null } as const;
  const { exitCode, stdout, submitted, watched } = await fleetctl(
    [...RESTART, '--detach', '--context', 'prod'],
    { submissions: [begun] },
  );
  assert.deepEqual([exitCode, submitted.length, watched.length], [0, 1, 0]);
  assert.equal(
    stdout,
    `operation ${begun.id} goes on at the controller\n` +
      `next: fleetctl --context prod op watch ${begun.id}\n`,
  );
  const quiet = await fleetctl([...RESTART, '--detach', '-q'], { submissions: [begun] });
  assert.equal(quiet.stdout, `${begun.id}\n`);
  const json = await fleetctl([...RESTART, '--detach', '-o', 'json'], { submissions: [begun] });
  assert.equal(JSON.parse(json.stdout).state, 'running');
});

test('what has ended when it is detached from says how', async () => {
  const { exitCode, stdout } = await fleetctl([...RESTART, '--detach'], {
    submissions: [twoWaves],
  });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^restarted 3 of 3 targets/);
});

test('a person is asked before more than ten hosts are touched', async () => {
  const asked = await fleetctl(RESTART, { ...smoothly(onHosts(11)), answers: ['y'] });
  assert.deepEqual(asked.questions, ['restart 11 targets on 11 hosts (prod-[0-10])? [y/N] ']);
  assert.equal(asked.exitCode, 0);
  assert.equal(asked.submitted[0]?.expectHosts, 11, 'a yes is one to as many hosts as were shown');
  for (const answer of ['n', '', 'yesterday', null]) {
    const declined = await fleetctl(RESTART, { ...smoothly(onHosts(11)), answers: [answer] });
    assert.equal(declined.submitted.length, 0, String(answer));
    assert.equal(declined.exitCode, 130);
  }
});

test('the question of very many hosts stays one line, and counts what it does not name', async () => {
  const targets = Array.from({ length: 900 }, (_, n) => aTarget(`${'abc'[n % 3]}${n ** 2}`, 'web'));
  const plan = anOperation({ verb: 'stop', targets });
  const { questions } = await fleetctl(['stop', 'web', '--hosts', '@*'], { plan, answers: ['n'] });
  assert.match(questions[0] ?? '', /^stop 900 targets on 900 hosts \(.{1,60}\)\? \[y\/N\] $/);
  assert.match(questions[0] ?? '', /and \d+ more\)/);
});

test('nobody is asked about ten hosts, with --yes, or off a terminal', async () => {
  const ten = await fleetctl(RESTART, { ...smoothly(onHosts(10)), answers: [] });
  const yes = await fleetctl([...RESTART, '--yes'], { ...smoothly(onHosts(11)), answers: [] });
  const script = await fleetctl(RESTART, smoothly(onHosts(11)));
  for (const { questions, exitCode, submitted } of [ten, yes, script]) {
    assert.deepEqual(
      { questions, exitCode, expected: submitted.map(({ expectHosts }) => expectHosts) },
      { questions: [], exitCode: 0, expected: [null] },
    );
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/vocabulary.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import {
  anOperation,
  aTarget,
  type FakeAnswers,
  fakeControl,
  lost,
  whole,
} from '../fakes/control-client.ts';

interface Given extends FakeAnswers {
  readonly answers?: readonly (string | null)[];
}

async function fleetctl(words: readonly string[], given: Given) {
  const control = fakeControl(given);
  const world = fakeWorld(control.client, given);
  const exitCode = await runFleetctl(words, world.environment);
  assert.equal(control.isClosed() || control.submitted.length === 0, true);
  return { ...control, ...world, exitCode, stdout: world.stdout(), stderr: world.stderr() };
}

/** Submitted and watched without any trouble. */
function smoothly(operation: Operation): Given {
  const begun = { ...operation, state: 'running', endedAtMs: null } as const;
  return {
    plan: operation,
    submissions: [begun],
    views: [{ updates: [whole(operation)], ending: 'end' }],
  };
}

const RESTART = ['restart', 'web', '--hosts', 'prod-*'];

const twoWaves = anOperation({
  waves: [
    { index: 0, groupPriority: 10, priority: 999, targets: 2 },
    { index: 1, groupPriority: 20, priority: 5, targets: 1 },
  ],
  targets: [
    aTarget('prod-1', 'db', { oldPid: 17, newPid: 23, durationMs: 1_100 }),
    aTarget('prod-10', 'db', { newPid: 24, durationMs: 40 }),
    aTarget('prod-1', 'web:0', { wave: 1, oldPid: 5, newPid: 5 }),
  ],
});

test('targets are told as they settle, under their waves, and the truth stands at the end', async () => {
  const open = (target: Operation['targets'][number]) => ({ ...target, state: 'pending' }) as const;
  const begun: Operation = {
    ...twoWaves,
    state: 'running',
    endedAtMs: null,
    targets: twoWaves.targets.map(open),
  };
  const updates = [
    whole(begun),
    ...twoWaves.targets.flatMap((target) => [
      { kind: 'target', target: { ...target, state: 'accepted' } } as const,
      { kind: 'target', target } as const,
    ]),
    whole(twoWaves),
  ];
  const given = { submissions: [begun], views: [{ updates, ending: 'end' as const }] };
  const { exitCode, stdout, stderr } = await fleetctl(RESTART, given);
  assert.equal(
    stdout,
    [
      'wave 1 of 2 (group priority 10, priority 999): 2 targets',
      'prod-1    db      restarted     pid 17 → 23   1.1 s',
      'prod-10   db      restarted     pid 24   40 ms',
      'wave 2 of 2 (group priority 20, priority 5): 1 target',
      'prod-1    web:0   restarted     pid 5',
      'restarted 3 of 3 targets on 2 hosts in 1.1 s',
      '',
    ].join('\n'),
  );
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
});

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

test('a changing verb without hosts is refused before anything is dialled', async () => {
  for (const words of [
    ['stop', 'web'],
    ['stop', 'web', '--hosts', ''],
    ['stop', 'web', '--hosts', ' '],
    ['stop', '', '--hosts', 'a'],
    ['signal', 'NOPE', 'web', '--hosts', 'a'],
    ['stop'],
    ['stpo', 'web'],
    ['stop', 'web', '--host', 'a'],
  ]) {
    const world = fakeWorld(() => assert.fail('dialled'));
    assert.equal(await runFleetctl(words, world.environment), 2, words.join(' '));
    assert.match(world.stderr(), /^error: .*\n(cause: .*\n)?fix: {3}.*\n$/, words.join(' '));
  }
});

test('the refusal of missing hosts says how the whole fleet is spelled', async () => {
  const { stderr } = await fleetctl(['restart', 'web:*'], {});
  assert.equal(
    stderr,
    'error: restart needs --hosts\n' +
      'cause: what changes something never means the whole fleet by accident\n' +
      "fix:   fleetctl restart 'web:*' --hosts 'prod-*', or --hosts '@*' for the whole fleet\n",
  );
});

test('usage errors are JSON where JSON was asked for', async () => {
  const { stderr } = await fleetctl(['status', '--hsots', 'x', '-o', 'json'], {});
  assert.deepEqual(JSON.parse(stderr), {
    kind: 'Error',
    code: 'usage',
    message: "unknown option '--hsots'",
    cause: null,
    fix: 'did you mean --hosts?',
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

const onHosts = (count: number) =>
  anOperation({ targets: Array.from({ length: count }, (_, n) => aTarget(`prod-${n}`, 'web')) });

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

test('a submission without an answer is repeated with the same id', async () => {
  const given = smoothly(onHosts(1));
  const { submitted, exitCode, stderr } = await fleetctl(RESTART, {
    ...given,
    submissions: [lost, lost, onHosts(1)],
  });
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  assert.equal(submitted.length, 3);
  assert.equal(new Set(submitted.map(({ id }) => id)).size, 1);
});

test('a submission that is never answered ends in doubt, after 15 s and with its id', async () => {
  const { submitted, exitCode, stderr, stdout, sleptMs } = await fleetctl(RESTART, {
    submissions: [lost],
  });
  assert.equal(exitCode, 4);
  assert.equal(stdout, '');
  assert.ok(sleptMs() > 10_000 && sleptMs() <= 15_000);
  assert.match(stderr, /^error: it is not known whether the controller accepted this restart\n/);
  assert.ok(stderr.includes(`fleetctl op watch ${submitted[0]?.id}`));
});

test('a refusal is final', async () => {
  const denied = new FleetError(refusal('denied', 'bob may not restart web', { fix: 'ask alice' }));
  const { submitted, exitCode, stderr } = await fleetctl(RESTART, { submissions: [denied] });
  assert.equal(exitCode, 5);
  assert.equal(submitted.length, 1);
  assert.equal(stderr, 'error: bob may not restart web\nfix:   ask alice\n');
});

test('a controller that restarts does not end the watching, nor is anything told twice', async () => {
  const half = { ...twoWaves, state: 'running', endedAtMs: null } as const;
  const { exitCode, stdout, stderr } = await fleetctl(RESTART, {
    submissions: [half],
    views: [
      { updates: [whole(half)], ending: lost },
      { updates: [], ending: lost },
      { updates: [whole(half)], ending: 'end' },
      { updates: [whole(twoWaves)], ending: 'end' },
    ],
  });
  assert.equal(exitCode, 0);
  assert.equal(stdout.match(/prod-10/g)?.length, 1);
  assert.equal(stderr.match(/lost sight of operation .*\n/g)?.length, 2);
});

test('a controller that stays away leaves the result open: exit 4 after a minute', async () => {
  const { exitCode, stdout, stderr, sleptMs } = await fleetctl([...RESTART, '-o', 'json'], {
    submissions: [onHosts(1)],
    views: [{ updates: [], ending: lost }],
  });
  assert.equal(exitCode, 4);
  assert.equal(stdout, '');
  assert.ok(sleptMs() > 55_000 && sleptMs() <= 60_000);
  const [notice, error] = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(notice.kind, 'Notice');
  assert.equal(error.code, 'unavailable');
  assert.match(error.message, /how operation \S+ ends is not known here/);
});

test('Ctrl-C turns away and says how to come back', async () => {
  const running = { ...twoWaves, state: 'running', endedAtMs: null } as const;
  const control = fakeControl({
    submissions: [running],
    views: [{ updates: [whole(running)], ending: 'silence' }],
  });
  const world = fakeWorld(control.client);
  const shown = world.environment.stdout.write;
  const environment = {
    ...world.environment,
    stdout: {
      colours: false,
      write: (text: string) => {
        shown(text);
        setImmediate(world.pressInterrupt);
      },
    },
  };
  assert.equal(await runFleetctl(RESTART, environment), 130);
  assert.equal(
    world.stderr(),
    `interrupted: operation ${control.submitted[0]?.id} goes on at the controller\n` +
      `next: fleetctl op watch ${control.submitted[0]?.id}\n`,
  );
  assert.ok(control.isClosed());
});

test('op watch ends as the operation ends', async () => {
  const failed = anOperation({ targets: [aTarget('a', 'web', { state: 'failed' })] });
  const { exitCode, stdout } = await fleetctl(['op', 'watch', failed.id], smoothly(failed));
  assert.equal(exitCode, 10);
  assert.match(stdout, /^a {3}web {3}FAILED\nrestarted 0 of 1 target; 1 failed: a web\n/);
});

test('targets that were never attempted are counted, not listed, and keep their wave unannounced', async () => {
  const operation: Operation = {
    ...twoWaves,
    state: 'failed',
    targets: twoWaves.targets.map((target) => ({
      ...target,
      state: target.wave === 0 ? 'failed' : 'not-attempted',
    })),
  };
  const { exitCode, stdout } = await fleetctl(RESTART, smoothly(operation));
  assert.equal(exitCode, 12);
  assert.deepEqual(stdout.split('\n').slice(3), [
    'restarted 0 of 3 targets; 2 failed: prod-1 db, prod-10 db; 1 not attempted: prod-1 web:0',
    'look:  fleetctl status db web:0 --hosts prod-1,prod-10',
    'retry: fleetctl restart db --hosts prod-1,prod-10',
    'retry: fleetctl restart web:0 --hosts prod-1',
    '',
  ]);
});

test('a target that was lost and came back after all is told again, once', async () => {
  const ofState = (state: 'unreachable' | 'succeeded') =>
    anOperation({ state: 'running', targets: [aTarget('a', 'web', { state })] });
  const back = ofState('succeeded');
  const updates = [ofState('unreachable'), back, back, { ...back, state: 'succeeded' } as const];
  const { stdout } = await fleetctl(RESTART, {
    submissions: [back],
    views: [{ updates: updates.map(whole), ending: 'end' }],
  });
  assert.deepEqual(stdout.split('\n').slice(0, 3), [
    'a   web   UNREACHABLE',
    'a   web   restarted',
    'restarted 1 of 1 target on 1 host in 1.1 s',
  ]);
});

test('version shows ours even where no controller answers', async () => {
  const world = fakeWorld(async () => {
    throw new FleetError(refusal('unavailable', 'nobody there'));
  });
  assert.equal(await runFleetctl(['version'], world.environment), 4);
  assert.equal(world.stdout(), 'fleetctl: 0.1.0 (protocol 1)\n');
  assert.equal(world.stderr(), 'error: nobody there\n');
  const both = await fleetctl(['version'], {});
  assert.equal(
    both.stdout,
    'fleetctl: 0.1.0 (protocol 1)\ncontroller ops-1:7460: 0.1.0 (protocol 1)\n',
  );
});

test('help and version are no errors, a bare fleetctl is', async () => {
  const help = await fleetctl(['restart', '--help'], {});
  assert.equal(help.exitCode, 0);
  assert.ok(help.stdout.startsWith('Examples:\n  fleetctl restart web'));
  assert.deepEqual(
    [(await fleetctl(['--version'], {})).stdout, (await fleetctl([], {})).exitCode],
    ['fleetctl 0.1.0\n', 2],
  );
});

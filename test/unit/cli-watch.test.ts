import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { follow } from '../../cli/watch/follow.ts';
import { untilTurnedAway } from '../../cli/watch/turn-away.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/operation.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl, onHosts, RESTART, smoothly, twoWaves } from '../fakes/cli-run.ts';
import { anOperation, aTarget, ended, fakeControl, lost, whole } from '../fakes/control-client.ts';

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
      { kind: 'targets', targets: [{ ...target, state: 'accepted' }] } as const,
      { kind: 'targets', targets: [target] } as const,
    ]),
    ended(twoWaves),
  ];
  const given = { submissions: [begun], views: [{ updates, ending: 'end' as const }] };
  const { exitCode, stdout, stderr } = await fleetctl(RESTART, given);
  assert.equal(
    stdout,
    [
      'wave 1 of 2 (group priority 10, priority 999): 2 targets',
      'prod-1    db      restarted     pid 17 → 23   1.1 s',
      'prod-10   db      started       pid 24   40 ms',
      'wave 2 of 2 (group priority 20, priority 5): 1 target',
      'prod-1    web:0   restarted     pid 5',
      'restarted 3 of 3 targets on 2 hosts in 1.1 s; 1 was down before',
      '',
    ].join('\n'),
  );
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
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
  assert.match(stdout, /^a {3}web {3}FAILED\nrestarted 0 of 1 target; 1 failed: web on a\n/);
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
    'restarted 0 of 3 targets; 2 failed: db on prod-[1,10]; 1 not attempted: web:0 on prod-1',
    "look:  fleetctl status db web:0 --hosts 'prod-[1,10]'",
    `retry: fleetctl op retry ${operation.id}`,
    '',
  ]);
});

test('who watches an operation that pauses leaves once nothing is under way any more', async () => {
  const targets = [
    aTarget('prod-1', 'web', { state: 'accepted' }),
    aTarget('prod-2', 'web', { state: 'accepted' }),
    aTarget('prod-3', 'web', { state: 'pending' }),
  ] as const;
  const running = anOperation({ state: 'running', endedAtMs: null, targets });
  const halt = {
    by: null,
    because: '1 target failed',
    atMs: 5,
    endsAs: null,
    kill: false,
  } as const;
  const { targets: _, ...facts } = { ...running, state: 'paused', halt } as const;
  const view = [
    whole(running),
    { kind: 'targets', targets: [{ ...targets[0], state: 'failed', error: 'no' }] },
    { kind: 'moved', facts },
    { kind: 'targets', targets: [{ ...targets[1], state: 'succeeded' }] },
  ] as const;
  // What comes after it is not waited for: nothing would come.
  const { exitCode, stdout } = await fleetctl(RESTART, {
    submissions: [running],
    views: [{ updates: view, ending: 'silence' }],
  });
  assert.equal(exitCode, 12);
  assert.match(stdout, /restarted 1 of 3 targets/);
  assert.match(stdout, new RegExp(`op resume ${running.id}$`, 'm'));
});

test('a target that was lost and came back after all is told again, once', async () => {
  const ofState = (state: 'unreachable' | 'succeeded') =>
    anOperation({ state: 'running', endedAtMs: null, targets: [aTarget('a', 'web', { state })] });
  const back = ofState('succeeded');
  const done = { ...back, state: 'succeeded', endedAtMs: 2_100 } as const;
  const updates = [ofState('unreachable'), back, back, done];
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

/** Everything that is told of an operation of which the end never comes. */
const endless = { ...twoWaves, state: 'running', endedAtMs: null } as const;

test('--timeout counts from the submission, and says that the operation goes on', async () => {
  const { exitCode, stderr, submitted, sleptMs } = await fleetctl([...RESTART, '--timeout', '30'], {
    submissions: [endless],
    views: [{ updates: [whole(endless)], ending: 'silence' }],
  });
  assert.equal(exitCode, 124);
  assert.equal(sleptMs(), 30_000);
  const id = submitted[0]?.id;
  assert.equal(
    stderr,
    `timed out: operation ${id} goes on at the controller\nnext: fleetctl op watch ${id}\n`,
  );
});

test('--timeout is kept while the controller is away', async () => {
  const { exitCode, stderr, sleptMs } = await fleetctl([...RESTART, '--timeout', '20s'], {
    submissions: [endless],
    views: [{ updates: [whole(endless)], ending: lost }],
  });
  assert.equal(exitCode, 124);
  assert.equal(sleptMs(), 20_000);
  assert.match(stderr, /^timed out: operation \S+ goes on at the controller$/m);
});

test('--timeout before the submission was answered leaves it in doubt', async () => {
  const { exitCode, stderr, submitted } = await fleetctl([...RESTART, '--timeout', '1s'], {
    submissions: [lost],
  });
  assert.equal(exitCode, 124);
  assert.match(
    stderr,
    /^timed out: it is not known whether the controller accepted this restart\n/,
  );
  assert.ok(stderr.includes(`op watch ${submitted[0]?.id}`));
});

test('what ends in time does not wait for its timeout', async () => {
  const { exitCode, sleptMs } = await fleetctl([...RESTART, '--timeout', '1h'], smoothly(twoWaves));
  assert.deepEqual([exitCode, sleptMs()], [0, 0]);
});

test('a timeout is JSON where JSON was asked for', async () => {
  const { stderr, stdout } = await fleetctl([...RESTART, '--timeout', '30', '-o', 'json'], {
    submissions: [endless],
    views: [{ updates: [], ending: 'silence' }],
  });
  assert.equal(stdout, '');
  assert.equal(JSON.parse(stderr).code, 'timed-out');
});

test('a view that breaks is taken up again under the whole id', async () => {
  const { client, watched } = fakeControl({
    views: [
      { updates: [whole(endless)], ending: lost },
      { updates: [whole(twoWaves)], ending: 'end' },
    ],
  });
  const { clock } = fakeWorld(client).environment;
  const signal = new AbortController().signal;
  const listener = { onUpdate: () => {}, onBreak: () => {} };
  await follow({ client, clock, fleetctl: 'fleetctl', signal }, twoWaves.id.slice(0, 8), listener);
  assert.deepEqual(watched, [twoWaves.id.slice(0, 8), twoWaves.id]);
});

test('a deadline is forgotten with what it was for', async () => {
  const world = fakeWorld(() => assert.fail('dialled'));
  const patience = { timeoutMs: 5_000, because: () => assert.fail('turned away afterwards') };
  assert.equal(await untilTurnedAway(world.environment, patience, async () => 7), 7);
  world.pass(10_000);
  await new Promise(setImmediate);
});

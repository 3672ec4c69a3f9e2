import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/operation.ts';
import { hostId, operationId } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl, smoothly, twoWaves } from '../fakes/cli-run.ts';
import { anOperation, aSummary, aTarget, aWave, lost, whole } from '../fakes/control-client.ts';

const running = anOperation({
  id: operationId('0198f2a0-aaaa-7000-8000-000000000001'),
  state: 'running',
  startedAtMs: FAKE_NOW_MS - 4_200,
  endedAtMs: null,
  requestedBy: 'alice',
  processes: ['web:*', 'db', 'a-process-with-a-long-name'],
  targets: [
    aTarget('prod-1', 'web:0', { newPid: 3 }),
    aTarget('prod-2', 'web:0', { state: 'accepted', processState: 'STOPPING', overdue: true }),
    aTarget('prod-3', 'web:0', {
      state: 'failed',
      error: 'Exited too quickly',
      logTail: ['bind: address in use'],
    }),
    aTarget('prod-4', 'web:0', {
      state: 'failed',
      error: 'Exited too quickly',
      logTail: ['bind: address in use'],
    }),
  ],
});
const ended = anOperation({
  id: operationId('0198f2a0-aaaa-7000-8000-000000000002'),
  verb: 'signal',
  signal: 'HUP',
  startedAtMs: FAKE_NOW_MS - 600_000,
  endedAtMs: FAKE_NOW_MS - 599_000,
  requestedBy: 'bob',
  reason: 'new certificate',
});

test('op list shows who did what where, and ids just long enough to tell them apart', async () => {
  const { stdout, exitCode, listings } = await fleetctl(['op', 'list'], {
    summaries: [running, { ...ended, id: operationId('0198f2a0-bbbb-7000-8000-000000000003') }].map(
      aSummary,
    ),
  });
  assert.equal(exitCode, 0);
  assert.equal(listings[0]?.limit, 20);
  assert.equal(
    stdout,
    [
      'ID              STARTED      WHO     VERB         PROCESSES                  HOSTS        STATE       DONE   TOOK',
      '0198f2a0-aaaa   4 s ago      alice   restart      web:* db a-process-with…   prod-* (4)   running     1/4    4.2 s',
      '0198f2a0-bbbb   10 min ago   bob     signal HUP   web                        prod-* (1)   succeeded   1/1    1.0 s',
      '',
    ].join('\n'),
  );
});

test('ids that begin alike are shown as far as they differ, or whole with -o wide', async () => {
  const summaries = [running, ended].map(aSummary);
  const { stdout } = await fleetctl(['op', 'list'], { summaries });
  assert.match(stdout, /^0198f2a0-aaaa-7000-8000-000000000001 {3}4 s ago/m);
  const wide = await fleetctl(['op', 'list', '-o', 'wide'], { summaries });
  assert.match(wide.stdout, /^0198f2a0-aaaa-7000-8000-000000000001 {3}2026-11-22T11:59:55.800Z/m);
  assert.match(wide.stdout, /web:\* db a-process-with-a-long-name/);
  assert.match(wide.stdout, /ORDER {3}RUNBOOK {3}REASON {12}HALT$/m);
  assert.match(wide.stdout, /tier {4}- {9}new certificate {3}-$/m);
  const names = await fleetctl(['op', 'list', '-o', 'name'], { summaries });
  assert.equal(names.stdout, `${running.id}\n${ended.id}\n`);
});

test('op list asks for what was asked for', async () => {
  const { listings } = await fleetctl(['op', 'list', '--running', '-n', '0'], {});
  assert.deepEqual(
    listings.map(({ runningOnly, limit }) => ({ runningOnly, limit })),
    [{ runningOnly: true, limit: 0 }],
  );
  for (const limit of ['-1', '1.5', 'x', '', '1e3', '9999999999', '\u001b[2J']) {
    const { exitCode, stderr, listings: asked } = await fleetctl(['op', 'list', '-n', limit], {});
    assert.deepEqual([exitCode, asked.length], [2, 0], limit);
    assert.match(
      stderr,
      /\ncause: expected is a whole number; 0 means all\nfix: {3}fleetctl op list --help/,
    );
    assert.equal(stderr.includes('\u001b'), false);
  }
});

test('no operations are an answer, in every form', async () => {
  const outputOf = async (...words: string[]) => {
    const { stdout, exitCode } = await fleetctl(['op', 'list', ...words], {});
    assert.equal(exitCode, 0);
    return stdout;
  };
  assert.equal(await outputOf(), 'no operations\n');
  assert.equal(await outputOf('--running', '-o', 'wide'), 'nothing is running\n');
  assert.equal(await outputOf('-o', 'name'), '');
  assert.equal(await outputOf('-o', 'jsonl'), '');
  assert.deepEqual(JSON.parse(await outputOf('-o', 'json')).items, []);
});

test('op list for programs counts targets by state', async () => {
  const { stdout } = await fleetctl(['op', 'list', '-o', 'jsonl'], {
    summaries: [running, ended].map(aSummary),
  });
  const [first, second] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(first.targetCounts.failed, 2);
  assert.equal(first.targetCounts.pending, 0);
  assert.equal(first.durationMs, null);
  assert.equal(first.hostCount, 4);
  assert.equal(second.reason, 'new certificate');
  assert.equal(second.startedAt, '2026-11-22T11:50:00.000Z');
});

test('op show of a running operation: problems first and folded, what is waited for, their logs', async () => {
  const { stdout, exitCode, fetched } = await fleetctl(['op', 'show', '0198f2a0'], {
    operations: [{ ...running, leftOut: [hostId('prod-9')], expectHosts: 4 }],
  });
  assert.equal(exitCode, 0);
  assert.deepEqual(fetched, ['0198f2a0']);
  assert.equal(
    stdout,
    [
      `operation   ${running.id}`,
      'verb        restart',
      'processes   web:* db a-process-with-a-long-name',
      'hosts       prod-* (4 hosts)',
      'left out    prod-9: no such process',
      'expected    4 hosts',
      'by          alice',
      'order       one wave, all at once',
      'state       running',
      'started     2026-11-22T11:59:55.800Z, 4 s ago',
      '',
      'WAVE   ACTION    GROUP PRIORITY   PRIORITY   DONE   NEXT WAITS AT MOST',
      '1      restart   999              999        1/4    -',
      '',
      'FAILED      web:0 on prod-[3-4]: Exited too quickly',
      'under way   web:0 on prod-2: is STOPPING; took longer than its wave was waited for',
      'started     web:0 on prod-1',
      '',
      'log of web:0 on prod-[3-4]:',
      '    bind: address in use',
      `watch: fleetctl op watch ${running.id}`,
      '',
    ].join('\n'),
  );
});

test('op show of one that has ended ends as it ended, and is no failure itself', async () => {
  const failed: Operation = {
    ...running,
    state: 'failed',
    endedAtMs: FAKE_NOW_MS,
    targets: running.targets.map((target) =>
      target.state === 'accepted' ? { ...target, state: 'indeterminate', error: 'lost' } : target,
    ),
  };
  const { stdout, exitCode } = await fleetctl(['op', 'show', failed.id], { operations: [failed] });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^took {8}4\.2 s$/m);
  assert.match(stdout, /^INDETERMINATE {3}web:0 on prod-2: lost; took longer/m);
  assert.match(stdout, /\n\nrestarted 1 of 4 targets; .*\nlog of web:0 on prod-\[3-4\]:\n/);
  assert.match(stdout, /^retry: fleetctl op retry 0198f2a0-aaaa-7000-8000-000000000001$/m);
});

const HALVES = { stopWave: 0, wave: 1 } as const;
const STARTING = { ...HALVES, state: 'accepted', processState: 'STARTING' } as const;

test('the waves of a full stop count what is stopped and what is up again', async () => {
  const fullStop = anOperation({
    fullStop: true,
    state: 'running',
    endedAtMs: null,
    waves: [aWave(0, { action: 'stop', targets: 5 }), aWave(1, { action: 'start', targets: 5 })],
    targets: [
      aTarget('c', 'web', { ...HALVES, state: 'accepted' }),
      aTarget('a', 'web', { ...HALVES, stopped: true }),
      aTarget('b', 'web', { ...HALVES, stopped: true, state: 'pending' }),
      aTarget('d', 'web', { ...STARTING, stopped: true }),
      aTarget('e', 'web', { ...HALVES, stopped: true, state: 'unreachable', error: 'gone' }),
    ],
  });
  const { stdout } = await fleetctl(['op', 'show', 'x'], { operations: [fullStop] });
  assert.match(stdout, /^1 {6}stop {5}999 {14}999 {8}4\/5/m);
  assert.match(stdout, /^2 {6}start {4}999 {14}999 {8}1\/5/m);
  assert.deepEqual(stdout.match(/^.*web on .*$/gm), [
    'UNREACHABLE   web on e: gone; was stopped, with no word of a start since',
    'under way     web on c: is RUNNING',
    'under way     web on d: is STARTING',
    'pending       web on b: stopped, to be started in wave 2',
    'restarted     web on a',
  ]);
});

test('of what a full stop left down it is said once why', async () => {
  const error = 'it was stopped and not started again, because the operation stopped early';
  const targets = [
    aTarget('a', 'web', { ...HALVES, stopped: true, state: 'not-attempted', error }),
    aTarget('b', 'web', { ...HALVES, stopped: true, state: 'failed', error: 'Exited too quickly' }),
  ];
  const early = anOperation({ fullStop: true, state: 'failed', targets });
  const { stdout } = await fleetctl(['op', 'show', 'x'], { operations: [early] });
  assert.deepEqual(stdout.match(/^[A-Z].*web on .*$/gm), [
    'FAILED          web on b: Exited too quickly',
    `NOT ATTEMPTED   web on a: ${error}`,
  ]);
});

test('op show -o json is the document that its end prints, too', async () => {
  const shown = await fleetctl(['op', 'show', 'x', '-o', 'json'], { operations: [twoWaves] });
  const watched = await fleetctl(['op', 'watch', 'x', '-o', 'json'], smoothly(twoWaves));
  assert.equal(shown.stdout, watched.stdout);
});

test('what an operation carries from elsewhere cannot rewrite the screen', async () => {
  const evil = '\u001b[2J\u202e';
  const hostile = anOperation({
    processes: [evil],
    hosts: evil,
    reason: evil,
    requestedBy: evil,
    targets: [aTarget(evil, evil, { state: 'failed', error: evil, logTail: [evil] })],
    leftOut: [hostId(evil)],
  });
  for (const words of [['show', 'x'], ['list'], ['list', '-o', 'wide']]) {
    const { stdout } = await fleetctl(['op', ...words], {
      operations: [hostile],
      summaries: [aSummary(hostile)],
    });
    assert.equal(stdout.includes('\u001b') || stdout.includes('\u202e'), false, words.join(' '));
    assert.ok(stdout.includes('\\x1b[2J'));
  }
});

test('op watch fetches nothing but the view, and after a break means the whole id', async () => {
  const failed = anOperation({ targets: [aTarget('a', 'web', { state: 'failed' })] });
  const begun = { ...failed, state: 'running', endedAtMs: null } as const;
  const { exitCode, fetched, watched, stderr } = await fleetctl(['op', 'watch', '0198f2a0'], {
    views: [
      { updates: [whole(begun)], ending: lost },
      { updates: [whole(failed)], ending: 'end' },
    ],
  });
  assert.equal(exitCode, 10);
  assert.deepEqual([fetched, watched], [[], ['0198f2a0', failed.id]]);
  assert.match(stderr, new RegExp(`^lost sight of operation ${failed.id}, `));
});

test('who turns away from what was not seen yet is not told that it goes on', async () => {
  const { exitCode, stderr } = await fleetctl(['op', 'watch', '0198f2a0', '--timeout', '5s'], {
    views: [{ updates: [], ending: 'silence' }],
  });
  assert.equal(exitCode, 124);
  assert.equal(stderr, 'timed out: operation 0198f2a0 has not been seen yet\n');
});

test('an operation that nobody knows is refused as the controller refuses it', async () => {
  const unknown = new FleetError(
    refusal('nothing-matched', 'no operation "x"', {
      fix: 'see which there are with: fleetctl op list',
    }),
  );
  for (const verb of ['show', 'watch']) {
    const { exitCode, stderr } = await fleetctl(['op', verb, 'x'], {
      operations: [unknown],
      views: [{ updates: [], ending: unknown }],
    });
    assert.equal(exitCode, 6);
    assert.match(
      stderr,
      /^error: no operation "x"\nfix: {3}see which there are with: fleetctl op list/,
    );
  }
});

test('op watch --timeout turns away in time, from one that runs', async () => {
  const { exitCode, stderr, sleptMs } = await fleetctl(['op', 'watch', 'x', '--timeout', '5m'], {
    views: [{ updates: [whole(running)], ending: 'silence' }],
  });
  assert.equal(exitCode, 124);
  assert.equal(sleptMs(), 300_000);
  assert.equal(
    stderr,
    `timed out: operation ${running.id} goes on at the controller\nnext: fleetctl op watch ${running.id}\n`,
  );
});

test('a bare op shows what there is', async () => {
  const { exitCode, stderr } = await fleetctl(['op'], {});
  assert.equal(exitCode, 2);
  assert.match(stderr, /^Examples:\n {2}fleetctl op list --running\n/);
  assert.match(stderr, /^ {2}list \[options\]/m);
});

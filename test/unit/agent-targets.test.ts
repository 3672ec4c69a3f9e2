import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aCommand,
  acceptedIn,
  aHost,
  aRunningHost,
  changesIn,
  deedsIn,
  EPOCH,
  outcomesIn,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';

const web = aDefinition('web');

test('a restart stops, starts, and succeeds only when the new child has stayed up', () => {
  const host = aRunningHost(web);
  const accepted = host.command('restart', 'op-1', 'web');
  assert.deepEqual(acceptedIn(accepted), [
    {
      kind: 'targetAccepted',
      operationId: 'op-1',
      verb: 'restart',
      process: 'web',
      generation: 1,
      oldPid: 101,
    },
  ]);
  assert.deepEqual(changesIn(accepted), ['web STOPPING']);
  assert.deepEqual(deedsIn(accepted), ['web stop TERM']);
  host.pass(250);
  const ended = host.exited('web', exitCode(0));
  assert.deepEqual(changesIn(ended), ['web STOPPED', 'web STARTING']);
  assert.deepEqual(deedsIn(ended), ['web spawn']);
  assert.deepEqual(outcomesIn(host.spawned('web', 202)), []);
  host.pass(1_000);
  const up = host.timer('web', 'stayedUp');
  assert.deepEqual(outcomesIn(up), [
    {
      operation: 'op-1',
      verb: 'restart',
      state: 'succeeded',
      oldPid: 101,
      newPid: 202,
      durationMs: 1_250,
      error: null,
      fault: null,
      note: null,
      logTail: [],
    },
  ]);
  assert.equal(host.process('web').generation, 1);
  assert.equal(host.state().queues.size, 0);
});

test('a restart whose first start fails is a failure, told with the last words of the program', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-1', 'web');
  host.exited('web');
  host.spawned('web', 202);
  const failed = host.exited('web', exitCode(3), ['listening', 'port 80 is taken']);
  const [outcome] = outcomesIn(failed);
  assert.equal(outcome?.state, 'failed');
  assert.equal(outcome?.error, 'Exited too quickly (exit status 3)');
  assert.deepEqual(outcome?.logTail, ['listening', 'port 80 is taken']);
  assert.equal(outcome?.newPid, null);
  assert.equal(host.stateOf('web'), 'BACKOFF', 'the agent goes on trying');
});

test('a record is written in the step that acts on it, hence before the act', () => {
  const host = aRunningHost(web);
  const step = host.command('restart', 'op-1', 'web');
  const kinds = step.writes.map(({ kind }) => kind);
  assert.ok(kinds.includes('target'));
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  assert.equal(kinds.indexOf('target') < kinds.lastIndexOf('process'), true);
  const last = step.writes.findLast((write) => write.kind === 'target');
  assert.equal(last?.kind === 'target' && last.target.phase, 'stopping');
  assert.equal(
    step.writes.some((write) => write.kind === 'process' && write.process.generation === 1),
    true,
  );
});

test('a repeated command is answered from the record and never carried out again', () => {
  const host = aRunningHost(web);
  const first = host.command('restart', 'op-1', 'web');
  const open = host.command('restart', 'op-1', 'web');
  assert.deepEqual(acceptedIn(open), acceptedIn(first));
  assert.deepEqual(deedsIn(open), []);
  assert.equal(host.process('web').generation, 1);
  host.exited('web');
  host.spawned('web', 202);
  const settled = outcomesIn(host.timer('web', 'stayedUp'));
  const closed = host.command('restart', 'op-1', 'web');
  assert.deepEqual(outcomesIn(closed), settled);
  assert.deepEqual([acceptedIn(closed), deedsIn(closed)], [[], []]);
  assert.equal(host.process('web').child?.pid, 202);
});

test('a name that stands twice in one command is one target', () => {
  const host = aRunningHost(web);
  const step = host.command('restart', 'op-1', 'web', 'web');
  assert.equal(host.process('web').generation, 1);
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
});

test('operations on one process are carried out one after the other, each with its generation', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-1', 'web');
  const second = host.command('restart', 'op-2', 'web');
  assert.equal(acceptedIn(second)[0]?.generation, 2);
  assert.deepEqual(deedsIn(second), []);
  host.exited('web');
  host.spawned('web', 202);
  const between = host.timer('web', 'stayedUp');
  assert.deepEqual(
    outcomesIn(between).map(({ operation, newPid }) => [operation, newPid]),
    [['op-1', 202]],
  );
  assert.deepEqual(deedsIn(between), ['web stop TERM'], 'the second restart begins');
  host.exited('web');
  host.spawned('web', 303);
  const [last] = outcomesIn(host.timer('web', 'stayedUp'));
  assert.deepEqual([last?.operation, last?.state, last?.newPid], ['op-2', 'succeeded', 303]);
});

test('restart, stop and restart in a row leave the process running', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-1', 'web');
  host.command('stop', 'op-2', 'web');
  host.command('restart', 'op-3', 'web');
  host.exited('web');
  host.spawned('web', 202);
  host.timer('web', 'stayedUp');
  assert.equal(host.target('op-1', 'web')?.outcome?.state, 'succeeded');
  const stopped = host.exited('web');
  assert.deepEqual(
    outcomesIn(stopped).map(({ operation, state }) => [operation, state]),
    [['op-2', 'succeeded']],
  );
  assert.deepEqual(deedsIn(stopped), ['web spawn']);
  host.spawned('web', 303);
  host.timer('web', 'stayedUp');
  assert.equal(host.target('op-3', 'web')?.outcome?.state, 'succeeded');
});

test('a queued restart is judged by its own start, not by the failure before it', () => {
  const host = aRunningHost(aDefinition('web', { startRetries: 0 }));
  host.command('restart', 'op-1', 'web');
  host.command('restart', 'op-2', 'web');
  host.exited('web');
  host.spawned('web', 202);
  const failed = host.exited('web');
  assert.deepEqual(changesIn(failed), ['web BACKOFF', 'web FATAL', 'web STARTING']);
  assert.deepEqual(
    outcomesIn(failed).map(({ operation }) => operation),
    ['op-1'],
  );
  host.spawned('web', 303);
  assert.equal(outcomesIn(host.timer('web', 'stayedUp'))[0]?.state, 'succeeded');
});

test('what already holds succeeds at once', () => {
  const host = aRunningHost(web, aDefinition('idle', { autostart: false }));
  const [started] = outcomesIn(host.command('start', 'op-1', 'web'));
  assert.deepEqual([started?.state, started?.oldPid, started?.newPid], ['succeeded', 101, 101]);
  const stop = host.command('stop', 'op-2', 'idle');
  assert.equal(outcomesIn(stop)[0]?.state, 'succeeded');
  assert.deepEqual(deedsIn(stop), []);
});

test('a restart of what does not run starts it, and one of BACKOFF tries at once', () => {
  const host = aRunningHost(aDefinition('idle', { autostart: false }));
  assert.deepEqual(deedsIn(host.command('restart', 'op-1', 'idle')), ['idle spawn']);
  host.spawned('idle');
  host.exited('idle');
  assert.equal(host.stateOf('idle'), 'BACKOFF');
  const refused = outcomesIn(host.command('start', 'op-2', 'idle'));
  assert.match(refused[0]?.error ?? '', /already started, and waiting to be retried/);
  const again = host.command('restart', 'op-3', 'idle');
  assert.deepEqual(changesIn(again), ['idle STOPPED', 'idle STARTING']);
  assert.equal(host.process('idle').failedTries, 0);
});

test('what has EXITED or is FATAL is up again after a start, and after a restart', () => {
  for (const verb of ['start', 'restart'] as const) {
    const once = aDefinition('once', { startMs: 0 });
    const broken = aDefinition('broken', { startRetries: 0 });
    const host = aRunningHost(once, broken);
    host.exited('once', exitCode(0));
    host.exited('broken');
    host.give('broken', { kind: 'spawnFailed', error: "can't find command 'broken'" });
    assert.deepEqual([host.stateOf('once'), host.stateOf('broken')], ['EXITED', 'FATAL']);
    const step = host.command(verb, 'op-1', 'once', 'broken');
    assert.deepEqual(deedsIn(step), ['once spawn', 'broken spawn']);
  }
});

test('a start while STOPPING waits for the end and then starts', () => {
  const host = aRunningHost(web);
  host.command('stop', 'op-1', 'web');
  host.command('start', 'op-2', 'web');
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
});

test('a signal is sent to the child, and what becomes of it is the outcome', () => {
  const host = aRunningHost(web, aDefinition('idle', { autostart: false }));
  const step = host.signal('HUP', 'op-1', 'web');
  const target = 'op-1 signal web';
  const { child } = host.process('web');
  const sends = step.effects.filter((effect) => effect.kind === 'signalTarget');
  assert.deepEqual(sends, [{ kind: 'signalTarget', target, child, signal: 'HUP' }]);
  assert.deepEqual(outcomesIn(step), []);
  const delivered = { kind: 'signalled', target, result: { kind: 'delivered' } } as const;
  assert.equal(outcomesIn(host.step(delivered))[0]?.state, 'succeeded');
  assert.deepEqual(outcomesIn(host.step(delivered)), []);
  assert.equal(outcomesIn(host.signal('HUP', 'op-3', 'idle'))[0]?.error, 'not running');
});

test('a signal that did not arrive fails its target, and says whether anybody was there', () => {
  const host = aRunningHost(web);
  const error = 'could not send SIGUSR2: EPERM';
  const results = [{ kind: 'failed', error }, { kind: 'gone' }] as const;
  const outcomes = results.flatMap((result) => {
    host.signal('USR2', `op ${result.kind}`, 'web');
    const target = `op ${result.kind} signal web`;
    return outcomesIn(host.step({ kind: 'signalled', target, result }));
  });
  assert.deepEqual(
    outcomes.map(({ state, fault, error: why }) => [state, fault, why]),
    [
      ['failed', 'failed', error],
      ['failed', 'not-running', 'not running'],
    ],
  );
});

test('a process that cannot be signalled fails its stop, and nothing is started beside it', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-1', 'web');
  const step = host.give('web', { kind: 'signalFailed', error: 'could not send SIGTERM: EPERM' });
  assert.match(outcomesIn(step)[0]?.error ?? '', /its state is unknown/);
  const later = host.command('restart', 'op-2', 'web');
  assert.match(outcomesIn(later)[0]?.error ?? '', /its state is unknown/);
  assert.deepEqual(deedsIn(later), []);
});

test('an unknown process is refused, and the others of the command are carried out', () => {
  const host = aRunningHost(web);
  const step = host.command('restart', 'op-1', 'gone', 'web');
  const [outcome] = outcomesIn(step);
  assert.deepEqual([outcome?.state, outcome?.error], ['failed', 'no such process on this host']);
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  assert.equal(outcomesIn(host.command('restart', 'op-1', 'gone')).length, 1);
});

test('without a sound journal operations are refused, and crashed processes are restarted', () => {
  const host = aRunningHost(web);
  host.step({ kind: 'journalFailed' });
  const step = host.command('restart', 'op-1', 'web');
  assert.match(outcomesIn(step)[0]?.error ?? '', /cannot write its journal/);
  assert.deepEqual(deedsIn(step), []);
  assert.equal(host.process('web').generation, 0);
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
  host.step({ kind: 'journalRecovered' });
  assert.equal(acceptedIn(host.command('stop', 'op-2', 'web')).length, 1);
});

test('a command of another session, or of none, is ignored', () => {
  const host = aHost([web]);
  const stale = { ...aCommand('restart', 'op-1', ['web']), sessionEpoch: EPOCH - 1 };
  assert.deepEqual(host.command('stop', 'op-1', 'web').writes, []);
  host.welcome();
  assert.deepEqual(host.receive(stale).writes, []);
  host.step({ kind: 'disconnected' });
  assert.deepEqual(host.command('stop', 'op-1', 'web').writes, []);
  assert.equal(host.state().targets.size, 0);
});

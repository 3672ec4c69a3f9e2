import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLEAN, executionOf, operationOf } from '../../controller/core/execution.ts';
import {
  beginOperation,
  endWaveWait,
  inFlightOn,
  noteTarget,
  observeHost,
  observeProcess,
} from '../../controller/core/operation.ts';
import { actionOf } from '../../controller/core/target.ts';
import { hostId, knownProcessName, type ProcessState, type Verb } from '../../proto/vocabulary.ts';
import { aStatus, NOW_MS, settledAs } from '../fakes/controller-fleet.ts';
import { begun, begunWith, type OperationScript, planOfLines } from '../fakes/operation-script.ts';

const ALL = 'all hosts';
const stateOf = (script: OperationScript) => script.execution.facts.state;
const AT = { wallMs: NOW_MS, monotonicMs: 0 };
/** Of waits for waves. */
const waits = (script: OperationScript): readonly string[] =>
  script.timers.map(({ timer, delayMs }) =>
    timer.kind === 'waveWait' ? `${timer.lane} ${timer.wave} ${delayMs}` : timer.kind,
  );

test('a wave begins only when the one before it is settled everywhere', () => {
  const script = begun('a db 0', 'b db 0', 'a web 1', 'b web 1');
  assert.deepEqual(script.sent, ['a db', 'b db']);
  script.accept('a db');
  assert.deepEqual(script.sent, []);
  script.settle('a db');
  assert.deepEqual(script.sent, []);
  script.settle('b db');
  assert.deepEqual(script.sent, ['a web', 'b web']);
  assert.equal(script.states(), 'succeeded succeeded dispatched dispatched');
  script.settle('b web');
  assert.equal(stateOf(script), 'running');
  script.settle('a web');
  assert.equal(stateOf(script), 'succeeded');
  assert.equal(script.execution.facts.endedAtMs, NOW_MS + 1);
});

test('a failure lets its wave finish and no other begin', () => {
  for (const state of ['failed', 'timed-out', 'indeterminate'] as const) {
    const script = begunWith({ onError: 'fail' }, 'a db 0', 'b db 0', 'a web 1', 'a log 2');
    script.settle('a db', state);
    assert.equal(stateOf(script), 'draining');
    assert.equal(script.states(), `${state} dispatched pending pending`);
    script.settle('b db');
    assert.equal(script.states(), `${state} succeeded not-attempted not-attempted`);
    assert.equal(stateOf(script), 'aborted');
    assert.match(script.execution.facts.halt?.because ?? '', /1 target failed, and none may/);
    assert.deepEqual(script.sent, []);
    assert.deepEqual(
      script.changed.map((target) => target.process),
      ['db', 'web', 'log'],
    );
  }
});

test('what the agent said of a target is kept', () => {
  const script = begun('a web 0');
  script.accept('a web');
  assert.equal(script.target('a web').oldPid, 100);
  script.settle('a web', 'failed');
  const { state, oldPid, newPid, durationMs, error, note, logTail } = script.target('a web');
  // What programs may ask of the fault stays in the agent's event.
  const { fault: _, ...told } = settledAs('failed');
  assert.deepEqual({ state, oldPid, newPid, durationMs, error, note, logTail }, told);
});

test('hosts that were away at the plan stop nothing, but the operation has not succeeded', () => {
  const script = begun('a db 0 unreachable', 'b db 0', 'b web 1');
  script.settle('b db');
  assert.deepEqual(script.sent, ['b web']);
  script.settle('b web');
  assert.equal(script.states(), 'unreachable succeeded succeeded');
  assert.equal(stateOf(script), 'failed');
});

test('waves whose hosts are all away are passed over', () => {
  const script = begun('a db 0 unreachable', 'b web 1', 'a log 2 unreachable', 'b log 3');
  assert.deepEqual(script.sent, ['b web']);
  script.settle('b web');
  assert.deepEqual(script.sent, ['b log']);
});

test('with every host away it ends at once, as failed', () => {
  const script = begun('a db 0 unreachable', 'a web 1 unreachable');
  assert.equal(stateOf(script), 'failed');
  assert.equal(script.execution.facts.endedAtMs, NOW_MS);
  assert.deepEqual([script.sent, script.changed], [[], []]);
});

test('a host that is lost on the way takes its open targets with it and stops later waves', () => {
  const script = begunWith({ onError: 'fail' }, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.accept('a db');
  script.lose('a');
  assert.equal(script.states(), 'unreachable dispatched unreachable pending');
  assert.equal(stateOf(script), 'draining');
  assert.deepEqual(
    script.execution.tally,
    { errors: 0, lost: 1, canaries: 0 },
    'one host, two targets',
  );
  script.settle('b db');
  assert.equal(script.states(), 'unreachable succeeded unreachable not-attempted');
  assert.equal(stateOf(script), 'aborted');
});

test('losing a host that has only later targets does not end the wave under way', () => {
  const script = begunWith({ onError: 'fail' }, 'a db 0', 'b web 1', 'a web 1');
  script.lose('b');
  assert.equal(script.states(), 'dispatched unreachable pending');
  assert.equal(stateOf(script), 'draining');
  script.settle('a db');
  assert.equal(script.states(), 'succeeded unreachable not-attempted');
});

test('losing a host that is done already changes nothing', () => {
  const script = begun('a db 0', 'b db 0', 'b web 1');
  script.settle('a db');
  const before = script.execution;
  script.lose('a');
  script.lose('stranger');
  assert.equal(script.execution, before);
  script.settle('b db');
  assert.deepEqual(script.sent, ['b web']);
});

test('an agent that forgot what it was told is not told again: nobody knows what became of it', () => {
  const script = begunWith({ onError: 'fail' }, 'a db 0', 'a log 0', 'b db 0', 'a web 1');
  script.settle('a log');
  script.forget('a');
  assert.equal(script.states(), 'indeterminate succeeded dispatched pending');
  script.settle('b db');
  assert.equal(script.states(), 'indeterminate succeeded succeeded not-attempted');
  assert.equal(stateOf(script), 'aborted');
});

test('repeated, late and foreign news change nothing at all', () => {
  const script = begun('a db 0', 'a web 1');
  const silent = (act: () => void): void => {
    const before = script.execution;
    act();
    assert.equal(script.execution, before);
    assert.deepEqual([script.sent, script.changed], [[], []]);
  };
  silent(() => script.settle('a web')); // its wave has not begun
  silent(() => script.settle('a nginx'));
  silent(() => script.settle('b db'));
  script.accept('a db');
  silent(() => script.accept('a db'));
  script.settle('a db');
  silent(() => script.settle('a db'));
  silent(() => script.settle('a db', 'failed'));
  silent(() => script.accept('a db'));
  script.settle('a web');
  silent(() => script.settle('a web', 'failed'));
  silent(() => script.lose('a'));
  silent(() => script.overrun(ALL, 1));
});

test('a host that is back is told what it has not reported the end of, and nothing else', () => {
  const script = begun('a db 0', 'a log 0', 'a nginx 0', 'b db 0', 'a web 1');
  script.accept('a db');
  script.settle('a log');
  const inFlight = inFlightOn(script.execution, hostId('a'));
  assert.deepEqual(
    inFlight.map((target) => target.process),
    ['db', 'nginx'],
  );
});

test('taken up by another controller in the middle, it goes on as if nothing had been', () => {
  for (const mustStop of [false, true]) {
    const script = begunWith({ onError: 'fail' }, 'a db 0', 'b db 0', 'a web 1');
    script.accept('a db');
    if (mustStop) script.settle('b db', 'failed');
    else script.settle('b db');
    const before = operationOf(script.execution);
    script.reload();
    assert.deepEqual(operationOf(script.execution), before);
    assert.deepEqual(script.sent, []);
    assert.deepEqual(waits(script), [`${ALL} 0 1000`]);
    script.settle('a db');
    assert.equal(stateOf(script), mustStop ? 'aborted' : 'running');
    assert.deepEqual(script.sent, mustStop ? [] : ['a web']);
  }
});

test('with order host no host waits for another', () => {
  const script = begunWith({ order: 'host' }, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  assert.deepEqual(script.sent, ['a db', 'b db']);
  assert.deepEqual(waits(script), ['a 0 1000', 'b 0 1000']);
  script.settle('a db');
  assert.deepEqual(script.sent, ['a web']);
  script.settle('a web');
  assert.equal(stateOf(script), 'running');
  script.settle('b db');
  assert.deepEqual(script.sent, ['b web']);
  script.settle('b web');
  assert.equal(stateOf(script), 'succeeded');
});

test('with order host a failure lets no host begin another wave', () => {
  const manner = { order: 'host', onError: 'fail' } as const;
  const script = begunWith(manner, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.settle('a db', 'failed');
  script.settle('b db');
  assert.equal(script.states(), 'failed succeeded not-attempted not-attempted');
  assert.equal(stateOf(script), 'aborted');
});

test('with order host a controller that comes back goes on in every lane', () => {
  const script = begunWith({ order: 'host' }, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.settle('a db');
  script.reload();
  assert.deepEqual(waits(script), ['a 1 1001', 'b 0 1000']);
  script.settle('b db');
  assert.deepEqual(script.sent, ['b web']);
});

test('a full stop goes down through all tiers before it goes up again', () => {
  const script = begunWith({ fullStop: true }, 'a db 0', 'b db 0', 'a web 1');
  const halves: string[] = [];
  for (const [line, verb] of [
    ['a web', 'stop'],
    ['a db', 'stop'],
    ['b db', 'stop'],
    ['a db', 'start'],
    ['b db', 'start'],
    ['a web', 'start'],
  ] as const) {
    const target = script.target(line);
    assert.equal(target.state, 'dispatched', `${verb} ${line}`);
    assert.equal(actionOf(script.execution.facts, target), verb);
    script.accept(line);
    script.settle(line);
    halves.push(script.sent.join(','));
  }
  assert.deepEqual(halves, ['a db,b db', '', 'a db,b db', '', 'a web', '']);
  assert.equal(stateOf(script), 'succeeded');
  const { oldPid, newPid, durationMs, stopped } = script.target('a web');
  assert.deepEqual([oldPid, newPid, stopped], [100, 200, true]);
  assert.equal(durationMs, 2 * settledAs('succeeded').durationMs);
});

test('a repeat of the stop half is not taken for the end of the start', () => {
  const script = begunWith({ fullStop: true }, 'a web 0');
  script.settle('a web', 'succeeded', 'start');
  assert.equal(script.target('a web').stopped, false, 'its start has not been asked for');
  script.settle('a web');
  assert.deepEqual(script.sent, ['a web']);
  const before = script.execution;
  script.settle('a web', 'succeeded', 'stop');
  script.settle('a web', 'failed', 'stop');
  script.accept('a web', 'stop');
  script.settle('a web', 'succeeded', 'restart');
  assert.equal(script.execution, before);
  script.settle('a web');
  assert.equal(stateOf(script), 'succeeded');
});

test('a full stop that fails says of what it stopped that it was not started again', () => {
  const manner = { fullStop: true, onError: 'fail' } as const;
  const script = begunWith(manner, 'a db 0', 'a web 1', 'b web 1');
  script.settle('a web');
  script.settle('b web', 'failed');
  assert.equal(script.states(), 'not-attempted not-attempted failed');
  const { error, stopped, oldPid } = script.target('a web');
  assert.match(error ?? '', /stopped and not started again/);
  assert.deepEqual([stopped, oldPid], [true, 100]);
  assert.equal(script.target('a db').error, null);
});

test('a wave is waited for only so long, and what is late is called overdue', () => {
  const script = begun('a db 0', 'b db 0', 'a web 1');
  assert.deepEqual(waits(script), [`${ALL} 0 1000`]);
  script.settle('a db');
  script.overrun(ALL, 0);
  assert.deepEqual(script.sent, ['a web']);
  assert.equal(script.target('b db').overdue, true);
  assert.deepEqual(waits(script), [`${ALL} 1 1001`]);
  script.settle('a web');
  assert.equal(stateOf(script), 'running', 'b db is still under way');
  script.settle('b db');
  assert.equal(stateOf(script), 'succeeded');
});

test('the end of a wait that is no longer for this wave changes nothing', () => {
  const script = begun('a db 0', 'a web 1');
  script.settle('a db');
  const before = script.execution;
  for (const wave of [0, 2, -1]) script.overrun(ALL, wave);
  script.overrun('a', 1);
  assert.equal(script.execution, before);
});

test('what is overdue and fails stops the waves that have not begun', () => {
  const script = begunWith({ onError: 'fail' }, 'a db 0', 'a web 1', 'a log 2');
  script.overrun(ALL, 0);
  script.settle('a db', 'failed');
  script.settle('a web');
  assert.equal(script.states(), 'failed succeeded not-attempted');
});

test('what was too slow to stop is started as soon as it has stopped', () => {
  const script = begunWith({ fullStop: true }, 'a web 0', 'b web 0');
  script.settle('a web');
  script.overrun(ALL, 0);
  assert.deepEqual(script.sent, ['a web']);
  assert.equal(script.target('b web').stopped, false);
  script.settle('b web');
  assert.deepEqual(script.sent, ['b web']);
  assert.equal(script.target('b web').overdue, false, 'its start is not late');
  script.settle('a web');
  assert.equal(stateOf(script), 'running');
  script.settle('b web');
  assert.equal(stateOf(script), 'succeeded');
});

test('what was too slow to stop is not started once the operation must stop', () => {
  const manner = { fullStop: true, onError: 'fail' } as const;
  const script = begunWith(manner, 'a web 0', 'b web 0', 'c web 0');
  script.settle('a web');
  script.overrun(ALL, 0);
  script.settle('a web', 'failed');
  script.settle('b web');
  assert.deepEqual(script.sent, []);
  script.settle('c web');
  assert.equal(script.states(), 'failed not-attempted not-attempted');
  assert.match(script.target('b web').error ?? '', /not started again/);
});

test('a full stop says which process it ended, not which one its start found', () => {
  const script = begunWith({ fullStop: true }, 'a web 0');
  const settle = (verb: Verb, oldPid: number | null, newPid: number | null) => {
    const outcome = { ...settledAs('succeeded'), oldPid, newPid };
    const news = { kind: 'settled', verb, outcome } as const;
    const name = knownProcessName('web');
    script.take(noteTarget(script.execution, hostId('a'), name, news, AT));
  };
  settle('stop', 41, null);
  settle('start', null, 42);
  const { oldPid, newPid } = script.target('a web');
  assert.deepEqual([oldPid, newPid], [41, 42]);
});

test('what a process goes through is seen while its target is open, and stored with nothing', () => {
  const script = begun('a db 0', 'a web 1');
  const see = (process: string, state: ProcessState) =>
    script.take(observeProcess(script.execution, hostId('a'), knownProcessName(process), state));
  see('db', 'STOPPING');
  assert.deepEqual(
    script.observed.map(({ process, processState }) => [process, processState]),
    [['db', 'STOPPING']],
  );
  assert.deepEqual([script.changed, script.sent], [[], []]);
  const before = script.execution;
  see('db', 'STOPPING');
  see('nginx', 'STOPPING');
  assert.equal(script.execution, before);
  script.settle('db');
  script.settle('a db');
  see('db', 'EXITED');
  assert.equal(script.target('a db').processState, 'STOPPING', 'settled: nothing moves it');
});

test('a wave that is not to be waited for holds nobody up, and nobody in it is late', () => {
  const plan = planOfLines(['a db 0', 'a web 1']);
  const waves = plan.waves.map((wave) => ({ ...wave, waitMs: 0 }));
  const { dispatch, timers, execution } = beginOperation(
    executionOf({ ...plan, waves }, CLEAN),
    AT,
  );
  assert.deepEqual(
    dispatch.map(({ process }) => process),
    ['db', 'web'],
  );
  assert.deepEqual(timers, []);
  assert.deepEqual(endWaveWait(execution, 'all hosts', 1, AT).changed, []);
});

test('whether its host is connected is seen too', () => {
  const script = begun('a db 0', 'b db 0', 'a web 1');
  const away = { host: hostId('a'), processes: new Map() };
  script.take(observeHost(script.execution, away, false));
  assert.deepEqual(
    script.observed.map(({ process, hostConnected }) => [process, hostConnected]),
    [
      ['db', false],
      ['web', false],
    ],
  );
  const before = script.execution;
  script.take(observeHost(script.execution, away, false));
  assert.equal(script.execution, before);
});

test('what its processes came to meanwhile is seen when a host is back', () => {
  const script = begun('a db 0', 'b db 0', 'a web 1');
  const db = aStatus('db', { state: 'STOPPING' });
  const back = { host: hostId('a'), processes: new Map([[db.process, db]]) };
  script.take(observeHost(script.execution, back, true));
  assert.deepEqual(
    script.observed.map(({ host, process, processState }) => [host, process, processState]),
    [['a', 'db', 'STOPPING']],
  );
});

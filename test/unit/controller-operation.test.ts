import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Execution,
  executionOf,
  type OperationStep,
  operationOf,
  type WaveTimer,
} from '../../controller/core/execution.ts';
import { laneOf } from '../../controller/core/lanes.ts';
import {
  beginOperation,
  endWaveWait,
  inFlightOn,
  loseHost,
  loseJournal,
  noteTarget,
  observeHost,
  observeProcess,
  resumeOperation,
} from '../../controller/core/operation.ts';
import { actionOf, type TargetNews } from '../../controller/core/target.ts';
import type { Operation, OperationRequest, Target } from '../../proto/operation.ts';
import { currentWave, isInFlight, isOpen } from '../../proto/target.ts';
import {
  hostId,
  knownProcessName,
  type ProcessState,
  type TargetOutcome,
  type TargetState,
  type Verb,
} from '../../proto/vocabulary.ts';
import { aRequest, aStatus, NOW_MS, settledAs } from '../fakes/controller-fleet.ts';

/**
 * `host process wave`, or with ` unreachable` behind it where the plan found the host away. With a
 * full stop the wave is that of the start; the stops mirror it.
 */
function planOf(lines: readonly string[], more: Partial<OperationRequest> = {}): Operation {
  const parsed = lines.map((line) => line.split(' '));
  const tiers = Math.max(-1, ...parsed.map(([, , wave]) => Number(wave))) + 1;
  const targets = parsed.map(([host = '', process = '', wave = '0', state = 'pending']): Target => {
    const tier = Number(wave);
    return {
      host: hostId(host),
      process: knownProcessName(process),
      wave: more.fullStop === true ? tiers + tier : tier,
      stopWave: more.fullStop === true ? tiers - 1 - tier : null,
      state: state as TargetState,
      stopped: false,
      overdue: false,
      processState: 'RUNNING',
      hostConnected: state === 'pending',
      oldPid: null,
      newPid: null,
      durationMs: null,
      error: null,
      note: null,
      logTail: [],
    };
  });
  const waves = Array.from({ length: more.fullStop === true ? 2 * tiers : tiers }, (_, index) => ({
    index,
    action: 'restart' as const,
    groupPriority: index,
    priority: 999,
    targets: targets.filter(({ wave, stopWave }) => wave === index || stopWave === index).length,
    waitMs: 1_000 + index,
  }));
  return {
    ...aRequest('restart', '@*', ['all'], more),
    requestedBy: 'alice',
    state: 'planned',
    startedAtMs: NOW_MS,
    endedAtMs: null,
    waves,
    leftOut: [],
    targets,
  };
}

interface Script {
  execution: Execution;
  /** What the last step sent, as `host process`. */
  sent: readonly string[];
  changed: readonly Target[];
  observed: readonly Target[];
  timers: readonly WaveTimer[];
  take(step: OperationStep): void;
  /** Of the half that the target is in, unless told otherwise. */
  accept(line: string, verb?: Verb): void;
  settle(line: string, state?: TargetOutcome['state'], verb?: Verb): void;
  lose(host: string): void;
  forget(host: string): void;
  overrun(lane: string, wave: number): void;
  reload(): void;
  target(line: string): Target;
  states(): string;
}

const begun = (...lines: readonly string[]): Script => begunWith({}, ...lines);

function begunWith(more: Partial<OperationRequest>, ...lines: readonly string[]): Script {
  const note = (line: string, news: (verb: Verb) => TargetNews, verb?: Verb): void => {
    const [host = '', process = ''] = line.split(' ');
    const { execution } = script;
    const target = [...execution.targets].find((t) => t.host === host && t.process === process);
    const current = target === undefined ? 'restart' : actionOf(execution.facts, target);
    const name = knownProcessName(process);
    script.take(noteTarget(execution, hostId(host), name, news(verb ?? current), NOW_MS + 1));
  };
  const script: Script = {
    execution: executionOf(planOf(lines, more), false),
    sent: [],
    changed: [],
    observed: [],
    timers: [],
    take({ execution, changed, observed, dispatch, timers }) {
      Object.assign(script, { execution, changed, observed, timers });
      script.sent = dispatch.map((target) => `${target.host} ${target.process}`);
    },
    accept: (line, verb) =>
      note(line, (said) => ({ kind: 'accepted', verb: said, oldPid: 100 }), verb),
    settle: (line, state = 'succeeded', verb) =>
      note(line, (said) => ({ kind: 'settled', verb: said, outcome: settledAs(state) }), verb),
    lose: (host) => script.take(loseHost(script.execution, hostId(host), 'lost', NOW_MS + 1)),
    forget: (host) =>
      script.take(loseJournal(script.execution, hostId(host), 'forgot', NOW_MS + 1)),
    overrun: (lane, wave) => script.take(endWaveWait(script.execution, lane, wave, NOW_MS + 1)),
    reload: () => {
      const { execution } = script;
      const found = executionOf(operationOf(execution), execution.mustStop);
      if (execution.facts.state === 'running') script.take(resumeOperation(found, NOW_MS + 1));
      else script.execution = found;
    },
    target: (line) => {
      const found = [...script.execution.targets].find((t) => `${t.host} ${t.process}` === line);
      return found ?? assert.fail(`no target ${line}`);
    },
    states: () => [...script.execution.targets].map((target) => target.state).join(' '),
  };
  script.take(beginOperation(script.execution, NOW_MS));
  return script;
}

const ALL = 'all hosts';
const stateOf = (script: Script) => script.execution.facts.state;

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
  for (const state of ['failed', 'indeterminate'] as const) {
    const script = begun('a db 0', 'b db 0', 'a web 1', 'a log 2');
    script.settle('a db', state);
    assert.equal(stateOf(script), 'running');
    assert.equal(script.states(), `${state} dispatched pending pending`);
    script.settle('b db');
    assert.equal(script.states(), `${state} succeeded not-attempted not-attempted`);
    assert.equal(stateOf(script), 'failed');
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
  const script = begun('a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.accept('a db');
  script.lose('a');
  assert.equal(script.states(), 'unreachable dispatched unreachable pending');
  assert.equal(stateOf(script), 'running');
  script.settle('b db');
  assert.equal(script.states(), 'unreachable succeeded unreachable not-attempted');
  assert.equal(stateOf(script), 'failed');
});

test('losing a host that has only later targets does not end the wave under way', () => {
  const script = begun('a db 0', 'b web 1', 'a web 1');
  script.lose('b');
  assert.equal(script.states(), 'dispatched unreachable pending');
  assert.equal(stateOf(script), 'running');
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
  const script = begun('a db 0', 'a log 0', 'b db 0', 'a web 1');
  script.settle('a log');
  script.forget('a');
  assert.equal(script.states(), 'indeterminate succeeded dispatched pending');
  script.settle('b db');
  assert.equal(script.states(), 'indeterminate succeeded succeeded not-attempted');
  assert.equal(stateOf(script), 'failed');
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
    const script = begun('a db 0', 'b db 0', 'a web 1');
    script.accept('a db');
    if (mustStop) script.settle('b db', 'failed');
    else script.settle('b db');
    const before = operationOf(script.execution);
    script.reload();
    assert.deepEqual(operationOf(script.execution), before);
    assert.deepEqual(script.sent, []);
    assert.deepEqual(script.timers, [{ lane: ALL, wave: 0, delayMs: 1_000 }]);
    script.settle('a db');
    assert.equal(stateOf(script), mustStop ? 'failed' : 'running');
    assert.deepEqual(script.sent, mustStop ? [] : ['a web']);
  }
});

test('with order host no host waits for another', () => {
  const script = begunWith({ order: 'host' }, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  assert.deepEqual(script.sent, ['a db', 'b db']);
  assert.deepEqual(
    script.timers.map(({ lane, wave }) => `${lane} ${wave}`),
    ['a 0', 'b 0'],
  );
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
  const script = begunWith({ order: 'host' }, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.settle('a db', 'failed');
  script.settle('b db');
  assert.equal(script.states(), 'failed succeeded not-attempted not-attempted');
  assert.equal(stateOf(script), 'failed');
});

test('with order host a controller that comes back goes on in every lane', () => {
  const script = begunWith({ order: 'host' }, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.settle('a db');
  script.reload();
  assert.deepEqual(
    script.timers.map(({ lane, wave }) => `${lane} ${wave}`),
    ['a 1', 'b 0'],
  );
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
  const script = begunWith({ fullStop: true }, 'a db 0', 'a web 1', 'b web 1');
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
  assert.deepEqual(script.timers, [{ lane: ALL, wave: 0, delayMs: 1_000 }]);
  script.settle('a db');
  script.overrun(ALL, 0);
  assert.deepEqual(script.sent, ['a web']);
  assert.equal(script.target('b db').overdue, true);
  assert.deepEqual(script.timers, [{ lane: ALL, wave: 1, delayMs: 1_001 }]);
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
  const script = begun('a db 0', 'a web 1', 'a log 2');
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
  const script = begunWith({ fullStop: true }, 'a web 0', 'b web 0', 'c web 0');
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
    script.take(noteTarget(script.execution, hostId('a'), name, news, NOW_MS + 1));
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
  const plan = planOf(['a db 0', 'a web 1']);
  const waves = plan.waves.map((wave) => ({ ...wave, waitMs: 0 }));
  const { dispatch, timers, execution } = beginOperation(
    executionOf({ ...plan, waves }, false),
    NOW_MS,
  );
  assert.deepEqual(
    dispatch.map(({ process }) => process),
    ['db', 'web'],
  );
  assert.deepEqual(timers, []);
  assert.deepEqual(endWaveWait(execution, 'all hosts', 1, NOW_MS).changed, []);
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

type Act =
  | { readonly kind: 'accept' | 'succeed' | 'fail' | 'other'; readonly index: number }
  | { readonly kind: 'lose' | 'forget'; readonly host: string }
  | { readonly kind: 'overrun' | 'reload' };

const HOSTS = ['a', 'b', 'c'];

const someLines = fc
  .array(
    fc.record({
      host: fc.constantFrom(...HOSTS),
      wave: fc.integer({ min: 0, max: 3 }),
      isAway: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((targets) =>
    targets
      .map(({ host, wave, isAway }, index) => ({
        wave,
        line: `${host} p${index} ${wave}${isAway ? ' unreachable' : ''}`,
      }))
      .sort((x, y) => x.wave - y.wave)
      .map(({ line }) => line),
  );

const aStrategy = fc.record({ order: fc.constantFrom('tier', 'host'), fullStop: fc.boolean() });

const index = fc.nat({ max: 7 });
const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('accept' as const), index }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constantFrom('succeed' as const), index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const), index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('other' as const), index }) },
  fc.record({
    kind: fc.constantFrom('lose' as const, 'forget' as const),
    host: fc.constantFrom(...HOSTS),
  }),
  fc.record({ kind: fc.constantFrom('overrun' as const, 'reload' as const) }),
);

function perform(script: Script, lines: readonly string[], act: Act): void {
  switch (act.kind) {
    case 'accept':
      return script.accept(lines[act.index % lines.length] ?? '');
    case 'succeed':
      return script.settle(lines[act.index % lines.length] ?? '');
    case 'fail':
      return script.settle(lines[act.index % lines.length] ?? '', 'failed');
    case 'other':
      // A repeat of the half that is over, or news of a verb that nobody asked for.
      return script.settle(lines[act.index % lines.length] ?? '', 'succeeded', 'stop');
    case 'lose':
      return script.lose(act.host);
    case 'forget':
      return script.forget(act.host);
    case 'reload':
      return script.reload();
    case 'overrun': {
      const [first] = [...script.execution.targets].filter(isInFlight);
      if (first === undefined) return;
      return script.overrun(laneOf(script.execution.facts, first), currentWave(first));
    }
  }
}

function assertSane(before: Execution | null, script: Script): void {
  const { facts, targets, inFlight, lanes, layout, mustStop } = script.execution;
  const all = [...targets];
  assert.equal(inFlight, all.filter(isInFlight).length, 'miscounted');
  for (const [key, { step, waitingFor }] of lanes) {
    const wave = layout.lanes.get(key)?.[step]?.wave;
    const members = all.filter((target) => laneOf(facts, target) === key);
    const awaited = members.filter(
      (target) => isInFlight(target) && !target.overdue && currentWave(target) === wave,
    );
    assert.equal(waitingFor, awaited.length, 'a lane has lost count');
    for (const target of members.filter(isInFlight)) {
      const isLate = target.overdue || target.stopped;
      assert.ok(currentWave(target) === wave || isLate, 'two waves of one lane at once');
    }
  }
  const isEnded = facts.endedAtMs !== null;
  assert.equal(isEnded, facts.state === 'succeeded' || facts.state === 'failed');
  assert.equal(isEnded, inFlight === 0, 'running means that something is in flight');
  if (isEnded) {
    assert.ok(!all.some(isOpen), 'ended with open targets');
    const isWhole = all.every((target) => target.state === 'succeeded');
    assert.equal(facts.state === 'succeeded', isWhole);
  }
  if (before === null) return;
  for (const [at, target] of [...before.targets].entries()) {
    const next = all[at] as Target;
    if (!isOpen(target)) assert.deepEqual(next, target, 'a settled target moved');
    const isSent = script.sent.includes(`${next.host} ${next.process}`);
    const isNew = isInFlight(next) && (!isInFlight(target) || next.stopped !== target.stopped);
    if (isNew) assert.ok(isSent, 'in flight, but never sent');
    if (isSent) {
      assert.ok(!before.mustStop && !mustStop, 'begun after a failure');
      assertPredecessorsSettled(script, next);
    }
  }
  if (before.facts.endedAtMs !== null) assert.deepEqual(facts, before.facts);
}

/** Nothing is begun before all that comes before it in its lane is done with, or overdue. */
function assertPredecessorsSettled(script: Script, begun: Target): void {
  const { facts, targets } = script.execution;
  for (const other of targets) {
    if (laneOf(facts, other) !== laneOf(facts, begun)) continue;
    if (isOpen(other) && currentWave(other) < currentWave(begun)) {
      assert.ok(other.overdue || other.stopped, 'begun before its predecessor was settled');
    }
  }
}

test('whatever the agents say and whoever is lost, it stays sane and ends exactly once', () => {
  fc.assert(
    fc.property(
      someLines,
      aStrategy,
      fc.array(anAct, { maxLength: 40 }),
      (lines, strategy, acts) => {
        const script = begunWith(strategy, ...lines);
        assertSane(null, script);
        for (const act of acts) {
          const before = script.execution;
          script.sent = [];
          perform(script, lines, act);
          assertSane(before, script);
        }
        // However far it came, it ends as soon as everybody has answered.
        for (let round = 0; round < 8; round += 1) for (const line of lines) script.settle(line);
        assert.notEqual(script.execution.facts.endedAtMs, null);
      },
    ),
    { numRuns: 500 },
  );
});

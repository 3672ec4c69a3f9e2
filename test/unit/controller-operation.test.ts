import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  beginOperation,
  type Execution,
  executionOf,
  inFlightOn,
  isInFlight,
  loseHost,
  loseJournal,
  noteTarget,
  type OperationStep,
  type TargetNews,
} from '../../controller/core/operation.ts';
import {
  hostId,
  knownProcessName,
  OPEN_TARGET_STATES,
  type Operation,
  type Target,
  type TargetOutcome,
  type TargetState,
} from '../../proto/vocabulary.ts';
import { aRequest, NOW_MS, settledAs } from '../fakes/controller-fleet.ts';

/** `host process wave`, or with ` unreachable` behind it where the plan found the host away. */
function operationOf(...lines: readonly string[]): Operation {
  const targets = lines.map((line): Target => {
    const [host = '', process = '', wave = '0', state = 'pending'] = line.split(' ');
    return {
      host: hostId(host),
      process: knownProcessName(process),
      wave: Number(wave),
      state: state as TargetState,
      oldPid: null,
      newPid: null,
      durationMs: null,
      error: null,
      logTail: [],
    };
  });
  const last = Math.max(-1, ...targets.map((target) => target.wave));
  const waves = Array.from({ length: last + 1 }, (_, index) => ({
    index,
    groupPriority: index,
    priority: 999,
    targets: targets.filter((target) => target.wave === index).length,
  }));
  return {
    ...aRequest('restart', '@*', ['all']),
    requestedBy: 'alice',
    state: 'planned',
    startedAtMs: NOW_MS,
    endedAtMs: null,
    waves,
    targets,
  };
}

interface Script {
  execution: Execution;
  /** What the last step sent, as `host process`. */
  sent: readonly string[];
  changed: readonly Target[];
  take(step: OperationStep): void;
  accept(line: string): void;
  settle(line: string, state?: TargetOutcome['state']): void;
  lose(host: string): void;
  forget(host: string): void;
  states(): string;
}

function begun(...lines: readonly string[]): Script {
  const note = (line: string, news: TargetNews): void => {
    const [host = '', process = ''] = line.split(' ');
    const name = knownProcessName(process);
    script.take(noteTarget(script.execution, hostId(host), name, news, NOW_MS + 1));
  };
  const script: Script = {
    execution: executionOf(operationOf(...lines), false),
    sent: [],
    changed: [],
    take({ execution, changed, dispatch }) {
      script.execution = execution;
      script.changed = changed;
      script.sent = dispatch.map((target) => `${target.host} ${target.process}`);
    },
    accept: (line) => note(line, { kind: 'accepted', oldPid: 100 }),
    settle: (line, state = 'succeeded') =>
      note(line, { kind: 'settled', outcome: settledAs(state) }),
    lose: (host) => script.take(loseHost(script.execution, hostId(host), 'lost', NOW_MS + 1)),
    forget: (host) =>
      script.take(loseJournal(script.execution, hostId(host), 'forgot', NOW_MS + 1)),
    states: () => script.execution.operation.targets.map((target) => target.state).join(' '),
  };
  script.take(beginOperation(script.execution, NOW_MS));
  return script;
}

const stateOf = (script: Script) => script.execution.operation.state;

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
  assert.equal(script.execution.operation.endedAtMs, NOW_MS + 1);
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
  assert.equal(script.execution.operation.targets[0]?.oldPid, 100);
  script.settle('a web', 'failed');
  const { wave, host, process, ...rest } = script.execution.operation.targets[0] as Target;
  assert.deepEqual([wave, host, process], [0, 'a', 'web']);
  assert.deepEqual(rest, settledAs('failed'));
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
  assert.equal(script.execution.operation.endedAtMs, NOW_MS);
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
});

test('a host that is back is told what it has not reported the end of, and nothing else', () => {
  const script = begun('a db 0', 'a log 0', 'a nginx 0', 'b db 0', 'a web 1');
  script.accept('a db');
  script.settle('a log');
  const inFlight = inFlightOn(script.execution.operation, hostId('a'));
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
    const reloaded = executionOf(script.execution.operation, script.execution.mustStop);
    assert.deepEqual(reloaded, script.execution);
    script.execution = reloaded;
    script.settle('a db');
    assert.equal(stateOf(script), mustStop ? 'failed' : 'running');
    assert.deepEqual(script.sent, mustStop ? [] : ['a web']);
  }
});

type Act =
  | { readonly kind: 'accept' | 'succeed' | 'fail'; readonly index: number }
  | { readonly kind: 'lose' | 'forget'; readonly host: string }
  | { readonly kind: 'reload' };

const HOSTS = ['a', 'b', 'c'];

const anOperation = fc
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

const index = fc.nat({ max: 7 });
const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('accept' as const), index }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('succeed' as const), index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('fail' as const), index }) },
  fc.record({
    kind: fc.constantFrom('lose' as const, 'forget' as const),
    host: fc.constantFrom(...HOSTS),
  }),
  fc.constant({ kind: 'reload' } as const),
);

function perform(script: Script, lines: readonly string[], act: Act): void {
  switch (act.kind) {
    case 'accept':
      return script.accept(lines[act.index % lines.length] ?? '');
    case 'succeed':
      return script.settle(lines[act.index % lines.length] ?? '');
    case 'fail':
      return script.settle(lines[act.index % lines.length] ?? '', 'failed');
    case 'lose':
      return script.lose(act.host);
    case 'forget':
      return script.forget(act.host);
    case 'reload':
      script.execution = executionOf(script.execution.operation, script.execution.mustStop);
      script.sent = [];
  }
}

function assertSane(before: Execution | null, script: Script): void {
  const { operation, openInWave } = script.execution;
  const inFlight = operation.targets.filter(isInFlight);
  assert.ok(new Set(inFlight.map((target) => target.wave)).size <= 1, 'two waves in flight');
  const isEnded = operation.endedAtMs !== null;
  assert.equal(isEnded, operation.state === 'succeeded' || operation.state === 'failed');
  const open = operation.targets.filter((target) => OPEN_TARGET_STATES.has(target.state));
  if (isEnded) assert.deepEqual(open, [], 'ended with open targets');
  else
    assert.ok(
      inFlight.length > 0 && openInWave === inFlight.length,
      'running, but waits for nothing',
    );
  const isWhole = operation.targets.every((target) => target.state === 'succeeded');
  if (isEnded) assert.equal(operation.state === 'succeeded', isWhole);
  if (before === null) return;
  for (const [at, target] of before.operation.targets.entries()) {
    const next = operation.targets[at] as Target;
    if (!OPEN_TARGET_STATES.has(target.state)) assert.equal(next, target, 'a settled target moved');
    if (!isInFlight(target) && isInFlight(next)) {
      assert.ok(script.sent.includes(`${next.host} ${next.process}`), 'in flight, but never sent');
    }
  }
  if (before.operation.endedAtMs !== null) assert.deepEqual(operation, before.operation);
}

test('whatever the agents say and whoever is lost, it stays sane and ends exactly once', () => {
  fc.assert(
    fc.property(anOperation, fc.array(anAct, { maxLength: 30 }), (lines, acts) => {
      const script = begun(...lines);
      assertSane(null, script);
      for (const act of acts) {
        const before = script.execution;
        perform(script, lines, act);
        assertSane(before, script);
      }
      // However far it came, it ends as soon as everybody has answered.
      for (let round = 0; round < 5; round += 1) for (const line of lines) script.settle(line);
      assert.notEqual(script.execution.operation.endedAtMs, null);
    }),
    { numRuns: 300 },
  );
});

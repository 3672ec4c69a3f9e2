/** Pause, resume, cancel and retry, through the whole core: what is sent, stored and answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OPERATION_STATES,
  type OperationState,
  type Runbook,
  STEERINGS,
} from '../../proto/operation.ts';
import { type Amount, DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { hostId } from '../../proto/vocabulary.ts';
import {
  anId,
  aRequest,
  aSnapshot,
  aStatus,
  type FleetScript,
  fleetScript,
  settled,
} from '../fakes/controller-fleet.ts';

const ONE: Amount = { kind: 'count', count: 1 };

/** `restart web` on a and b, one after the other. */
function rolling(more: Partial<typeof DEFAULT_STRATEGY> = {}): FleetScript {
  const script = fleetScript();
  script.connect('a', 1, [aStatus('web')]);
  script.connect('b', 2, [aStatus('web')]);
  const strategy = { ...DEFAULT_STRATEGY, batch: [ONE], ...more };
  script.submit(aRequest('restart', '@*', ['web'], { strategy, reason: 'deploy' }));
  return script;
}

const answer = (script: FleetScript) => {
  const reply = script.effects.find((effect) => effect.kind === 'reply');
  return reply?.kind === 'reply' ? reply.answer : assert.fail('no reply');
};

const outcome = (script: FleetScript): string => {
  const given = answer(script);
  return 'code' in given ? given.code : given.state;
};

const sent = (script: FleetScript) =>
  script.effects.flatMap((effect) => (effect.kind === 'send' ? [effect] : []));

/** An operation in each state, with what brings it there. */
const IN_STATE: Readonly<Record<OperationState, () => FleetScript>> = {
  planned: () => {
    const script = rolling();
    const strategy = { ...DEFAULT_STRATEGY, lockWaitMs: 1_000 };
    script.submit(aRequest('stop', 'a', ['web'], { id: anId(2), strategy }));
    return script;
  },
  running: () => rolling(),
  paused: () => {
    const script = rolling();
    script.steer('pause');
    return script;
  },
  draining: () => {
    const script = rolling();
    script.steer('cancel');
    return script;
  },
  succeeded: () => {
    const script = rolling();
    script.tell('a', 1, 1, settled(anId(), 'web'));
    script.tell('b', 2, 1, settled(anId(), 'web'));
    return script;
  },
  failed: () => {
    const script = rolling();
    script.tell('a', 1, 1, settled(anId(), 'web'));
    script.tell('b', 2, 1, settled(anId(), 'web', 'failed'));
    return script;
  },
  aborted: () => {
    const script = rolling({ onError: 'fail' });
    script.tell('a', 1, 1, settled(anId(), 'web', 'failed'));
    return script;
  },
  cancelled: () => {
    const script = rolling();
    script.steer('cancel');
    script.tell('a', 1, 1, settled(anId(), 'web', 'cancelled'));
    return script;
  },
  expired: () => {
    const script = rolling({ deadlineMs: 1_000 });
    script.give({ kind: 'operationTimer', operation: anId(), timer: { kind: 'deadline' } });
    script.tell('a', 1, 1, settled(anId(), 'web', 'timed-out'));
    return script;
  },
};

/** What each action leads to from each state. */
const EXPECTED: Readonly<Record<OperationState, readonly [string, string, string]>> = {
  planned: ['wrong-state', 'wrong-state', 'cancelled'],
  running: ['paused', 'running', 'draining'],
  paused: ['paused', 'running', 'draining'],
  draining: ['wrong-state', 'wrong-state', 'draining'],
  succeeded: ['wrong-state', 'wrong-state', 'wrong-state'],
  failed: ['wrong-state', 'wrong-state', 'wrong-state'],
  aborted: ['wrong-state', 'wrong-state', 'wrong-state'],
  cancelled: ['wrong-state', 'wrong-state', 'cancelled'],
  expired: ['wrong-state', 'wrong-state', 'wrong-state'],
};

test('each state answers each action, and what is refused changes nothing', () => {
  for (const state of OPERATION_STATES) {
    for (const [index, action] of STEERINGS.entries()) {
      const script = IN_STATE[state]();
      const operation = state === 'planned' ? anId(2) : anId();
      assert.equal(script.operation(operation).state, state);
      script.steer(action, { operation });
      assert.equal(outcome(script), EXPECTED[state][index], `${action} of ${state}`);
      if (outcome(script) !== 'wrong-state') continue;
      assert.deepEqual(script.writes, []);
      assert.equal(script.operation(operation).state, state);
    }
  }
});

test('a repeated action finds what it has done, and does nothing twice', () => {
  const script = rolling();
  for (const action of ['pause', 'resume', 'cancel'] as const) {
    script.steer(action);
    script.steer(action);
    assert.deepEqual([script.writes, sent(script)], [[], []], action);
  }
});

test('who paused it and why is kept with it until it goes on', () => {
  const script = rolling();
  script.steer('pause', { reason: 'the pager rings' }, 'bob');
  const { halt } = script.operation();
  assert.deepEqual([halt?.by, halt?.because, halt?.endsAs], ['bob', 'the pager rings', null]);
  assert.ok(
    script.effects.some((effect) => effect.kind === 'publish' && effect.update.kind === 'moved'),
    'who watches hears of it',
  );
  script.steer('resume');
  assert.equal(script.operation().halt, null);
});

test('cancelling takes back what agents have not begun, and tells those that come back', () => {
  const script = rolling();
  script.steer('cancel');
  const [withdrawal] = sent(script);
  assert.deepEqual(withdrawal?.message, {
    kind: 'withdraw',
    sessionEpoch: 1,
    operationId: anId(),
    verb: 'restart',
    processes: ['web'],
    because: 'cancelled',
    giveUp: false,
  });
  script.give({ kind: 'sessionEnded', host: hostId('a'), connection: 1 });
  script.hello('a', 7);
  script.hear('a', 7, aSnapshot({ sessionEpoch: 3, processes: [aStatus('web')] }));
  assert.deepEqual(
    sent(script).map(({ message }) => message.kind),
    ['withdraw'],
    'not the command: it may never have arrived',
  );
});

test('cancelled once more with --kill, agents are told to give up what they wait for', () => {
  const script = rolling();
  script.steer('cancel');
  script.steer('cancel', { kill: true });
  const [withdrawal] = sent(script);
  assert.ok(withdrawal?.message.kind === 'withdraw' && withdrawal.message.giveUp);
  assert.equal(script.operation().halt?.kill, true);
});

test('a command says how long it is good for', () => {
  const script = rolling({ deadlineMs: 90_000, minHealthyMs: 5_000 });
  const expiresIn = () =>
    sent(script).flatMap(({ message }) =>
      message.kind === 'command'
        ? [[message.expiresInMs, message.sentAtMs, message.minHealthyMs]]
        : [],
    );
  assert.deepEqual(expiresIn(), [[90_000, 0, 5_000]]);
  script.wallMs += 30_000;
  script.tell('a', 1, 1, settled(anId(), 'web'));
  assert.deepEqual(expiresIn(), [[60_000, 30_000, 5_000]]);
});

test('steering is refused where it makes no sense', () => {
  const script = rolling();
  const wrong = [
    [{ kill: true }, 'usage'],
    [{ reason: 'x'.repeat(100_000) }, 'usage'],
    [{ operation: '' }, 'usage'],
    [{ operation: anId(9) }, 'nothing-matched'],
    [{ operation: 'x'.repeat(100_000) }, 'nothing-matched'],
  ] as const;
  for (const [more, code] of wrong) {
    script.steer('pause', more);
    assert.equal(outcome(script), code, JSON.stringify(more).slice(0, 60));
    assert.ok(JSON.stringify(answer(script)).length < 1_000);
    assert.deepEqual(script.writes, []);
  }
});

function retry(script: FleetScript, of: string = anId(), serial = 5): void {
  script.submit({
    kind: 'retry',
    id: anId(serial),
    of,
    reason: '',
    expectHosts: null,
    allowedOnly: false,
  });
}

test('a retry is a new operation on what has not been done, in the same manner', () => {
  const script = rolling({ onError: 'fail' });
  script.tell('a', 1, 1, settled(anId(), 'web', 'failed'));
  assert.equal(script.operation().state, 'aborted');
  retry(script);
  const again = script.operation(anId(5));
  assert.deepEqual(
    again.targets.map(({ host, state }) => `${host} ${state}`),
    ['a dispatched', 'b pending'],
    'the failed one and the one not attempted',
  );
  assert.deepEqual(
    [again.retryOf, again.verb, again.reason, again.strategy.onError, again.state],
    [anId(), 'restart', 'deploy', 'fail', 'running'],
  );
  script.tell('a', 1, 2, settled(anId(5), 'web'));
  script.steer('cancel', { operation: anId(5) });
  script.tell('b', 2, 1, settled(anId(5), 'web', 'cancelled'));
  retry(script, anId(5), 6);
  assert.deepEqual(
    script.operation(anId(6)).targets.map(({ host }) => host),
    ['b'],
  );
});

test('the same retry sent twice is one operation', () => {
  const script = rolling({ onError: 'fail' });
  script.tell('a', 1, 1, settled(anId(), 'web', 'failed'));
  retry(script);
  retry(script);
  assert.deepEqual([outcome(script), script.writes], ['running', []]);
  retry(script, anId(2));
  assert.equal(outcome(script), 'conflict');
});

test('nothing is retried that has not ended, has succeeded, or is not configured any more', () => {
  const running = rolling();
  retry(running);
  assert.equal(outcome(running), 'wrong-state');
  const done = IN_STATE.succeeded();
  retry(done);
  assert.equal(outcome(done), 'nothing-matched');
  const gone = IN_STATE.failed();
  gone.tell('b', 2, 2, { kind: 'processRemoved', process: aStatus('web').process });
  retry(gone);
  assert.equal(outcome(gone), 'nothing-matched');
  assert.match(JSON.stringify(answer(gone)), /not configured any more/);
});

const RUNBOOK: Runbook = {
  name: 'roll-web',
  description: 'one after the other',
  ...{ verb: 'restart', signal: null, hosts: '@*', processes: ['web'], reason: 'nightly' },
  ...{ order: 'tier', fullStop: false, strategy: { ...DEFAULT_STRATEGY, batch: [ONE] } },
} as const;

function withRunbook(): FleetScript {
  const script = fleetScript();
  script.state = { ...script.state, runbooks: new Map([[RUNBOOK.name, RUNBOOK]]) };
  script.connect('a', 1, [aStatus('web')]);
  script.connect('b', 2, [aStatus('web')]);
  return script;
}

const run = (script: FleetScript, runbook: string, reason = ''): void =>
  script.submit({
    kind: 'runbook',
    id: anId(),
    runbook,
    reason,
    expectHosts: null,
    allowedOnly: false,
  });

test('a runbook becomes an operation as it is written, with its own reason or another', () => {
  const script = withRunbook();
  run(script, 'roll-web');
  const { runbook, reason, strategy, waves } = script.operation();
  assert.deepEqual([runbook, reason, waves.length], ['roll-web', 'nightly', 2]);
  assert.deepEqual(strategy.batch, [ONE]);
  run(script, 'roll-web');
  assert.deepEqual([outcome(script), script.writes], ['running', []], 'a repeat');
  run(script, 'roll-web', 'other');
  assert.equal(outcome(script), 'conflict');
  const given = withRunbook();
  run(given, 'roll-web', 'the pager rings');
  assert.equal(given.operation().reason, 'the pager rings');
});

test('an unknown runbook is refused with the one that it may be', () => {
  const script = withRunbook();
  run(script, 'rol-web');
  assert.match(JSON.stringify(answer(script)), /did you mean roll-web/);
  run(script, 'x'.repeat(100_000));
  assert.equal(outcome(script), 'nothing-matched');
  assert.ok(JSON.stringify(answer(script)).length < 500);
});

test('a large fleet is not touched in one batch where the controller wants several', () => {
  const script = fleetScript();
  script.state = { ...script.state, batchRequiredAbove: 1 };
  script.connect('a', 1, [aStatus('web')]);
  script.connect('b', 2, [aStatus('web')]);
  const restart = aRequest('restart', '@*', ['web']);
  script.submit(restart);
  assert.equal(outcome(script), 'usage');
  assert.match(
    JSON.stringify(answer(script)),
    /2 hosts in one batch.*batches above 1.*--batch 10%/,
  );
  script.submit({ ...restart, hosts: 'a' });
  assert.equal(outcome(script), 'running');
  script.submit({
    ...aRequest('restart', 'b', ['web'], { id: anId(2) }),
    strategy: { ...DEFAULT_STRATEGY, batch: [ONE] },
  });
  assert.equal(outcome(script), 'running');
});

test('what somebody holds on its host is left alone, and said so', () => {
  const script = fleetScript();
  const hold = { by: 'alice', reason: 'debugging', untilMs: Date.UTC(2026, 10, 22, 14) };
  script.connect('a', 1, [aStatus('web', { hold })]);
  script.connect('b', 2, [aStatus('web')]);
  script.submit(aRequest('restart', '@*', ['web']));
  assert.deepEqual(
    script.operation().targets.map(({ host, state, note }) => [host, state, note]),
    [
      ['b', 'dispatched', null],
      ['a', 'skipped', 'held by alice until 2026-11-22 14:00 UTC: debugging'],
    ],
  );
  script.tell('b', 2, 1, settled(anId(), 'web'));
  assert.equal(script.operation().state, 'succeeded');
  script.submit(aRequest('update', '@*', [], { id: anId(2) }));
  assert.equal(
    script.operation(anId(2)).targets.find(({ host }) => host === 'a')?.state,
    'skipped',
  );
});

test('a plain cancel does not soften what is past its deadline', () => {
  const script = rolling({ deadlineMs: 1_000 });
  script.give({ kind: 'operationTimer', operation: anId(), timer: { kind: 'deadline' } });
  script.steer('cancel');
  assert.deepEqual([script.writes, sent(script)], [[], []]);
  assert.deepEqual(
    [script.operation().halt?.endsAs, script.operation().halt?.kill],
    ['expired', true],
  );
});

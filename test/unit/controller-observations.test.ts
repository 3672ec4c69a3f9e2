import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostStatusOf } from '../../controller/core/host.ts';
import { type AgentEvent, knownProcessName, operationId } from '../../proto/vocabulary.ts';
import {
  accepted,
  anId,
  aRequest,
  aSnapshot,
  aStatus,
  type FleetScript,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const PROBLEM = 'agent.conf:3: [program:web] command is missing';
const removed = (process: string): AgentEvent => ({
  kind: 'processRemoved',
  process: knownProcessName(process),
});
const judged = (problem: string | null): AgentEvent => ({ kind: 'configJudged', problem });

function connected(): FleetScript {
  const script = fleetScript();
  script.connect('a', 1, [aStatus('web'), aStatus('db')]);
  return script;
}

const writes = (script: FleetScript) => script.writes.map(({ kind }) => kind);
const logged = (script: FleetScript) =>
  script.effects.flatMap((effect) =>
    effect.kind === 'log' ? [{ level: effect.level, text: effect.text, ...effect.details }] : [],
  );
const names = (script: FleetScript) => [...script.host('a').processes.keys()];
const problemOf = (script: FleetScript) => hostStatusOf(script.host('a')).configProblem;

test('a process that was removed leaves the picture of its host, durably', () => {
  const script = connected();
  script.tell('a', 1, 1, removed('web'));
  assert.deepEqual(names(script), ['db']);
  assert.deepEqual(writes(script), ['event', 'processRemoved']);
  assert.deepEqual(script.writes[1], { kind: 'processRemoved', host: 'a', process: 'web' });
  script.tell('a', 1, 2, removed('nothing'));
  assert.deepEqual(writes(script), ['event']);
  script.tell('a', 1, 3, { kind: 'processChanged', process: aStatus('web') });
  assert.deepEqual(names(script), ['db', 'web']);
});

const events = (script: FleetScript) =>
  script.writes.flatMap((write) =>
    write.kind === 'event' ? [`${write.event.seq} ${write.event.event.kind}`] : [],
  );

test('a removal that the snapshot has in it already does not remove what came after it', () => {
  const script = fleetScript();
  script.hello('a', 1);
  script.hear('a', 1, aSnapshot({ seq: 5, processes: [aStatus('web')] }));
  script.tell('a', 1, 4, removed('web'));
  assert.deepEqual(names(script), ['web']);
  assert.ok(!writes(script).includes('processRemoved'));
  assert.equal(script.host('a').storedSeq, 4);
});

test('numbers that are missing are put on record, so that no gap in history is silent', () => {
  const script = connected();
  script.tell('a', 1, 1, removed('web'));
  assert.deepEqual(events(script), ['1 processRemoved']);
  script.tell('a', 1, 5, removed('db'));
  assert.deepEqual(events(script), ['2 eventsMissing', '5 processRemoved']);
  const [missing] = script.writes;
  assert.ok(missing?.kind === 'event' && missing.event.event.kind === 'eventsMissing');
  assert.equal(missing.event.event.untilSeq, 4);
  script.tell('a', 1, 5, removed('db'));
  assert.deepEqual(events(script), []);
});

test('an open target about a process that is gone waits for the word of its agent', () => {
  const script = connected();
  script.submit(aRequest('restart', 'a', ['web']));
  script.tell('a', 1, 1, accepted(anId(), 'web'));
  script.tell('a', 1, 2, removed('web'));
  assert.equal(script.operation().targets[0]?.state, 'accepted');
  script.tell('a', 1, 3, settled(anId(), 'web', 'failed'));
  assert.equal(script.operation().state, 'failed');
});

test('a host says why it refused its configuration, and when it takes one again', () => {
  const script = connected();
  assert.equal(problemOf(script), null);
  script.tell('a', 1, 1, judged(PROBLEM));
  assert.equal(problemOf(script), PROBLEM);
  assert.deepEqual(writes(script), ['event', 'host']);
  assert.deepEqual(logged(script), [
    { level: 'warn', text: 'config rejected by a host', host: 'a', problem: PROBLEM },
  ]);
  script.tell('a', 1, 2, judged(PROBLEM));
  assert.deepEqual([writes(script), logged(script)], [['event'], []]);
  script.tell('a', 1, 3, judged(null));
  assert.equal(problemOf(script), null);
  assert.deepEqual(writes(script), ['event', 'host']);
  assert.equal(script.host('a').storedSeq, 3);
});

test('it is known from the snapshot too, and stays while the host is away', () => {
  const script = fleetScript();
  script.hello('a', 1);
  script.hear('a', 1, aSnapshot({ seq: 2, configProblem: PROBLEM }));
  assert.equal(problemOf(script), PROBLEM);
  assert.deepEqual(writes(script), ['snapshot', 'host']);
  // An older judgement comes late.
  script.tell('a', 1, 1, judged(null));
  assert.equal(problemOf(script), PROBLEM);
  script.hello('a', 2);
  assert.equal(problemOf(script), PROBLEM);
  script.hear('a', 2, aSnapshot({ sessionEpoch: 2, seq: 2 }));
  assert.equal(problemOf(script), null);
});

test('an order that was given on the host is stored and logged, and touches nothing else', () => {
  const script = connected();
  const before = script.host('a');
  const event = {
    kind: 'localOrder',
    requestedBy: 'root (sudo by alice)',
    command: 'restart web:*',
    operationId: operationId('local-1'),
  } as const;
  script.tell('a', 1, 1, event);
  const stored = { journalId: before.journalId, storedAtMs: NOW_MS };
  assert.deepEqual(script.writes, [
    { kind: 'event', host: 'a', ...stored, event: { seq: 1, atMs: NOW_MS, event } },
  ]);
  assert.deepEqual(logged(script), [
    {
      level: 'info',
      text: 'an order was given on a host itself',
      host: 'a',
      requestedBy: 'root (sudo by alice)',
      command: 'restart web:*',
      id: 'local-1',
    },
  ]);
  assert.deepEqual(script.host('a'), { ...before, storedSeq: 1 });
});

test('targets of orders that this controller did not give are stored, and that is all', () => {
  const script = connected();
  script.submit(aRequest('restart', 'a', ['db']));
  const before = script.operation();
  const elsewhere = operationId('local-1');
  for (const [index, event] of [accepted(elsewhere, 'db'), settled(elsewhere, 'db')].entries()) {
    script.tell('a', 1, index + 1, event);
    assert.deepEqual(writes(script), ['event']);
    assert.deepEqual(script.operation(), before);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWER_WAIT_MS, QUESTIONS_MAX } from '../../controller/core/questions.ts';
import type { FleetEffect } from '../../controller/core/state.ts';
import type { HostAnswer, HostQuestion } from '../../proto/host-questions.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import { anActor, aStatus, type FleetScript, fleetScript } from '../fakes/controller-fleet.ts';

const CHANGED: HostAnswer = { kind: 'reread', changes: [{ group: 'web', change: 'changed' }] };
const SAME: HostAnswer = { kind: 'reread', changes: [] };
const WRONG: HostAnswer = { kind: 'failed', error: 'agent.conf:3: command is missing' };

/** a, b, … are connected, each over the connection of its number; `away` was once. */
function fleet(names: readonly string[], ...away: readonly string[]): FleetScript {
  const script = fleetScript();
  names.forEach((name, index) => {
    script.connect(name, index + 1, [aStatus('web')]);
  });
  away.forEach((name, index) => {
    script.connect(name, 100 + index, []);
    script.give({ kind: 'sessionEnded', host: hostId(name), connection: 100 + index });
  });
  return script;
}

function ask(script: FleetScript, hosts = '@*', question: HostQuestion = 'reread', reply = 1) {
  script.give({ kind: 'ask', reply, hosts, question, by: anActor() });
}

function answer(script: FleetScript, host: string, given: HostAnswer, questionId = 1) {
  const { connection = 0, epoch = 0 } = script.host(host).session ?? {};
  const message = { kind: 'answer', sessionEpoch: epoch, questionId, answer: given } as const;
  script.hear(host, connection, message);
}

const asked = (script: FleetScript) =>
  script.effects.flatMap((effect: FleetEffect) =>
    effect.kind === 'send' && effect.message.kind === 'question'
      ? [[effect.connection, effect.message.questionId, effect.message.question]]
      : [],
  );

/** `host: what it says`, of the reply that the last step gave; null where it gave none. */
function reply(script: FleetScript, to = 1): readonly string[] | null {
  const found = script.effects.find((effect) => effect.kind === 'answerQuestion');
  if (found?.kind !== 'answerQuestion') return null;
  assert.equal(found.reply, to);
  if ('code' in found.answer) return [`${found.answer.code}: ${found.answer.message}`];
  return found.answer.map(({ host, answer: given }) =>
    'error' in given ? `${host}: ${given.kind}: ${given.error}` : `${host}: ${given.kind}`,
  );
}

test('each connected host is asked over its session, and the reply waits for all of them', () => {
  const script = fleet(['b', 'a', 'other']);
  ask(script, 'a,b', 'avail');
  assert.deepEqual(asked(script), [
    [2, 1, 'avail'],
    [1, 1, 'avail'],
  ]);
  assert.deepEqual(script.writes, []);
  assert.equal(reply(script), null);
  answer(script, 'b', { kind: 'avail', processes: [] });
  assert.equal(reply(script), null);
  answer(script, 'a', WRONG);
  assert.deepEqual(reply(script), ['a: failed: agent.conf:3: command is missing', 'b: avail']);
  assert.deepEqual([...script.state.questions.open], []);
});

test('hosts that are away are named, and nobody is waited for where all are', () => {
  const script = fleet(['a'], 'away');
  ask(script);
  answer(script, 'a', SAME);
  assert.deepEqual(reply(script), ['a: reread', 'away: unreachable: not connected']);
  ask(script, 'away');
  assert.deepEqual(reply(script), ['away: unreachable: not connected']);
  assert.deepEqual(
    script.effects.map(({ kind }) => kind),
    ['answerQuestion'],
  );
});

test('a host whose snapshot is not whole yet cannot be asked', () => {
  const script = fleetScript();
  script.hello('a', 1);
  ask(script);
  assert.deepEqual(reply(script), ['a: unreachable: not connected']);
});

test('after ten seconds the reply says who has not answered, once', () => {
  const script = fleet(['a', 'b']);
  ask(script);
  const timer = script.effects.find((effect) => effect.kind === 'questionTimer');
  assert.deepEqual(timer, { kind: 'questionTimer', question: 1, delayMs: ANSWER_WAIT_MS });
  answer(script, 'a', CHANGED);
  script.give({ kind: 'questionTimedOut', question: 1 });
  assert.deepEqual(reply(script), ['a: reread', 'b: unreachable: no answer within 10 s']);
  answer(script, 'b', CHANGED);
  assert.equal(reply(script), null);
  script.give({ kind: 'questionTimedOut', question: 1 });
  assert.deepEqual(script.effects, []);
});

test('a session that ends, says goodbye or is replaced takes its answer with it', () => {
  const lost = 'unreachable: the connection to its agent was lost';
  const endings: readonly ((script: FleetScript) => void)[] = [
    (script) => script.give({ kind: 'sessionEnded', host: hostId('a'), connection: 1 }),
    (script) => script.hear('a', 1, { kind: 'goodbye', reason: 'bye', reconnectAfterMs: 0 }),
    (script) => script.hello('a', 7),
  ];
  for (const end of endings) {
    const script = fleet(['a', 'b']);
    ask(script);
    answer(script, 'b', SAME);
    end(script);
    assert.deepEqual(reply(script), [`a: ${lost}`, 'b: reread']);
  }
});

test('a host that comes back is not asked again, and its new session cannot answer for the old', () => {
  const script = fleet(['a', 'b']);
  ask(script);
  script.connect('a', 7, []);
  assert.deepEqual(asked(script), []);
  answer(script, 'a', CHANGED);
  assert.equal(reply(script), null);
  answer(script, 'b', SAME);
  assert.deepEqual(reply(script), [
    'a: unreachable: the connection to its agent was lost',
    'b: reread',
  ]);
});

test('only the first answer of a host that was asked counts', () => {
  const script = fleet(['a', 'b', 'c']);
  ask(script, 'a,b');
  answer(script, 'a', WRONG);
  answer(script, 'a', CHANGED);
  answer(script, 'c', CHANGED);
  answer(script, 'b', SAME, 2);
  const stale = { kind: 'answer', sessionEpoch: 99, questionId: 1, answer: CHANGED } as const;
  script.hear('b', 2, stale);
  assert.equal(reply(script), null);
  answer(script, 'b', SAME);
  assert.deepEqual(reply(script), ['a: failed: agent.conf:3: command is missing', 'b: reread']);
});

test('an answer to another question is a failure, not an answer', () => {
  const script = fleet(['a']);
  ask(script, 'a', 'avail');
  answer(script, 'a', SAME);
  assert.deepEqual(reply(script), ['a: failed: its agent was asked avail, and answered reread']);
});

test('several questions are told apart, and there are only so many at once', () => {
  const script = fleet(['a', 'b']);
  ask(script, 'a', 'reread', 1);
  ask(script, '@*', 'avail', 2);
  answer(script, 'a', { kind: 'avail', processes: [] }, 2);
  assert.equal(reply(script), null);
  answer(script, 'a', SAME, 1);
  assert.deepEqual(reply(script, 1), ['a: reread']);
  for (let count = 1; count < QUESTIONS_MAX; count += 1) ask(script, 'a', 'reread', 10 + count);
  ask(script, 'a', 'reread', 99);
  assert.deepEqual(reply(script, 99), [
    `exhausted: ${QUESTIONS_MAX} questions to hosts are under way`,
  ]);
  script.give({ kind: 'questionTimedOut', question: 2 });
  assert.deepEqual(reply(script, 2), ['a: avail', 'b: unreachable: no answer within 10 s']);
  ask(script, 'a', 'reread', 100);
  assert.equal(asked(script).length, 1);
});

test('hosts must be named, and must exist', () => {
  const script = fleet(['a']);
  for (const nothing of ['', '  ']) {
    ask(script, nothing);
    assert.deepEqual(reply(script), ['usage: no hosts are named']);
  }
  ask(script, 'b');
  assert.match(reply(script)?.[0] ?? '', /^nothing-matched: /);
});

test('answers that are too large together are left out, and the others come all the same', () => {
  const name = knownProcessName('p'.repeat(255));
  const processes = Array.from({ length: 10_000 }, () => ({
    process: name,
    group: name,
    name,
    inUse: true,
    autostart: true,
    groupPriority: 1,
    priority: 1,
  }));
  const script = fleet(['a', 'b', 'c', 'd']);
  ask(script, '@*', 'avail');
  for (const host of ['a', 'b', 'c']) answer(script, host, { kind: 'avail', processes });
  answer(script, 'd', { kind: 'avail', processes: [] });
  assert.deepEqual(reply(script), [
    'a: avail',
    'b: avail',
    'c: failed: all answers together are too large: ask fewer hosts at once',
    'd: avail',
  ]);
});

test('an answer shows that its host lives', () => {
  const script = fleet(['a']);
  ask(script);
  script.wallMs += 5_000;
  answer(script, 'a', SAME);
  assert.equal(script.host('a').lastSeenAtMs, script.wallMs);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { decodeAgentFrame, decodeControllerFrame } from '../../proto/codec/link.ts';
import { FleetError } from '../../proto/errors.ts';
import { agentLinkService } from '../../proto/load.ts';
import type { AgentLogMessage } from '../../proto/log-messages.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { clippedTo, lastLinesOf } from '../../proto/text-limits.ts';

const connect = agentLinkService['Connect'] as NonNullable<ServiceDefinition[string]>;

/** What an agent sent, as it came off the wire. */
function heard(frame: object): AgentMessage | AgentLogMessage {
  return decodeAgentFrame(connect.requestDeserialize(connect.requestSerialize(frame)));
}

function assertRefused(frame: object, words: RegExp): void {
  assert.throws(
    () => heard(frame),
    (error) => {
      assert.ok(error instanceof FleetError, String(error));
      assert.equal(error.refusal.code, 'usage');
      assert.match(error.refusal.message, words);
      assert.ok(error.refusal.message.length < 200);
      return true;
    },
  );
}

const MEGABYTE = 'x'.repeat(1_000_000);
const status = (more: object) => ({ process: 'web', state: 'PROCESS_STATE_RUNNING', ...more });
const settled = (more: object) => ({
  event: { targetSettled: { verb: 'VERB_STOP', state: 'TARGET_STATE_FAILED', ...more } },
});

test('names longer than any host, process or id are refused, wherever an agent says them', () => {
  const accepted = (more: object) => ({
    event: { targetAccepted: { verb: 'VERB_STOP', ...more } },
  });
  const events: readonly ((text: string) => object)[] = [
    ...['process', 'group', 'name', 'program'].flatMap((field) => [
      (text: string) => ({ event: { processChanged: status({ [field]: text }) } }),
      (text: string) => ({ snapshot: { processes: [status({}), status({ [field]: text })] } }),
    ]),
    (text) => accepted({ process: text }),
    (text) => accepted({ operationId: text }),
    (text) => settled({ process: text }),
    (text) => settled({ operationId: text }),
    (text) => ({ hello: { journalId: text } }),
    (text) => ({ event: { processRemoved: { process: text } } }),
    (text) => ({ event: { orderedLocally: { operationId: text } } }),
    (text) => ({ answer: { answer: { reread: { changes: [{ change: 1, group: text }] } } } }),
    ...['process', 'group', 'name'].map((field) => (text: string) => ({
      answer: { answer: { avail: { processes: [{ [field]: text }] } } },
    })),
  ];
  for (const say of events) {
    assert.ok(heard(say('x'.repeat(255))));
    assertRefused(say('x'.repeat(256)), /of 256 characters; at most 255 are taken/);
    assertRefused(say(MEGABYTE), /of 1000000 characters/);
  }
});

test('a version and a signal are short', () => {
  const hello = (agentVersion: string) => ({ hello: { agentVersion } });
  assert.ok(heard(hello('1'.repeat(100))));
  assertRefused(hello('1'.repeat(101)), /a version of 101/);
  const ended = (exitSignal: string) => ({ event: { processChanged: status({ exitSignal }) } });
  assert.ok(heard(ended('RTMIN+3')));
  assertRefused(ended('K'.repeat(17)), /a signal of 17/);
});

test('more or longer labels than a host may have are refused', () => {
  const hello = (labels: Readonly<Record<string, string>>) => ({ hello: { labels } });
  const numbered = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`label-${index}`, '']));
  const longest = 'x'.repeat(255);
  assert.ok(heard(hello(numbered(64))));
  assert.ok(heard(hello({ [longest]: longest })));
  assertRefused(hello(numbered(65)), /65 labels; at most 64/);
  assertRefused(hello({ [`${longest}x`]: '' }), /the key of a label of 256/);
  assertRefused(hello({ env: MEGABYTE }), /the value of a label of 1000000/);
});

test('an answer with more groups or processes than a host may have is refused', () => {
  const changes = (count: number) => ({
    answer: { answer: { reread: { changes: Array(count).fill({ change: 1 }) } } },
  });
  const processes = (count: number) => ({
    answer: { answer: { avail: { processes: Array(count).fill({}) } } },
  });
  for (const answer of [changes, processes]) {
    assert.ok(heard(answer(10_000)));
    assertRefused(answer(10_001), /an answer of 10001 items; at most 10000/);
  }
});

test('what is wrong with a configuration is cut late in an answer, early where it is kept', () => {
  const answered = heard({ answer: { answer: { failed: MEGABYTE } } });
  assert.ok(answered.kind === 'answer' && answered.answer.kind === 'failed');
  assert.equal(answered.answer.error, `${'x'.repeat(7_999)}…`);
  const judged = heard({ event: { configJudged: { problem: MEGABYTE } } });
  assert.ok(judged.kind === 'event' && judged.event.kind === 'configJudged');
  assert.equal(judged.event.problem?.length, 1_000);
  const pictured = heard({ snapshot: { configProblem: MEGABYTE } });
  assert.equal(pictured.kind === 'snapshot' && pictured.configProblem?.length, 1_000);
  // Whoever gives an order on a host must not be able to say what its controller would not take.
  const said = { command: MEGABYTE, requestedBy: MEGABYTE };
  const ordered = heard({ event: { orderedLocally: said } });
  assert.ok(ordered.kind === 'event' && ordered.event.kind === 'localOrder');
  assert.equal(ordered.event.command.length, 500);
  assert.equal(ordered.event.requestedBy.length, 255);
});

test('what is only read is cut, and shows it', () => {
  const cut = `${'x'.repeat(999)}…`;
  const texts = { lastError: MEGABYTE, healthError: MEGABYTE, waitsFor: MEGABYTE };
  const changed = heard({ event: { processChanged: status(texts) } });
  assert.ok(changed.kind === 'event' && changed.event.kind === 'processChanged');
  const { lastError, healthError, waitsFor } = changed.event.process;
  assert.deepEqual([lastError, healthError, waitsFor], [cut, cut, cut]);
  const hello = heard({ hello: { stateProblem: MEGABYTE } });
  assert.equal(hello.kind === 'hello' && hello.stateProblem, cut);
  const failed = heard(
    settled({ error: MEGABYTE, note: MEGABYTE, logTail: ['first', ...Array(20).fill(MEGABYTE)] }),
  );
  assert.ok(failed.kind === 'event' && failed.event.kind === 'targetSettled');
  assert.equal(failed.event.outcome.error, cut);
  assert.equal(failed.event.outcome.note, cut);
  assert.deepEqual(failed.event.outcome.logTail, Array(10).fill('x'.repeat(500)));
  const goodbye = { goodbye: { reason: MEGABYTE, reconnectAfterMs: 5 } };
  const expected = { kind: 'goodbye', reason: cut, reconnectAfterMs: 5 };
  assert.deepEqual(heard(goodbye), expected);
  const frame = connect.responseDeserialize(connect.responseSerialize(goodbye));
  assert.deepEqual(decodeControllerFrame(frame), expected);
});

test('what fits is not touched, and what was cut fits', () => {
  for (const text of ['', 'ab', 'abc']) assert.equal(clippedTo(3, text), text);
  assert.equal(clippedTo(3, 'abcd'), 'ab…');
  assert.equal(clippedTo(3, clippedTo(3, 'abcd')), 'ab…');
  assert.deepEqual(lastLinesOf(['a', 'b']), ['a', 'b']);
});

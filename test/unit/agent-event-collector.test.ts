import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventCollector, FRAME_LENGTH_MAX, LINGER_MS } from '../../agent/event-collector.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import type { AgentEvent } from '../../proto/vocabulary.ts';
import { virtualClock } from '../fakes/agent-clock.ts';
import { accepted, anId, aStatus, settled } from '../fakes/controller-fleet.ts';

const CHANGED: AgentEvent = { kind: 'processChanged', process: aStatus('web') };
const ACCEPTED = accepted(anId(), 'web');
const SETTLED = settled(anId(), 'web');

function world() {
  const clock = virtualClock();
  const written: AgentMessage[] = [];
  const collector = createEventCollector((message) => void written.push(message), clock);
  let seq = 0;
  return {
    clock,
    collector,
    tell(event: AgentEvent, sessionEpoch = 1) {
      seq += 1;
      collector.send({ kind: 'event', sessionEpoch, seq, atMs: 7, event });
    },
    /** What was written: the numbers of the events in a frame, or the kind of another message. */
    frames: () =>
      written.map((message) =>
        message.kind === 'events' ? message.events.map((event) => event.seq) : message.kind,
      ),
    written,
  };
}

test('events of a moment leave in one frame, whole and in order', async () => {
  const { clock, tell, frames, written } = world();
  tell(ACCEPTED);
  await clock.pass(LINGER_MS - 1);
  tell(CHANGED);
  assert.deepEqual(frames(), []);
  await clock.pass(1);
  assert.deepEqual(written, [
    {
      kind: 'events',
      sessionEpoch: 1,
      events: [
        { seq: 1, atMs: 7, event: ACCEPTED },
        { seq: 2, atMs: 7, event: CHANGED },
      ],
    },
  ]);
  tell(CHANGED);
  await clock.pass(LINGER_MS);
  assert.deepEqual(frames(), [[1, 2], [3]]);
});

test('a verdict does not wait, and takes along what came before it', async () => {
  const { clock, tell, frames } = world();
  tell(ACCEPTED);
  tell(CHANGED);
  tell(SETTLED);
  await clock.settle();
  assert.deepEqual(frames(), [[1, 2, 3]]);
  await clock.pass(LINGER_MS);
  assert.deepEqual(frames(), [[1, 2, 3]]);
});

test('verdicts that come together leave together', async () => {
  const { clock, tell, frames } = world();
  for (let count = 0; count < 5; count += 1) tell(SETTLED);
  await clock.settle();
  assert.deepEqual(frames(), [[1, 2, 3, 4, 5]]);
});

test('a timer that was set for a frame that has left lets the next one linger as long', async () => {
  const { clock, tell, frames } = world();
  tell(SETTLED);
  await clock.settle();
  await clock.pass(LINGER_MS / 2);
  tell(CHANGED);
  await clock.pass(LINGER_MS / 2);
  assert.deepEqual(frames(), [[1]]);
  await clock.pass(LINGER_MS / 2);
  assert.deepEqual(frames(), [[1], [2]]);
});

test('whatever else is said comes after the events before it', async () => {
  const { collector, clock, tell, frames } = world();
  tell(CHANGED);
  collector.send({ kind: 'goodbye', reason: 'stopping', reconnectAfterMs: 0 });
  assert.deepEqual(frames(), [[1], 'goodbye']);
  await clock.pass(LINGER_MS);
  assert.deepEqual(frames(), [[1], 'goodbye']);
});

test('a frame has events of one session', async () => {
  const { clock, tell, frames } = world();
  tell(CHANGED);
  tell(CHANGED, 2);
  tell(CHANGED, 2);
  await clock.pass(LINGER_MS);
  assert.deepEqual(frames(), [[1], [2, 3]]);
});

test('a frame becomes only so large; what is larger alone leaves alone', async () => {
  const { clock, tell, frames } = world();
  const problem = (length: number): AgentEvent => ({
    kind: 'configJudged',
    problem: 'x'.repeat(length),
  });
  const third = FRAME_LENGTH_MAX / 3;
  for (let count = 0; count < 5; count += 1) tell(problem(third));
  tell(problem(2 * FRAME_LENGTH_MAX));
  tell(CHANGED);
  await clock.pass(LINGER_MS);
  assert.deepEqual(frames(), [[1, 2], [3, 4], [5], [6], [7]]);
});

test('what was gathered in a session that is over is not sent in the next', async () => {
  const { collector, clock, tell, frames } = world();
  tell(CHANGED);
  tell(SETTLED);
  collector.forget();
  await clock.pass(LINGER_MS);
  assert.deepEqual(frames(), []);
});

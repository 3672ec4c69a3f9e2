import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ACKNOWLEDGE_INTERVAL_MS,
  ACKNOWLEDGED_AT_ONCE_MAX,
  createAcknowledgements,
} from '../../controller/acknowledgements.ts';
import { fakeClock, fakeLinks } from '../fakes/controller-ports.ts';

function world() {
  const [clock, links] = [fakeClock(), fakeLinks()];
  const acknowledge = createAcknowledgements(links, clock);
  const store = (connection: number, seq: number): void =>
    acknowledge({ kind: 'acknowledge', connection, sessionEpoch: connection * 10, seq });
  return { clock, links, store };
}

test('what is stored within a second is acknowledged once for each connection, up to the last', () => {
  const { clock, links, store } = world();
  store(1, 1);
  store(2, 7);
  clock.pass(ACKNOWLEDGE_INTERVAL_MS - 1);
  store(1, 2);
  assert.deepEqual(links.sent, []);
  clock.pass(1);
  assert.deepEqual(links.sent, [
    { connection: 1, message: { kind: 'acknowledgement', sessionEpoch: 10, seq: 2 } },
    { connection: 2, message: { kind: 'acknowledgement', sessionEpoch: 20, seq: 7 } },
  ]);
});

test('what is stored later is acknowledged later', () => {
  const { clock, links, store } = world();
  store(1, 1);
  clock.pass(ACKNOWLEDGE_INTERVAL_MS);
  clock.pass(ACKNOWLEDGE_INTERVAL_MS);
  assert.equal(links.sent.length, 1);
  store(1, 2);
  clock.pass(ACKNOWLEDGE_INTERVAL_MS);
  assert.deepEqual(
    links.sent.map(({ message }) => message.kind === 'acknowledgement' && message.seq),
    [1, 2],
  );
});

test('a large fleet is acknowledged in parts, and others have their turn in between', () => {
  const { clock, links, store } = world();
  const agents = 2 * ACKNOWLEDGED_AT_ONCE_MAX + 1;
  for (let connection = 1; connection <= agents; connection += 1) store(connection, 1);
  clock.pass(ACKNOWLEDGE_INTERVAL_MS);
  assert.equal(links.sent.length, ACKNOWLEDGED_AT_ONCE_MAX);
  clock.runNext();
  assert.equal(links.sent.length, 2 * ACKNOWLEDGED_AT_ONCE_MAX);
  // Of one that waits for its part the last counts; one that had its part waits for the next time.
  store(agents, 2);
  store(1, 2);
  clock.runSoon();
  const connections = links.sent.map(({ connection }) => connection);
  assert.deepEqual(connections.slice(-2), [agents, 1]);
  assert.deepEqual(
    links.sent.slice(-2).map(({ message }) => message.kind === 'acknowledgement' && message.seq),
    [2, 2],
  );
});

/** Which connection goes when there are too many, by where it comes from and what it has shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Connections, Handshakes, limitsWithin } from '../../controller/door/connection-limits.ts';
import { descriptorLimit } from '../../controller/door/descriptor-limit.ts';

test('a neighbourhood that has too many loses its own oldest, and no newcomer is kept out', () => {
  const handshakes = new Handshakes<string>({ handshakesPerNeighbourhood: 2, handshakes: 10 });
  assert.equal(handshakes.begin('other', 'elsewhere'), null);
  assert.equal(handshakes.begin('first', 'here'), null);
  assert.equal(handshakes.begin('second', 'here'), null);
  assert.equal(handshakes.begin('third', 'here'), 'first');
  assert.equal(handshakes.begin('fourth', 'here'), 'second');
  assert.deepEqual(handshakes.sockets(), ['other', 'third', 'fourth']);
});

test('where all together are too many, the oldest of all goes', () => {
  const handshakes = new Handshakes<string>({ handshakesPerNeighbourhood: 2, handshakes: 3 });
  for (const socket of ['a', 'b', 'c']) assert.equal(handshakes.begin(socket, socket), null);
  assert.equal(handshakes.begin('d', 'd'), 'a');
});

test('a handshake that is done makes room, however often that is told', () => {
  const handshakes = new Handshakes<string>({ handshakesPerNeighbourhood: 1, handshakes: 1 });
  handshakes.begin('first', 'here');
  handshakes.end('first');
  handshakes.end('first');
  assert.equal(handshakes.begin('second', 'here'), null);
});

test('whatever comes and goes, no limit is exceeded, and only what was there goes for it', () => {
  const step = fc.record({ socket: fc.nat(30), from: fc.nat(4), begins: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const handshakes = new Handshakes<number>({ handshakesPerNeighbourhood: 3, handshakes: 7 });
      const model = new Map<number, string>();
      for (const { socket, from, begins } of steps) {
        if (!begins || model.has(socket)) {
          handshakes.end(socket);
          model.delete(socket);
          continue;
        }
        const leaving = handshakes.begin(socket, `net-${from}`);
        if (leaving !== null) assert.ok(model.delete(leaving));
        model.set(socket, `net-${from}`);
        const there = [...model.values()].filter((network) => network === `net-${from}`);
        assert.ok(there.length <= 3 && model.size <= 7);
      }
      assert.deepEqual(handshakes.sockets(), [...model.keys()]);
    }),
  );
});

test('a certificate with too many connections loses its oldest one', () => {
  const connections = new Connections<number>(1_000);
  for (let socket = 1; socket <= 8; socket += 1) {
    assert.deepEqual(connections.admit(socket, 'AA', 'agent'), { kind: 'admitted', leaving: null });
  }
  assert.deepEqual(connections.admit(9, 'AA', 'agent'), { kind: 'admitted', leaving: 1 });
  assert.deepEqual(connections.admit(10, 'BB', 'agent'), { kind: 'admitted', leaving: null });
  // It tells that it is gone when it has long been counted out.
  connections.leave(1, 'AA');
  assert.equal(connections.size, 9);
});

test('an operator may run fleetctl many times at once', () => {
  const connections = new Connections<number>(1_000);
  for (let socket = 1; socket <= 64; socket += 1) connections.admit(socket, 'AA', 'operator');
  assert.deepEqual(connections.admit(65, 'AA', 'operator'), { kind: 'admitted', leaving: 1 });
});

test('where descriptors run out, those who are in stay', () => {
  const connections = new Connections<number>(2);
  connections.admit(1, 'AA', 'agent');
  connections.admit(2, 'BB', 'agent');
  assert.deepEqual(connections.admit(3, 'CC', 'agent'), { kind: 'full' });
  connections.leave(2, 'BB');
  connections.leave(2, 'BB');
  assert.deepEqual(connections.admit(3, 'CC', 'agent'), { kind: 'admitted', leaving: null });
});

test('limits leave descriptors for everything else, and grow no further than is of use', () => {
  assert.deepEqual(limitsWithin(1_024), {
    handshakes: 256,
    handshakesPerNeighbourhood: 128,
    connections: 640,
  });
  assert.deepEqual(limitsWithin(null), {
    handshakes: 4_096,
    handshakesPerNeighbourhood: 1_024,
    connections: Number.POSITIVE_INFINITY,
  });
  assert.deepEqual(limitsWithin(64), {
    handshakes: 16,
    handshakesPerNeighbourhood: 8,
    connections: 8,
  });
});

test('this process knows how many descriptors it may have', () => {
  const limit = descriptorLimit();
  assert.ok(limit !== null && limit >= 64, `${limit}`);
});

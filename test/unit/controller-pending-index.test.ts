/** Who waits for a signature: found without looking through all that wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_IDENTITIES } from '../../controller/core/identities.ts';
import { pendingOf, withoutPending, withPending } from '../../controller/core/pending-index.ts';
import type { PendingRequest } from '../../proto/certificates.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';

const EMPTY = NO_IDENTITIES.pending;

function request(name: string, keyHash: string): PendingRequest {
  const asked = { csrPem: '', days: 7, because: 'renewal', address: null, requestedAtMs: 0 };
  return { kind: 'agent', name, keyHash, ...asked };
}

const agent = (name: string) => ({ kind: 'agent', name }) as const;

test('whatever comes and goes, what is found is what looking through all would find', () => {
  const step = fc.record({
    name: fc.constantFrom('web-1', 'web-2', 'web-3'),
    keyHash: fc.constantFrom('a', 'b', 'c', 'd'),
    isOver: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let pending = PersistentMap.of([['a', request('web-1', 'a')] as const]) as typeof EMPTY;
      for (const { name, keyHash, isOver } of steps) {
        pending = isOver
          ? withoutPending(pending, keyHash)
          : withPending(pending, request(name, keyHash));
        for (const one of ['web-1', 'web-2', 'web-3']) {
          const all = [...pending.values()].filter((waiting) => waiting.name === one);
          assert.deepEqual(new Set(pendingOf({ pending }, agent(one))), new Set(all));
        }
      }
    }),
  );
});

test('an operator and an agent of one name are two', () => {
  const pending = withPending(EMPTY, request('alice', 'a'));
  assert.deepEqual(pendingOf({ pending }, { kind: 'operator', name: 'alice' }), []);
});

test('who asks again, and who asks beside him, costs no look at the others', () => {
  const before = withPending(EMPTY, request('web-1', 'a'));
  const found = pendingOf({ pending: before }, agent('web-1'));
  assert.equal(pendingOf({ pending: before }, agent('web-1')), found);
  const after = withPending(before, request('web-2', 'b'));
  after.values = () => assert.fail('it looks through all');
  assert.equal(pendingOf({ pending: after }, agent('web-1')), found);
});

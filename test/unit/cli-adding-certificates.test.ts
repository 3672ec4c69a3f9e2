/** A file of `fleet-certs sign` may hold more certificates than a controller takes in one call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSlices } from '../../cli/authority-client.ts';
import { allTrusted } from '../../controller/calls/certificate-calls.ts';
import { ADDED_AT_ONCE_MAX } from '../../proto/certificates.ts';
import { FleetError, isRefusal, refusal } from '../../proto/errors.ts';

const pems = Array.from({ length: 2 * ADDED_AT_ONCE_MAX + 1 }, (_, index) => `pem ${index}`);

test('all are sent, in order, and never more in a call than a controller takes', async () => {
  const calls: (readonly string[])[] = [];
  await inSlices(pems, async (slice) => {
    calls.push(slice);
    return [];
  });
  assert.deepEqual(
    calls.map(({ length }) => length),
    [ADDED_AT_ONCE_MAX, ADDED_AT_ONCE_MAX, 1],
  );
  assert.deepEqual(calls.flat(), pems);
});

test('where a later call is refused, it is said how many were added before', async () => {
  let calls = 0;
  const failing = inSlices(pems, async () => {
    calls += 1;
    if (calls === 2) throw new FleetError(refusal('wrong-state', 'not added', { cause: 'late' }));
    return [];
  });
  await assert.rejects(failing, (caught: unknown) => {
    const { code, cause } = FleetError.refusalFrom(caught);
    assert.deepEqual(
      [code, cause],
      ['wrong-state', 'the first 500 of 1001 were added, and stay; late'],
    );
    return true;
  });
  assert.equal(calls, 2);
});

test('a controller refuses more at once unseen, and says what to do', () => {
  const trust = () => assert.fail('it has looked at them');
  const answer = allTrusted(pems, { trust });
  assert.ok(isRefusal(answer));
  assert.equal(answer.code, 'usage');
  assert.match(answer.fix ?? '', /several calls/);
});

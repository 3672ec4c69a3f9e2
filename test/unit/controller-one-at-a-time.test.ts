import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOneAtATime } from '../../controller/identity/one-at-a-time.ts';
import { isRefusal } from '../../proto/errors.ts';

/** Work that ends when it is told to. */
function work() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end: () => end(), ended };
}

test('work is done one at a time, in the order in which it came', async () => {
  const queue = createOneAtATime(10);
  const order: string[] = [];
  const first = work();
  const one = queue(async () => {
    order.push('one begins');
    await first.ended;
    order.push('one ends');
    return 1;
  });
  const two = queue(async () => {
    order.push('two');
    return 2;
  });
  first.end();
  assert.deepEqual(await Promise.all([one, two]), [1, 2]);
  assert.deepEqual(order, ['one begins', 'one ends', 'two']);
});

test('what fails is told to who wanted it, and the next goes on', async () => {
  const queue = createOneAtATime(10);
  const failing = queue(() => Promise.reject(new Error('broken')));
  const next = queue(async () => 'done');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'done');
});

test('when too many wait the next is refused at once, and later there is room again', async () => {
  const queue = createOneAtATime(2);
  const first = work();
  const busy = queue(() => first.ended);
  const waiting = [queue(async () => 1), queue(async () => 2)];
  const refused = await queue(async () => 3);
  assert.ok(isRefusal(refused));
  assert.equal(refused.code, 'exhausted');
  first.end();
  await Promise.all([busy, ...waiting]);
  assert.equal(await queue(async () => 4), 4);
});

/** What a signal is called on the host's socket, and that no role is got round by another name. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { test } from 'node:test';
import { withCanonicalSignal } from '../../agent/local/canonical-signal.ts';
import { giveOrder, type OrderCall } from '../../agent/local/order-call.ts';
import { encodeOrder } from '../../proto/codec/local.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import { control } from '../fakes/agent-local.ts';
import { ALICE } from '../fakes/local-callers.ts';

function named(signal: string): string | null {
  const order = withCanonicalSignal({ ...control('signal', 'web'), signal } as LocalOrder);
  if (isRefusal(order)) return null;
  return order.kind === 'control' ? order.signal : null;
}

test('each signal has one name, whatever it is called', () => {
  for (const kill of ['KILL', 'SIGKILL', 'sigkill', 'Kill', ' 9', '9', '+9', '009']) {
    assert.equal(named(kill), 'KILL', kill);
  }
  assert.equal(named('IOT'), 'ABRT');
  assert.equal(named(String(constants.signals.SIGUSR1)), 'USR1');
  if ('SIGPOLL' in constants.signals) assert.equal(named('SIGIO'), 'POLL');
});

test('what is no signal of this host is refused', () => {
  for (const none of ['', '0', '-9', '999', 'SIG', 'NOTHING', '9; KILL', '__proto__']) {
    assert.equal(named(none), null, none);
  }
});

test('an order that comes in is judged by that name', async () => {
  const given: LocalOrder[] = [];
  const desk = {
    give: (order: LocalOrder) => {
      given.push(order);
      return { [Symbol.dispose]() {} };
    },
  };
  const identity = { identify: async () => ALICE, again: async () => ALICE };
  for (const signal of ['9', 'SIGKILL', 'NOTHING']) {
    const order = { ...control('signal', 'web'), signal } as LocalOrder;
    const request = encodeOrder({ order, proofPath: '/proof', sudoUser: null });
    const call = Object.assign(new EventEmitter(), { request });
    const errors: Error[] = [];
    call.on('error', (error: Error) => void errors.push(error));
    await giveOrder(call as unknown as OrderCall, { desk: desk as never, callers: identity });
    assert.equal(errors.length, signal === 'NOTHING' ? 1 : 0);
  }
  assert.deepEqual(
    given.map((order) => order.kind === 'control' && order.signal),
    ['KILL', 'KILL'],
  );
});

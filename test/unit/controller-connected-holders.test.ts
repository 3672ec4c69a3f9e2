import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectedHolders } from '../../controller/door/connected-holders.ts';

const holder = (fingerprint256: string) =>
  ({
    fleet: 'fleet',
    kind: 'agent',
    name: 'web-1',
    notBeforeMs: 0,
    notAfterMs: 1,
    fingerprint256,
  }) as const;

test('a holder is known for as long as one of its connections is open', () => {
  const connected = new ConnectedHolders();
  const first = holder('AA');
  assert.equal(connected.join(first), first);
  assert.equal(connected.join(holder('AA')), first);
  connected.leave(first);
  assert.equal(connected.find('AA'), first);
  connected.leave(first);
  assert.equal(connected.find('AA'), null);
  connected.leave(first);
  assert.equal(connected.join(first), first);
  assert.equal(connected.find('AA'), first);
});

test('one certificate says nothing of another', () => {
  const connected = new ConnectedHolders();
  connected.join(holder('AA'));
  assert.equal(connected.find('BB'), null);
  assert.equal(connected.find(''), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOfPeer } from '../../controller/door/peer-address.ts';

test('the address of a peer is what stands before its port', () => {
  const addresses: Readonly<Record<string, string>> = {
    '10.0.0.7:52144': '10.0.0.7',
    '10.0.0.7': '10.0.0.7',
    '[2001:db8::7]:52144': '2001:db8::7',
    '[2001:db8::7]': '2001:db8::7',
    '2001:db8::7:52144': '2001:db8::7',
    '2001:db8:1:2:3:4:5:6:52144': '2001:db8:1:2:3:4:5:6',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2:3:4:5:6',
    '::1:52144': '::1',
    'fe80::1%eth0:52144': 'fe80::1%eth0',
  };
  for (const [peer, address] of Object.entries(addresses)) {
    assert.equal(addressOfPeer(peer), address, peer);
  }
});

test('IPv4 inside IPv6 is IPv4', () => {
  for (const peer of ['::ffff:10.0.0.7:52144', '[::FFFF:10.0.0.7]:52144', '::ffff:10.0.0.7']) {
    assert.equal(addressOfPeer(peer), '10.0.0.7', peer);
  }
});

test('what is no address is none', () => {
  const nowhere = ['unknown', '', ':', ':7460', 'web-1:7460', '10.0.0.256:1', '[web-1]:1', '[]:1'];
  for (const peer of [...nowhere, '[10.0.0.7:1', '10.0.0.7:x', 'unix:/run/x.sock']) {
    assert.equal(addressOfPeer(peer), null, peer);
  }
});

/** What `--san` accepts, since a mistake in it shows only later, on every host at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddresses } from '../../proto/pki/addresses.ts';

function namesOf(text: string) {
  const parsed = parseAddresses(text);
  assert.equal(parsed.kind, 'addresses', JSON.stringify(parsed));
  return parsed.kind === 'addresses' ? parsed.names : [];
}

test('names and addresses come out in their order, lower-cased, without repeats or spaces', () => {
  assert.deepEqual(
    namesOf('DNS:OPS-1.Example.com, ip:10.0.0.7,DNS:ops-1.example.com,DNS:localhost'),
    [
      { kind: 'dns', value: 'ops-1.example.com' },
      { kind: 'ip', value: '10.0.0.7' },
      { kind: 'dns', value: 'localhost' },
    ],
  );
});

test('IPv6 addresses become groups of hexadecimal digits in every spelling', () => {
  assert.deepEqual(namesOf('IP:::1,IP:0:0:0:0:0:0:0:1,IP:::ffff:10.0.0.7'), [
    { kind: 'ip', value: '::1' },
    { kind: 'ip', value: '::ffff:a00:7' },
  ]);
});

const REFUSED: Readonly<Record<string, RegExp>> = {
  '': /empty/,
  'DNS:a,,DNS:b': /empty/,
  'ops-1.example.com': /neither DNS: nor IP:/,
  'URI:spiffe://fleet/controller/x': /neither DNS: nor IP:/,
  'email:root@example.com': /neither DNS: nor IP:/,
  'DNS:': /not a host name/,
  'DNS:10.0.0.7': /write IP:10\.0\.0\.7/,
  'DNS:*.example.com': /wildcard/,
  'DNS:-a.example.com': /not a host name/,
  'DNS:a..b': /not a host name/,
  'DNS:a.example.com.': /not a host name/,
  'DNS:a b': /not a host name/,
  'DNS:a\0b': /not a host name/,
  'DNS:a/b': /not a host name/,
  [`DNS:${'a'.repeat(64)}`]: /not a host name/,
  [`DNS:${'a.'.repeat(127)}aa`]: /not a host name/,
  'IP:ops-1': /not an IP address/,
  'IP:10.0.0.256': /not an IP address/,
  'IP:10.0.0.0/8': /not an IP address/,
  'IP:fe80::1%eth0': /not an IP address/,
};

for (const [text, expected] of Object.entries(REFUSED)) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused because it is ${expected.source}`, () => {
    const parsed = parseAddresses(text);
    assert.equal(parsed.kind, 'problems');
    if (parsed.kind === 'problems') assert.match(parsed.problems.join('; '), expected);
  });
}

test('all problems are told at once, and long ones are cut', () => {
  const parsed = parseAddresses(`IP:x,DNS:ok,DNS:${'!'.repeat(100_000)}`);
  assert.equal(parsed.kind, 'problems');
  if (parsed.kind !== 'problems') return;
  assert.equal(parsed.problems.length, 2);
  assert.ok(parsed.problems.join('').length < 300);
});

test('every IP address is understood as itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const [name] = namesOf(`IP:${address}`);
      assert.ok(name !== undefined);
      // The canonical form is a fixed point.
      assert.deepEqual(namesOf(`IP:${name.value}`), [name]);
      assert.equal(
        new URL(`http://${hostPart(name.value)}`).hostname,
        new URL(`http://${hostPart(address)}`).hostname,
      );
    }),
  );
});

function hostPart(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

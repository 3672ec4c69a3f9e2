/** Whole machines that come at the same time, each with the program that joins: one token is one host. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { pinOf } from '../../../proto/pki/authority-pin.ts';
import { formatJoinString } from '../../../proto/pki/join-string.ts';
import type { Fleet } from '../fleet/harness.ts';
import { spareKey } from './callers.ts';
import { type Host, joinBy, newToken, placeHost } from './life-stage.ts';
import { LETS_IN, newSecret, type OpenFleet, openFleet, SIGNS } from './newcomers.ts';

/** More than may fail from one address, so that the last of them hear that, and not why. */
const RACERS = 15;
const GUESTS = 20;

let open: OpenFleet;
let fleet: Fleet;

before(async () => {
  open = await openFleet(`${LETS_IN}${SIGNS}`);
  fleet = open.fleet;
});

after(() => open?.[Symbol.dispose]());

const hostsOf = (kind: string, count: number): readonly Host[] =>
  Array.from({ length: count }, (_, number) =>
    placeHost(open, `${kind}-${number + 1}`, { endsAtMs: null, programs: '' }),
  );

/** An earlier join of it ended when there was a key: those that are made now take longer than the race. */
async function interrupted({ name, files }: Host): Promise<void> {
  const key = await spareKey(open, name);
  mkdirSync(dirname(files.key), { recursive: true });
  writeFileSync(`${files.key}.new`, key, { mode: 0o600 });
}

const nameIn = ({ files }: Host): string | undefined =>
  new X509Certificate(readFileSync(files.cert)).subjectAltName;

test('twenty hosts with a token each are all in at once', async () => {
  const hosts = hostsOf('guest', GUESTS);
  const pin = pinOf(fleet.pki.authority.certificatePem);
  const tokens = await Promise.all(
    hosts.map(async ({ name }) => {
      const secret = await newSecret(open, { names: name });
      const address = `localhost:${open.enrollPort}`;
      return fleet.write(`token-of-${name}`, `${formatJoinString({ address, pin, secret })}\n`);
    }),
  );
  const joined = await Promise.all(
    hosts.map((host, index) => joinBy(fleet, host, tokens[index] ?? '')),
  );
  for (const [index, { code, output }] of joined.entries()) {
    assert.equal(code, 0, output);
    const host = hosts[index] as Host;
    assert.equal(nameIn(host), `URI:spiffe://test/agent/${host.name}`);
  }
});

test('of fifteen hosts that race with one token one is in, and each of the others is told why not', async () => {
  const hosts = hostsOf('racer', RACERS);
  await Promise.all(hosts.map(interrupted));
  const token = await newToken(fleet, '--hosts', 'racer-*');
  const joined = await Promise.all(hosts.map((host) => joinBy(fleet, host, token)));
  const won = joined.filter(({ code }) => code === 0);
  assert.equal(won.length, 1, joined.map(({ output }) => output).join('\n'));
  assert.equal(hosts.filter(({ files }) => existsSync(files.cert)).length, 1);
  for (const { code, output } of joined.filter((one) => one.code !== 0)) {
    assert.match(output, /was used already|too many failed attempts/, `${code}`);
  }
  assert.ok(joined.some(({ output }) => /was used already/.test(output)));
  const rows = fleet.query<{ name: string }>(
    'controller/fleet.db',
    "SELECT name FROM certificates WHERE name LIKE 'racer-%' AND issued IS NOT NULL",
  );
  assert.equal(rows.length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLedgerWrite } from '../../controller/upkeep/ledger-line.ts';
import type { LedgerWrite } from '../../controller/upkeep/what-ended.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { NOW_MS } from '../fakes/controller-fleet.ts';
import { aBar, aCertificate, aToken, REVOKED, USED } from '../fakes/controller-identities.ts';

const WHOLE: readonly LedgerWrite[] = [
  { kind: 'certificate', certificate: aCertificate('a', { ended: REVOKED, pem: null }) },
  {
    kind: 'certificate',
    certificate: aCertificate('a', {
      issued: null,
      firstSeenAtMs: NOW_MS,
      ended: { kind: 'replaced', atMs: NOW_MS, by: null, reason: 'newer' },
    }),
  },
  { kind: 'token', token: aToken(1, { used: { ...USED, address: '192.0.2.1' } }) },
  { kind: 'token', token: aToken(2, { revokedBy: 'bob', labels: { env: 'prod' } }) },
  { kind: 'bar', bar: aBar('a') },
  { kind: 'bar', bar: aBar('a', { issuedUntilMs: NOW_MS }) },
  { kind: 'hostRemoved', host: hostId('a') },
  { kind: 'readmitted', host: hostId('a'), untilMs: NOW_MS },
  { kind: 'readmitted', host: hostId('a'), untilMs: null },
];

/** With one thing taken out, or of another kind, at every place. */
function* spoilt(value: object): Generator<object> {
  for (const [key, part] of Object.entries(value)) {
    const { [key]: _, ...rest } = value as Record<string, unknown>;
    yield rest;
    for (const other of [
      typeof part === 'boolean' ? 7 : true,
      [],
      [null],
      part === null ? {} : undefined,
    ]) {
      yield { ...value, [key]: other };
    }
    yield { ...value, [key]: typeof part === 'string' ? 7 : 'x' };
    if (typeof part !== 'object' || part === null) continue;
    for (const spoiltPart of spoilt(part)) yield { ...value, [key]: spoiltPart };
  }
}

/** A text is as good as another where one may stand. */
const MAY_BE_TEXT = /"(?:revokedBy|by|pem|address)":"x"/;
/** Whoever takes a label out leaves fewer. */
const hasNoLabels = (line: object): boolean => JSON.stringify(line).includes('"labels":{}');

test('what the controller writes into its ledger is accepted as it comes back', () => {
  for (const write of WHOLE) assert.ok(isLedgerWrite(JSON.parse(JSON.stringify(write))));
});

test('a line that lacks anything, or has something else in its place, is none', () => {
  let count = 0;
  for (const write of WHOLE) {
    for (const line of spoilt(write)) {
      const text = JSON.stringify(line);
      if (MAY_BE_TEXT.test(text)) continue;
      if (hasNoLabels(line) && !hasNoLabels(write)) continue;
      count += 1;
      assert.ok(!isLedgerWrite(JSON.parse(text)), text);
    }
  }
  assert.ok(count > 300, `${count}`);
});

test('what is no line at all is none', () => {
  for (const text of ['null', '7', '"bar"', '[]', '{}', '{"kind":"x"}', '{"kind":"toString"}']) {
    assert.ok(!isLedgerWrite(JSON.parse(text)), text);
  }
  assert.ok(!isLedgerWrite(JSON.parse('{"kind":"readmitted","host":"a","untilMs":1e999}')));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Amount, DEFAULT_STRATEGY, ON_ERRORS, type Strategy } from '../../proto/strategy.ts';
import {
  amountText,
  batchText,
  durationText,
  isNotUnderstood,
  offlineText,
  parseAmount,
  parseBatch,
  parseCanary,
  parseDuration,
  parseOffline,
  parseOnError,
  parseWait,
  strategyWords,
} from '../../proto/strategy-text.ts';

const count = (value: number): Amount => ({ kind: 'count', count: value });
const percent = (value: number): Amount => ({ kind: 'percent', percent: value });

test('a batch is a size, a percentage, or a list of both', () => {
  assert.deepEqual(parseBatch('5'), [count(5)]);
  assert.deepEqual(parseBatch('10%'), [percent(10)]);
  assert.deepEqual(parseBatch('1,5,20%'), [count(1), count(5), percent(20)]);
  assert.deepEqual(parseBatch(' 1, 5 ,20% '), [count(1), count(5), percent(20)]);
  assert.deepEqual(parseBatch('1000000,100%'), [count(1_000_000), percent(100)]);
});

const NO_BATCH = [
  ...['', ' ', ',', '1,', ',1', '1,,2', '0', '0%', '1,0', '101%', '1000001', '-1', '+1', '1.5'],
  ...['10 %', '%', '10%%', 'all', '1e3', '0x10', '१', '1\u00002', '1\n,2\u001b[31m', '1_000'],
  ...['9'.repeat(400), '1,'.repeat(200_000), `${'1,'.repeat(100)}1`],
];

test('what is no batch is refused, however long or odd', () => {
  for (const text of NO_BATCH) {
    assert.ok(isNotUnderstood(parseBatch(text)), JSON.stringify(text.slice(0, 40)));
  }
  assert.equal((parseBatch(`${'1,'.repeat(99)}1`) as readonly Amount[]).length, 100);
});

test('how much may go wrong may be nothing', () => {
  assert.deepEqual(parseAmount('0'), count(0));
  assert.deepEqual(parseAmount('0%'), percent(0));
  assert.deepEqual(parseAmount('10%'), percent(10));
  for (const text of ['', '101%', '1000001', '-1', '1,2', '10%x']) {
    assert.deepEqual(parseAmount(text), {
      expected: 'a whole number from 0 to 1000000, or from 0% to 100%',
    });
  }
});

test('canaries are counted, never a percentage', () => {
  assert.equal(parseCanary('3'), 3);
  assert.equal(parseCanary('0'), 0);
  for (const text of ['', '1%', '-1', '1,2', '1000001']) {
    assert.ok(isNotUnderstood(parseCanary(text)), text);
  }
});

test('a duration is in seconds unless it says so', () => {
  assert.equal(parseDuration('30'), 30_000);
  assert.equal(parseDuration('30s'), 30_000);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('2h'), 7_200_000);
  assert.equal(parseDuration('3d'), 259_200_000);
  assert.equal(parseDuration('24d'), 24 * 86_400_000);
});

test('of a duration it is said what is wrong with it', () => {
  for (const text of ['', 's', '-1', '1.5h', '5 m', '1h30m', '5M', '1w', '1\u0000s']) {
    assert.deepEqual(parseDuration(text), {
      expected: 'a whole number of seconds, or 30s, 5m, 2h, 3d',
    });
  }
  assert.deepEqual(parseDuration('0'), { expected: 'a duration longer than nothing' });
  assert.deepEqual(parseDuration('25d'), { expected: 'at most 24d' });
  assert.deepEqual(parseDuration('9'.repeat(400)), { expected: 'at most 24d' });
  assert.equal(parseWait('0'), 0);
  assert.equal(parseWait('0h'), 0);
});

test('hosts that are away fail, are left out, or are waited for so long', () => {
  assert.deepEqual(parseOffline('fail'), { kind: 'fail' });
  assert.deepEqual(parseOffline('skip'), { kind: 'skip' });
  assert.deepEqual(parseOffline('queue=2h'), { kind: 'queue', ttlMs: 7_200_000 });
  for (const text of ['', 'Fail', 'queue', 'queue:2h', 'wait']) {
    assert.deepEqual(parseOffline(text), {
      expected: 'fail, skip, or queue=2h with how long they may take',
    });
  }
  assert.deepEqual(parseOffline('queue=0'), {
    expected: 'a duration longer than nothing after queue=',
  });
  assert.deepEqual(parseOffline('queue=99d'), { expected: 'at most 24d after queue=' });
  assert.ok(isNotUnderstood(parseOffline('queue=\n2h\n3h')));
});

test('what follows an error is one of three', () => {
  for (const word of ON_ERRORS) assert.equal(parseOnError(word), word);
  assert.deepEqual(parseOnError('stop'), { expected: 'pause, fail, continue' });
});

test('durations are written in the largest unit that is exact', () => {
  assert.equal(durationText(0), '0s');
  assert.equal(durationText(90_000), '90s');
  assert.equal(durationText(3_600_000), '1h');
  assert.equal(durationText(48 * 3_600_000), '2d');
  assert.equal(durationText(1_001), '2s');
});

test('a batch of nothing at all, as a broken client may send it, is written as what it does', () => {
  assert.equal(batchText([]), '100%');
});

test('only what differs from the usual is said', () => {
  assert.deepEqual(strategyWords(DEFAULT_STRATEGY), []);
  const strategy: Strategy = {
    ...DEFAULT_STRATEGY,
    batch: [count(1), percent(20)],
    maxErrors: percent(10),
    offline: { kind: 'queue', ttlMs: 7_200_000 },
    deadlineMs: 600_000,
  };
  assert.deepEqual(strategyWords(strategy), [
    ...['--batch', '1,20%', '--max-errors', '10%'],
    ...['--offline', 'queue=2h', '--deadline', '10m'],
  ]);
});

const anAmount = (least: number) =>
  fc.oneof(
    fc.integer({ min: least, max: 1_000_000 }).map(count),
    fc.integer({ min: least, max: 100 }).map(percent),
  );
const aDuration = (leastSeconds: number) =>
  fc.integer({ min: leastSeconds, max: 24 * 86_400 }).map((seconds) => seconds * 1_000);

const aStrategy: fc.Arbitrary<Strategy> = fc.record(
  {
    batch: fc.array(anAmount(1), { minLength: 1, maxLength: 100 }),
    canary: fc.integer({ min: 0, max: 1_000_000 }),
    batchWaitMs: aDuration(0),
    maxErrors: anAmount(0),
    maxUnreachable: anAmount(0),
    minHealthyMs: aDuration(0),
    onError: fc.constantFrom(...ON_ERRORS),
    offline: fc.oneof(
      fc.constant({ kind: 'fail' as const }),
      fc.constant({ kind: 'skip' as const }),
      aDuration(1).map((ttlMs) => ({ kind: 'queue' as const, ttlMs })),
    ),
    deadlineMs: fc.option(aDuration(1)),
    lockWaitMs: aDuration(0),
  },
  { noNullPrototype: true },
);

test('every value that can be typed is read back as it was written', () => {
  fc.assert(
    fc.property(aStrategy, (strategy) => {
      assert.deepEqual(parseBatch(batchText(strategy.batch)), strategy.batch);
      assert.deepEqual(parseAmount(amountText(strategy.maxErrors)), strategy.maxErrors);
      assert.deepEqual(parseWait(durationText(strategy.batchWaitMs)), strategy.batchWaitMs);
      assert.deepEqual(parseOffline(offlineText(strategy.offline)), strategy.offline);
    }),
  );
});

test('the words of a strategy are the strategy again', () => {
  fc.assert(
    fc.property(aStrategy, (strategy) => {
      assert.deepEqual(fromWords(strategyWords(strategy)), strategy);
    }),
  );
});

/** As the command line reads them. */
function fromWords(words: readonly string[]) {
  const said = new Map<string, string>();
  for (let index = 0; index < words.length; index += 2) {
    said.set(words[index] ?? '', words[index + 1] ?? '');
  }
  const read = <Value>(option: string, parse: (text: string) => Value, usual: Value): Value => {
    const text = said.get(option);
    return text === undefined ? usual : parse(text);
  };
  const usual = DEFAULT_STRATEGY;
  return {
    batch: read('--batch', parseBatch, usual.batch),
    canary: read('--canary', parseCanary, usual.canary),
    batchWaitMs: read('--batch-wait', parseWait, usual.batchWaitMs),
    maxErrors: read('--max-errors', parseAmount, usual.maxErrors),
    maxUnreachable: read('--max-unreachable', parseAmount, usual.maxUnreachable),
    minHealthyMs: read('--min-healthy-time', parseWait, usual.minHealthyMs),
    onError: read('--on-error', parseOnError, usual.onError),
    offline: read('--offline', parseOffline, usual.offline),
    deadlineMs: read<unknown>('--deadline', parseDuration, usual.deadlineMs),
    lockWaitMs: read('--lock-wait', parseWait, usual.lockWaitMs),
  };
}

/** Streams that go on are judged again, each once a round, and ended when they may not any more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JudgingRounds } from '../../controller/door/live-calls.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';

const REVOKED = refusal('denied', 'the certificate was revoked');

function calls(count: number, parts: number) {
  const rounds = new JudgingRounds(parts);
  const judged = Array.from({ length: count }, () => 0);
  const ended: [number, Refusal][] = [];
  const revoked = new Set<number>();
  const joined = judged.map((_, number) =>
    rounds.join({
      judge: () => {
        judged[number] = (judged[number] ?? 0) + 1;
        return revoked.has(number) ? REVOKED : null;
      },
      end: (because) => ended.push([number, because]),
    }),
  );
  return { rounds, judged, ended, revoked, joined };
}

test('in one round each call is judged once, whenever it joined', () => {
  const { rounds, judged } = calls(10, 4);
  for (let part = 0; part < 4; part += 1) rounds.judgePart();
  assert.deepEqual(
    judged,
    Array.from({ length: 10 }, () => 1),
  );
});

test('a part holds its share and no more', () => {
  const { rounds, judged } = calls(10_000, 4);
  rounds.judgePart();
  assert.equal(judged.filter((times) => times === 1).length, 2_500);
});

test('what may not go on is ended once, with the reason, and is gone', () => {
  const { rounds, judged, ended, revoked } = calls(3, 1);
  revoked.add(1);
  rounds.judgePart();
  rounds.judgePart();
  assert.deepEqual(ended, [[1, REVOKED]]);
  assert.deepEqual(judged, [2, 1, 2]);
  assert.equal(rounds.size, 2);
});

test('who has left is not judged any more, and may leave twice', () => {
  const { rounds, judged, joined } = calls(2, 1);
  joined[0]?.[Symbol.dispose]();
  joined[0]?.[Symbol.dispose]();
  rounds.judgePart();
  assert.deepEqual(judged, [0, 1]);
});

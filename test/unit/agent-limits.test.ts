/** What the agent asks of its host before it starts anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Limits, limitsIn, raiseLimits } from '../../agent/adapters/host/limits.ts';

const NONE = Number.POSITIVE_INFINITY;
const WANTED = { minFds: 1024, minProcs: 200 };

function aHost(limits: Limits | null, isAllowed = false) {
  const raised: unknown[] = [];
  return {
    raised,
    read: () => limits,
    raise: (...request: unknown[]) => {
      raised.push(request);
      return isAllowed;
    },
  };
}

test('where there is enough, or nobody tells, nothing is asked for', () => {
  const enough = { files: { soft: 20, hard: 1024 }, processes: { soft: NONE, hard: NONE } };
  for (const host of [aHost(enough), aHost(null)]) {
    assert.equal(raiseLimits(WANTED, host), null);
    assert.deepEqual(host.raised, []);
  }
});

const SCARCE = { files: { soft: 500, hard: 500 }, processes: { soft: 100, hard: 150 } };

test('what is scarce is raised, no higher than needed and no hard limit lowered', () => {
  const host = aHost({ ...SCARCE, processes: { soft: 100, hard: NONE } }, true);
  assert.equal(raiseLimits(WANTED, host), null);
  assert.deepEqual(host.raised, [
    ['files', { soft: 1024, hard: 1024 }],
    ['processes', { soft: 200, hard: NONE }],
  ]);
});

test('what cannot be raised is told all at once, with the way out', () => {
  const problem = raiseLimits(WANTED, aHost(SCARCE)) ?? '';
  assert.match(
    problem,
    /^minfds = 1024 .* 500 .*LimitNOFILE=.*\nminprocs = 200 .* 100 .*LimitNPROC=/,
  );
});

test('limits are read as Linux prints them', () => {
  const text = `Limit                     Soft Limit           Hard Limit           Units     
Max processes             96365                unlimited            processes 
Max open files            1024                 20000                files     
`;
  assert.deepEqual(limitsIn(text), {
    files: { soft: 1024, hard: 20_000 },
    processes: { soft: 96_365, hard: NONE },
  });
  assert.equal(limitsIn('something else'), null);
});

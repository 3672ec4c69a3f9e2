/** How people on paper want things done: every option of the strategy, drawn by chance. */
import { type Amount, DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import type { Chance } from './chance.ts';

const count = (value: number): Amount => ({ kind: 'count', count: value });
const percent = (value: number): Amount => ({ kind: 'percent', percent: value });

export function aStrategy(chance: Chance, isFullStop: boolean): Strategy {
  if (chance.oneIn(3)) return { ...DEFAULT_STRATEGY, ...aLockWait(chance) };
  return {
    batch: chance.pick([
      DEFAULT_STRATEGY.batch,
      [count(1)],
      [count(3)],
      [percent(25)],
      [count(1), count(3), percent(50)],
    ]),
    canary: isFullStop ? 0 : chance.pick([0, 0, 0, 1, 2]),
    batchWaitMs: chance.pick([0, 0, 1_000, 7_000]),
    maxErrors: chance.pick([count(0), count(0), count(1), percent(20), percent(100)]),
    maxUnreachable: chance.pick([count(0), count(1), percent(100)]),
    minHealthyMs: chance.pick([0, 0, 500, 4_000]),
    onError: chance.pick(['pause', 'pause', 'fail', 'continue']),
    offline: chance.pick([
      { kind: 'fail' },
      { kind: 'skip' },
      { kind: 'queue', ttlMs: chance.pick([5_000, 120_000]) },
    ]),
    deadlineMs: chance.pick([null, null, null, 1_500, 20_000, 90_000]),
    ...aLockWait(chance),
  };
}

function aLockWait(chance: Chance): Pick<Strategy, 'lockWaitMs'> {
  return { lockWaitMs: chance.pick([0, 3_000, 60_000, 300_000]) };
}

/**
 * A short queue before work that takes the processor for a while: one at a time, so that whatever
 * else the controller does has its turn in between, and no more waiting than will be served soon.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';

export type OneAtATime = <Answer>(work: () => Promise<Answer>) => Promise<Answer | Refusal>;

/** @param waitingMax how many may wait; the next is refused */
export function createOneAtATime(waitingMax: number): OneAtATime {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    if (waiting > waitingMax) return CROWDED;
    waiting += 1;
    const before = last;
    const done = before.then(work).finally(() => {
      waiting -= 1;
    });
    // Whoever comes next waits for the end of this, whatever it comes to.
    last = done.catch(() => undefined);
    return done;
  };
}

const CROWDED = refusal('exhausted', 'too many ask for certificates at this moment', {
  fix: 'ask again in a few seconds',
});

/**
 * Waits for a condition instead of for a time: asks again and again until the answer is there, and
 * says what was last seen when it never comes. Every wait of the integration tests goes through here.
 */
import { setTimeout as delay } from 'node:timers/promises';

const ASK_EVERY_MS = 40;
const DEFAULT_WITHIN_MS = 30_000;

export interface WaitOptions {
  readonly withinMs?: number;
  /** Where a moment is to be caught. */
  readonly askEveryMs?: number;
  /** What a person wants to see when the wait was in vain, such as the tails of logs. */
  readonly explain?: () => string;
}

/**
 * The first answer that is neither undefined, null nor false. What `ask` throws counts as "not
 * yet" and is shown at the end: a controller that is just starting refuses connections.
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer> | Answer,
  { withinMs = DEFAULT_WITHIN_MS, askEveryMs = ASK_EVERY_MS, explain }: WaitOptions = {},
): Promise<Exclude<Answer, undefined | null | false>> {
  const giveUpAtMs = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as Exclude<Answer, undefined | null | false>;
      }
      last = 'nothing';
    } catch (caught) {
      last = caught;
    }
    await delay(askEveryMs);
  } while (performance.now() < giveUpAtMs);
  const seen = last instanceof Error ? last.message : String(last);
  const context = explain === undefined ? '' : `\n${explain()}`;
  throw new Error(`not within ${withinMs} ms: ${what} (last answer: ${seen})${context}`);
}

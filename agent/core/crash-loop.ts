/**
 * Damps a program that starts well and dies again and again: Supervisor restarts it as fast as it
 * dies (134 spawns in one second were seen), which costs the host more than the program is worth.
 * Up to 10 restarts in 10 s are immediate; from then on each waits 1, 2, 4 … 60 s, until a run
 * has lasted the whole window.
 */

const WINDOW_MS = 10_000;
const FREE_RESTARTS = 10;
const FIRST_DELAY_MS = 1_000;
export const LONGEST_DELAY_MS = 60_000;

export interface CrashLoop {
  /** Monotonic times of the restarts within the window. */
  readonly recentMs: readonly number[];
  /** How many delayed restarts came before; 0 while undamped. */
  readonly level: number;
}

export const CALM: CrashLoop = { recentMs: [], level: 0 };

export interface CrashLoopVerdict {
  readonly loop: CrashLoop;
  readonly delayMs: number;
}

/** An exit from RUNNING that is to be restarted; `ranMs` is how long that run lasted. */
export function judgeRestart(loop: CrashLoop, nowMs: number, ranMs: number): CrashLoopVerdict {
  const calm = ranMs >= WINDOW_MS ? CALM : loop;
  const recentMs = [...calm.recentMs.filter((at) => nowMs - at < WINDOW_MS), nowMs];
  if (calm.level === 0 && recentMs.length <= FREE_RESTARTS) {
    return { loop: { recentMs, level: 0 }, delayMs: 0 };
  }
  return {
    loop: { recentMs, level: calm.level + 1 },
    delayMs: Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** calm.level),
  };
}

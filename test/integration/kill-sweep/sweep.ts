/**
 * One round of the sweep: the whole fleet is restarted, and one daemon is killed at its n-th durable
 * write of that, and started again. The operation must end as if nothing had happened.
 */
import { isAlive } from '../fleet/processes.ts';
import { complaints, historyOf } from './judge.ts';
import { type Stage, type Victim, WITHIN_MS } from './stage.ts';
import { trace } from './tracer.ts';

export interface Round {
  /** False: the operation was over before. */
  readonly wasKilled: boolean;
  /** How often it was about to make something durable. */
  readonly syncs: number;
}

/**
 * @param killAt null: it lives, and its durable writes are counted
 * @throws Error that says what is not as it must be, and what was told of it
 */
export async function playRound(
  stage: Stage,
  victim: Victim,
  killAt: number | null,
): Promise<Round> {
  const { fleet } = stage;
  const before = stage.starts();
  const daemon = stage.daemon(victim);
  const notes = fleet.path(`${victim}.trace`);
  const looking = await trace({ pid: daemon.pid, notes, killAt });
  const request = stage.newRequest();
  let isOver = false;
  const over = stage.carryOut(request).finally(() => {
    isOver = true;
  });
  // It is waited for below, when the victim is back.
  over.catch(() => undefined);
  const isDecided = () => isOver || !isAlive(daemon.pid);
  await fleet.until('it is over, or the victim is dead', isDecided, { withinMs: WITHIN_MS });
  await looking.detach();
  const wasKilled = !isAlive(daemon.pid);
  if (wasKilled) {
    await daemon.ended();
    await stage.start(victim);
  }
  const operation = await over;
  await stage.untilAllRun();
  const wrong = complaints(stage, before, operation);
  if (wrong.length > 0) {
    const when = killAt === null ? 'left alone' : `killed at its write ${killAt}`;
    const history = historyOf(stage, operation.id);
    throw new Error(
      `${victim}, ${when}, operation ${operation.id}:\n${wrong.join('\n')}\n${history}`,
    );
  }
  return { wasKilled, syncs: looking.syncs() };
}

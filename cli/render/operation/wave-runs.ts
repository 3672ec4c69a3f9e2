/**
 * Waves that are alike and follow one another, told as one where there are many: batches of a large
 * fleet come by the thousand.
 */
import type { Operation, Wave } from '../../../proto/operation.ts';
import { batchText, waveNumber } from './waves.ts';

/** As many as a screen shows with their targets; of more, those alike are told together. */
const WAVES_APART_MAX = 10;

/** Waves of the same tier that do the same, in the order in which they come. */
export type WaveRun = readonly [Wave, ...Wave[]];

export function waveRuns(operation: Pick<Operation, 'waves' | 'order'>): readonly WaveRun[] {
  const { waves } = operation;
  if (waves.length <= WAVES_APART_MAX) return waves.map((wave) => [wave]);
  const exact = joined(operation, (wave) => `${likenessOf(wave)} ${wave.targets}`);
  // Sizes that never agree would be as many lines again.
  return exact.length <= WAVES_APART_MAX ? exact : joined(operation, likenessOf);
}

/** `wave 2`, `waves 2-999`, and of every second one `499 waves from 3 to 999`. */
export function wavesText(run: WaveRun): string {
  const [first] = run;
  const last = run.at(-1) ?? first;
  const [from, to] = [waveNumber(first.index), waveNumber(last.index)];
  if (run.length === 1) return `wave ${from}`;
  // With `order: host` the other tiers of a batch stand in between.
  const isGapless = to - from === run.length - 1;
  return isGapless ? `waves ${from}-${to}` : `${run.length} waves from ${from} to ${to}`;
}

/** `batch 2 of 5`, `batches 2-999 of 1000`; empty where there is but one. */
export function batchesText(run: WaveRun): string {
  if (run.length === 1) return batchText(run[0]);
  const numbers = run.map(({ batch }) => batch + 1);
  // With a full stop those that stop come in reverse.
  return `batches ${Math.min(...numbers)}-${Math.max(...numbers)} of ${run[0].batches}`;
}

/** A canary is like no other. */
function likenessOf({ index, action, groupPriority, priority, isCanary }: Wave): string {
  return `${action} ${groupPriority} ${priority} ${isCanary ? index : ''}`;
}

function joined(
  { waves, order }: Pick<Operation, 'waves' | 'order'>,
  likeness: (wave: Wave) => string,
): readonly WaveRun[] {
  const runs: [Wave, ...Wave[]][] = [];
  const latest = new Map<string, [Wave, ...Wave[]]>();
  for (const wave of waves) {
    const run = latest.get(likeness(wave));
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && follows(order, last, wave)) run.push(wave);
    else {
      const fresh: [Wave, ...Wave[]] = [wave];
      runs.push(fresh);
      latest.set(likeness(wave), fresh);
    }
  }
  return runs;
}

/** Of one tier the batches follow one another; with `order: host` other tiers stand in between. */
function follows(order: Operation['order'], last: Wave, wave: Wave): boolean {
  return order === 'host' ? wave.batch === last.batch + 1 : wave.index === last.index + 1;
}

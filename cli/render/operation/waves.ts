/** Where targets stand among the waves of their operation. */
import type { OperationFacts, Wave } from '../../../proto/operation.ts';
import type { Verb } from '../../../proto/vocabulary.ts';

/** As people count. */
export function waveNumber(index: number): number {
  return index + 1;
}

/**
 * `wave 1 of 3 (group priority 10, priority 999, batch 2 of 5)`; of a full stop it is also said what
 * it does.
 */
export function waveText(
  { verb, waves }: Pick<OperationFacts, 'verb' | 'waves'>,
  wave: Wave,
): string {
  const action = wave.action === verb ? '' : wave.action;
  const place = [action, tierText(verb, wave), batchText(wave)].filter((part) => part !== '');
  const inside = place.length === 0 ? '' : ` (${place.join(', ')})`;
  return `wave ${waveNumber(wave.index)} of ${waves.length}${inside}`;
}

/** Empty where there are no tiers: all are signalled alike, and a host updates in an order of its own. */
export function tierText(
  verb: Verb,
  { groupPriority, priority }: Pick<Wave, 'groupPriority' | 'priority'>,
): string {
  const hasTiers = verb !== 'signal' && verb !== 'update';
  return hasTiers ? `group priority ${groupPriority}, priority ${priority}` : '';
}

/** `batch 2 of 5`, `canary, batch 1 of 5`; empty where there is but one. */
export function batchText({
  batch,
  batches,
  isCanary,
}: Pick<Wave, 'batch' | 'batches' | 'isCanary'>): string {
  if (batches < 2) return isCanary ? 'canary' : '';
  return `${isCanary ? 'canary, ' : ''}batch ${batch + 1} of ${batches}`;
}

/** `wave 2`, `waves 2-4`. */
export function waveNumbers(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((left, right) => left - right);
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  return first === last
    ? `wave ${waveNumber(first)}`
    : `waves ${waveNumber(first)}-${waveNumber(last)}`;
}

/** Where targets stand among the waves of their operation. */
import type { OperationFacts, Wave } from '../../../proto/operation.ts';

/** As people count. */
export function waveNumber(index: number): number {
  return index + 1;
}

/** `wave 1 of 3 (group priority 10, priority 999)`; of a full stop it is also said what it does. */
export function waveText({ verb, waves }: OperationFacts, wave: Wave): string {
  const action = wave.action === verb ? '' : `${wave.action}, `;
  const tier = `${action}group priority ${wave.groupPriority}, priority ${wave.priority}`;
  return `wave ${waveNumber(wave.index)} of ${waves.length} (${tier})`;
}

/** `wave 2`, `waves 2-4`. */
export function waveNumbers(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((left, right) => left - right);
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  return first === last
    ? `wave ${waveNumber(first)}`
    : `waves ${waveNumber(first)}-${waveNumber(last)}`;
}

/**
 * Numbers that were measured several times, and what two of them make together. A single number
 * says nothing on a machine that does other things too, so every result carries its spread.
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new Error('nothing was measured');
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? min;
  return { median: (lower + upper) / 2, min, max, runs: sorted.length };
}

/**
 * Runs the contenders in turn, so that whatever disturbs the machine meanwhile disturbs all of
 * them alike. Each returns what it measured itself.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<number> | number>>,
): Promise<Readonly<Record<Name, Spread>>> {
  const entries = Object.entries(contenders) as [Name, () => Promise<number> | number][];
  const measured = entries.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [, measure]] of entries.entries()) measured[index]?.push(await measure());
  }
  const spreads = entries.map(([name], index) => [name, spreadOf(measured[index] ?? [])] as const);
  return Object.fromEntries(spreads) as Record<Name, Spread>;
}

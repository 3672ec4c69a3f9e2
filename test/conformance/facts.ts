/** What is compared of every row: per process the states, the times between them, ends and errors. */
import { normalise, normaliseError } from './normalise.ts';
import type { Change, Fact } from './row.ts';

export function factsOfChanges(changes: readonly Change[], directory: string): readonly Fact[] {
  const processes = [...new Set(changes.map((change) => change.process))].sort();
  return processes.flatMap((process) => {
    const own = withoutRepeats(changes.filter((change) => change.process === process));
    return factsOfProcess(process, own, directory);
  });
}

function factsOfProcess(
  process: string,
  changes: readonly Change[],
  directory: string,
): readonly Fact[] {
  const endings = changes.flatMap(({ ending, state }) =>
    ending === null || state === 'FATAL' ? [] : [ending],
  );
  const errors = changes.flatMap(({ state, error }) =>
    state === 'BACKOFF' && error !== null ? [normalise(normaliseError(error), directory)] : [],
  );
  return [
    text(`states of ${process}`, changes.map(({ state }) => state).join(' ')),
    text(`endings of ${process}`, endings.join(' ')),
    text(`spawn errors of ${process}`, [...new Set(errors)].join(' · ')),
    { kind: 'seconds', name: `gaps of ${process}`, values: gaps(changes) },
  ];
}

/** What happens in one pass of a loop lies closer together than this; tiers lie further apart. */
const TOGETHER_MS_MAX = 500;

/** In the order in which each process first came into the state. */
export function factsOfOrder(changes: readonly Change[], state: Change['state']): readonly Fact[] {
  const first = new Map<string, number>();
  for (const { process, state: reached, atMs } of changes) {
    if (reached === state && !first.has(process)) first.set(process, atMs);
  }
  const times = [...first.values()];
  const spreadMs = Math.max(...times) - Math.min(...times);
  return [
    text(`order of ${state}`, [...first.keys()].join(' ')),
    text(`pace of ${state}`, spreadMs <= TOGETHER_MS_MAX ? 'all at once' : 'one after the other'),
  ];
}

/** An agent tells other news of a process too, such as its pid, without a new state. */
function withoutRepeats(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ state }, index) => changes[index - 1]?.state !== state);
}

function gaps(changes: readonly Change[]): readonly number[] {
  return changes.slice(1).map(({ atMs }, index) => (atMs - (changes[index]?.atMs ?? atMs)) / 1_000);
}

const text = (name: string, value: string): Fact => ({ kind: 'text', name, value });

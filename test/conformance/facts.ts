/** What is compared of every row: per process the states, the times between them, ends and errors. */
import { normalise } from './normalise.ts';
import type { Change, Fact } from './row.ts';

export function factsOfChanges(changes: readonly Change[], directory: string): readonly Fact[] {
  const processes = [...new Set(changes.map((change) => change.process))].sort();
  return processes.flatMap((process) => {
    const own = withoutRepeats(changes.filter((change) => change.process === process));
    return own.length === 0 ? [] : factsOfProcess(process, own, directory);
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
    state === 'BACKOFF' && error !== null ? [normalise(error, directory)] : [],
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

/**
 * An agent tells other news of a process too, such as its pid, without a new state; and of one that
 * is new that it is STOPPED, where Supervisor says nothing.
 */
function withoutRepeats(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ state }, index) => (changes[index - 1]?.state ?? 'STOPPED') !== state);
}

/** What ends these is the daemon or the program, not the moment at which the row gives an order. */
const OWN_TIME: readonly string[] = [
  'STARTING RUNNING',
  'STARTING BACKOFF',
  'BACKOFF STARTING',
  'BACKOFF FATAL',
  'RUNNING EXITED',
  'EXITED STARTING',
  'STOPPING STOPPED',
];

function gaps(changes: readonly Change[]): readonly number[] {
  return changes.flatMap(({ atMs, state }, index) => {
    const before = changes[index - 1];
    if (before === undefined || !OWN_TIME.includes(`${before.state} ${state}`)) return [];
    return [(atMs - before.atMs) / 1_000];
  });
}

const text = (name: string, value: string): Fact => ({ kind: 'text', name, value });

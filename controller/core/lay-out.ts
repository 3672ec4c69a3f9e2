/**
 * Lays candidates out in waves: first by tier, then by batch, or with `order: host` first by batches
 * of hosts. Pure geometry: who is attempted at all is known already, and those who are not take no
 * place in a batch, so that a batch is as large as somebody asked for.
 *
 *   tier, --batch 2     tier 1: a b | c d | e     tier 2: a b | c
 *   host, --batch 2     hosts a b: tier 1, tier 2 | hosts c d: tier 1, tier 2
 */
import { sortNaturally } from '../../proto/natural-order.ts';
import type { OperationRequest, Target, Wave } from '../../proto/operation.ts';
import { batchSizes } from '../../proto/strategy.ts';
import { isUnbegun } from '../../proto/target.ts';
import { startWaitMs, stopWaitMs } from '../../proto/tier-wait.ts';
import type { ProcessStatus, ProcessVerb } from '../../proto/vocabulary.ts';

/** A target of which only the place in the plan is missing. */
export interface Candidate {
  readonly status: ProcessStatus;
  readonly target: Omit<Target, 'wave' | 'stopWave'>;
}

export interface WaveLayout {
  readonly waves: readonly Wave[];
  /** In the order of the waves. */
  readonly targets: readonly Target[];
}

type Manner = Pick<OperationRequest, 'order' | 'fullStop' | 'strategy'> & {
  readonly verb: ProcessVerb;
};

/** The candidates of one wave. */
interface Chunk extends Pick<Wave, 'batch' | 'batches' | 'isCanary'> {
  readonly candidates: readonly Candidate[];
}

export function layOut(manner: Manner, candidates: readonly Candidate[]): WaveLayout {
  const { verb, order, strategy } = manner;
  const sorted = sortNaturally(
    candidates,
    ({ target }) => target.host,
    ({ target }) => target.process,
  );
  switch (order) {
    case 'tier': {
      const chunks: readonly Chunk[] = tiersOf(verb, sorted).flatMap((tier) =>
        cut(tier, ({ target }) => `${target.host} ${target.process}`, strategy),
      );
      return wavesOf({ ...manner, isDivided: chunks.some(isPart) }, chunks, 0);
    }
    case 'host': {
      const stages = cut(sorted, ({ target }) => target.host, strategy).map((stage) =>
        tiersOf(verb, stage.candidates).map((tier): Chunk => ({ ...stage, candidates: tier })),
      );
      const divided = { ...manner, isDivided: stages.flat().some(isPart) };
      return stages.reduce<WaveLayout>(
        (before, chunks) => joined(before, wavesOf(divided, chunks, before.waves.length)),
        { waves: [], targets: [] },
      );
    }
  }
}

/** For an `update`, whose targets are hosts and have no tiers. */
export function cutHosts<Of extends Pick<Target, 'host' | 'state'>>(
  targets: readonly Of[],
  strategy: OperationRequest['strategy'],
): readonly (Pick<Chunk, 'batch' | 'batches' | 'isCanary'> & {
  readonly targets: readonly Of[];
})[] {
  const members = targets.map((target) => ({ target }));
  return cut(members, ({ target }) => target.host, strategy).map(({ candidates, ...place }) => ({
    ...place,
    targets: candidates.map(({ target }) => target),
  }));
}

/** Into batches of what has the same key. Who is not attempted at all goes with the last one. */
function cut<Of extends { readonly target: Pick<Target, 'state'> }>(
  members: readonly Of[],
  keyOf: (member: Of) => string,
  strategy: OperationRequest['strategy'],
): readonly (Pick<Chunk, 'batch' | 'batches' | 'isCanary'> & {
  readonly candidates: readonly Of[];
})[] {
  // Who may come back has a place, or all who do would be done at once.
  const isAttempted = ({ target }: Of): boolean => isUnbegun(target);
  const attempted = new Map<string, Of[]>(
    members.filter(isAttempted).map((member) => [keyOf(member), []]),
  );
  const others: Of[] = [];
  for (const member of members) (attempted.get(keyOf(member)) ?? others).push(member);
  const keys = [...attempted.values()];
  const sizes = keys.length === 0 ? [0] : batchSizes(strategy, keys.length);
  let from = 0;
  return sizes.map((size, batch) => {
    const isLast = batch === sizes.length - 1;
    const own = keys.slice(from, from + size).flat();
    from += size;
    return {
      candidates: isLast ? [...own, ...others] : own,
      batch,
      batches: sizes.length,
      isCanary: strategy.canary > 0 && batch === 0,
    };
  });
}

/** Of a plan in which somebody is to be waited for before others begin. */
function isPart({ batches, isCanary }: Chunk): boolean {
  return batches > 1 || isCanary;
}

type Divided = Manner & { readonly isDivided: boolean };

function wavesOf(manner: Divided, chunks: readonly Chunk[], first: number): WaveLayout {
  const { verb, fullStop } = manner;
  if (!fullStop) {
    const waves = chunks.map((chunk, index) => waveOf(manner, verb, chunk, first + index));
    return { waves, targets: targetsOf(chunks, (index) => [first + index, null]) };
  }
  // What starts last is stopped first: the waves of the stop mirror those of the start.
  const count = chunks.length;
  const stops = chunks
    .toReversed()
    .map((chunk, index) => waveOf(manner, 'stop', chunk, first + index));
  const starts = chunks.map((chunk, index) =>
    waveOf(manner, 'start', chunk, first + count + index),
  );
  const targets = targetsOf(chunks, (index) => [first + count + index, first + count - 1 - index]);
  return { waves: [...stops, ...starts], targets };
}

function targetsOf(
  chunks: readonly Chunk[],
  placeOf: (index: number) => readonly [number, number | null],
): readonly Target[] {
  return chunks.flatMap(({ candidates }, index) => {
    const [wave, stopWave] = placeOf(index);
    return candidates.map(({ target }) => ({ ...target, wave, stopWave }));
  });
}

function joined(one: WaveLayout, other: WaveLayout): WaveLayout {
  return {
    waves: [...one.waves, ...other.waves],
    targets: [...one.targets, ...other.targets],
  };
}

/** In the order in which their waves begin; within each as they came. */
function tiersOf(
  verb: ProcessVerb,
  candidates: readonly Candidate[],
): readonly (readonly Candidate[])[] {
  const direction = verb === 'stop' ? -1 : 1;
  const sorted = candidates.toSorted((a, b) => direction * compareTier(verb, a.status, b.status));
  const tiers: Candidate[][] = [];
  for (const candidate of sorted) {
    const tier = tiers.at(-1);
    const first = tier?.[0];
    const belongs = first && compareTier(verb, first.status, candidate.status) === 0;
    if (belongs) tier?.push(candidate);
    else tiers.push([candidate]);
  }
  return tiers;
}

/** A signal has no order: everybody gets it at once. */
function compareTier(verb: ProcessVerb, a: ProcessStatus, b: ProcessStatus): number {
  if (verb === 'signal') return 0;
  return a.groupPriority - b.groupPriority || a.priority - b.priority;
}

function waveOf(
  { strategy, isDivided }: Divided,
  action: ProcessVerb,
  { candidates, ...place }: Chunk,
  index: number,
): Wave {
  const statuses = candidates.map(({ status }) => status);
  const { groupPriority, priority } = statuses[0] as ProcessStatus;
  // `tier_wait = 0` waits for nobody, which is no order of batches.
  const actingMs = Math.max(waitMsOf(action, statuses), isDivided ? BATCH_WAIT_MIN_MS : 0);
  const waitMs = actingMs === 0 ? 0 : actingMs + strategy.minHealthyMs;
  return { index, action, groupPriority, priority, targets: candidates.length, waitMs, ...place };
}

/** As `tier_wait` is where nobody sets it. */
const BATCH_WAIT_MIN_MS = 30_000;

function waitMsOf(action: ProcessVerb, statuses: readonly ProcessStatus[]): number {
  switch (action) {
    case 'start':
    case 'signal':
      return startWaitMs(statuses);
    case 'stop':
      return stopWaitMs(statuses);
    case 'restart':
      return stopWaitMs(statuses) + startWaitMs(statuses);
  }
}

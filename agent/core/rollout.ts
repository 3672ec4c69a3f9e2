/**
 * Several targets on this host under one operation, wave by wave: what a person on the host ordered,
 * or what an update leads to. The next wave begins when all targets of the present one are over, or
 * when they have been waited for long enough; a failure holds nobody up, as at boot. A rollout lives
 * in memory only: each of its targets is on record, and an update that was interrupted is worked out
 * again from what is.
 */
import { PersistentMap } from '../../proto/persistent-map.ts';
import { startWaitMs, stopWaitMs } from '../../proto/tier-wait.ts';
import type { OperationId, ProcessName, ProcessVerb } from '../../proto/vocabulary.ts';
import { requestTargets, WITHOUT_CONDITIONS } from './accept-targets.ts';
import type { ProcessDefinition } from './definition.ts';
import type { ControlPurpose } from './local-orders.ts';
import { type TargetKey, type TargetProgress, type Turn, targetKey } from './state.ts';
import type { TargetOrigin } from './target.ts';
import { tiersOf } from './tiers.ts';
import type { UpdatePurpose } from './update.ts';

export interface RolloutWave {
  readonly verb: ProcessVerb;
  readonly processes: readonly ProcessName[];
}

export interface Rollout {
  readonly operationId: OperationId;
  /** Only with `signal`. */
  readonly signal: string | null;
  readonly origin: TargetOrigin;
  readonly waves: readonly RolloutWave[];
  /** The wave that has begun last; -1 before the first. */
  readonly wave: number;
  /** How many targets of that wave the next one waits for. */
  readonly waitingFor: number;
  /** Targets that have begun and are not over, also of earlier waves: the wave of each. */
  readonly open: PersistentMap<TargetKey, number>;
  readonly purpose: ControlPurpose | UpdatePurpose;
}

/** What is started goes from low to high priority, what is stopped from high to low. */
export function wavesOf(
  verb: ProcessVerb,
  definitions: Iterable<ProcessDefinition>,
): readonly RolloutWave[] {
  const ascending = tiersOf(definitions);
  const tiers = verb === 'stop' ? ascending.toReversed() : ascending;
  // A signal has no order: everybody gets it at once.
  const waves = verb === 'signal' && tiers.length > 0 ? [tiers.flat()] : tiers;
  return waves.map((processes) => ({ verb, processes }));
}

export const isOver = ({ waves, wave, open }: Rollout): boolean =>
  wave >= waves.length && open.size === 0;

export type NewRollout = Pick<Rollout, 'operationId' | 'signal' | 'origin' | 'waves' | 'purpose'>;

/** @returns as it stands; it may be over at once, where there is nothing to do */
export function beginRollout(turn: Turn, begun: NewRollout): Rollout {
  return goOn(turn, { ...begun, wave: -1, waitingFor: 0, open: PersistentMap.of([]) });
}

/** @returns the rollout to which this belongs, as it stands afterwards; null: it belongs to none */
export function noteProgress(turn: Turn, progress: TargetProgress): Rollout | null {
  const rollout = turn.state.rollouts.get(progress.target.operationId);
  const key = targetKey(progress.target);
  const wave = rollout?.open.get(key);
  if (rollout === undefined || wave === undefined) return null;
  if (progress.kind === 'stopped') return rollout;
  const { waitingFor } = rollout;
  const isWaitedFor = waitingFor > 0 && wave === rollout.wave;
  return goOn(turn, {
    ...rollout,
    waitingFor: isWaitedFor ? waitingFor - 1 : waitingFor,
    open: rollout.open.without(key),
  });
}

export function noteWaveTimeout(turn: Turn, operationId: OperationId, wave: number): void {
  const rollout = turn.state.rollouts.get(operationId);
  const begun = rollout?.waves[wave];
  if (begun === undefined || rollout?.wave !== wave || rollout.waitingFor === 0) return;
  const { verb, processes } = begun;
  const isOpen = (process: ProcessName) =>
    rollout.open.get(targetKey({ operationId, verb, process })) !== undefined;
  const names = processes.filter(isOpen);
  const text = `going on without waiting for ${names.join(', ')}`;
  turn.effects.push({ kind: 'warn', text });
  goOn(turn, { ...rollout, waitingFor: 0 });
}

function goOn(turn: Turn, rollout: Rollout): Rollout {
  let current = rollout;
  while (current.waitingFor === 0 && current.wave < current.waves.length) {
    current = beginWave(turn, { ...current, wave: current.wave + 1 });
  }
  const { rollouts } = turn.state;
  const { operationId } = current;
  turn.state = {
    ...turn.state,
    rollouts: isOver(current) ? rollouts.without(operationId) : rollouts.with(operationId, current),
  };
  return current;
}

/** Its targets begin here, but none is over before this step has drawn their consequences. */
function beginWave(turn: Turn, rollout: Rollout): Rollout {
  const { operationId, signal, origin, waves, wave } = rollout;
  const begun = waves[wave];
  if (begun === undefined) return rollout;
  const { verb, processes } = begun;
  const order = { operationId, verb, signal, groups: [], origin, ...WITHOUT_CONDITIONS };
  requestTargets(turn, order, processes);
  const keys = processes.map((process) => targetKey({ operationId, verb, process }));
  const delayMs = waveWaitMs(turn, begun);
  if (delayMs > 0) turn.effects.push({ kind: 'waveTimer', operationId, wave, delayMs });
  return {
    ...rollout,
    waitingFor: delayMs > 0 ? keys.length : 0,
    open: keys.reduce((open, key) => open.with(key, wave), rollout.open),
  };
}

function waveWaitMs(turn: Turn, { verb, processes }: RolloutWave): number {
  const members = processes.flatMap((name) => turn.state.processes.get(name)?.definition ?? []);
  switch (verb) {
    case 'start':
    case 'signal':
      return startWaitMs(members);
    case 'stop':
      return stopWaitMs(members);
    case 'restart':
      return stopWaitMs(members) + startWaitMs(members);
  }
}

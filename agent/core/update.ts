/**
 * Takes a configuration up while everything runs (supervisorctl `update`, and the operation of that
 * name), touching only what changed: what is gone stops, high tiers first; then what was changed is
 * restarted and what is new is started, low tiers first; what people stopped stays down. It is over
 * when all that it began is up, or has failed, which is then said.
 *
 * It compares what is with what should be, so one that was interrupted is simply done again.
 */
import { groupBy } from '../../proto/group-by.ts';
import type { OrderNews } from '../../proto/local-orders.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { OperationId, ProcessName } from '../../proto/vocabulary.ts';
import { settleUpdate } from './carry-out-targets.ts';
import type { ProcessDefinition } from './definition.ts';
import type { LocalCaller } from './local-access.ts';
import { tell } from './local-orders.ts';
import { beginRollout, isOver, type Rollout, type RolloutWave, wavesOf } from './rollout.ts';
import {
  type OrderId,
  type TargetKey,
  type TargetProgress,
  type Turn,
  targetKey,
} from './state.ts';
import {
  type ChangedDefinitions,
  type Changes,
  takeUpConfiguration,
} from './take-up-configuration.ts';
import type { TargetRecord } from './target.ts';
import { failed } from './verdict.ts';

/** Of a rollout that carries out an update. */
export interface UpdatePurpose {
  readonly kind: 'update';
  readonly by: UpdateRequester;
  readonly groups: readonly UpdatedGroup[];
  /** The group of each of their targets. */
  readonly groupOf: ReadonlyMap<TargetKey, UpdatedGroup>;
}

interface UpdatedGroup extends ChangedDefinitions {
  /** What is done about it; empty where a new definition was all. */
  readonly targets: readonly TargetKey[];
}

/** Somebody on this host, or a target of the controller's. */
export type UpdateRequester =
  | { readonly kind: 'order'; readonly order: OrderId; readonly caller: LocalCaller }
  | { readonly kind: 'target'; readonly key: TargetKey };

export interface UpdateOrder {
  readonly operationId: OperationId;
  /** None: all. */
  readonly groups: readonly string[];
  readonly by: UpdateRequester;
}

export function update(
  turn: Turn,
  order: UpdateOrder,
  definitions: readonly ProcessDefinition[],
): void {
  const unknown = unknownGroups(turn, order.groups, definitions);
  if (unknown.length > 0) tellUnknown(turn, order.by, unknown);
  if (unknown.length > 0 && order.by.kind === 'target') return;
  const isMeant = isOfGroups(order.groups);
  const begun = begunBefore(turn, order);
  const changes = takeUpConfiguration(turn, definitions, isMeant);
  const waves = [...wavesBegun(begun), ...wavesOfChanges(without(begun, changes))];
  const groups = groupsOf(turn, order.operationId, waves, changes);
  const groupOf = new Map(groups.flatMap((one) => one.targets.map((key) => [key, one] as const)));
  const purpose: UpdatePurpose = { kind: 'update', by: order.by, groups, groupOf };
  const rollout = beginRollout(turn, {
    operationId: order.operationId,
    signal: null,
    origin: 'update',
    waves,
    purpose,
  });
  for (const group of purpose.groups)
    if (group.targets.length === 0) tellGroup(turn, purpose, group);
  endIfOver(turn, rollout, purpose);
}

/** @param groups none: all */
export function isOfGroups(groups: readonly string[]): (definition: ProcessDefinition) => boolean {
  const named = new Set(groups);
  return ({ group }) => named.size === 0 || named.has('all') || named.has(group);
}

/** A step of a rollout that carries out an update. */
export function reportUpdate(
  turn: Turn,
  rollout: Rollout,
  purpose: UpdatePurpose,
  progress: TargetProgress,
): void {
  if (progress.kind === 'stopped') return;
  const key = targetKey(progress.target);
  const group = purpose.groupOf.get(key);
  if (group !== undefined && isGroupOver(turn, group)) tellGroup(turn, purpose, group);
  endIfOver(turn, rollout, purpose);
}

/** What shares a tier is restarted and started at the same time. */
function wavesOfChanges({ stop, restart, start }: Changes): readonly RolloutWave[] {
  const restarted = new Set(restart.map(({ process }) => process));
  const upward = wavesOf('start', [...restart, ...start]).flatMap(({ processes }) => {
    const isRestarted = (name: ProcessName) => restarted.has(name);
    const waves: readonly RolloutWave[] = [
      { verb: 'restart', processes: processes.filter(isRestarted) },
      { verb: 'start', processes: processes.filter((name) => !isRestarted(name)) },
    ];
    return waves.filter((wave) => wave.processes.length > 0);
  });
  return [...wavesOf('stop', stop), ...upward];
}

/** What an earlier agent had begun of it is waited for; what had failed then has failed. */
function begunBefore({ state }: Turn, { operationId, by }: UpdateOrder): readonly TargetRecord[] {
  if (by.kind !== 'target') return [];
  return [...state.targets.values()].filter(
    (target) => target.operationId === operationId && target.origin === 'update',
  );
}

function wavesBegun(begun: readonly TargetRecord[]): readonly RolloutWave[] {
  return (['stop', 'restart', 'start'] as const).flatMap((verb) => {
    const ofVerb = begun.filter((target) => target.verb === verb);
    const processes = ofVerb.map(({ process }) => process);
    return processes.length === 0 ? [] : [{ verb, processes }];
  });
}

function without(begun: readonly TargetRecord[], changes: Changes): Changes {
  const known = new Set(begun.map(({ verb, process }) => `${verb} ${process}`));
  const left = (verb: 'stop' | 'restart' | 'start') =>
    changes[verb].filter(({ process }) => !known.has(`${verb} ${process}`));
  return { ...changes, stop: left('stop'), restart: left('restart'), start: left('start') };
}

function groupsOf(
  { state }: Turn,
  operationId: OperationId,
  waves: readonly RolloutWave[],
  { groups, stop }: Changes,
): readonly UpdatedGroup[] {
  const going = new Map(stop.map(({ process, group }) => [process, group]));
  const groupOf = (process: ProcessName): string =>
    state.processes.get(process)?.definition.group ?? going.get(process) ?? groupIn(process);
  const targets = waves.flatMap(({ verb, processes }) =>
    processes.map((process) => ({
      group: groupOf(process),
      key: targetKey({ operationId, verb, process }),
    })),
  );
  const ofGroup = groupBy(targets, ({ group }) => group);
  const touched = new Set(groups.map(({ group }) => group));
  const earlier = [...ofGroup.keys()].filter((group) => !touched.has(group));
  return [...groups, ...earlier.map((group) => ({ group, action: 'updated' as const }))].map(
    ({ group, action }) => ({
      group,
      action,
      targets: (ofGroup.get(group) ?? []).map(({ key }) => key),
    }),
  );
}

/** Of a process that is there no more: as its name says (Supervisor's `group:name`). */
function groupIn(process: ProcessName): string {
  return process.split(':')[0] ?? process;
}

function isGroupOver({ state }: Turn, { targets }: UpdatedGroup): boolean {
  // From the end, where one that is open is found soon.
  const isOpen = (key: TargetKey) => (state.targets.get(key)?.outcome ?? null) === null;
  return targets.findLast(isOpen) === undefined;
}

function tellGroup(turn: Turn, { by }: UpdatePurpose, updated: UpdatedGroup): void {
  if (by.kind !== 'order') return;
  const { group, targets } = updated;
  const action = isThereAgain(turn, updated) ? 'updated' : updated.action;
  const news = (done: typeof action | 'stopped', error: string | null): OrderNews => {
    const fault = error === null ? null : 'failed';
    return { kind: 'group', group, action: done, fault, error };
  };
  if (targets.some((key) => hasStopped(turn.state.targets.get(key))))
    tell(turn, by.order, news('stopped', null));
  const errors = errorsOf(turn, targets);
  tell(turn, by.order, news(action, errors.length === 0 ? null : errors.join('; ')));
}

/** Somebody has configured it anew before it was gone. */
function isThereAgain({ state }: Turn, { action, targets }: UpdatedGroup): boolean {
  if (action !== 'removed') return false;
  return targets.some((key) => {
    const process = state.targets.get(key)?.process;
    return process !== undefined && state.processes.get(process) !== undefined;
  });
}

/** What could not even be examined, or runs as configured already, was not stopped. */
function hasStopped(target: TargetRecord | undefined): boolean {
  if (target?.outcome == null || target.verb === 'start') return false;
  const { state, oldPid, newPid } = target.outcome;
  return target.verb === 'stop' ? state === 'succeeded' : newPid !== oldPid;
}

function errorsOf({ state }: Turn, targets: readonly TargetKey[]): readonly string[] {
  return targets.flatMap((key) => {
    const target = state.targets.get(key);
    if (target?.outcome == null || target.outcome.state === 'succeeded') return [];
    return `${target.process}: ${target.outcome.error ?? 'failed'}`;
  });
}

function endIfOver(turn: Turn, rollout: Rollout, { by, groups }: UpdatePurpose): void {
  if (!isOver(rollout)) return;
  if (by.kind === 'order') return tell(turn, by.order, { kind: 'done' });
  const errors = errorsOf(
    turn,
    groups.flatMap(({ targets }) => targets),
  );
  const summary = groups.map(({ group, action }) => `${group} ${action}`).join(', ');
  if (errors.length > 0) {
    const error = clippedTo(REMARK_LENGTH_MAX, `${errors.join('; ')} (${summary})`);
    return settleUpdate(turn, by.key, failed(error, 'failed'));
  }
  const note = clippedTo(REMARK_LENGTH_MAX, summary === '' ? 'nothing has changed' : summary);
  settleUpdate(turn, by.key, { state: 'succeeded', error: null, fault: null, note });
}

function unknownGroups(
  { state }: Turn,
  groups: readonly string[],
  definitions: readonly ProcessDefinition[],
): readonly string[] {
  const known = new Set(definitions.map(({ group }) => group)).add('all');
  for (const { definition } of state.processes.values()) known.add(definition.group);
  return groups.filter((group) => !known.has(group));
}

function tellUnknown(turn: Turn, by: UpdateRequester, groups: readonly string[]): void {
  if (by.kind === 'target') {
    const names = groups.map((group) => JSON.stringify(group)).join(', ');
    return settleUpdate(turn, by.key, failed(`no group is named ${names}`, 'bad-name'));
  }
  for (const group of groups) {
    const fault = 'no-such-group' as const;
    tell(turn, by.order, { kind: 'group', group, action: 'updated', fault, error: null });
  }
}

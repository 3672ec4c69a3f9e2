/**
 * Takes a configuration up while everything runs (supervisorctl `update`, and the operation of that
 * name), touching only what changed: what is gone stops, high tiers first; then what was changed is
 * restarted and what is new is started, low tiers first; what people stopped stays down. It is over
 * when all that it began is up, or has failed, which is then said.
 *
 * It compares what is with what should be, so one that was interrupted is simply done again.
 */
import type { OrderNews } from '../../proto/local-orders.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { type OperationId, type ProcessName, STOPPED_STATES } from '../../proto/vocabulary.ts';
import { adjustmentOf, type UpdateRequester } from './configuration.ts';
import type { ProcessDefinition } from './definition.ts';
import { addProcess, redefineProcess } from './definitions.ts';
import { tell } from './orders.ts';
import { removeProcess } from './removal.ts';
import { beginRollout, isOver, type Rollout, type RolloutWave, wavesOf } from './rollout.ts';
import { type TargetKey, type TargetProgress, type Turn, targetKey } from './state.ts';
import { settleUpdate } from './targets.ts';
import { failed } from './verdict.ts';

/** Of a rollout that carries out an update. */
export interface UpdatePurpose {
  readonly kind: 'update';
  readonly by: UpdateRequester;
  readonly groups: readonly UpdatedGroup[];
}

interface UpdatedGroup {
  readonly group: string;
  readonly action: 'removed' | 'updated' | 'added';
  /** What is done about it; empty where a new definition was all. */
  readonly targets: readonly TargetKey[];
}

export interface UpdateOrder {
  readonly operationId: OperationId;
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
  const isMeant = ({ group }: ProcessDefinition) =>
    order.groups.length === 0 || order.groups.includes('all') || order.groups.includes(group);
  const changes = takeUp(turn, definitions.filter(isMeant), isMeant);
  const waves = wavesOfChanges(changes);
  const purpose: UpdatePurpose = {
    kind: 'update',
    by: order.by,
    groups: changes.groups.map(({ group, action }) => ({
      group,
      action,
      targets: targetsOf(order.operationId, waves, changes, group),
    })),
  };
  const rollout = beginRollout(turn, {
    operationId: order.operationId,
    signal: null,
    isUpkeep: true,
    waves,
    purpose,
  });
  for (const group of purpose.groups)
    if (group.targets.length === 0) tellGroup(turn, purpose, group);
  endIfOver(turn, rollout, purpose);
}

/** The file was refused: nothing was touched. */
export function refuseUpdate(turn: Turn, by: UpdateRequester, problem: string): void {
  const message = 'the configuration was rejected, and nothing was changed';
  if (by.kind === 'target') {
    const error = clippedTo(REMARK_LENGTH_MAX, `${message}: ${problem}`);
    return settleUpdate(turn, by.key, failed(error, 'failed'));
  }
  const refusal = { code: 'configuration', message, cause: problem, fix: null } as const;
  tell(turn, by.order, { kind: 'refused', refusal });
}

/** A step of a rollout that carries out an update. */
export function reportUpdate(
  turn: Turn,
  rollout: Rollout,
  purpose: UpdatePurpose,
  progress: TargetProgress,
): void {
  if (progress.kind === 'stopped') return;
  const { target, outcome } = progress;
  const isRemoval = target.verb === 'stop' && outcome.state === 'succeeded';
  if (isRemoval) removeProcess(turn, target.process);
  const key = targetKey(target);
  const group = purpose.groups.find(({ targets }) => targets.includes(key));
  if (group !== undefined && isGroupOver(turn, group)) tellGroup(turn, purpose, group);
  endIfOver(turn, rollout, purpose);
}

interface Changes {
  readonly groups: readonly Omit<UpdatedGroup, 'targets'>[];
  readonly stop: readonly ProcessDefinition[];
  readonly restart: readonly ProcessDefinition[];
  readonly start: readonly ProcessDefinition[];
}

/** Makes the definitions what they should be, and says what is then to be done. */
function takeUp(
  turn: Turn,
  definitions: readonly ProcessDefinition[],
  isMeant: (definition: ProcessDefinition) => boolean,
): Changes {
  const found = new Set(definitions.map(({ process }) => process));
  const active = [...turn.state.processes.values()];
  const groupsBefore = new Set(active.map(({ definition }) => definition.group));
  const groupsAfter = new Set(definitions.map(({ group }) => group));
  const touched = new Set<string>();
  const stop: ProcessDefinition[] = [];
  const restart: ProcessDefinition[] = [];
  const start: ProcessDefinition[] = [];
  for (const { definition, state, child } of active) {
    if (found.has(definition.process) || !isMeant(definition)) continue;
    touched.add(definition.group);
    const isDown = child === null && STOPPED_STATES.has(state);
    if (isDown) removeProcess(turn, definition.process);
    else stop.push(definition);
  }
  for (const definition of definitions) {
    const process = turn.state.processes.get(definition.process);
    const adjustment = process === undefined ? 'add' : adjustmentOf(process, definition);
    if (adjustment === 'none') continue;
    touched.add(definition.group);
    if (process === undefined) addProcess(turn, definition);
    else redefineProcess(turn, process, definition);
    if (adjustment === 'restart') restart.push(definition);
    const isStarted = adjustment === 'start' || (adjustment === 'add' && definition.autostart);
    if (isStarted) start.push(definition);
  }
  const groups = [...touched].sort().map((group) => {
    if (!groupsAfter.has(group)) return { group, action: 'removed' } as const;
    return { group, action: groupsBefore.has(group) ? 'updated' : 'added' } as const;
  });
  return { groups: inOrderOfTelling(groups), stop, restart, start };
}

/** supervisorctl tells of what is gone, then of what changed, then of what is new. */
function inOrderOfTelling(groups: Changes['groups']): Changes['groups'] {
  const rank = { removed: 0, updated: 1, added: 2 } as const;
  return [...groups].sort((a, b) => rank[a.action] - rank[b.action]);
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

function targetsOf(
  operationId: OperationId,
  waves: readonly RolloutWave[],
  { stop, restart, start }: Changes,
  group: string,
): readonly TargetKey[] {
  const all = [...stop, ...restart, ...start];
  const members = new Set(all.filter((one) => one.group === group).map(({ process }) => process));
  return waves.flatMap(({ verb, processes }) =>
    processes
      .filter((process) => members.has(process))
      .map((process) => targetKey({ operationId, verb, process })),
  );
}

function isGroupOver({ state }: Turn, { targets }: UpdatedGroup): boolean {
  return targets.every((key) => (state.targets.get(key)?.outcome ?? null) !== null);
}

function tellGroup(turn: Turn, { by }: UpdatePurpose, updated: UpdatedGroup): void {
  if (by.kind !== 'order') return;
  const { group, action, targets } = updated;
  const news = (done: typeof action | 'stopped', error: string | null): OrderNews => {
    const fault = error === null ? null : 'failed';
    return { kind: 'group', group, action: done, fault, error };
  };
  const hasStopped = targets.some((key) => turn.state.targets.get(key)?.verb !== 'start');
  if (hasStopped) tell(turn, by.order, news('stopped', null));
  const errors = errorsOf(turn, targets);
  tell(turn, by.order, news(action, errors.length === 0 ? null : errors.join('; ')));
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

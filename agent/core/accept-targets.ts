/**
 * Takes on what is to be done to processes, each target once. A target is known by (operation, verb,
 * process), and its record is durable before anything is done about it: so a command that is sent
 * again, after a lost connection or a crash on either side, is answered from the record and never
 * carried out twice. A full stop is two targets under one operation, a stop and later a start: a late
 * repeat of the stop finds its own record and does not bring down again what the start has brought up.
 */
import type { ControllerMessage } from '../../proto/messages.ts';
import type { ProcessName, ProcessVerb, Verb } from '../../proto/vocabulary.ts';
import { emit, putProcess } from './apply-process.ts';
import {
  adviceOn,
  endIfOvertaken,
  enqueue,
  readForUpdate,
  settle,
  settleUnbegun,
} from './carry-out-targets.ts';
import { dependencyDepths, readinessOf } from './dependencies.ts';
import { forgetOldTargets } from './forget-targets.ts';
import { setDeadlineTimers } from './give-up.ts';
import { giveUpStart } from './held-starts.ts';
import { leftAlone } from './holds.ts';
import { judgeByPolicy, policyAgainst, verbAgainst } from './policy.ts';
import { type ProcessRuntime, statusOf } from './process.ts';
import {
  type AgentInput,
  isRetired,
  type SpawnProblem,
  type TargetKey,
  type Turn,
  targetKey,
} from './state.ts';
import { isExpired, mustBeExamined, type TargetOrigin, type TargetRecord } from './target.ts';
import { emitSettled, save } from './target-records.ts';
import {
  failed,
  GONE_ALREADY,
  NO_JOURNAL,
  NO_LONGER_CONFIGURED,
  NO_SUCH_PROCESS,
  SHUTTING_DOWN,
  unbegun,
  type Verdict,
} from './verdict.ts';

/** What is wanted of a process from the moment that this was asked of it; outlives the agent. */
const WANTED = {
  start: 'up',
  stop: 'down',
  restart: 'up',
  signal: null,
} as const satisfies Record<ProcessVerb, ProcessRuntime['wanted']>;

type Command = Extract<ControllerMessage, { readonly kind: 'command' }>;

/** What is to be done to some processes, whoever asks for it. */
export interface TargetOrder
  extends Pick<
    Command,
    'operationId' | 'verb' | 'signal' | 'startFollows' | 'groups' | 'minHealthyMs'
  > {
  readonly origin: TargetOrigin;
  /** By this host's monotonic clock; nothing is begun later. Null: there is none. */
  readonly deadlineMonotonicMs: number | null;
}

/** Of an order that is a single deed, done as soon as may be, and done when it is done. */
export const WITHOUT_CONDITIONS = {
  startFollows: false,
  minHealthyMs: 0,
  deadlineMonotonicMs: null,
} as const satisfies Partial<TargetOrder>;

/**
 * First it is found out whether what is to be started can be at all. Orders of every kind take this
 * way, so that they are accepted in the order in which they came; none is on record before.
 */
export function requestTargets(
  turn: Turn,
  order: TargetOrder,
  processes: readonly ProcessName[],
): void {
  const isExamined = order.verb === 'start' || order.verb === 'restart' || order.startFollows;
  const definitions = isExamined
    ? processes.flatMap((name) => turn.state.processes.get(name)?.definition ?? [])
    : [];
  turn.effects.push({ kind: 'examine', order, processes, definitions });
}

/** `problems` are of those that cannot be started. */
export function acceptTargets(
  turn: Turn,
  examined: Omit<Extract<AgentInput, { readonly kind: 'examined' }>, 'kind'>,
): void {
  const { order, processes, problems } = examined;
  const { operationId, verb } = order;
  const against = policyFor(turn, examined);
  const accepted: TargetKey[] = [];
  for (const name of inDependencyOrder(turn, verb, processes)) {
    const key = targetKey({ operationId, verb, process: name });
    const known = turn.state.targets.get(key);
    if (known !== undefined) {
      repeatAnswer(turn, known);
      continue;
    }
    accept(turn, order, name, { against: against(name), problem: problems.get(name) ?? null });
    accepted.push(key);
  }
  setDeadlineTimers(
    turn,
    accepted.flatMap((key) => turn.state.targets.get(key) ?? []),
  );
  forgetOldTargets(turn, accepted.length);
}

/** Remembered from now on; on record, once it is saved. */
export function newTarget(turn: Turn, order: TargetOrder, name: ProcessName): TargetRecord {
  const { operationId, verb, origin, signal, groups, startFollows, minHealthyMs } = order;
  const { wallMs, monotonicMs } = turn.at;
  const process = turn.state.processes.get(name);
  const target: TargetRecord = {
    operationId,
    process: name,
    verb,
    origin,
    signal,
    groups,
    generation: (process?.generation ?? 0) + (verb === 'restart' ? 1 : 0),
    oldPid: process?.child?.pid ?? null,
    acceptedAtMs: wallMs,
    acceptedMonotonicMs: monotonicMs,
    expiresAfterMs:
      order.deadlineMonotonicMs === null ? null : order.deadlineMonotonicMs - monotonicMs,
    startFollows,
    wantedBefore: process?.wanted ?? null,
    minHealthyMs,
    watch: null,
    givenUp: null,
    phase: 'queued',
    outcome: null,
  };
  turn.state = { ...turn.state, remembered: turn.state.remembered.with(targetKey(target)) };
  return target;
}

interface Obstacles {
  /** What the policy of this host has against it. */
  readonly against: string | null;
  /** Why it cannot be started. */
  readonly problem: SpawnProblem | null;
}

/** Only a controller is bound by it; what is not there is told so, not that it is forbidden. */
function policyFor(
  { state }: Turn,
  {
    order,
    executables,
  }: Pick<Extract<AgentInput, { readonly kind: 'examined' }>, 'order' | 'executables'>,
): (name: ProcessName) => string | null {
  if (order.origin !== 'controller') return () => null;
  const { rules, processes } = state;
  const judge = judgeByPolicy(rules, () => [...processes.values()].map(statusOf));
  return (name) => {
    const definition = processes.get(name)?.definition;
    if (definition === undefined) return verbAgainst(rules.policy, order, name);
    return policyAgainst(judge, order, definition, executables ?? new Map());
  };
}

function accept(
  turn: Turn,
  order: TargetOrder,
  name: ProcessName,
  { against, problem }: Obstacles,
): void {
  const { verb, origin } = order;
  const process = turn.state.processes.get(name);
  const target = newTarget(turn, order, name);
  const hindrance = findHindrance(turn);
  if (hindrance !== null) return settle(turn, target, hindrance);
  if (against !== null) return settle(turn, target, failed(against, 'failed'));
  const held = leftAlone(turn, target);
  if (held !== null) return settleUnbegun(turn, target, held);
  if (isExpired(target, turn.at)) return settleUnbegun(turn, target, unbegun('timed-out'));
  if (verb === 'update') return acceptUpdate(turn, target);
  if (process === undefined) return settle(turn, target, verdictWithout(target));
  const isToRun = WANTED[verb] === 'up';
  if (isToRun && isRetired(turn.state, name)) return settle(turn, target, NO_LONGER_CONFIGURED);
  const obstacle = isToRun ? obstacleTo(turn, target, process, problem) : null;
  if (obstacle !== null) return settle(turn, target, obstacle);
  save(turn, target);
  const asked = order.startFollows ? 'paused' : WANTED[verb];
  const wanted = origin === 'update' || asked === null ? process.wanted : asked;
  putProcess(turn, { ...process, generation: target.generation, wanted });
  emit(turn, { kind: 'targetAccepted', ...pick(target) });
  enqueue(turn, target);
  turn.prospects.push(name);
  if (verb === 'stop') giveUpStart(turn, name);
  endIfOvertaken(turn, name);
}

/** Nothing is stopped that could not be started again. */
function obstacleTo(
  turn: Turn,
  target: TargetRecord,
  process: ProcessRuntime,
  problem: SpawnProblem | null,
): Verdict | null {
  if (!mustBeExamined(target.verb, adviceOn(turn, target, process))) return null;
  if (problem !== null) return failed(problem.error, problem.fault);
  const readiness = readinessOf(turn.state, process.definition);
  return readiness.kind === 'hopeless' ? failed(readiness.because, 'failed') : null;
}

/**
 * What others need comes first, so that these find it on its way; and is stopped last, so that none
 * is left without it for longer than must be.
 */
function inDependencyOrder(
  { state }: Turn,
  verb: Verb,
  names: readonly ProcessName[],
): readonly ProcessName[] {
  const definitions = names.flatMap((name) => state.processes.get(name)?.definition ?? []);
  const depths = dependencyDepths(definitions, 'all tiers');
  if (depths.size === 0) return names;
  const upward = [...names].sort((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0));
  return verb === 'stop' ? upward.toReversed() : upward;
}

/** It stands in no queue: what it leads to for each process does. */
function acceptUpdate(turn: Turn, target: TargetRecord): void {
  const updating: TargetRecord = { ...target, phase: 'updating' };
  save(turn, updating);
  emit(turn, { kind: 'targetAccepted', ...pick(updating) });
  readForUpdate(turn, updating);
}

function verdictWithout({ origin, verb }: TargetRecord): Verdict {
  return origin === 'update' && verb === 'stop' ? GONE_ALREADY : NO_SUCH_PROCESS;
}

export function findHindrance({ state }: Turn): Verdict | null {
  if (!state.isJournalSound) return NO_JOURNAL;
  return state.isShuttingDown ? SHUTTING_DOWN : null;
}

function pick(
  target: TargetRecord,
): Pick<TargetRecord, 'operationId' | 'verb' | 'process' | 'generation' | 'oldPid'> {
  const { operationId, verb, process, generation, oldPid } = target;
  return { operationId, verb, process, generation, oldPid };
}

/** It is known: nothing more is done about it. */
export function repeatAnswer(turn: Turn, known: TargetRecord): void {
  if (known.outcome === null) {
    emit(turn, { kind: 'targetAccepted', ...pick(known) });
  } else {
    emitSettled(turn, known, known.outcome);
    turn.progress.push({ kind: 'settled', target: known, outcome: known.outcome });
  }
}

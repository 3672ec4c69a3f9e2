/**
 * Operations on this host: accepts each target once, carries out one at a time per process, and
 * reports how it ended.
 *
 * A target is known by (operation, verb, process). Its record is durable before anything is done
 * about it, so a command that the controller sends again, after a lost connection or a crash on
 * either side, is answered from the record and never carried out twice. A full stop is two targets
 * under one operation, a stop and later a start: a late repeat of the stop finds its own record and
 * does not bring down again what the start has brought up.
 */
import type {
  ControllerMessage,
  ProcessName,
  ProcessStatus,
  SettledState,
  TargetOutcome,
  Verb,
} from '../../proto/vocabulary.ts';
import { applyToProcess, emit, putProcess } from './apply-process.ts';
import { forgetOldTargets } from './forget-targets.ts';
import { inStartOrder } from './order.ts';
import type { ProcessRuntime } from './process.ts';
import { type TargetKey, type Turn, targetKey } from './state.ts';
import {
  type Advice,
  ageMs,
  begin,
  observe,
  type TargetPhase,
  type TargetRecord,
} from './target.ts';

/** What is wanted of a process from the moment that this was asked of it; outlives the agent. */
const WANTED = {
  start: 'up',
  stop: 'down',
  restart: 'up',
  signal: null,
} as const satisfies Record<Verb, ProcessRuntime['wanted']>;

const SHUTTING_DOWN = 'the agent is shutting down';
const SIGNAL_IN_DOUBT =
  'the agent ended while it sent the signal; whether it arrived is not known, and it is not sent twice';

export type Command = Extract<ControllerMessage, { readonly kind: 'command' }>;

export function acceptCommand(turn: Turn, command: Command): void {
  const { operationId, verb } = command;
  let newTargets = 0;
  for (const name of command.processes) {
    const known = turn.state.targets.get(targetKey({ operationId, verb, process: name }));
    if (known !== undefined) {
      repeatAnswer(turn, known);
      continue;
    }
    accept(turn, command, name);
    newTargets += 1;
  }
  forgetOldTargets(turn, newTargets);
}

/** A state that a process has just entered, for the target that waits for it. */
export function observeProcess(turn: Turn, status: ProcessStatus): void {
  const target = activeTarget(turn, status.process);
  if (target === undefined) return;
  follow(turn, target, observe(target, status.state, status.lastError));
}

export function noteSignalled(turn: Turn, key: TargetKey, error: string | null): void {
  const target = turn.state.targets.get(key);
  if (target?.phase !== 'signalling') return;
  settle(turn, target, error === null ? 'succeeded' : 'failed', error);
}

/** After a restart of the agent: what was accepted and not settled is looked at afresh. */
export function resumeTargets(turn: Turn): void {
  for (const name of inResumeOrder(turn)) {
    const target = activeTarget(turn, name);
    if (target?.phase === 'signalling') settle(turn, target, 'indeterminate', SIGNAL_IN_DOUBT);
    else if (!isStartUnderWay(turn, target)) beginNext(turn, name);
  }
}

/** As the boot would start them; then those that are no longer configured. */
function inResumeOrder({ state }: Turn): Iterable<ProcessName> {
  const configured = inStartOrder(state.processes.values());
  return new Set([
    ...configured.map(({ definition }) => definition.process),
    ...[...state.queues].map(([name]) => name),
  ]);
}

function accept(turn: Turn, command: Command, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  const isRestart = command.verb === 'restart';
  const generation = (process?.generation ?? 0) + (isRestart ? 1 : 0);
  const target: TargetRecord = {
    operationId: command.operationId,
    process: name,
    verb: command.verb,
    signal: command.signal,
    generation,
    oldPid: process?.child?.pid ?? null,
    acceptedAtMs: turn.at.wallMs,
    acceptedMonotonicMs: turn.at.monotonicMs,
    phase: 'queued',
    outcome: null,
  };
  turn.state = { ...turn.state, remembered: turn.state.remembered.with(targetKey(target)) };
  const hindrance = findHindrance(turn, process);
  if (hindrance !== null || process === undefined) {
    return settle(turn, target, 'failed', hindrance ?? 'no such process');
  }
  save(turn, target);
  const wanted = command.startFollows ? 'paused' : WANTED[command.verb];
  putProcess(turn, { ...process, generation, wanted: wanted ?? process.wanted });
  emit(turn, { kind: 'targetAccepted', ...pick(target) });
  enqueue(turn, target);
}

function findHindrance(turn: Turn, process: ProcessRuntime | undefined): string | null {
  if (process === undefined) return 'no such process on this host';
  if (!turn.state.isJournalSound) {
    return 'the agent cannot write its journal, so it takes no orders that it could forget';
  }
  if (turn.state.isShuttingDown) return SHUTTING_DOWN;
  return null;
}

function pick(
  target: TargetRecord,
): Pick<TargetRecord, 'operationId' | 'verb' | 'process' | 'generation' | 'oldPid'> {
  const { operationId, verb, process, generation, oldPid } = target;
  return { operationId, verb, process, generation, oldPid };
}

function repeatAnswer(turn: Turn, known: TargetRecord): void {
  if (known.outcome === null) emit(turn, { kind: 'targetAccepted', ...pick(known) });
  else emitSettled(turn, known, known.outcome);
}

function enqueue(turn: Turn, target: TargetRecord): void {
  const queue = turn.state.queues.get(target.process) ?? [];
  const queues = turn.state.queues.with(target.process, [...queue, targetKey(target)]);
  turn.state = { ...turn.state, queues };
  if (queue.length === 0) beginNext(turn, target.process);
}

/** The head of the queue, from the state in which the process is found. */
function beginNext(turn: Turn, name: ProcessName): void {
  const target = activeTarget(turn, name);
  const process = turn.state.processes.get(name);
  if (target === undefined) return;
  if (process === undefined) return settle(turn, target, 'failed', 'it is no longer configured');
  forgetEntered(turn, name);
  follow(turn, target, begin(target.verb, process.state));
}

/**
 * It had asked for the start before the agent was restarted, and the child has come: what the
 * process enters next, or has entered while it was looked for, is the answer.
 */
function isStartUnderWay(turn: Turn, target: TargetRecord | undefined): boolean {
  if (target?.phase !== 'starting') return false;
  const { process } = target;
  const isAnswered = turn.entered.some((status) => status.process === process);
  return isAnswered || turn.state.processes.get(process)?.state === 'STARTING';
}

/** The target begins from the state that all of these led to; it must not take them for answers. */
function forgetEntered(turn: Turn, name: ProcessName): void {
  const others = turn.entered.filter((status) => status.process !== name);
  turn.entered.splice(0, turn.entered.length, ...others);
}

function follow(turn: Turn, target: TargetRecord, advice: Advice): void {
  switch (advice.kind) {
    case 'wait':
      return saveIfMoved(turn, target, advice.phase);
    case 'request':
      if (advice.input === 'start' && turn.state.isShuttingDown) {
        return settle(turn, target, 'failed', SHUTTING_DOWN);
      }
      saveIfMoved(turn, target, advice.phase);
      return applyToProcess(turn, target.process, { kind: advice.input });
    case 'signal':
      return signal(turn, target);
    case 'succeed':
      return settle(turn, target, 'succeeded', null);
    case 'fail':
      return settle(turn, target, 'failed', advice.error);
  }
}

function signal(turn: Turn, target: TargetRecord): void {
  const child = turn.state.processes.get(target.process)?.child;
  if (child === null || child === undefined || target.signal === null) {
    return settle(turn, target, 'failed', 'not running');
  }
  saveIfMoved(turn, target, 'signalling');
  const key = targetKey(target);
  turn.effects.push({ kind: 'signalTarget', target: key, child, signal: target.signal });
}

function settle(turn: Turn, target: TargetRecord, state: SettledState, error: string | null): void {
  const process = turn.state.processes.get(target.process);
  const outcome: TargetOutcome = {
    state,
    oldPid: target.oldPid,
    newPid: process?.child?.pid ?? null,
    durationMs: Math.max(0, Math.round(ageMs(target, turn.at))),
    error,
    logTail: state === 'failed' ? (process?.lastLines ?? []) : [],
  };
  save(turn, { ...target, phase: 'settled', outcome });
  emitSettled(turn, target, outcome);
  leaveQueue(turn, target);
}

function leaveQueue(turn: Turn, target: TargetRecord): void {
  const queue = turn.state.queues.get(target.process);
  if (queue === undefined) return;
  const key = targetKey(target);
  const rest = queue.filter((held) => held !== key);
  const { queues } = turn.state;
  turn.state = {
    ...turn.state,
    queues: rest.length === 0 ? queues.without(target.process) : queues.with(target.process, rest),
  };
  if (queue[0] === key) beginNext(turn, target.process);
}

function activeTarget(turn: Turn, name: ProcessName): TargetRecord | undefined {
  const key = turn.state.queues.get(name)?.[0];
  return key === undefined ? undefined : turn.state.targets.get(key);
}

function saveIfMoved(turn: Turn, target: TargetRecord, phase: TargetPhase): void {
  if (target.phase !== phase) save(turn, { ...target, phase });
}

function save(turn: Turn, target: TargetRecord): void {
  const targets = turn.state.targets.with(targetKey(target), target);
  turn.state = { ...turn.state, targets };
  turn.writes.push({ kind: 'target', target });
}

function emitSettled(turn: Turn, target: TargetRecord, outcome: TargetOutcome): void {
  const { operationId, verb, process } = target;
  emit(turn, { kind: 'targetSettled', operationId, verb, process, outcome });
}

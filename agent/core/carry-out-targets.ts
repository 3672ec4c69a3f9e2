/**
 * Carries out what was accepted (`accept-targets.ts`): one target at a time for each process, from
 * the state in which the process is found to a verdict, which is recorded and reported. What to ask
 * of the process next, `target.ts` advises; `still-due.ts`, when the turn of an update's target comes.
 */
import type {
  ProcessName,
  ProcessStatus,
  ProcessVerb,
  TargetOutcome,
} from '../../proto/vocabulary.ts';
import { applyToProcess } from './apply-process.ts';
import { holdStart, readinessOf, releaseStart, startNow } from './dependencies.ts';
import { isWantedUp, type ProcessRuntime, type SignalResult, statusOf } from './process.ts';
import { isRetired, type TargetKey, type Turn, targetKey } from './state.ts';
import { beginIfDue } from './still-due.ts';
import { endIfStartless, takeBack } from './take-back.ts';
import {
  type Advice,
  ageMs,
  begin,
  isExpired,
  observe,
  type TargetPhase,
  type TargetRecord,
} from './target.ts';
import {
  activeTarget,
  beginWatch,
  emitSettled,
  endWatch,
  save,
  saveIfMoved,
} from './target-records.ts';
import {
  failed,
  GONE_ALREADY,
  givenUpIn,
  NO_LONGER_CONFIGURED,
  NOT_RUNNING,
  SHUTTING_DOWN,
  SUCCEEDED,
  SUPERSEDED,
  unbegun,
  type Verdict,
} from './verdict.ts';
import { heldMs, heldSinceMs, mustHold } from './verification.ts';

/** A state that a process has just entered, for the target that waits for it. */
export function observeProcess(turn: Turn, status: ProcessStatus): void {
  const target = activeTarget(turn, status.process);
  if (target === undefined) return;
  follow(turn, target, observe(target, status), status.pid);
}

export function noteSignalled(turn: Turn, key: TargetKey, result: SignalResult): void {
  const target = turn.state.targets.get(key);
  if (target?.phase === 'signalling') settle(turn, target, verdictOn(result));
}

/** To somebody who asked for a signal, a process that is gone is a signal that did not arrive. */
function verdictOn(result: SignalResult): Verdict {
  switch (result.kind) {
    case 'delivered':
      return SUCCEEDED;
    case 'gone':
      return NOT_RUNNING;
    case 'failed':
      return failed(result.error, 'failed');
  }
}

/** For those who carry out a whole update. */
export function settleUpdate(turn: Turn, key: TargetKey, verdict: Verdict): void {
  const target = turn.state.targets.get(key);
  if (target?.phase === 'updating') settle(turn, target, verdict);
}

/** It waits until those before it are over. */
export function enqueue(turn: Turn, target: TargetRecord): void {
  const queue = turn.state.queues.get(target.process) ?? [];
  const queues = turn.state.queues.with(target.process, [...queue, targetKey(target)]);
  turn.state = { ...turn.state, queues };
  if (queue.length === 0) beginNext(turn, target.process);
}

/** To be read and taken up, by `reading.ts` and `update.ts`. */
export function readForUpdate(turn: Turn, target: TargetRecord): void {
  const { operationId, groups } = target;
  const by = { kind: 'target', key: targetKey(target) } as const;
  turn.effects.push({ kind: 'readConfig', purpose: { kind: 'update', operationId, groups, by } });
}

/** The head of the queue, from the state in which the process is found. */
export function beginNext(turn: Turn, name: ProcessName): void {
  const target = activeTarget(turn, name);
  const process = turn.state.processes.get(name);
  if (target === undefined) return;
  if (target.phase === 'queued' && isExpired(target, turn.at)) {
    return settleUnbegun(turn, target, unbegun('timed-out'));
  }
  if (process === undefined) {
    return settle(turn, target, target.verb === 'stop' ? GONE_ALREADY : NO_LONGER_CONFIGURED);
  }
  forgetEntered(turn, name);
  follow(turn, target, adviceOn(turn, target, process));
}

/** From the state in which the process is; one of an update that has begun goes on like any other. */
export function adviceOn(turn: Turn, target: TargetRecord, process: ProcessRuntime): Advice {
  const verb = processVerb(target);
  if (target.origin !== 'update' || target.phase !== 'queued')
    return begin(verb, statusOf(process));
  return beginIfDue(verb, process, isRetired(turn.state, target.process));
}

function processVerb({ verb }: TargetRecord): ProcessVerb {
  if (verb === 'update') throw new Error('broken contract: an update stands in no queue');
  return verb;
}

/** It is up already, and waits for its health check: to begin afresh would be to start it again. */
export function isPatient({ state }: Turn, { phase, process }: TargetRecord): boolean {
  return phase === 'starting' && state.processes.get(process)?.state === 'RUNNING';
}

/**
 * The target begins from the state that all of these led to; it must not take them for answers. To
 * those that watch whether a state holds they are.
 */
function forgetEntered(turn: Turn, name: ProcessName): void {
  const passed = turn.entered.filter((status) => status.process === name);
  const others = turn.entered.filter((status) => status.process !== name);
  turn.entered.splice(0, turn.entered.length, ...others);
  turn.passed.push(...passed);
}

/** @param pid of the child that the advice is about, where that may be gone by now */
export function follow(
  turn: Turn,
  target: TargetRecord,
  advice: Advice,
  pid = pidOf(turn, target.process),
): void {
  switch (advice.kind) {
    case 'wait':
      saveIfMoved(turn, target, advice.phase);
      return endIfOvertaken(turn, target.process);
    case 'request':
      if (advice.input === 'start') return start(turn, target, advice.phase);
      saveIfMoved(turn, target, advice.phase);
      return applyToProcess(turn, target.process, { kind: 'stop' });
    case 'signal':
      return signal(turn, target);
    case 'succeed':
      return succeed(turn, target, advice, pid);
    case 'fail':
      return settle(turn, target, failed(advice.error, advice.fault));
  }
}

/** Unless the wanted state is to hold for a while first. */
function succeed(
  turn: Turn,
  target: TargetRecord,
  { fault, note }: Extract<Advice, { readonly kind: 'succeed' }>,
  pid: number | null,
): void {
  const process = turn.state.processes.get(target.process);
  if (process === undefined || !mustHold(target)) {
    return settle(turn, target, { ...SUCCEEDED, fault, note }, pid);
  }
  const watch = { sinceMonotonicMs: heldSinceMs(target, process, turn.at), fault, note };
  const leftMs = target.minHealthyMs - heldMs({ ...target, watch }, turn.at);
  if (leftMs <= 0) return settle(turn, target, { ...SUCCEEDED, fault, note });
  beginWatch(turn, target, watch);
  turn.effects.push({ kind: 'watchTimer', target: targetKey(target), delayMs: leftMs });
  leaveQueue(turn, target);
}

function start(turn: Turn, target: TargetRecord, phase: TargetPhase): void {
  const { process: name } = target;
  const hindrance = startHindrance(turn, name);
  if (hindrance !== null) return settle(turn, target, hindrance);
  const process = turn.state.processes.get(name);
  const readiness = process && readinessOf(turn.state, process.definition);
  if (isStopOver(target)) turn.progress.push({ kind: 'stopped', target });
  if (readiness?.kind === 'hopeless') {
    return settle(turn, target, failed(readiness.because, 'failed'));
  }
  saveIfMoved(turn, target, phase);
  if (process === undefined || readiness === undefined) return;
  if (readiness.kind === 'ready') startNow(turn, name);
  else holdStart(turn, process, readiness);
  if (target.givenUp !== null) return settle(turn, target, givenUpIn(target, target.givenUp));
  endIfOvertaken(turn, name);
}

/**
 * What is ordered later does not wait until a health check passes, or until another process is up:
 * either may take long.
 */
export function endIfOvertaken(turn: Turn, name: ProcessName): void {
  const target = activeTarget(turn, name);
  if (target?.phase !== 'starting') return;
  const [, ...later] = turn.state.queues.get(name) ?? [];
  const verbs = later.map((key) => turn.state.targets.get(key)?.verb);
  const isStopped = verbs.includes('stop');
  const isHeld = turn.state.heldStarts.get(name) !== undefined;
  const isOvertaken = isHeld ? isStopped : isStopped || verbs.includes('restart');
  if (!isOvertaken || !(isHeld || isPatient(turn, target))) return;
  releaseStart(turn, name);
  settle(turn, target, SUPERSEDED);
}

function startHindrance({ state }: Turn, name: ProcessName): Verdict | null {
  if (state.isShuttingDown) return SHUTTING_DOWN;
  return isRetired(state, name) ? NO_LONGER_CONFIGURED : null;
}

/** A start that waited for somebody else's stop has stopped nothing itself. */
function isStopOver({ verb, phase }: TargetRecord): boolean {
  return verb === 'restart' && phase === 'stopping';
}

function signal(turn: Turn, target: TargetRecord): void {
  const child = turn.state.processes.get(target.process)?.child;
  if (child === null || child === undefined || target.signal === null) {
    return settle(turn, target, NOT_RUNNING);
  }
  saveIfMoved(turn, target, 'signalling');
  const key = targetKey(target);
  turn.effects.push({ kind: 'signalTarget', target: key, child, signal: target.signal });
}

/** Nothing was done about it, and nothing will be. */
export function settleUnbegun(turn: Turn, target: TargetRecord, verdict: Verdict): void {
  takeBack(turn, target);
  const process = turn.state.processes.get(target.process);
  // It may be that the host's own start waits for the same.
  const isHosts = process?.state === 'STOPPED' && isWantedUp(process, process.definition);
  if (target.phase === 'starting' && !isHosts) releaseStart(turn, target.process);
  settle(turn, target, verdict);
}

/** @param newPid unless it is that of the child which is there now: who ran may have ended since */
export function settle(
  turn: Turn,
  target: TargetRecord,
  verdict: Verdict,
  newPid = pidOf(turn, target.process),
): void {
  const process = turn.state.processes.get(target.process);
  const outcome: TargetOutcome = {
    ...verdict,
    oldPid: target.oldPid,
    newPid,
    durationMs: Math.max(0, Math.round(ageMs(target, turn.at))),
    logTail: verdict.state === 'failed' ? (process?.lastLines ?? []) : [],
  };
  const settled: TargetRecord = { ...target, phase: 'settled', watch: null, outcome };
  save(turn, settled);
  emitSettled(turn, target, outcome);
  turn.progress.push({ kind: 'settled', target: settled, outcome });
  endWatch(turn, target);
  leaveQueue(turn, target);
  endIfStartless(turn, settled);
}

function pidOf({ state }: Turn, name: ProcessName): number | null {
  return state.processes.get(name)?.child?.pid ?? null;
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

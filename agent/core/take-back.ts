/**
 * What a target's acceptance had already changed, although nothing is done about it any more, is as
 * it was: what people want of its process, above all, or a stop that was cancelled while it waited
 * would leave the process down at the next boot.
 *
 * And a full stop is never left half done: a process that its first half has brought down is started
 * again where its second half will not do so.
 */
import { putProcess } from './apply-process.ts';
import { startWhenReady } from './dependencies.ts';
import { startOnceStopped } from './late-starts.ts';
import type { ProcessRuntime } from './process.ts';
import { type AgentState, isRetired, type Turn, targetKey } from './state.ts';
import { ageMs, type TargetRecord } from './target.ts';
import { save } from './target-records.ts';

/** While it stands where it stood. */
export function takeBack(turn: Turn, target: TargetRecord): void {
  restoreWanted(turn, target);
  const stop = target.verb === 'start' ? firstHalfOf(turn.state, target) : null;
  if (stop?.outcome?.state === 'succeeded') endFullStop(turn, stop);
}

/** Its start may have been taken back while it was being stopped, or before. */
export function endIfStartless(turn: Turn, settled: TargetRecord): void {
  if (!settled.startFollows || settled.outcome?.state !== 'succeeded') return;
  if (isTakenBack(secondHalfOf(turn.state, settled))) endFullStop(turn, settled);
}

function isTakenBack(target: TargetRecord | undefined): boolean {
  const state = target?.outcome?.state;
  return state === 'cancelled' || state === 'timed-out';
}

/** @param stop the first half, which was begun; the start that was to follow will not come */
export function endFullStop(turn: Turn, stop: TargetRecord): void {
  const process = turn.state.processes.get(stop.process);
  // Whatever was ordered since decides.
  if (!stop.startFollows || process?.wanted !== 'paused' || isPausedSince(turn, stop)) return;
  // Unless an earlier full stop had brought it down, whose own start gave way to this one.
  const wasDown = stop.outcome?.fault === 'not-running' && stop.wantedBefore !== 'paused';
  const raised: ProcessRuntime = { ...process, wanted: wasDown ? stop.wantedBefore : 'up' };
  putProcess(turn, raised);
  const isHindered = turn.state.isShuttingDown || isRetired(turn.state, stop.process);
  if (wasDown || isHindered) return;
  if (process.state === 'STOPPED') startWhenReady(turn, raised);
  if (process.state === 'STOPPING') startOnceStopped(turn, stop.process);
}

/** By another full stop, whose own start is to come. */
function isPausedSince({ state, at }: Turn, stop: TargetRecord): boolean {
  const key = targetKey(stop);
  const others = [...state.targets.values()].filter(
    (other) => other.process === stop.process && other.startFollows && targetKey(other) !== key,
  );
  // One that was refused, or left alone, will have no start.
  const hasStart = ({ outcome }: TargetRecord) => outcome === null || outcome.state === 'succeeded';
  const isWaiting = (other: TargetRecord) =>
    hasStart(other) && secondHalfOf(state, other) === undefined;
  return others.some((other) => isWaiting(other) && ageMs(other, at) <= ageMs(stop, at));
}

/** The order that was given next was given in place of this one. */
function restoreWanted(turn: Turn, target: TargetRecord): void {
  const { process: name, wantedBefore } = target;
  const queue = turn.state.queues.get(name) ?? [];
  const place = queue.indexOf(targetKey(target));
  if (place === -1 || !isWish(target)) return;
  const later = queue.slice(place + 1).flatMap((key) => turn.state.targets.get(key) ?? []);
  const next = later.find(isWish);
  // What is written again goes to the end in the journal: so all that wait behind it are, in order.
  for (const waiting of next === undefined ? [] : later) {
    save(turn, waiting === next ? { ...next, wantedBefore } : waiting);
  }
  const process = turn.state.processes.get(name);
  if (next !== undefined || process === undefined || process.wanted === wantedBefore) return;
  putProcess(turn, { ...process, wanted: wantedBefore });
}

/** An update wishes nothing of its own, and a signal leaves the process as it is to be. */
function isWish({ verb, origin }: TargetRecord): boolean {
  return origin !== 'update' && (verb === 'start' || verb === 'stop' || verb === 'restart');
}

function firstHalfOf({ targets }: AgentState, start: TargetRecord): TargetRecord | null {
  const stop = targets.get(targetKey({ ...start, verb: 'stop' }));
  return stop?.startFollows === true ? stop : null;
}

function secondHalfOf({ targets }: AgentState, stop: TargetRecord): TargetRecord | undefined {
  return targets.get(targetKey({ ...stop, verb: 'start' }));
}

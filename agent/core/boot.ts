/**
 * The agent's first step: takes over children that outlived an earlier agent, judges those that
 * ended meanwhile by their true exit status, starts what is to be up in order of priority, and
 * goes on with operations that were accepted but not finished.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { advanceSequence, layOutSequence } from './advance-sequence.ts';
import { applyToProcess, putProcess } from './apply-process.ts';
import { LONGEST_DELAY_MS } from './crash-loop.ts';
import { withHealth } from './define-process.ts';
import { probeOf } from './health.ts';
import { resumeHolds } from './holds.ts';
import type {
  Child,
  ProcessEffect,
  ProcessInput,
  ProcessRuntime,
  ProcessTimer,
} from './process.ts';
import { removeIfGone } from './removal.ts';
import { resumeTargets } from './resume-targets.ts';
import type { Sighting, Turn } from './state.ts';
import { inStartOrder } from './tiers.ts';

/**
 * A child whose gate its agent had not opened ends by itself, having run nothing. That takes it a
 * moment: until then it looks like any other, and with `startsecs = 0` it would be RUNNING.
 */
const GATE_SHUT_MS = 1_000;

export function boot(turn: Turn, sightings: ReadonlyMap<ProcessName, Sighting>): void {
  for (const process of inStartOrder(turn.state.processes.values())) {
    const name = process.definition.process;
    const sighting = sightings.get(name);
    if (sighting?.kind === 'ended' && sighting.exit.kind === 'neverRan') {
      forgetChild(turn, process);
    } else if (sighting?.kind === 'ended') {
      applyToProcess(turn, name, exitedMeanwhile(process, sighting));
    } else {
      resume(turn, name, process);
    }
  }
  recordDefinitions(turn);
  resumeHolds(turn);
  for (const [name] of turn.state.retired) {
    turn.effects.push({ kind: 'warn', text: `${name} is no longer configured and is stopped` });
    applyToProcess(turn, name, { kind: 'stop' });
    removeIfGone(turn, name);
  }
  // These first, so that a restart under way starts its process once, and the tiers find it starting.
  layOutSequence(turn, 'boot');
  resumeTargets(turn);
  advanceSequence(turn);
}

/**
 * Those that there are, and no others: they are the configuration by which the next agent goes if it
 * finds the file unusable.
 */
function recordDefinitions(turn: Turn): void {
  turn.writes.push({ kind: 'processesCleared' });
  for (const process of turn.state.processes.values())
    turn.writes.push({ kind: 'process', process });
}

function exitedMeanwhile(
  { startedAtMs }: ProcessRuntime,
  { exit, endedAtMs, lastLines = [] }: Extract<Sighting, { readonly kind: 'ended' }>,
): ProcessInput {
  const input = { kind: 'exited', exit, lastLines } as const;
  if (endedAtMs === undefined || startedAtMs === null) return input;
  return { ...input, lastedMs: endedAtMs - startedAtMs };
}

/** Recorded, but the agent died before it opened the gate: to be started as if never tried. */
function forgetChild(turn: Turn, process: ProcessRuntime): void {
  putProcess(turn, { ...process, state: 'STOPPED', child: null, starts: process.starts - 1 });
}

/** Timers died with the agent that had set them; what is left of each is set again. */
function resume(turn: Turn, name: ProcessName, process: ProcessRuntime): void {
  const { child, definition } = process;
  if (child !== null) turn.effects.push({ kind: 'adopt', process: name, child });
  switch (process.state) {
    case 'STARTING': {
      const upMs = turn.at.monotonicMs - process.startedMonotonicMs;
      const leftMs = Math.max(GATE_SHUT_MS, definition.startMs - upMs);
      return setTimer(turn, process, 'stayedUp', leftMs);
    }
    case 'BACKOFF': {
      // By the wall clock, which may have been set back meanwhile: no wait is longer than the longest.
      const leftMs = (process.nextTryAtMs ?? turn.at.wallMs) - turn.at.wallMs;
      const longestMs = Math.max(
        LONGEST_DELAY_MS,
        process.failedTries * 1_000,
        definition.restartPauseMs,
      );
      const waitMs = Math.min(leftMs, longestMs);
      return setTimer(turn, process, 'retryDue', Math.max(0, waitMs));
    }
    case 'STOPPING':
      if (child !== null) stopAgain(turn, process, child);
      return setTimer(turn, process, 'stopTimedOut', definition.stopWaitMs);
    case 'RUNNING':
      return checkOn(turn, process);
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
    case 'UNKNOWN':
      return;
  }
}

function stopAgain(turn: Turn, process: ProcessRuntime, child: Child): void {
  const { stopSignal: signal, stopAsGroup: wholeGroup } = process.definition;
  act(turn, process, { kind: 'stop', child, signal, wholeGroup });
}

/** What was known of its health still holds, until it is looked at, which is now. */
function checkOn(turn: Turn, process: ProcessRuntime): void {
  const checked = withHealth(process, turn.at);
  if (checked.health !== process.health) putProcess(turn, checked);
  for (const effect of probeOf(checked.health, 0)) act(turn, process, effect);
}

function setTimer(turn: Turn, process: ProcessRuntime, timer: ProcessTimer, delayMs: number): void {
  act(turn, process, { kind: 'timer', timer, timerToken: process.timerToken, delayMs });
}

function act(
  turn: Turn,
  process: ProcessRuntime,
  effect: Exclude<ProcessEffect, { readonly kind: 'changed' }>,
): void {
  turn.effects.push({ kind: 'process', process: process.definition.process, effect });
}

/**
 * One process: looks its input up in the table, applies the guards, and returns the new state with
 * what is to be done about it. It never acts itself and knows no clock but the input's.
 *
 * One input may pass through several states (an exit that uses up the last try is BACKOFF and then
 * FATAL; an exit with autorestart is EXITED and then STARTING). Each is reported as its own
 * `changed` effect, in order, because people and events see every state that was entered.
 */

import type { Instant } from '../../proto/instant.ts';
import type { ProcessState } from '../../proto/vocabulary.ts';
import { CALM, judgeRestart } from './crash-loop.ts';
import { describeExit, type ExitStatus, isExpected } from './exit-status.ts';
import { beginHealth, probeOf } from './health.ts';
import {
  type ProcessEffect,
  type ProcessInput,
  type ProcessRuntime,
  type ProcessStep,
  type ProcessTimer,
  statusOf,
} from './process.ts';
import { type Cell, type Guard, TRANSITIONS } from './transitions.ts';

/** `stopwaitsecs = 0` means SIGKILL at once, not a flood of them at what even SIGKILL cannot end. */
const KILL_INTERVAL_MIN_MS = 1_000;

/**
 * @param process what is known before
 * @param input what happened; a timer's input with a stale token changes nothing
 * @param at when it happened, on both clocks
 * @returns the process afterwards, the effects in the order in which they must be performed, and
 *   why the request was refused, if it was one and was
 */
export function stepProcess(
  process: ProcessRuntime,
  input: ProcessInput,
  at: Instant,
): ProcessStep {
  if ('timerToken' in input && input.timerToken !== process.timerToken) return unchanged(process);
  if (input.kind === 'exited' && hasStayedUp(process, input, at)) {
    const promoted = stepProcess(process, stayedUp(process), at);
    const ended = stepProcess(promoted.process, input, at);
    return { ...ended, effects: [...promoted.effects, ...ended.effects] };
  }
  const cell: Cell = TRANSITIONS[process.state][input.kind];
  if (cell === 'ignore') return unchanged(process);
  if (cell === 'impossible') throw brokenContract(process, input);
  if (typeof cell === 'object' && 'refuse' in cell) {
    return { ...unchanged(process), refused: cell.refuse };
  }
  const learned = learn(process, input, at);
  const next = cell === 'stay' ? process.state : choose(cell, learned, input);
  return continueWith(enter(learned, next, input, at), input, at);
}

/**
 * Its exit overtook the timer: it had been up long enough, so it was RUNNING (Supervisor too). With
 * `startsecs = 0` every run is long enough, but it must have been one.
 */
function hasStayedUp(
  process: ProcessRuntime,
  { exit, lastedMs }: Extract<ProcessInput, { readonly kind: 'exited' }>,
  at: Instant,
): boolean {
  if (process.state !== 'STARTING' || process.child === null) return false;
  if (exit.kind === 'neverRan') return false;
  const { startMs } = process.definition;
  const ranMs = lastedMs ?? at.monotonicMs - process.startedMonotonicMs;
  return startMs === 0 || ranMs > startMs;
}

function stayedUp(process: ProcessRuntime): ProcessInput {
  return { kind: 'stayedUp', timerToken: process.timerToken };
}

/** What is known after the input, whatever state follows. */
function learn(process: ProcessRuntime, input: ProcessInput, at: Instant): ProcessRuntime {
  switch (input.kind) {
    case 'start':
      return { ...process, failedTries: 0, crashLoop: CALM, lastError: null, lastLines: [] };
    case 'spawned':
      return learnSpawned(process, input, at);
    case 'spawnFailed':
      return { ...process, failedTries: process.failedTries + 1, lastError: input.error };
    case 'exited':
      return learnExit(process, input);
    case 'signalFailed':
      return { ...process, lastError: input.error };
    case 'stayedUp':
    case 'restartDue':
    case 'retryDue':
    case 'stop':
    case 'stopTimedOut':
      return process;
  }
}

function learnSpawned(
  process: ProcessRuntime,
  input: Extract<ProcessInput, { readonly kind: 'spawned' }>,
  at: Instant,
): ProcessRuntime {
  // Asked to stop before it reached its gate: it is known, so that it can be killed, but never ran.
  if (process.state === 'STOPPING') return { ...process, child: input.child };
  return {
    ...process,
    child: input.child,
    residentBytes: null,
    startedAtMs: at.wallMs,
    startedMonotonicMs: at.monotonicMs,
    starts: process.starts + 1,
  };
}

function learnExit(
  process: ProcessRuntime,
  input: Extract<ProcessInput, { readonly kind: 'exited' }>,
): ProcessRuntime {
  const { lastLines } = input;
  const exit = input.exit.kind === 'neverRan' ? process.exit : input.exit;
  const leftBehind = input.leftBehind ?? 0;
  const ended = { ...process, child: null, residentBytes: null, exit, lastLines, leftBehind };
  const how = describeExit(input.exit);
  switch (process.state) {
    case 'STARTING':
      return {
        ...ended,
        failedTries: process.failedTries + 1,
        lastError: input.spawnError ?? `Exited too quickly (${how})`,
      };
    case 'RUNNING':
      return isExpected(input.exit, process.definition.exitCodes)
        ? ended
        : { ...ended, lastError: input.spawnError ?? `exited unexpectedly (${how})` };
    default:
      return ended;
  }
}

type Choice = Exclude<Cell, string | { readonly refuse: unknown }>;

function choose(
  cell: ProcessState | Choice,
  process: ProcessRuntime,
  input: ProcessInput,
): ProcessState {
  if (typeof cell === 'string') return cell;
  return GUARDS[cell.when](process, input) ? cell.to : cell.otherwise;
}

const GUARDS: Readonly<Record<Guard, (process: ProcessRuntime, input: ProcessInput) => boolean>> = {
  // One first try and `startretries` more (Supervisor: backoff > startretries is FATAL, and so is
  // every BACKOFF while the daemon goes down).
  retriesLeft: (process) =>
    !process.isSuspended && process.failedTries <= process.definition.startRetries,
  crashLooping: (_process, input) => input.kind === 'restartDue' && input.delayMs > 0,
};

interface Entered {
  readonly process: ProcessRuntime;
  readonly effects: readonly ProcessEffect[];
}

/** Enters the next state, or stays in the present one, and says what that takes. */
function enter(
  process: ProcessRuntime,
  next: ProcessState,
  input: ProcessInput,
  at: Instant,
): Entered {
  const isNew = next !== process.state;
  const moved: ProcessRuntime = {
    ...process,
    state: next,
    ...(isNew && {
      changedAtMs: at.wallMs,
      nextTryAtMs: null,
      timerToken: process.timerToken + 1,
      health: next === 'RUNNING' ? beginHealth(process.definition, at) : null,
      failedTries: next === 'RUNNING' ? 0 : process.failedTries,
    }),
  };
  const entered = arrange(moved, input, at);
  const announced = isNew || input.kind === 'spawned';
  if (!announced) return entered;
  return {
    process: entered.process,
    effects: [{ kind: 'changed', status: statusOf(entered.process) }, ...entered.effects],
  };
}

/** What being in this state because of this input takes. */
function arrange(process: ProcessRuntime, input: ProcessInput, at: Instant): Entered {
  switch (process.state) {
    case 'STARTING':
      return input.kind === 'spawned'
        ? {
            process,
            effects: [
              { kind: 'release', child: input.child },
              timer(process, 'stayedUp', process.definition.startMs),
            ],
          }
        : {
            process: { ...process, launchedAs: null },
            effects: [{ kind: 'spawn', definition: process.definition }],
          };
    case 'RUNNING':
      return { process, effects: probeOf(process.health, 0) };
    case 'BACKOFF':
      return arrangeRetry(process, input, at);
    case 'STOPPING':
      return { process, effects: input.kind === 'spawned' ? [] : stopEffects(process, input) };
    case 'FATAL':
    case 'STOPPED':
    case 'EXITED':
    case 'UNKNOWN':
      return { process, effects: [] };
  }
}

/**
 * Failed tries wait 1, 2, 3 … s (Supervisor), and `restart_pause` at the least; with none left the
 * verdict FATAL is due at once.
 */
function arrangeRetry(process: ProcessRuntime, input: ProcessInput, at: Instant): Entered {
  if (!GUARDS.retriesLeft(process, input)) return { process, effects: [] };
  const untilRetryMs = Math.max(process.failedTries * 1_000, process.definition.restartPauseMs);
  const delayMs = input.kind === 'restartDue' ? input.delayMs : untilRetryMs;
  return {
    process: { ...process, nextTryAtMs: at.wallMs + delayMs },
    effects: [timer(process, 'retryDue', delayMs)],
  };
}

/** First the stop signal, then SIGKILL every `stopwaitsecs` until it is gone (Supervisor). */
function stopEffects(process: ProcessRuntime, input: ProcessInput): readonly ProcessEffect[] {
  const { definition, child } = process;
  const isLate = input.kind === 'stopTimedOut';
  const waitMs = Math.max(isLate ? KILL_INTERVAL_MIN_MS : 0, definition.stopWaitMs);
  const again = timer(process, 'stopTimedOut', waitMs);
  if (child === null) return [{ kind: 'abandon' }, again];
  const signal = isLate ? 'KILL' : definition.stopSignal;
  const wholeGroup = isLate ? definition.killAsGroup : definition.stopAsGroup;
  return [{ kind: 'stop', child, signal, wholeGroup }, again];
}

function timer(process: ProcessRuntime, kind: ProcessTimer, delayMs: number): ProcessEffect {
  return { kind: 'timer', timer: kind, timerToken: process.timerToken, delayMs };
}

/** Some states follow at once from the one just entered; their effects come after its own. */
function continueWith(entered: Entered, input: ProcessInput, at: Instant): ProcessStep {
  const follow = followingStep(entered.process, input, at);
  if (follow === null) return { ...entered, refused: null };
  return { ...follow, effects: [...entered.effects, ...follow.effects] };
}

function followingStep(
  process: ProcessRuntime,
  input: ProcessInput,
  at: Instant,
): ProcessStep | null {
  if (process.state === 'BACKOFF' && !GUARDS.retriesLeft(process, input)) {
    return stepProcess(process, { kind: 'retryDue', timerToken: process.timerToken }, at);
  }
  if (process.state === 'EXITED' && isRestartWanted(process)) {
    const ranMs = at.monotonicMs - process.startedMonotonicMs;
    const { loop, delayMs: untilCalmMs } = judgeRestart(process.crashLoop, at.monotonicMs, ranMs);
    const delayMs = Math.max(untilCalmMs, process.definition.restartPauseMs);
    return stepProcess({ ...process, crashLoop: loop }, { kind: 'restartDue', delayMs }, at);
  }
  return null;
}

/** EXITED is entered from RUNNING alone, so this is Supervisor's `autorestart` rule. */
function isRestartWanted(process: ProcessRuntime): boolean {
  if (process.isSuspended) return false;
  const { autorestart, exitCodes } = process.definition;
  if (autorestart !== 'unexpected') return autorestart === 'always';
  const exit: ExitStatus | null = process.exit;
  return exit !== null && !isExpected(exit, exitCodes);
}

function brokenContract(process: ProcessRuntime, input: ProcessInput): Error {
  const { definition, state } = process;
  return new Error(`broken contract: ${definition.process} is ${state} and was told ${input.kind}`);
}

function unchanged(process: ProcessRuntime): ProcessStep {
  return { process, effects: [], refused: null };
}

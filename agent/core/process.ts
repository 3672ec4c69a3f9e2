/**
 * What the agent knows of one process, what can happen to it, and what can be done about it.
 * `step-process.ts` is the only place where one becomes another.
 */
import {
  type Health,
  type Hold,
  type ProcessState,
  type ProcessStatus,
  RUNNING_STATES,
} from '../../proto/vocabulary.ts';
import { CALM, type CrashLoop } from './crash-loop.ts';
import type { ProcessDefinition } from './definition.ts';
import type { ExitStatus } from './exit-status.ts';
import type { RequestRefusal } from './transitions.ts';

/** A child that exists. `startToken` tells it from a later process with the same pid. */
export interface Child {
  readonly pid: number;
  readonly startToken: string;
  readonly keeperPid: number;
  readonly keeperStartToken: string;
  readonly bootId: string;
}

/** `gone`: the child ended before, and its `exited` is on its way. */
export type SignalResult =
  | { readonly kind: 'delivered' | 'gone' }
  | { readonly kind: 'failed'; readonly error: string };

/** What its health check has found so far; of the child that runs. */
export interface HealthRecord {
  readonly health: Health;
  /** In a row, since it passed last. */
  readonly failures: number;
  readonly error: string | null;
  /** When checking began, by the monotonic clock; tells this checking from any other. */
  readonly sinceMonotonicMs: number;
}

export interface ProcessRuntime {
  readonly definition: ProcessDefinition;
  /** What its child was started with, where that is not what it would be started with now. */
  readonly launchedAs: ProcessDefinition | null;
  readonly state: ProcessState;
  readonly changedAtMs: number;
  /** Accepted restarts so far. */
  readonly generation: number;
  readonly child: Child | null;
  readonly startedAtMs: number | null;
  readonly startedMonotonicMs: number;
  readonly exit: ExitStatus | null;
  readonly starts: number;
  /** Failed starts since the last success or request (Supervisor's `backoff`). */
  readonly failedTries: number;
  readonly crashLoop: CrashLoop;
  readonly lastError: string | null;
  readonly nextTryAtMs: number | null;
  /** What it printed last before it ended. */
  readonly lastLines: readonly string[];
  /**
   * What people asked for last; outlives the agent. `paused`: stopped by the first half of a full
   * stop, so it is down while it waits for its start, but comes up again with its host.
   */
  readonly wanted: 'up' | 'down' | 'paused' | null;
  /** The agent is going down: nothing is started again by itself. */
  readonly isSuspended: boolean;
  /** Null: it has no health check, or does not run. */
  readonly health: HealthRecord | null;
  /** What its start waits for, in words. */
  readonly waitsFor: string | null;
  readonly lostOutputBytes: number;
  readonly leftBehind: number;
  readonly residentBytes: number | null;
  /** It may have ended by now: `holds.ts` tells. */
  readonly hold: Hold | null;
  /** Changes with every state, so that a timer set in an earlier one is recognised as stale. */
  readonly timerToken: number;
}

export type ProcessInput =
  | { readonly kind: 'start' | 'stop' }
  | { readonly kind: 'spawned'; readonly child: Child }
  | { readonly kind: 'spawnFailed'; readonly error: string }
  | {
      readonly kind: 'exited';
      readonly exit: ExitStatus;
      readonly lastLines: readonly string[];
      /** How long it ran, where it ended before it was noticed. */
      readonly lastedMs?: number;
      /** Why it was never executed: the status is that of the attempt. */
      readonly spawnError?: string;
      /** Processes that it had started and that outlive its stop; none where it was not stopped. */
      readonly leftBehind?: number;
    }
  | { readonly kind: 'stayedUp' | 'retryDue' | 'stopTimedOut'; readonly timerToken: number }
  | { readonly kind: 'restartDue'; readonly delayMs: number }
  | { readonly kind: 'signalFailed'; readonly error: string };

export type ProcessTimer = 'stayedUp' | 'retryDue' | 'stopTimedOut';

export type ProcessEffect =
  | { readonly kind: 'spawn'; readonly definition: ProcessDefinition }
  /** Opens the gate: only now does the program itself run. */
  | { readonly kind: 'release'; readonly child: Child }
  /** Closes the gate unopened: the program never runs. */
  | { readonly kind: 'abandon' }
  /** On its way to being stopped. */
  | {
      readonly kind: 'stop';
      readonly child: Child;
      readonly signal: string;
      readonly wholeGroup: boolean;
    }
  /** To be looked at by its health check; answered by the observation `probed`. */
  | { readonly kind: 'probe'; readonly delayMs: number; readonly sinceMonotonicMs: number }
  | {
      readonly kind: 'timer';
      readonly timer: ProcessTimer;
      readonly timerToken: number;
      readonly delayMs: number;
    }
  | { readonly kind: 'changed'; readonly status: ProcessStatus };

export interface ProcessStep {
  readonly process: ProcessRuntime;
  readonly effects: readonly ProcessEffect[];
  readonly refused: RequestRefusal | null;
}

export function initialProcess(definition: ProcessDefinition, wallMs: number): ProcessRuntime {
  return {
    definition,
    launchedAs: null,
    state: 'STOPPED',
    changedAtMs: wallMs,
    generation: 0,
    child: null,
    startedAtMs: null,
    startedMonotonicMs: 0,
    exit: null,
    starts: 0,
    failedTries: 0,
    crashLoop: CALM,
    lastError: null,
    nextTryAtMs: null,
    lastLines: [],
    wanted: null,
    isSuspended: false,
    health: null,
    waitsFor: null,
    lostOutputBytes: 0,
    leftBehind: 0,
    residentBytes: null,
    hold: null,
    timerToken: 0,
  };
}

/** There is a child, or there will be one unless somebody prevents it. */
export function isUp({ child, state }: ProcessRuntime): boolean {
  return child !== null || RUNNING_STATES.has(state) || state === 'STOPPING';
}

/** What people asked for last goes before `autostart`. */
export function isWantedUp(
  { wanted }: Pick<ProcessRuntime, 'wanted'>,
  { autostart }: Pick<ProcessDefinition, 'autostart'>,
): boolean {
  return wanted === null ? autostart : wanted === 'up';
}

export function statusOf(process: ProcessRuntime): ProcessStatus {
  const { definition, exit } = process;
  return {
    process: definition.process,
    group: definition.group,
    name: definition.name,
    program: definition.program,
    groupPriority: definition.groupPriority,
    priority: definition.priority,
    generation: process.generation,
    state: process.state,
    changedAtMs: process.changedAtMs,
    pid: process.child?.pid ?? null,
    startedAtMs: process.startedAtMs,
    exitCode: exit?.kind === 'code' ? exit.code : null,
    exitSignal: exit?.kind === 'signal' ? exit.signal : null,
    restarts: Math.max(0, process.starts - 1),
    lastError: process.lastError,
    nextTryAtMs: process.nextTryAtMs,
    startMs: definition.startMs,
    stopWaitMs: definition.stopWaitMs,
    tierWaitMs: definition.tierWaitMs,
    health: process.health?.health ?? null,
    healthError: process.health?.error ?? null,
    waitsFor: process.waitsFor,
    lostOutputBytes: process.lostOutputBytes,
    leftBehind: process.leftBehind,
    residentBytes: process.residentBytes,
    memoryMaxBytes: definition.memoryMaxBytes,
    hold: process.hold,
  };
}

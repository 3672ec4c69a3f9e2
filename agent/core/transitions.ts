/**
 * THE table: what each input does to a process in each state.
 *
 *                       start                      stayedUp
 *        ┌─────────┐ ─────────►┌──────────┐ ─────────────────────►┌─────────┐
 *        │ STOPPED │           │ STARTING │                       │ RUNNING │
 *        └─────────┘      ┌───►└──────────┘◄────────────┐         └─────────┘
 *             ▲   retryDue│      │ exited,     restartDue│            │ exited
 *      exited │           │      ▼ spawnFailed           │            ▼
 *        ┌──────────┐  ┌─────────┐ no tries ┌───────┐  ┌────────┐◄────┘
 *        │ STOPPING │  │ BACKOFF │ ────────►│ FATAL │  │ EXITED │
 *        └──────────┘  └─────────┘   left   └───────┘  └────────┘
 *             ▲ stop from STARTING and RUNNING; BACKOFF goes straight to STOPPED
 *
 * Source: Supervisor process.py (transition, finish, stop). On purpose different: an exit is
 * judged when it happens, and a restart that is part of a crash loop waits in BACKOFF.
 *
 * Every pair is written down; a missing one does not compile. The meanings of a cell:
 *   a state          go there
 *   { when, to, otherwise }  a named guard chooses
 *   'stay'           stay, with the side effects that `process.ts` lists for the pair
 *   'ignore'         nothing happens: late timers, repeated requests that already hold
 *   { refuse }       the request is answered with this reason, nothing happens
 *   'impossible'     the caller broke its contract; the agent stops rather than guess
 */
import type { ProcessState } from '../../proto/vocabulary.ts';

export type ProcessInputKind =
  /** Somebody, or autostart, wants it up. */
  | 'start'
  | 'stop'
  /** The child waits at its gate; its pid is known. */
  | 'spawned'
  | 'spawnFailed'
  | 'exited'
  /** `startsecs` have passed since it was released; with 0 at once, but not before that. */
  | 'stayedUp'
  /** The back-off delay has passed. */
  | 'retryDue'
  /** The autorestart rule asks for another run, right after an exit from RUNNING. */
  | 'restartDue'
  /** `stopwaitsecs` have passed since the stop signal, or since the last SIGKILL. */
  | 'stopTimedOut'
  /** kill(2) failed otherwise than by "no such process". */
  | 'signalFailed';

export type Guard = 'retriesLeft' | 'crashLooping';

export type RequestRefusal = 'already-started' | 'not-running' | 'stopping' | 'state-unknown';

export type Cell =
  | ProcessState
  | 'stay'
  | 'ignore'
  | 'impossible'
  | { readonly when: Guard; readonly to: ProcessState; readonly otherwise: ProcessState }
  | { readonly refuse: RequestRefusal };

export const TRANSITIONS = {
  STOPPED: {
    start: 'STARTING',
    stop: { refuse: 'not-running' },
    spawned: 'impossible',
    spawnFailed: 'impossible',
    exited: 'impossible',
    stayedUp: 'ignore',
    retryDue: 'ignore',
    restartDue: 'impossible',
    stopTimedOut: 'ignore',
    signalFailed: 'ignore',
  },
  STARTING: {
    start: { refuse: 'already-started' },
    stop: 'STOPPING',
    // Also with startsecs = 0: until this is recorded the gate is shut, and nothing runs.
    spawned: 'stay',
    spawnFailed: 'BACKOFF',
    exited: 'BACKOFF',
    stayedUp: 'RUNNING',
    retryDue: 'ignore',
    restartDue: 'impossible',
    stopTimedOut: 'ignore',
    signalFailed: 'UNKNOWN',
  },
  RUNNING: {
    start: { refuse: 'already-started' },
    stop: 'STOPPING',
    spawned: 'impossible',
    spawnFailed: 'impossible',
    exited: 'EXITED',
    stayedUp: 'ignore',
    retryDue: 'ignore',
    restartDue: 'impossible',
    stopTimedOut: 'ignore',
    signalFailed: 'UNKNOWN',
  },
  BACKOFF: {
    // Supervisor counts BACKOFF among the running states; `restart` is what tries at once.
    start: { refuse: 'already-started' },
    stop: 'STOPPED',
    spawned: 'impossible',
    spawnFailed: 'impossible',
    exited: 'impossible',
    stayedUp: 'ignore',
    retryDue: { when: 'retriesLeft', to: 'STARTING', otherwise: 'FATAL' },
    restartDue: 'impossible',
    stopTimedOut: 'ignore',
    signalFailed: 'ignore',
  },
  STOPPING: {
    start: { refuse: 'stopping' },
    stop: 'ignore',
    spawned: 'stay',
    spawnFailed: 'STOPPED',
    exited: 'STOPPED',
    stayedUp: 'ignore',
    retryDue: 'ignore',
    restartDue: 'impossible',
    stopTimedOut: 'stay',
    signalFailed: 'UNKNOWN',
  },
  EXITED: {
    start: 'STARTING',
    stop: { refuse: 'not-running' },
    spawned: 'impossible',
    spawnFailed: 'impossible',
    exited: 'impossible',
    stayedUp: 'ignore',
    retryDue: 'ignore',
    restartDue: { when: 'crashLooping', to: 'BACKOFF', otherwise: 'STARTING' },
    stopTimedOut: 'ignore',
    signalFailed: 'ignore',
  },
  FATAL: {
    start: 'STARTING',
    stop: { refuse: 'not-running' },
    spawned: 'impossible',
    spawnFailed: 'impossible',
    exited: 'impossible',
    stayedUp: 'ignore',
    retryDue: 'ignore',
    restartDue: 'impossible',
    stopTimedOut: 'ignore',
    signalFailed: 'ignore',
  },
  // A process that could not be signalled may still be alive: it is never started a second time.
  UNKNOWN: {
    start: { refuse: 'state-unknown' },
    stop: { refuse: 'state-unknown' },
    spawned: 'impossible',
    spawnFailed: 'STOPPED',
    exited: 'STOPPED',
    stayedUp: 'ignore',
    retryDue: 'ignore',
    restartDue: 'impossible',
    stopTimedOut: 'ignore',
    signalFailed: 'ignore',
  },
} as const satisfies Record<ProcessState, Record<ProcessInputKind, Cell>>;

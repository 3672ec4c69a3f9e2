/**
 * One target of an operation on this host: what to ask of the process next, and when the target
 * has succeeded or failed. `begin` decides from the state found, `observe` from each state entered
 * afterwards. A restart is stop then start as one unit, and it is done only when the process is
 * RUNNING past `startsecs`; the first failed start is a failure, although the process goes on
 * retrying (as `supervisorctl start` reports it).
 *
 * Which fault goes with which failure is Supervisor's (rpcinterface.py, startProcess, stopProcess).
 */
import type { Instant } from '../../proto/instant.ts';
import type {
  OperationId,
  ProcessName,
  ProcessState,
  ProcessStatus,
  ProcessVerb,
  SettledState,
  TargetFault,
  TargetOutcome,
  Verb,
} from '../../proto/vocabulary.ts';
import type { ProcessRuntime } from './process.ts';

/**
 * Who wants it: the controller, which must hear the verdict; somebody on this host; or an update, for
 * which nobody asked of this process in particular, so what people want of it stays as it is.
 */
export type TargetOrigin = 'controller' | 'host' | 'update';

/** Durable: a repeat of the same (operation, verb, process) is answered from this record. */
export interface TargetRecord {
  readonly operationId: OperationId;
  readonly process: ProcessName;
  readonly verb: Verb;
  readonly origin: TargetOrigin;
  readonly signal: string | null;
  /** Only of an `update`: of which groups; none: of all. */
  readonly groups: readonly string[];
  /** Of the process, allotted when a restart was accepted. */
  readonly generation: number;
  readonly oldPid: number | null;
  readonly acceptedAtMs: number;
  /** Null: in an earlier boot of the host, whose monotonic clock was another. */
  readonly acceptedMonotonicMs: number | null;
  /** How long after that it may still be begun or waited for; null: there is no deadline. */
  readonly expiresAfterMs: number | null;
  /** Of a `stop`: its start comes later under the same id; it is the first half of a full stop. */
  readonly startFollows: boolean;
  /** What people wanted of the process before; it counts again where this is never begun. */
  readonly wantedBefore: ProcessRuntime['wanted'];
  /** How long the wanted state must hold before it is done. */
  readonly minHealthyMs: number;
  /** While it is seen whether it does. */
  readonly watch: Watch | null;
  /** Of a restart that is not waited for any more: its verdict, once its start has begun. */
  readonly givenUp: GivenUp | null;
  readonly phase: TargetPhase;
  readonly outcome: TargetOutcome | null;
}

/** The wanted state holds since then; if it goes on to, this is what there is to say of it. */
export interface Watch {
  /** Null: since an earlier boot of the host. */
  readonly sinceMonotonicMs: number | null;
  readonly fault: TargetFault | null;
  readonly note: string | null;
}

/** Why nobody waits for it any more. */
export type GivenUp = Extract<SettledState, 'cancelled' | 'timed-out'>;

/**
 * `queued` behind an earlier operation's target on the same process; `verifying` that the wanted state
 * holds; `updating` the configuration of the whole host. The last two stand in no queue.
 */
export type TargetPhase =
  | 'queued'
  | 'stopping'
  | 'starting'
  | 'signalling'
  | 'verifying'
  | 'updating'
  | 'settled';

export type Advice =
  | { readonly kind: 'wait'; readonly phase: TargetPhase }
  | { readonly kind: 'request'; readonly input: 'start' | 'stop'; readonly phase: TargetPhase }
  | { readonly kind: 'signal' }
  | { readonly kind: 'succeed'; readonly fault: TargetFault | null; readonly note: string | null }
  | { readonly kind: 'fail'; readonly error: string; readonly fault: TargetFault };

/**
 * How long ago it was accepted. By the monotonic clock, which no administrator and no time server
 * sets forward; the wall clock is asked only about an earlier boot of the host, of which nothing
 * else can tell.
 */
export function ageMs(
  { acceptedAtMs, acceptedMonotonicMs }: TargetRecord,
  { wallMs, monotonicMs }: Instant,
): number {
  return acceptedMonotonicMs === null ? wallMs - acceptedAtMs : monotonicMs - acceptedMonotonicMs;
}

/** How much longer it may be begun, or waited for; null: for as long as it takes. */
export function untilDeadlineMs(target: TargetRecord, at: Instant): number | null {
  return target.expiresAfterMs === null ? null : target.expiresAfterMs - ageMs(target, at);
}

export function isExpired(target: TargetRecord, at: Instant): boolean {
  const leftMs = untilDeadlineMs(target, at);
  return leftMs !== null && leftMs <= 0;
}

/** What of a process's status a target goes by. */
export type Seen = Pick<ProcessStatus, 'state' | 'lastError' | 'health' | 'healthError'>;

export function begin(verb: ProcessVerb, seen: Seen): Advice {
  const advice = BEGIN[verb][seen.state];
  return advice === HELD_UP ? observeRunning(seen, HELD_UP) : advice;
}

/** Nothing may be stopped that could not be started again, and nothing tried that must fail. */
export function mustBeExamined(verb: Verb, advice: Advice): boolean {
  return advice.kind === 'request' && (advice.input === 'start' || verb === 'restart');
}

const SUCCEED: Advice = { kind: 'succeed', fault: null, note: null };
const HELD_UP: Advice = { kind: 'succeed', fault: 'already-started', note: 'already running' };
const HELD_DOWN: Advice = { kind: 'succeed', fault: 'not-running', note: 'was not running' };
const STOP: Advice = { kind: 'request', input: 'stop', phase: 'stopping' };
const START: Advice = { kind: 'request', input: 'start', phase: 'starting' };
const AWAIT_STOPPED: Advice = { kind: 'wait', phase: 'stopping' };
const AWAIT_STARTED: Advice = { kind: 'wait', phase: 'starting' };
const SIGNAL: Advice = { kind: 'signal' };
const fail = (error: string, fault: TargetFault): Advice => ({ kind: 'fail', error, fault });
const UNKNOWN = fail(
  'its state is unknown: it could not be signalled, and starting a second one is never risked',
  'failed',
);
const NOT_RUNNING = fail('not running', 'not-running');
const RETRYING = fail(
  'already started, and waiting to be retried; restart tries at once',
  'already-started',
);

const BEGIN: Readonly<Record<ProcessVerb, Readonly<Record<ProcessState, Advice>>>> = {
  start: {
    STOPPED: START,
    STARTING: AWAIT_STARTED,
    RUNNING: HELD_UP,
    BACKOFF: RETRYING,
    STOPPING: AWAIT_STOPPED,
    EXITED: START,
    FATAL: START,
    UNKNOWN,
  },
  stop: {
    STOPPED: HELD_DOWN,
    STARTING: STOP,
    RUNNING: STOP,
    BACKOFF: STOP,
    STOPPING: AWAIT_STOPPED,
    EXITED: HELD_DOWN,
    FATAL: HELD_DOWN,
    UNKNOWN,
  },
  restart: {
    STOPPED: START,
    STARTING: STOP,
    RUNNING: STOP,
    BACKOFF: STOP,
    STOPPING: AWAIT_STOPPED,
    EXITED: START,
    FATAL: START,
    UNKNOWN,
  },
  signal: {
    STOPPED: NOT_RUNNING,
    STARTING: SIGNAL,
    RUNNING: SIGNAL,
    BACKOFF: NOT_RUNNING,
    STOPPING: SIGNAL,
    EXITED: NOT_RUNNING,
    FATAL: NOT_RUNNING,
    UNKNOWN: NOT_RUNNING,
  },
};

/** What was entered, or what its health check found, while the target is open. */
export function observe(target: Pick<TargetRecord, 'verb' | 'phase'>, seen: Seen): Advice {
  switch (target.phase) {
    case 'stopping':
      return observeStopping(target.verb, seen.state);
    case 'starting':
      return observeStarting(seen);
    case 'queued':
    case 'signalling':
    case 'verifying':
    case 'updating':
    case 'settled':
      return { kind: 'wait', phase: target.phase };
  }
}

function observeStopping(verb: Verb, state: ProcessState): Advice {
  switch (state) {
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
      return verb === 'stop' ? SUCCEED : START;
    case 'UNKNOWN':
      return UNKNOWN;
    case 'STARTING':
    case 'RUNNING':
    case 'BACKOFF':
    case 'STOPPING':
      return AWAIT_STOPPED;
  }
}

function observeStarting(seen: Seen): Advice {
  const { state, lastError } = seen;
  switch (state) {
    case 'RUNNING':
      return observeRunning(seen, SUCCEED);
    case 'STARTING':
      return AWAIT_STARTED;
    case 'BACKOFF':
    case 'FATAL':
      return fail(lastError ?? 'it did not stay up', 'spawn-error');
    case 'EXITED':
      return fail(lastError ?? 'it did not stay up', 'abnormal-termination');
    case 'STOPPING':
    case 'STOPPED':
      return fail('it was stopped by somebody else while it was starting', 'abnormal-termination');
    case 'UNKNOWN':
      return UNKNOWN;
  }
}

/** It is up as it is wanted only when its health check passes, where it has one. */
function observeRunning({ health, healthError }: Seen, isUp: Advice): Advice {
  switch (health) {
    case null:
    case 'healthy':
      return isUp;
    case 'starting':
      return AWAIT_STARTED;
    case 'unhealthy':
      return fail(
        `it runs, but it is unhealthy: ${healthError ?? 'no reason was given'}`,
        'failed',
      );
  }
}

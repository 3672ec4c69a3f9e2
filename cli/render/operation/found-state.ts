/**
 * What an operation makes of a process as it is found: shown before it is done. The words follow
 * what the agent does with each state when a target begins.
 */
import type { ProcessState, ProcessVerb, Verb } from '../../../proto/vocabulary.ts';

/** Null: what was asked for is simply done. */
type Found = Readonly<Record<ProcessState, string | null>>;

const REFUSED_UNKNOWN = 'is UNKNOWN: refused, a second one might be started';
const NOTHING_TO_STOP = 'is down: nothing to do';
const NOT_RUNNING = 'does not run: fails';

const FOUND: Readonly<Record<ProcessVerb, Found>> = {
  start: {
    STOPPED: null,
    STARTING: 'is starting already',
    RUNNING: 'runs already: nothing to do',
    BACKOFF: 'is in BACKOFF: fails, since it is retried already; restart tries at once',
    STOPPING: 'is being stopped: started when it is down',
    EXITED: null,
    FATAL: 'is FATAL: tried anew',
    UNKNOWN: REFUSED_UNKNOWN,
  },
  stop: {
    STOPPED: NOTHING_TO_STOP,
    STARTING: null,
    RUNNING: null,
    BACKOFF: 'is in BACKOFF: no longer retried',
    STOPPING: 'is being stopped already',
    EXITED: NOTHING_TO_STOP,
    FATAL: 'is FATAL: nothing to do',
    UNKNOWN: 'is UNKNOWN: refused, it could not be signalled',
  },
  restart: {
    STOPPED: 'is down: only started',
    STARTING: null,
    RUNNING: null,
    BACKOFF: 'is in BACKOFF: tried at once',
    STOPPING: 'is being stopped: started when it is down',
    EXITED: 'is down: only started',
    FATAL: 'is FATAL: only started',
    UNKNOWN: REFUSED_UNKNOWN,
  },
  signal: {
    STOPPED: NOT_RUNNING,
    STARTING: null,
    RUNNING: null,
    BACKOFF: NOT_RUNNING,
    STOPPING: null,
    EXITED: NOT_RUNNING,
    FATAL: NOT_RUNNING,
    UNKNOWN: NOT_RUNNING,
  },
};

/** It would be left as it is. */
export function needsNothing(action: Verb, state: ProcessState): boolean {
  if (action === 'start') return state === 'RUNNING';
  return action === 'stop' && (state === 'STOPPED' || state === 'EXITED' || state === 'FATAL');
}

export function foundText(action: Verb, state: ProcessState): string | null {
  // What an update finds on a host, its agent alone knows.
  return action === 'update' ? null : FOUND[action][state];
}

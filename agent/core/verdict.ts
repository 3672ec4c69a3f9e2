/** The verdicts on targets that the agent gives itself, in the words that people read. */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { TargetFault, TargetOutcome } from '../../proto/vocabulary.ts';

/** What there is to say of a target that is over. */
export type Verdict = Pick<TargetOutcome, 'state' | 'error' | 'fault' | 'note'>;

export const failed = (error: string, fault: TargetFault): Verdict => ({
  state: 'failed',
  error,
  fault,
  note: null,
});

/** The same, to whoever ordered more than single targets. */
export function refusalOf(verdict: Verdict): Refusal {
  // Waiting helps against the one; against the other somebody must make room.
  return refusal(verdict === NO_JOURNAL ? 'exhausted' : 'unavailable', verdict.error ?? '');
}

export const SUCCEEDED: Verdict = { state: 'succeeded', error: null, fault: null, note: null };
export const NOT_RUNNING = failed('not running', 'not-running');
export const SHUTTING_DOWN = failed('the agent is shutting down', 'failed');
export const NO_SUCH_PROCESS = failed('no such process on this host', 'bad-name');
export const NO_LONGER_CONFIGURED = failed('it is no longer configured', 'bad-name');
export const GONE_ALREADY: Verdict = { ...SUCCEEDED, note: 'it was removed already' };
export const NO_JOURNAL = failed(
  'the agent cannot write its journal, so it takes no orders that it could forget',
  'failed',
);
export const SUPERSEDED = failed(
  'it was stopped by a later order before it was up',
  'abnormal-termination',
);
export const SIGNAL_IN_DOUBT: Verdict = {
  ...failed(
    'the agent ended while it sent the signal; whether it arrived is not known, and it is not sent twice',
    'failed',
  ),
  state: 'indeterminate',
};

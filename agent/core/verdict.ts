/** The verdicts on targets that the agent gives itself, in the words that people read. */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { TargetFault, TargetOutcome } from '../../proto/vocabulary.ts';
import type { GivenUp, TargetRecord } from './target.ts';

/** What there is to say of a target that is over. */
export type Verdict = Pick<TargetOutcome, 'state' | 'error' | 'fault' | 'note'>;

export const failed = (error: string, fault: TargetFault): Verdict => ({
  state: 'failed',
  error,
  fault,
  note: null,
});

export const skipped = (note: string): Verdict => ({
  state: 'skipped',
  error: null,
  fault: null,
  note: clippedTo(REMARK_LENGTH_MAX, note),
});

/** The order comes too late, or was taken back in time. */
export const unbegun = (because: GivenUp): Verdict => givenUp(because, 'before this was begun');

/** What goes on by itself, as far as it was begun. */
export function givenUpIn({ verb, phase }: TargetRecord, because: GivenUp): Verdict {
  if (phase === 'updating') {
    return givenUp(because, 'while the configuration was taken up, which goes on');
  }
  if (phase === 'verifying') {
    return givenUp(
      because,
      `before it had been ${verb === 'stop' ? 'down' : 'up'} for long enough`,
    );
  }
  if (verb === 'stop') return givenUp(because, 'before it had stopped; it is still being stopped');
  if (phase === 'stopping') return givenUp(because, 'before it was up; it is started again');
  return givenUp(because, 'before it was up; its start goes on');
}

const GIVEN_UP: Readonly<Record<GivenUp, string>> = {
  cancelled: 'the operation was cancelled',
  'timed-out': 'the deadline of the operation came',
};

const givenUp = (because: GivenUp, when: string): Verdict => ({
  state: because,
  error: `${GIVEN_UP[because]} ${when}`,
  fault: null,
  note: null,
});

/** A failure, to whoever ordered more than single targets. */
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
export const REBOOTED = failed(
  'its host was rebooted before it had been up for long enough',
  'abnormal-termination',
);
export const SIGNAL_IN_DOUBT: Verdict = {
  ...failed(
    'the agent ended while it sent the signal; whether it arrived is not known, and it is not sent twice',
    'failed',
  ),
  state: 'indeterminate',
};

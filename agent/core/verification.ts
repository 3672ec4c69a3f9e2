/**
 * `--min-healthy-time`: a target is done only when what it wanted has held for a while without a
 * break, so that a program that dies of its new configuration after ten seconds stops the rollout.
 * Judged here; `verify-targets.ts` keeps the watch.
 */
import type { Instant } from '../../proto/instant.ts';
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import { describeExit, type ExitStatus } from './exit-status.ts';
import type { ProcessRuntime } from './process.ts';
import type { TargetRecord } from './target.ts';
import { failed, type Verdict } from './verdict.ts';

/** A signal has no state that could hold, and the first half of a full stop is not to. */
export function mustHold({ verb, minHealthyMs, startFollows }: TargetRecord): boolean {
  return minHealthyMs > 0 && !startFollows && verb !== 'signal' && verb !== 'update';
}

/**
 * When the wanted state began: now, unless the target has found it. One that ran already need not run
 * that long once more; how long its health check has passed is not known, so that is watched from now on.
 */
export function heldSinceMs(
  { phase }: TargetRecord,
  { state, health, startedMonotonicMs, definition }: ProcessRuntime,
  { monotonicMs }: Instant,
): number {
  if (phase !== 'queued' || state !== 'RUNNING' || health !== null) return monotonicMs;
  return Math.min(monotonicMs, startedMonotonicMs + definition.startMs);
}

export function heldMs({ watch }: TargetRecord, { monotonicMs }: Instant): number {
  return Math.max(0, monotonicMs - (watch?.sinceMonotonicMs ?? monotonicMs));
}

type Seen = Pick<ProcessStatus, 'state' | 'health' | 'healthError' | 'exitCode' | 'exitSignal'>;

/** @returns why it has failed; null: the wanted state holds still */
export function findBreak(target: TargetRecord, seen: Seen, at: Instant): Verdict | null {
  const after = `after ${secondsText(heldMs(target, at))}`;
  return target.verb === 'stop' ? findRise(seen, after) : findFall(seen, after);
}

function findFall(seen: Seen, after: string): Verdict | null {
  const { state, health, healthError } = seen;
  if (state !== 'RUNNING') {
    return failed(`it left RUNNING ${after}: ${describeFall(seen)}`, 'abnormal-termination');
  }
  if (health !== 'unhealthy') return null;
  const error = healthError ?? 'no reason was given';
  return failed(`it became unhealthy ${after}: ${error}`, 'failed');
}

function findRise({ state }: Seen, after: string): Verdict | null {
  switch (state) {
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
      return null;
    case 'STARTING':
    case 'RUNNING':
    case 'BACKOFF':
    case 'STOPPING':
    case 'UNKNOWN':
      return failed(`it did not stay stopped: it was started ${after}`, 'failed');
  }
}

function describeFall({ state, exitCode, exitSignal }: Seen): string {
  switch (state) {
    case 'EXITED':
    case 'BACKOFF':
    case 'FATAL':
      return describeExit(exitOf(exitCode, exitSignal));
    case 'STOPPED':
    case 'STOPPING':
      return 'it was stopped';
    case 'STARTING':
    case 'RUNNING':
      return 'it was started again';
    case 'UNKNOWN':
      return 'it could not be signalled, and its state is unknown';
  }
}

function exitOf(code: number | null, signal: string | null): ExitStatus {
  if (signal !== null) return { kind: 'signal', signal };
  return code === null ? { kind: 'unknown' } : { kind: 'code', code };
}

/** `4 s`, `0.3 s`. */
const secondsText = (durationMs: number): string => `${Math.round(durationMs / 100) / 10} s`;

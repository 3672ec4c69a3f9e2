/**
 * Options that contradict one another, with the reason. They are refused before anything is sent:
 * ignoring one would do something else than was asked.
 */
import { type Refusal, refusal } from '../proto/errors.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../proto/strategy.ts';
import { amountText } from '../proto/strategy-text.ts';

/** How fleetctl goes about an operation, whatever it does. */
export interface WaitOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly detach: boolean;
  readonly quiet: boolean;
  readonly timeoutMs: number | null;
  readonly output: 'table' | 'json';
}

export function contradictionInWaiting(options: WaitOptions): Refusal | null {
  const { dryRun, detach, quiet, timeoutMs, output } = options;
  if (dryRun && detach) {
    return contradiction('--dry-run', '--detach', 'a dry run does nothing that could go on');
  }
  if (dryRun && timeoutMs !== null) {
    const cause = 'a dry run does nothing that could be waited for';
    return contradiction('--dry-run', '--timeout', cause);
  }
  if (detach && timeoutMs !== null) {
    return contradiction('--detach', '--timeout', '--detach does not wait at all');
  }
  if (detach && quiet && output === 'json') {
    const cause = '--quiet prints only the id, -o json the whole operation';
    return contradiction('--quiet', '-o json', cause);
  }
  return null;
}

export function contradictionInStrategy(strategy: Strategy, fullStop: boolean): Refusal | null {
  const { canary, onError } = strategy;
  if (canary > 0 && fullStop) {
    const cause =
      'a canary is up again before anything else is touched, a full stop stops all first';
    return contradiction('--canary', '--full-stop', cause);
  }
  if (canary > 0 && onError === 'continue') {
    const cause = 'a canary that fails halts the operation, which continues whatever fails';
    return contradiction('--canary', '--on-error continue', cause);
  }
  const limit = limitOf(strategy);
  if (limit !== null && onError === 'continue') {
    return contradiction(limit, '--on-error continue', 'what always continues has no limit');
  }
  // `--batch 100%` that was typed is the same as none.
  if (strategy.batchWaitMs > 0 && canary === 0 && isOneBatch(strategy)) {
    return refusal('usage', '--batch-wait has nothing to wait between', {
      cause: 'without --batch or --canary there is only one batch',
      fix: 'give a batch too, as in --batch 10%; or leave it out',
    });
  }
  return null;
}

function limitOf({ maxErrors, maxUnreachable }: Strategy): string | null {
  const none = amountText(DEFAULT_STRATEGY.maxErrors);
  if (amountText(maxErrors) !== none) return '--max-errors';
  return amountText(maxUnreachable) === none ? null : '--max-unreachable';
}

function isOneBatch({ batch }: Strategy): boolean {
  const [first] = batch;
  return first?.kind === 'percent' && first.percent === 100;
}

function contradiction(one: string, other: string, cause: string): Refusal {
  return refusal('usage', `${one} and ${other} contradict each other`, {
    cause,
    fix: 'leave one of them out',
  });
}

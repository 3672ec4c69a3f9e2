/** Why a request is refused whatever the fleet looks like. */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { OperationRequest } from '../../proto/operation.ts';
import { patternsProblem } from '../../proto/process-pattern.ts';
import { parseSignalName } from '../../proto/signal-name.ts';
import { type Amount, DURATION_MAX_MS } from '../../proto/strategy.ts';
import { isOpen } from '../../proto/target.ts';
import { REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import type { Plan } from './plan.ts';
import { noHostsNamed } from './select.ts';
import { hostsText } from './surprise.ts';

export function requestProblem(request: OperationRequest): Refusal | null {
  if (request.hosts.trim() === '') {
    return noHostsNamed('what changes something says on which hosts; none never means all');
  }
  if (request.processes.length === 0 && request.verb !== 'update') {
    return refusal('usage', 'no processes are named', {
      fix: 'name them, for example: web, group:name, group:*, or all',
    });
  }
  if (request.reason.length > REMARK_LENGTH_MAX) {
    return refusal('usage', `the reason has ${request.reason.length} characters`, {
      cause: `at most ${REMARK_LENGTH_MAX} are kept`,
      fix: 'say where the rest is to be read',
    });
  }
  const tooMuch = patternsProblem(request.processes);
  if (tooMuch !== null) return tooMuch;
  if (request.expectHosts !== null && request.expectHosts < 1) {
    return refusal('usage', `${request.expectHosts} is no number of hosts to expect`);
  }
  return mannerProblem(request) ?? strategyProblem(request);
}

/** What does not go with the verb. */
function mannerProblem({ verb, signal, fullStop, order }: OperationRequest): Refusal | null {
  if ((verb === 'signal') !== (signal !== null)) {
    return refusal('usage', 'a signal goes with the verb signal, and only with it');
  }
  // Under one name only: a role that denies KILL would not recognise 9, nor SIGKILL.
  if (signal !== null && parseSignalName(signal) !== signal) {
    return refusal('usage', `${JSON.stringify(signal.slice(0, 60))} is no signal`, {
      fix: 'spell it as POSIX does, in capitals and without SIG, for example HUP',
    });
  }
  if (fullStop && verb !== 'restart') {
    return refusal('usage', 'a full stop goes with the verb restart, and only with it');
  }
  if (verb === 'update' && order !== 'tier') {
    return refusal('usage', `an order of hosts (${order}) does not go with update`, {
      cause: 'an update has one target for each host, which keeps the order of its tiers itself',
      fix: 'leave --order out; --batch cuts the hosts into batches',
    });
  }
  return null;
}

function strategyProblem({ verb, fullStop, strategy }: OperationRequest): Refusal | null {
  const { canary, onError, minHealthyMs, batch, batchWaitMs, deadlineMs, lockWaitMs } = strategy;
  if (canary > 0 && fullStop) {
    return contradiction('a canary', 'a full stop', 'everything is stopped before anything starts');
  }
  if (canary > 0 && onError === 'continue') {
    return contradiction('a canary', '--on-error continue', 'nothing would follow from it');
  }
  const isUnlimited = onError === 'continue';
  if (isUnlimited && (isSet(strategy.maxErrors) || isSet(strategy.maxUnreachable))) {
    return contradiction('a limit', '--on-error continue', 'nothing would follow from it');
  }
  if (minHealthyMs > 0 && (verb === 'signal' || verb === 'update')) {
    const cause = 'it watches a state that the operation brings about, of one process';
    return contradiction('--min-healthy-time', verb, cause);
  }
  const ttlMs = strategy.offline.kind === 'queue' ? strategy.offline.ttlMs : 0;
  const durations = [batchWaitMs, minHealthyMs, lockWaitMs, ttlMs, deadlineMs ?? 0];
  if (durations.some((durationMs) => durationMs < 0 || durationMs > DURATION_MAX_MS)) {
    return refusal('usage', 'a duration of the strategy is out of range', {
      fix: 'give each at most 24 days',
    });
  }
  if (deadlineMs === 0) return refusal('usage', 'a deadline of nothing lets nothing be done');
  if (batch.length === 0) return refusal('usage', 'no size of a batch is given');
  return null;
}

function isSet(limit: Amount): boolean {
  return limit.kind === 'percent' ? limit.percent > 0 : limit.count > 0;
}

function contradiction(one: string, other: string, cause: string): Refusal {
  return refusal('usage', `${one} and ${other} contradict each other`, {
    cause,
    fix: 'leave one of them out',
  });
}

/** `batch_required_above`: a script must not touch a large fleet all at once by forgetting an option. */
export function undividedProblem(
  { verb, strategy }: OperationRequest,
  { waves, targets }: Pick<Plan, 'waves' | 'targets'>,
  batchRequiredAbove: number | null,
): Refusal | null {
  if (batchRequiredAbove === null) return null;
  const hosts = new Map<number, Set<HostId>>();
  for (const target of targets) {
    if (!isOpen(target) || (waves[target.wave]?.batches ?? 1) > 1) continue;
    hosts.set(target.wave, (hosts.get(target.wave) ?? new Set()).add(target.host));
  }
  const touched = Math.max(0, ...Array.from(hosts.values(), ({ size }) => size));
  if (touched <= batchRequiredAbove) return null;
  const isSpelledOut = strategy.batch.some(({ kind }) => kind === 'count');
  return refusal('usage', `${verb} would touch ${hostsText(touched)} in one batch`, {
    cause: `this controller wants batches above ${batchRequiredAbove} (batch_required_above)`,
    fix: isSpelledOut
      ? 'make the batch smaller'
      : 'cut it into batches, for example --batch 10% (in a runbook: batch = 10%)',
  });
}

/** The lines of the controller's log that say who wanted what of operations, and what came of it. */
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Identity } from '../../proto/identity.ts';
import type { Operation, Steering } from '../../proto/operation.ts';
import { namesOfPatterns } from '../../proto/process-pattern.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { Log } from '../ports.ts';

/** Of up to a megabyte; the operation itself keeps all of it. */
export const SELECTOR_LOGGED_MAX = 500;

export function logSubmission(log: Log, caller: Identity, answer: Operation | Refusal): void {
  if (isRefusal(answer)) return logRefusal(log, caller, answer);
  const { id, verb, hosts, processes, targets, runbook, retryOf } = answer;
  const details = {
    operator: caller.name,
    id,
    verb,
    hosts: clippedTo(SELECTOR_LOGGED_MAX, hosts),
    processes: namesOfPatterns(processes),
    targets: targets.length,
    ...(runbook === null ? {} : { runbook }),
    ...(retryOf === null ? {} : { retryOf }),
  };
  log.info(details, 'operation');
}

export function logSteering(
  log: Log,
  caller: Identity,
  { action, kill, reason }: Steering,
  answer: Operation | Refusal,
): void {
  if (isRefusal(answer)) return logRefusal(log, caller, answer);
  const { id, state } = answer;
  const details = { operator: caller.name, id, action, kill, state };
  log.info({ ...details, reason: clippedTo(REMARK_LENGTH_MAX, reason) }, 'steering');
}

function logRefusal(log: Log, caller: Identity, { code, message }: Refusal): void {
  log.info({ operator: caller.name, code }, `refused: ${message}`);
}

/**
 * Accepts an operation. Its id was made by the client, so a request that is sent twice, because
 * the first answer was lost, finds the operation that it made and starts nothing. The operation is
 * committed with its whole plan before anybody is told of it or anything is dispatched.
 */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, OperationFacts, OperationRequest } from '../../proto/operation.ts';
import { patternsProblem } from '../../proto/process-pattern.ts';
import { REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { OperationId } from '../../proto/vocabulary.ts';
import { executionOf, operationOf } from './execution.ts';
import { beginOperation } from './operation.ts';
import { follow, forgetOld, OPERATION_RETENTION_MS } from './operations.ts';
import { makePlan } from './plan.ts';
import { noHostsNamed, selectHosts } from './select.ts';
import type { FleetInput, Turn } from './state.ts';

type Submission = Extract<FleetInput, { readonly kind: 'submit' }>;

const CLOCK_SKEW_MAX_MS = 60 * 60 * 1_000;
/** An id from a clock that is fast must be too old before the operation that it made is forgotten. */
const ID_AGE_MAX_MS = OPERATION_RETENTION_MS - CLOCK_SKEW_MAX_MS;

/** RFC 9562: version 7, whose first 48 bits are milliseconds of Unix time. */
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function submit(turn: Turn, submission: Submission): void {
  const { reply, request, requestedBy } = submission;
  const known = turn.state.operations.get(request.id);
  if (known !== undefined) {
    const answer = isRepeat(known.facts, request, requestedBy)
      ? operationOf(known)
      : idTaken(request.id);
    turn.effects.push({ kind: 'reply', reply, answer });
    return;
  }
  const answer = idProblem(request.id, turn.at.wallMs) ?? begin(turn, request, requestedBy);
  turn.effects.push({ kind: 'reply', reply, answer });
}

/** @returns the operation as it will stand once the turn is committed, or why there is none */
function begin(turn: Turn, request: OperationRequest, requestedBy: string): Operation | Refusal {
  const planned = planOperation(turn, request, requestedBy);
  if (isRefusal(planned)) return planned;
  forgetOld(turn);
  turn.writes.push({ kind: 'operationBegun', operation: planned });
  const step = beginOperation(executionOf(planned, false), turn.at.wallMs);
  follow(turn, step);
  return operationOf(step.execution);
}

/** Also what `--dry-run` shows: the same plan, stored nowhere. */
export function planOperation(
  turn: Pick<Turn, 'state' | 'at'>,
  request: OperationRequest,
  requestedBy: string,
): Operation | Refusal {
  const problem = requestProblem(request);
  if (problem !== null) return problem;
  const { state, at } = turn;
  const plan = makePlan(request, selectHosts(state, request.hosts, at.wallMs));
  if (isRefusal(plan)) return plan;
  const planned = {
    requestedBy,
    state: 'planned',
    startedAtMs: at.wallMs,
    endedAtMs: null,
  } as const;
  return { ...request, ...planned, ...plan };
}

function requestProblem(request: OperationRequest): Refusal | null {
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
  if ((request.verb === 'signal') !== (request.signal !== null)) {
    return refusal('usage', 'a signal goes with the verb signal, and only with it');
  }
  if (request.fullStop && request.verb !== 'restart') {
    return refusal('usage', 'a full stop goes with the verb restart, and only with it');
  }
  if (request.verb === 'update' && request.order !== 'tier') {
    return refusal('usage', `an order of hosts (${request.order}) does not go with update`, {
      cause: 'all hosts are told at once, and each keeps the order of its tiers',
      fix: 'leave --order out',
    });
  }
  if (request.expectHosts !== null && request.expectHosts < 1) {
    return refusal('usage', `${request.expectHosts} is no number of hosts to expect`);
  }
  if (request.signal !== null && !/^[A-Z0-9+-]{1,16}$/.test(request.signal)) {
    return refusal('usage', `${JSON.stringify(request.signal.slice(0, 60))} is no signal`);
  }
  return null;
}

function idProblem(id: OperationId, nowMs: number): Refusal | null {
  if (!UUID_V7.test(id)) return refusal('usage', `${JSON.stringify(id.slice(0, 60))} is no UUIDv7`);
  const madeAtMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  if (madeAtMs > nowMs - ID_AGE_MAX_MS && madeAtMs < nowMs + CLOCK_SKEW_MAX_MS) return null;
  return refusal('usage', `the operation id ${id} was not made just now`, {
    cause: 'a repeat of so old an id could not be recognised; or a clock is wrong',
    fix: 'compare the clocks of this machine and of the controller, and try again',
  });
}

function isRepeat(known: OperationFacts, request: OperationRequest, requestedBy: string): boolean {
  return (
    known.requestedBy === requestedBy &&
    known.verb === request.verb &&
    known.signal === request.signal &&
    known.hosts === request.hosts &&
    known.reason === request.reason &&
    known.order === request.order &&
    known.fullStop === request.fullStop &&
    known.expectHosts === request.expectHosts &&
    known.processes.join('\n') === request.processes.join('\n')
  );
}

function idTaken(id: OperationId): Refusal {
  return refusal('conflict', `the operation id ${id} is taken by another operation`);
}

/**
 * Accepts what somebody wants to have done. The id was made by the client, so a request that is sent
 * twice, because the first answer was lost, finds the operation that it made and starts nothing. The
 * operation is committed with its whole plan before anybody is told of it or anything is dispatched.
 */
import type { Actor } from '../../proto/audit.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type {
  Operation,
  OperationFacts,
  OperationRequest,
  Submission,
} from '../../proto/operation.ts';
import type { OperationId, Verb } from '../../proto/vocabulary.ts';
import { type Access, accessOf } from './access.ts';
import { mayRunAgain, runbookRefusal } from './delegated.ts';
import { targetLines } from './denied.ts';
import { CLEAN, type Execution, executionOf, operationOf } from './execution.ts';
import { findConflict, lockedRefusal, waitText } from './locks.ts';
import { findSeen } from './operation-queries.ts';
import { forgetOld } from './operations.ts';
import { makePlan, type Plan } from './plan.ts';
import { recordAnswer } from './record.ts';
import { requestProblem, undividedProblem } from './request-problem.ts';
import { retried } from './retry.ts';
import { requestOfRunbook } from './runbooks.ts';
import { selectHosts } from './select.ts';
import type { FleetInput, FleetState, Turn } from './state.ts';
import { beginNew } from './take-up.ts';
import { sightOf } from './visible.ts';

type Submitted = Extract<FleetInput, { readonly kind: 'submit' }>;

const CLOCK_SKEW_MAX_MS = 60 * 60 * 1_000;

/** RFC 9562: version 7, whose first 48 bits are milliseconds of Unix time. */
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function submit(turn: Turn, { reply, submission, by }: Submitted): void {
  const isRepeated = turn.state.operations.get(idOf(submission)) !== undefined;
  const answer = answerTo(turn, submission, by.name);
  // Somebody else's id is no repeat, and trying it is not forgotten.
  if (!isRepeated || isRefusal(answer))
    recordAnswer(turn, recordOf(submission, by, answer), answer);
  turn.effects.push({ kind: 'reply', reply, answer });
}

const idOf = (submission: Submission): OperationId =>
  submission.kind === 'operation' ? submission.request.id : submission.id;

function recordOf(submission: Submission, actor: Actor, answer: Operation | Refusal) {
  if (!isRefusal(answer)) {
    const { id: operation, verb, signal, hosts, processes, reason, targets, runbook } = answer;
    const action = actionText(verb, signal);
    const resolved = targetLines(targets).join('; ');
    const detail = runbook === null ? '' : `runbook ${runbook}`;
    const what = { action, hosts, processes, targets: resolved, targetCount: targets.length };
    return { actor, ...what, operation, reason, detail };
  }
  switch (submission.kind) {
    case 'operation': {
      const { verb, signal, hosts, processes, reason } = submission.request;
      return { actor, action: actionText(verb, signal), hosts, processes, reason };
    }
    case 'runbook':
      return { actor, action: `run ${submission.runbook}`, reason: submission.reason };
    case 'retry':
      return { actor, action: `retry ${submission.of}`, reason: submission.reason };
  }
}

const actionText = (verb: Verb, signal: string | null): string =>
  signal === null ? verb : `${verb} ${signal}`;

/** @returns the operation as it will stand once the turn is committed, or why there is none */
function answerTo(turn: Turn, submission: Submission, requestedBy: string): Operation | Refusal {
  const id = idOf(submission);
  const known = turn.state.operations.get(id);
  if (known !== undefined) {
    const isSame = isRepeat(known.facts, submission, requestedBy);
    return isSame ? operationOf(known) : idTaken(id);
  }
  const problem = idProblem(id, turn.state.operationRetentionMs, turn.at.wallMs);
  if (problem !== null) return problem;
  const planned = planSubmission(turn, submission, requestedBy);
  if (isRefusal(planned)) return planned;
  const conflict = conflictWith(turn, planned);
  if (conflict !== null && planned.strategy.lockWaitMs === 0) return lockedRefusal(conflict);
  forgetOld(turn);
  return beginNew(turn, executionOf(planned, CLEAN));
}

function conflictWith({ state }: Pick<Turn, 'state'>, { targets }: Pick<Operation, 'targets'>) {
  return findConflict(state, { targets, count: targets.length }, null);
}

/**
 * Also what `--dry-run` shows: the same plan, stored nowhere. If something is in its way the plan says
 * so; whether it would wait for that or be refused follows from its strategy.
 */
export function planSubmission(
  turn: Pick<Turn, 'state' | 'at'>,
  submission: Submission,
  requestedBy: string,
): Operation | Refusal {
  const asked = askedFor(turn, submission, accessOf(turn.state, requestedBy, turn.at.wallMs));
  if (isRefusal(asked)) return asked;
  const { request, plan, runbook, retryOf } = asked;
  // What is done again is a part of what was divided then.
  const limit = retryOf === null ? turn.state.batchRequiredAbove : null;
  const undivided = undividedProblem(request, plan, limit);
  if (undivided !== null) return undivided;
  const conflict = conflictWith(turn, plan);
  const { wallMs } = turn.at;
  const halt =
    conflict === null
      ? null
      : { by: null, because: waitText(conflict), atMs: wallMs, endsAs: null, kill: false };
  const stored = { requestedBy, runbook, retryOf, state: 'planned', halt, withheld: 0 } as const;
  return { ...request, ...stored, startedAtMs: wallMs, endedAtMs: null, ...plan };
}

/** What is to be done in the end, and from where it was taken. */
interface Asked extends Pick<OperationFacts, 'runbook' | 'retryOf'> {
  readonly request: OperationRequest;
  readonly plan: Plan;
}

function askedFor(
  { state, at }: Pick<Turn, 'state' | 'at'>,
  submission: Submission,
  access: Access,
): Asked | Refusal {
  switch (submission.kind) {
    case 'operation': {
      const { request } = submission;
      const plan = planOfRequest({ state, at }, request, access);
      return isRefusal(plan) ? plan : { request, plan, runbook: null, retryOf: null };
    }
    case 'runbook': {
      const request = requestOfRunbook(state.runbooks, submission);
      if (isRefusal(request)) return request;
      const denied = runbookRefusal(access, submission.runbook, request.reason);
      if (denied !== null) return denied;
      const plan = planOfRequest({ state, at }, request, null);
      return isRefusal(plan) ? plan : { request, plan, runbook: submission.runbook, retryOf: null };
    }
    case 'retry': {
      const sight = sightOf(state, access.operator, at.wallMs);
      const before = findSeen(state, submission.of, sight);
      if (isRefusal(before)) return before;
      const again = retried(state, before, submission, rightsTo(state, before, access), at.wallMs);
      return isRefusal(again) ? again : { ...again, runbook: null };
    }
  }
}

function planOfRequest(
  { state, at }: Pick<Turn, 'state' | 'at'>,
  request: OperationRequest,
  access: Access | null,
): Plan | Refusal {
  const problem = requestProblem(request);
  if (problem !== null) return problem;
  return makePlan(request, selectHosts(state, request.hosts, at.wallMs), access, at.wallMs);
}

/** What a runbook did may be done again by whoever may run it. */
function rightsTo(state: FleetState, { facts }: Execution, access: Access): Access | null {
  return mayRunAgain(state, access, facts) ? null : access;
}

function idProblem(id: OperationId, retentionMs: number, nowMs: number): Refusal | null {
  if (!UUID_V7.test(id)) return refusal('usage', `${JSON.stringify(id.slice(0, 60))} is no UUIDv7`);
  const madeAtMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  // An id from a clock that is fast must be too old before the operation that it made is forgotten.
  const ageMaxMs = retentionMs - CLOCK_SKEW_MAX_MS;
  if (madeAtMs > nowMs - ageMaxMs && madeAtMs < nowMs + CLOCK_SKEW_MAX_MS) return null;
  return refusal('usage', `the operation id ${id} was not made just now`, {
    cause: 'a repeat of so old an id could not be recognised; or a clock is wrong',
    fix: 'compare the clocks of this machine and of the controller, and try again',
  });
}

function isRepeat(known: OperationFacts, submission: Submission, requestedBy: string): boolean {
  if (known.requestedBy !== requestedBy) return false;
  switch (submission.kind) {
    case 'operation': {
      const isPlain = known.runbook === null && known.retryOf === null;
      return isPlain && contentOf(known) === contentOf(submission.request);
    }
    case 'runbook':
      return known.runbook === submission.runbook && isSameAside(known, submission);
    case 'retry': {
      const isOfSame = known.retryOf?.startsWith(submission.of.trim().toLowerCase()) === true;
      return isOfSame && isSameAside(known, submission);
    }
  }
}

function isSameAside(
  known: OperationFacts,
  { reason, expectHosts }: Pick<OperationRequest, 'reason' | 'expectHosts'>,
): boolean {
  return known.expectHosts === expectHosts && (reason === '' || known.reason === reason);
}

/** All of a request but its id, as one text to compare. */
function contentOf(request: OperationRequest): string {
  const { verb, signal, hosts, processes, reason, order, fullStop, expectHosts } = request;
  const { allowedOnly } = request;
  const { batch, canary, batchWaitMs, maxErrors, maxUnreachable } = request.strategy;
  const { minHealthyMs, onError, offline, deadlineMs, lockWaitMs } = request.strategy;
  const amounts = [...batch, maxErrors, maxUnreachable].flatMap((amount) => Object.values(amount));
  return JSON.stringify([
    ...[verb, signal, hosts, processes, reason, order, fullStop, expectHosts],
    ...[amounts, canary, batchWaitMs, minHealthyMs, onError, Object.values(offline)],
    ...[deadlineMs, lockWaitMs, allowedOnly],
  ]);
}

function idTaken(id: OperationId): Refusal {
  return refusal('conflict', `the operation id ${id} is taken by another operation`);
}

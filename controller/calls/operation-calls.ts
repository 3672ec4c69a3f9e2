/** The unary calls of `Control` that are about operations: planned, begun, steered and looked at. */

import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { encodeExplanation } from '../../proto/codec/control.ts';
import { encodeOperation, encodeOperationSummary } from '../../proto/codec/operation.ts';
import { decodeSteering, decodeSubmission, encodeRunbook } from '../../proto/codec/submission.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Operation } from '../../proto/operation.ts';
import { withBoundedLogs } from '../core/bounded-logs.ts';
import { operationOf } from '../core/execution.ts';
import { eventSpanOf, explainedTargets, explanationOf } from '../core/explain.ts';
import { findSeen, listOperations, type OperationQuery } from '../core/operation-queries.ts';
import { runbooksFor } from '../core/runbooks.ts';
import { planSubmission } from '../core/submit.ts';
import { discreet, type Sight, seenEvents, seenOperation, sightOf } from '../core/visible.ts';
import type { Caller } from '../door/guard.ts';
import type { ApiOptions } from './api.ts';
import { logSteering, logSubmission } from './submission-log.ts';

type WireSubmission = Parameters<typeof decodeSubmission>[0];
type WireSteering = Parameters<typeof decodeSteering>[0];

export function operationHandlers(options: ApiOptions): UntypedServiceImplementation {
  return { ...givingHandlers(options), ...lookingHandlers(options) };
}

function givingHandlers({ driver, guard, clock, log }: ApiOptions): UntypedServiceImplementation {
  const sight = sightFor({ driver, clock });
  return {
    PlanOperation: guard.unary('Control.PlanOperation', (wire: WireSubmission, caller: Caller) => {
      const turn = { state: driver.state(), at: clock.now() };
      return encoded(planSubmission(turn, decodeSubmission(wire), caller.name), sight(caller));
    }),
    SubmitOperation: guard.unary(
      'Control.SubmitOperation',
      async (wire: WireSubmission, caller: Caller) => {
        const answer = await driver.submit(decodeSubmission(wire), caller.actor);
        logSubmission(log, caller, answer);
        return encoded(answer, sight(caller));
      },
    ),
    SteerOperation: guard.unary(
      'Control.SteerOperation',
      async (wire: WireSteering, caller: Caller) => {
        const steering = decodeSteering(wire);
        const answer = await driver.steer(steering, caller.actor);
        logSteering(log, caller, steering, answer);
        return encoded(answer, sight(caller));
      },
    ),
  };
}

function lookingHandlers({
  driver,
  store,
  guard,
  clock,
}: ApiOptions): UntypedServiceImplementation {
  const sight = sightFor({ driver, clock });
  return {
    GetOperation: guard.unary(
      'Control.GetOperation',
      (request: { readonly id: string }, caller: Caller) => {
        const seeing = sight(caller);
        const found = findSeen(driver.state(), request.id, seeing);
        return encoded(isRefusal(found) ? found : operationOf(found), seeing);
      },
    ),
    ListOperations: guard.unary(
      'Control.ListOperations',
      (query: OperationQuery, caller: Caller) => {
        const operations = listOperations(driver.state(), query, sight(caller));
        if (isRefusal(operations)) return operations;
        return { operations: operations.map(encodeOperationSummary) };
      },
    ),
    ExplainTargets: guard.unary(
      'Control.ExplainTargets',
      async ({ id: operation, host, process }: WireExplain, caller: Caller) => {
        const which = { operation, host, process: process ?? null };
        const explained = explainedTargets(driver.state(), which, sight(caller));
        if (isRefusal(explained)) return explained;
        const events = await store.eventsBetween(eventSpanOf(explained, clock.now().wallMs));
        return encodeExplanation(explanationOf(explained, seenEvents(events, sight(caller))));
      },
    ),
    ListRunbooks: guard.unary('Control.ListRunbooks', (_request: object, caller: Caller) => ({
      runbooks: runbooksFor(driver.state(), caller.name, clock.now().wallMs).map(encodeRunbook),
    })),
  };
}

interface WireExplain {
  readonly id: string;
  readonly host: string;
  readonly process?: string;
}

function encoded(
  answer: Operation | Refusal,
  sight: Sight,
): ReturnType<typeof encodeOperation> | Refusal {
  return isRefusal(answer)
    ? discreet(answer, sight)
    : encodeOperation(withBoundedLogs(seenOperation(answer, sight)));
}

/** What a caller may see, at the time of the call. */
export function sightFor({ driver, clock }: Pick<ApiOptions, 'driver' | 'clock'>) {
  return (caller: Pick<Caller, 'name'>): Sight =>
    sightOf(driver.state(), caller.name, clock.now().wallMs);
}

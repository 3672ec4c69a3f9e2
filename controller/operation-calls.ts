/** The unary calls of `Control` that are about operations: planned, begun, steered and looked at. */

import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { encodeExplanation } from '../proto/codec/control.ts';
import { encodeOperation, encodeOperationSummary } from '../proto/codec/operation.ts';
import { decodeSteering, decodeSubmission, encodeRunbook } from '../proto/codec/submission.ts';
import { isRefusal, type Refusal } from '../proto/errors.ts';
import type { Identity } from '../proto/identity.ts';
import type { Operation } from '../proto/operation.ts';
import type { ApiOptions } from './api.ts';
import { withBoundedLogs } from './core/bounded-logs.ts';
import { operationOf } from './core/execution.ts';
import { eventSpanOf, explainedTargets, explanationOf } from './core/explain.ts';
import { findOperation, listOperations, type OperationQuery } from './core/operation-queries.ts';
import { listRunbooks } from './core/runbooks.ts';
import { planSubmission } from './core/submit.ts';
import { logSteering, logSubmission } from './submission-log.ts';

type WireSubmission = Parameters<typeof decodeSubmission>[0];
type WireSteering = Parameters<typeof decodeSteering>[0];

export function operationHandlers(options: ApiOptions): UntypedServiceImplementation {
  return { ...givingHandlers(options), ...lookingHandlers(options) };
}

function givingHandlers({ driver, guard, clock, log }: ApiOptions): UntypedServiceImplementation {
  return {
    PlanOperation: guard.unary(
      'Control.PlanOperation',
      (wire: WireSubmission, caller: Identity) => {
        const turn = { state: driver.state(), at: clock.now() };
        return encoded(planSubmission(turn, decodeSubmission(wire), caller.name));
      },
    ),
    SubmitOperation: guard.unary(
      'Control.SubmitOperation',
      async (wire: WireSubmission, caller: Identity) => {
        const answer = await driver.submit(decodeSubmission(wire), caller.name);
        logSubmission(log, caller, answer);
        return encoded(answer);
      },
    ),
    SteerOperation: guard.unary(
      'Control.SteerOperation',
      async (wire: WireSteering, caller: Identity) => {
        const steering = decodeSteering(wire);
        const answer = await driver.steer(steering, caller.name);
        logSteering(log, caller, steering, answer);
        return encoded(answer);
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
  return {
    GetOperation: guard.unary('Control.GetOperation', (request: { readonly id: string }) => {
      const found = findOperation(driver.state(), request.id);
      return encoded(isRefusal(found) ? found : operationOf(found));
    }),
    ListOperations: guard.unary('Control.ListOperations', (query: OperationQuery) => {
      const operations = listOperations(driver.state(), query);
      if (isRefusal(operations)) return operations;
      return { operations: operations.map(encodeOperationSummary) };
    }),
    ExplainTargets: guard.unary('Control.ExplainTargets', async (request: WireExplain) => {
      const { id: operation, host, process = null } = request;
      const explained = explainedTargets(driver.state(), { operation, host, process });
      if (isRefusal(explained)) return explained;
      const events = await store.eventsBetween(eventSpanOf(explained, clock.now().wallMs));
      return encodeExplanation(explanationOf(explained, events));
    }),
    ListRunbooks: guard.unary('Control.ListRunbooks', () => ({
      runbooks: listRunbooks(driver.state().runbooks).map(encodeRunbook),
    })),
  };
}

interface WireExplain {
  readonly id: string;
  readonly host: string;
  readonly process?: string;
}

function encoded(answer: Operation | Refusal): ReturnType<typeof encodeOperation> | Refusal {
  return isRefusal(answer) ? answer : encodeOperation(withBoundedLogs(answer));
}

/**
 * The `Control` service: authorize (guard), decode, ask the driver, its committed state or the
 * store, encode. No decision is made here.
 */

import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { questionCodec } from '../proto/codec/configuration.ts';
import {
  encodeHost,
  encodeHostProcess,
  encodeHostReport,
  encodeStoredEvent,
} from '../proto/codec/control.ts';
import { refuseStream } from '../proto/codec/error.ts';
import {
  decodeOperationRequest,
  encodeOperation,
  encodeOperationSummary,
} from '../proto/codec/operation.ts';
import { isRefusal, type Refusal } from '../proto/errors.ts';
import type { AskHostsRequest__Output } from '../proto/gen/fleet/v1/AskHostsRequest.ts';
import type { GetOperationRequest__Output } from '../proto/gen/fleet/v1/GetOperationRequest.ts';
import type { ListEventsRequest__Output } from '../proto/gen/fleet/v1/ListEventsRequest.ts';
import type { ListHostsRequest__Output } from '../proto/gen/fleet/v1/ListHostsRequest.ts';
import type { ListOperationsRequest__Output } from '../proto/gen/fleet/v1/ListOperationsRequest.ts';
import type { ListProcessesRequest__Output } from '../proto/gen/fleet/v1/ListProcessesRequest.ts';
import type { Operation as WireOperation } from '../proto/gen/fleet/v1/Operation.ts';
import type { OperationRequest__Output } from '../proto/gen/fleet/v1/OperationRequest.ts';
import type { Identity } from '../proto/identity.ts';
import type { Operation } from '../proto/operation.ts';
import { namesOfPatterns } from '../proto/process-pattern.ts';
import { clippedTo } from '../proto/text-limits.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { hostId, knownProcessName } from '../proto/vocabulary.ts';
import { withBoundedLogs } from './core/bounded-logs.ts';
import { operationOf } from './core/execution.ts';
import { findOperation, listOperations } from './core/operation-queries.ts';
import { type EventQuery, eventQueryProblem, listHosts, listProcesses } from './core/queries.ts';
import { planOperation } from './core/submit.ts';
import type { FleetDriver } from './driver.ts';
import type { Guard } from './guard.ts';
import type { LogDesk, LogsCall } from './logs/call.ts';
import type { Clock, Log, Store } from './ports.ts';
import { type WatchCall, watchOperation } from './watch-call.ts';

export interface ApiOptions {
  readonly driver: FleetDriver;
  readonly store: Pick<Store, 'recentEvents'>;
  readonly logs: LogDesk;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly log: Log;
}

export function controlHandlers(options: ApiOptions): UntypedServiceImplementation {
  const { guard } = options;
  return {
    GetVersion: guard.unary('Control.GetVersion', () => ({
      version: PRODUCT_VERSION,
      protocolVersion: PROTOCOL_VERSION,
    })),
    ...fleetHandlers(options),
    ...operationHandlers(options),
    WatchOperation: (call: WatchCall) => {
      const caller = guard.admit('Control.WatchOperation', call);
      if (isRefusal(caller)) refuseStream(call, caller);
      else watchOperation(call, options);
    },
    ReadLogs: (call: LogsCall) => {
      const caller = guard.admit('Control.ReadLogs', call);
      if (isRefusal(caller)) refuseStream(call, caller);
      else options.logs.read(call, caller.name);
    },
  };
}

/** What hosts run and report. */
function fleetHandlers({
  driver,
  store,
  guard,
  clock,
  log,
}: ApiOptions): UntypedServiceImplementation {
  const hostQuery = (selector: string) => ({ selector, wallMs: clock.now().wallMs });
  return {
    ListHosts: guard.unary('Control.ListHosts', (request: ListHostsRequest__Output) => {
      const hosts = listHosts(driver.state(), hostQuery(request.hosts));
      return isRefusal(hosts) ? hosts : { hosts: hosts.map(encodeHost) };
    }),
    ListProcesses: guard.unary('Control.ListProcesses', (request: ListProcessesRequest__Output) => {
      const listing = listProcesses(driver.state(), hostQuery(request.hosts), request.processes);
      if (isRefusal(listing)) return listing;
      const { processes, hosts } = listing;
      return { processes: processes.map(encodeHostProcess), hosts: hosts.map(encodeHost) };
    }),
    ListEvents: guard.unary('Control.ListEvents', async (request: ListEventsRequest__Output) => {
      const query = decodeEventQuery(request);
      const problem = eventQueryProblem(driver.state(), query);
      if (problem !== null) return problem;
      return { events: (await store.recentEvents(query)).map(encodeStoredEvent) };
    }),
    AskHosts: guard.unary(
      'Control.AskHosts',
      async (request: AskHostsRequest__Output, caller: Identity) => {
        const question = questionCodec.fromWire(request.question);
        const hosts = clippedTo(SELECTOR_LOGGED_MAX, request.hosts);
        log.info({ operator: caller.name, question, hosts }, 'question');
        const reports = await driver.ask(question, request.hosts);
        return isRefusal(reports) ? reports : { reports: reports.map(encodeHostReport) };
      },
    ),
  };
}

/** Operations, planned, begun and looked at. */
function operationHandlers({
  driver,
  guard,
  clock,
  log,
}: ApiOptions): UntypedServiceImplementation {
  return {
    PlanOperation: guard.unary(
      'Control.PlanOperation',
      (wire: OperationRequest__Output, caller: Identity) => {
        const turn = { state: driver.state(), at: clock.now() };
        return encoded(planOperation(turn, decodeOperationRequest(wire), caller.name));
      },
    ),
    SubmitOperation: guard.unary(
      'Control.SubmitOperation',
      async (wire: OperationRequest__Output, caller: Identity) => {
        const request = decodeOperationRequest(wire);
        const answer = await driver.submit(request, caller.name);
        logSubmission(log, caller, answer);
        return encoded(answer);
      },
    ),
    GetOperation: guard.unary('Control.GetOperation', (request: GetOperationRequest__Output) => {
      const found = findOperation(driver.state(), request.id);
      return encoded(isRefusal(found) ? found : operationOf(found));
    }),
    ListOperations: guard.unary(
      'Control.ListOperations',
      (query: ListOperationsRequest__Output) => {
        const operations = listOperations(driver.state(), query);
        if (isRefusal(operations)) return operations;
        return { operations: operations.map(encodeOperationSummary) };
      },
    ),
  };
}

function decodeEventQuery({ host, process, limit }: ListEventsRequest__Output): EventQuery {
  return {
    host: hostId(host),
    process: process === undefined ? null : knownProcessName(process),
    limit,
  };
}

function encoded(answer: Operation | Refusal): WireOperation | Refusal {
  return isRefusal(answer) ? answer : encodeOperation(withBoundedLogs(answer));
}

/** Of up to a megabyte; the operation itself keeps all of it. */
const SELECTOR_LOGGED_MAX = 500;

function logSubmission(log: Log, caller: Identity, answer: Operation | Refusal): void {
  if (isRefusal(answer)) {
    return log.info({ operator: caller.name, code: answer.code }, `refused: ${answer.message}`);
  }
  const { id, verb, hosts, processes, targets } = answer;
  const details = {
    operator: caller.name,
    id,
    verb,
    hosts: clippedTo(SELECTOR_LOGGED_MAX, hosts),
    processes: namesOfPatterns(processes),
    targets: targets.length,
  };
  log.info(details, 'operation');
}

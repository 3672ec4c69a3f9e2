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
import { isRefusal } from '../proto/errors.ts';
import type { AskHostsRequest__Output } from '../proto/gen/fleet/v1/AskHostsRequest.ts';
import type { ListEventsRequest__Output } from '../proto/gen/fleet/v1/ListEventsRequest.ts';
import type { ListHostsRequest__Output } from '../proto/gen/fleet/v1/ListHostsRequest.ts';
import type { ListProcessesRequest__Output } from '../proto/gen/fleet/v1/ListProcessesRequest.ts';
import type { Identity } from '../proto/identity.ts';
import { clippedTo } from '../proto/text-limits.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { hostId, knownProcessName } from '../proto/vocabulary.ts';
import { type EventQuery, eventQueryProblem, listHosts, listProcesses } from './core/queries.ts';
import type { FleetDriver } from './driver.ts';
import type { Guard } from './guard.ts';
import type { LogDesk, LogsCall } from './logs/call.ts';
import { operationHandlers } from './operation-calls.ts';
import type { Clock, Log, Store } from './ports.ts';
import { SELECTOR_LOGGED_MAX } from './submission-log.ts';
import { type WatchCall, watchOperation } from './watch-call.ts';

export interface ApiOptions {
  readonly driver: FleetDriver;
  readonly store: Pick<Store, 'recentEvents' | 'eventsBetween'>;
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

function decodeEventQuery({ host, process, limit }: ListEventsRequest__Output): EventQuery {
  return {
    host: hostId(host),
    process: process === undefined ? null : knownProcessName(process),
    limit,
  };
}

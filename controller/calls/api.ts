/**
 * The `Control` service: authorize (guard), decode, ask the driver, its committed state or the
 * store, encode. No decision is made here.
 */

import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { questionCodec } from '../../proto/codec/configuration.ts';
import {
  encodeHost,
  encodeHostProcess,
  encodeHostReport,
  encodeStoredEvent,
} from '../../proto/codec/control.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { AskHostsRequest__Output } from '../../proto/gen/fleet/v1/AskHostsRequest.ts';
import type { ListEventsRequest__Output } from '../../proto/gen/fleet/v1/ListEventsRequest.ts';
import type { ListHostsRequest__Output } from '../../proto/gen/fleet/v1/ListHostsRequest.ts';
import type { ListProcessesRequest__Output } from '../../proto/gen/fleet/v1/ListProcessesRequest.ts';
import { clippedTo } from '../../proto/text-limits.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import {
  type EventQuery,
  eventQueryProblem,
  listHosts,
  listProcesses,
  seenListing,
} from '../core/queries.ts';
import { discreet, seenEvents } from '../core/visible.ts';
import type { Caller, Guard } from '../door/guard.ts';
import type { FleetDriver } from '../driver.ts';
import type { LogDesk, LogsCall } from '../logs/call.ts';
import type { Clock, Log, Store } from '../ports.ts';
import { operationHandlers, sightFor } from './operation-calls.ts';
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
    WatchOperation: (call: WatchCall) =>
      guard.stream('Control.WatchOperation', call, (caller) =>
        watchOperation(call, options, caller.name),
      ),
    ReadLogs: (call: LogsCall) =>
      guard.stream('Control.ReadLogs', call, (caller) => options.logs.read(call, caller.actor)),
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
  const sight = sightFor({ driver, clock });
  const hostQuery = (selector: string) => ({ selector, wallMs: clock.now().wallMs });
  return {
    ListHosts: guard.unary(
      'Control.ListHosts',
      (request: ListHostsRequest__Output, caller: Caller) => {
        const listing = listHosts(driver.state(), hostQuery(request.hosts), sight(caller));
        if (isRefusal(listing)) return discreet(listing, sight(caller));
        const { hosts, withheldHosts } = listing;
        return { hosts: hosts.map(encodeHost), withheldHosts };
      },
    ),
    ListProcesses: guard.unary(
      'Control.ListProcesses',
      (request: ListProcessesRequest__Output, caller: Caller) => {
        const listing = listProcesses(driver.state(), hostQuery(request.hosts), request.processes);
        if (isRefusal(listing)) return discreet(listing, sight(caller));
        const { processes, hosts, ...withheld } = seenListing(
          driver.state(),
          listing,
          sight(caller),
        );
        return {
          processes: processes.map(encodeHostProcess),
          hosts: hosts.map(encodeHost),
          ...withheld,
        };
      },
    ),
    ListEvents: guard.unary(
      'Control.ListEvents',
      async (request: ListEventsRequest__Output, caller: Caller) => {
        const query = decodeEventQuery(request);
        const problem = eventQueryProblem(driver.state(), query, sight(caller));
        if (problem !== null) return problem;
        const events = await store.recentEvents(query);
        return { events: seenEvents(events, sight(caller)).map(encodeStoredEvent) };
      },
    ),
    AskHosts: guard.unary(
      'Control.AskHosts',
      async (request: AskHostsRequest__Output, caller: Caller) => {
        const question = questionCodec.fromWire(request.question);
        const hosts = clippedTo(SELECTOR_LOGGED_MAX, request.hosts);
        log.info({ operator: caller.name, question, hosts }, 'question');
        const reports = await driver.ask(question, request.hosts, caller.actor);
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

/**
 * The `Control` service: authorize (guard), decode, ask the driver or its committed state, encode.
 * No decision is made here.
 */
import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  decodeOperationRequest,
  encodeHost,
  encodeHostProcess,
  encodeOperation,
  encodeOperationUpdate,
} from '../proto/codec/control.ts';
import { type Refusal, refusal } from '../proto/errors.ts';
import type { ListHostsRequest__Output } from '../proto/gen/fleet/v1/ListHostsRequest.ts';
import type { ListProcessesRequest__Output } from '../proto/gen/fleet/v1/ListProcessesRequest.ts';
import type { Operation as WireOperation } from '../proto/gen/fleet/v1/Operation.ts';
import type { OperationRequest__Output } from '../proto/gen/fleet/v1/OperationRequest.ts';
import type { OperationUpdate as WireOperationUpdate } from '../proto/gen/fleet/v1/OperationUpdate.ts';
import type { WatchOperationRequest__Output } from '../proto/gen/fleet/v1/WatchOperationRequest.ts';
import type { Identity } from '../proto/identity.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { type Operation, type OperationUpdate, operationId } from '../proto/vocabulary.ts';
import { listHosts, listProcesses } from './core/queries.ts';
import { planOperation } from './core/submit.ts';
import type { FleetDriver } from './driver.ts';
import { type Guard, isRefusal, refuseStream } from './guard.ts';
import type { Clock, Log } from './ports.ts';

type WatchCall = ServerWritableStream<WatchOperationRequest__Output, WireOperationUpdate>;

/** Updates that a slow reader may be behind; then it is cut off and may ask for the whole again. */
const UNSENT_UPDATES_MAX = 50_000;

export interface ApiOptions {
  readonly driver: FleetDriver;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly log: Log;
}

export function controlHandlers(options: ApiOptions): UntypedServiceImplementation {
  const { driver, guard, clock, log } = options;
  return {
    GetVersion: guard.unary('Control.GetVersion', () => ({
      version: PRODUCT_VERSION,
      protocolVersion: PROTOCOL_VERSION,
    })),
    ListHosts: guard.unary('Control.ListHosts', (request: ListHostsRequest__Output) => {
      const hosts = listHosts(driver.state(), request.hosts);
      return isRefusal(hosts) ? hosts : { hosts: hosts.map(encodeHost) };
    }),
    ListProcesses: guard.unary('Control.ListProcesses', (request: ListProcessesRequest__Output) => {
      const listing = listProcesses(driver.state(), request.hosts, request.processes);
      if (isRefusal(listing)) return listing;
      const { processes, hosts } = listing;
      return { processes: processes.map(encodeHostProcess), hosts: hosts.map(encodeHost) };
    }),
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
    WatchOperation: (call: WatchCall) => {
      const caller = guard.admit('Control.WatchOperation', call);
      if ('code' in caller) refuseStream(call, caller);
      else watch(call, driver);
    },
  };
}

/** The operation as it stands, each change, and the operation again at its end. */
function watch(call: WatchCall, driver: FleetDriver): void {
  const id = operationId(call.request.id);
  const send = (update: OperationUpdate): void => {
    if (call.writableLength > UNSENT_UPDATES_MAX) return cutOff();
    call.write(encodeOperationUpdate(update));
    if (update.kind === 'operation' && update.operation.endedAtMs !== null) call.end();
  };
  const watching = driver.watch(id, send);
  if (watching === undefined) return refuseStream(call, unknownOperation(id));
  const cutOff = (): void => {
    refuseStream(call, refusal('exhausted', 'this reader is too slow; watch again'));
  };
  const stop = (): void => watching[Symbol.dispose]();
  call.on('cancelled', stop);
  call.on('close', stop);
  call.on('error', stop);
  call.on('finish', stop);
  send({ kind: 'operation', operation: watching.operation });
}

function encoded(answer: Operation | Refusal): WireOperation | Refusal {
  return isRefusal(answer) ? answer : encodeOperation(answer);
}

function logSubmission(log: Log, caller: Identity, answer: Operation | Refusal): void {
  if (isRefusal(answer)) {
    return log.info({ operator: caller.name, code: answer.code }, `refused: ${answer.message}`);
  }
  const { id, verb, hosts, processes, targets } = answer;
  const details = { operator: caller.name, id, verb, hosts, processes, targets: targets.length };
  log.info(details, 'operation');
}

function unknownOperation(id: string): Refusal {
  return refusal('nothing-matched', `no operation ${JSON.stringify(id)}`, {
    cause: 'it was never submitted, or it ended more than a day ago',
  });
}

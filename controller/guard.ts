/**
 * The door of every RPC: takes the caller's identity from the certificate, asks the one table
 * whether it may, and turns whatever a handler throws into a proper status. A handler cannot be
 * registered without passing here, and a refusal is logged with who, what and why.
 */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { serviceErrorOf } from '../proto/codec/error.ts';
import { FleetError, isRefusal, type Refusal } from '../proto/errors.ts';
import { type AuthenticatedCall, type Identity, identityOfCall } from '../proto/identity.ts';
import { authorize, type RpcName } from './core/authorize.ts';
import type { Log } from './ports.ts';

export interface Guard {
  /** Who makes this call, or why it is refused. */
  admit(rpc: RpcName, call: AuthenticatedCall & { getPeer(): string }): Identity | Refusal;
  /** A unary handler behind the door; what it returns or rejects with becomes the answer. */
  unary<Request, Response>(
    rpc: RpcName,
    handle: (
      request: Request,
      caller: Identity,
    ) => Promise<Response | Refusal> | Response | Refusal,
  ): (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => void;
}

export interface GuardOptions {
  readonly fleet: string;
  readonly operators: ReadonlySet<string>;
  readonly nowMs: () => number;
  readonly log: Log;
}

export function createGuard({ fleet, operators, nowMs, log }: GuardOptions): Guard {
  function admit(rpc: RpcName, call: AuthenticatedCall & { getPeer(): string }) {
    const caller = identityOfCall(call, { fleet, nowMs: nowMs() });
    const refused = isRefusal(caller) ? caller : authorize(rpc, caller, operators);
    if (refused === null) return caller;
    const who = isRefusal(caller) ? null : `${caller.kind} ${caller.name}`;
    const { message, cause } = refused;
    log.warn({ rpc, peer: call.getPeer(), caller: who, cause }, `refused: ${message}`);
    return refused;
  }

  return {
    admit,
    unary(rpc, handle) {
      return (call, answer) => {
        const caller = admit(rpc, call);
        if (isRefusal(caller)) return answer(serviceErrorOf(caller));
        const handled = (async () => handle(call.request, caller))();
        handled.then(
          (response) => {
            if (isRefusal(response)) answer(serviceErrorOf(response));
            else answer(null, response);
          },
          (error: unknown) => {
            log.error({ rpc, error: errorText(error) }, 'a call failed');
            answer(serviceErrorOf(FleetError.refusalFrom(error)));
          },
        );
      };
    },
  };
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * The door of every RPC: takes the caller's identity from the certificate, asks whether that still
 * counts and whether it may, and turns whatever a handler throws into a proper status. A handler
 * cannot be registered without passing here. A finished handshake and an open stream prove nothing
 * for long: each call is judged, and each stream again every second while it lasts.
 */
import type { EventEmitter } from 'node:events';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Actor } from '../../proto/audit.ts';
import { refuseStream, serviceErrorOf } from '../../proto/codec/error.ts';
import { FleetError, isRefusal, type Refusal } from '../../proto/errors.ts';
import {
  type AuthenticatedCall,
  holderOfCall,
  type Identity,
  lifeRefusal,
} from '../../proto/identity.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';
import { admissionRefusal } from '../core/admission.ts';
import { authorize, type RpcName } from '../core/authorize.ts';
import type { SeenCertificate } from '../core/identities.ts';
import { refusedEntry } from '../core/record.ts';
import { actionOf } from '../core/recorded-action.ts';
import type { FleetInput, FleetState } from '../core/state.ts';
import type { Log } from '../ports.ts';
import { ConnectedHolders } from './connected-holders.ts';
import { createLiveCalls, type LiveCalls } from './live-calls.ts';
import { addressOfPeer } from './peer-address.ts';
import { createSparingLog } from './sparing-log.ts';

/** Who makes a call, and how the record calls that one. */
export interface Caller extends Identity {
  readonly actor: Actor;
}

type GuardedCall = AuthenticatedCall & { getPeer(): string };

export interface Guard {
  /** Who makes this call, or why it is refused, which is then on record. */
  admit(rpc: RpcName, call: GuardedCall): Caller | Refusal;
  /** A unary handler behind the door; what it returns or rejects with becomes the answer. */
  unary<Request, Response>(
    rpc: RpcName,
    handle: (request: Request, caller: Caller) => Promise<Response | Refusal> | Response | Refusal,
  ): (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => void;
  /**
   * A stream behind the door: `handle` gets it if it is let in. It ends with the reason as soon as
   * its caller would not be let in any more, and with the error that `handle` throws.
   */
  stream(rpc: RpcName, call: GuardedCall & EventEmitter, handle: (caller: Caller) => void): void;
  /** Whether this certificate counts at all now; for whoever keeps connections rather than calls. */
  judge(holder: Identity): Refusal | null;
  /** Told by whoever keeps connections; whose calls these make need not be read again. */
  readonly connected: ConnectedHolders;
}

export interface GuardOptions {
  readonly fleet: string;
  /** The committed state. */
  readonly state: () => FleetState;
  readonly deliver: (input: FleetInput) => void;
  readonly nowMs: () => number;
  readonly log: Log;
}

export function createGuard(
  { fleet, state, deliver, nowMs, log }: GuardOptions,
  liveCalls: LiveCalls = createLiveCalls(),
): Guard {
  const sparing = createSparingLog(log);
  const noteSeen = createSeenNotes(state, deliver);
  const connected = new ConnectedHolders();
  const findConnected = (fingerprint256: string) => connected.find(fingerprint256);

  function judge(holder: Identity): Refusal | null {
    const { identities } = state();
    return lifeRefusal(holder, nowMs()) ?? admissionRefusal(identities, seenOf(holder), nowMs());
  }

  function judgeCall(rpc: RpcName, caller: Identity): Refusal | null {
    return judge(caller) ?? authorize(state(), rpc, caller, nowMs());
  }

  function putOnRecord(rpc: RpcName, actor: Actor, refused: Refusal): void {
    deliver({ kind: 'onRecord', entry: refusedEntry({ actor, action: actionOf(rpc) }, refused) });
  }

  function tell(rpc: RpcName, peer: string, who: string | null, refused: Refusal): void {
    const { message, cause } = refused;
    const details = { rpc, peer, caller: who, cause };
    sparing.warn(`${who ?? addressOfPeer(peer)} ${rpc}`, details, `refused: ${message}`, nowMs());
  }

  function admit(rpc: RpcName, call: GuardedCall): Caller | Refusal {
    const holder = holderOfCall(call, fleet, findConnected);
    if (isRefusal(holder)) {
      tell(rpc, call.getPeer(), null, holder);
      return holder;
    }
    const caller = { ...holder, actor: actorOf(holder, call) };
    const refused = judgeCall(rpc, caller);
    if (refused !== null) {
      tell(rpc, call.getPeer(), nameOf(caller), refused);
      putOnRecord(rpc, caller.actor, refused);
      return refused;
    }
    noteSeen(seenOf(caller), nowMs());
    return caller;
  }

  return {
    admit,
    judge,
    connected,
    unary: (rpc, handle) => (call, answer) => {
      const caller = orRefusal(() => admit(rpc, call));
      if (isRefusal(caller)) return answer(serviceErrorOf(caller));
      answerWith(answer, { rpc, log }, () => handle(call.request, caller));
    },
    stream(rpc, call, handle) {
      const caller = orRefusal(() => admit(rpc, call));
      if (isRefusal(caller)) return refuseStream(call, caller);
      const peer = call.getPeer();
      const live = liveCalls.join({
        // Where it cannot be judged it ends: nobody goes on unjudged.
        judge: () => orRefusal(() => judgeCall(rpc, caller)),
        end: (because) => {
          tell(rpc, peer, nameOf(caller), because);
          putOnRecord(rpc, caller.actor, because);
          refuseStream(call, because);
        },
      });
      onStreamEnd(call, () => live[Symbol.dispose]());
      const failed = orRefusal(() => handle(caller));
      if (isRefusal(failed)) refuseStream(call, failed);
    },
  };

  function orRefusal<Value>(make: () => Value): Value | Refusal {
    try {
      return make();
    } catch (error) {
      log.error({ error: errorText(error) }, 'a call failed');
      return FleetError.refusalFrom(error);
    }
  }
}

/**
 * What a handler returns, rejects with or throws, as the answer of a unary call. Handlers of calls
 * without a certificate use it too: grpc-js would let what they reject with end the process.
 */
export function answerWith<Response>(
  answer: sendUnaryData<Response>,
  { rpc, log }: { readonly rpc: RpcName; readonly log: Log },
  handle: () => Promise<Response | Refusal> | Response | Refusal,
): void {
  const handled = (async () => handle())();
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
}

/** What is delivered and not committed yet would else be delivered with each call. */
const SEEN_REPEAT_MS = 60_000;
/** As many certificates as can be new within that time; beyond it some are told twice. */
const SEEN_MAX = 20_000;

/** Tells the core of each certificate that it has not seen in use yet. */
function createSeenNotes(state: () => FleetState, deliver: (input: FleetInput) => void) {
  const told = new Map<string, number>();
  return (certificate: SeenCertificate, nowMs: number): void => {
    const { fingerprint } = certificate;
    const onRecord = state().identities.certificates.get(fingerprint);
    if (onRecord !== undefined && onRecord.firstSeenAtMs !== null) {
      told.delete(fingerprint);
      return;
    }
    const toldAtMs = told.get(fingerprint);
    if (toldAtMs !== undefined && Math.abs(nowMs - toldAtMs) < SEEN_REPEAT_MS) return;
    if (told.size >= SEEN_MAX) told.clear();
    told.set(fingerprint, nowMs);
    deliver({ kind: 'seen', certificate });
  };
}

export function seenOf(identity: Identity): SeenCertificate {
  const { kind, name, fingerprint256: fingerprint, notBeforeMs, notAfterMs } = identity;
  return { kind, name, fingerprint, notBeforeMs, notAfterMs };
}

function actorOf({ kind, name, fingerprint256 }: Identity, call: GuardedCall): Actor {
  return { kind, name, fingerprint: fingerprint256, address: addressOfPeer(call.getPeer()) };
}

const nameOf = ({ kind, name }: Identity): string => `${kind} ${name}`;

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * What people on a host ask of its own agent ⇄ the vocabulary. Whoever may open the socket may send
 * anything at all, so requests are bounded here before anything else looks at them; answers are
 * read as strictly, because the agent may be of another version.
 */

import { FleetError, refusal } from '../errors.ts';
import type {
  ClearLogsRequest,
  ClearLogsRequest__Output,
} from '../gen/fleet/v1/ClearLogsRequest.ts';
import type {
  ClearLogsResponse,
  ClearLogsResponse__Output,
} from '../gen/fleet/v1/ClearLogsResponse.ts';
import type { GreetResponse, GreetResponse__Output } from '../gen/fleet/v1/GreetResponse.ts';
import type {
  ListLocalProcessesRequest,
  ListLocalProcessesRequest__Output,
} from '../gen/fleet/v1/ListLocalProcessesRequest.ts';
import type {
  ListLocalProcessesResponse,
  ListLocalProcessesResponse__Output,
} from '../gen/fleet/v1/ListLocalProcessesResponse.ts';
import type { LocalControlOrder__Output } from '../gen/fleet/v1/LocalControlOrder.ts';
import type { LocalHoldOrder__Output } from '../gen/fleet/v1/LocalHoldOrder.ts';
import type { OrderRequest, OrderRequest__Output } from '../gen/fleet/v1/OrderRequest.ts';
import type { ReadLogRequest, ReadLogRequest__Output } from '../gen/fleet/v1/ReadLogRequest.ts';
import {
  type CallerClaims,
  type ClearRequest,
  type ClearResult,
  type GivenOrder,
  type Greeting,
  HOLD_MAX_MS,
  HOLD_MIN_MS,
  LOG_CHANNELS,
  type LocalListing,
  type LocalOrder,
  type LogRequest,
} from '../local-orders.ts';
import {
  clippedTo,
  NAME_LENGTH_MAX,
  PATH_LENGTH_MAX,
  REMARK_LENGTH_MAX,
  SIGNAL_LENGTH_MAX,
} from '../text-limits.ts';
import { knownProcessName, operationId, type ProcessVerb, TARGET_FAULTS } from '../vocabulary.ts';
import {
  enumCodec,
  exact,
  malformed,
  oneOf,
  oneOfOrNone,
  orNull,
  present,
  short,
} from './fields.ts';
import { decodeProcessStatus, decodeRemark, encodeProcessStatus, verbCodec } from './process.ts';

/** A shell's line is long enough for this many; more would only keep the agent busy. */
const NAMES_MAX = 10_000;

const groupsKindCodec = enumCodec('order about groups', {
  update: 'KIND_UPDATE',
  add: 'KIND_ADD',
  remove: 'KIND_REMOVE',
} as const);

const plainKindCodec = enumCodec('order', {
  reread: 'KIND_REREAD',
  avail: 'KIND_AVAIL',
  shutdown: 'KIND_SHUTDOWN',
  reload: 'KIND_RELOAD',
  handover: 'KIND_HANDOVER',
} as const);

export function encodeOrder({ order, ...claims }: GivenOrder): OrderRequest {
  return { ...encodeClaims(claims), ...encodeOrderBody(order) };
}

/** @throws FleetError `usage` for whatever no client of ours sends */
export function decodeOrder(wire: OrderRequest__Output): GivenOrder {
  return { order: decodeOrderBody(wire), ...decodeClaims(wire) };
}

export function encodeLocalListing(listing: LocalListing): ListLocalProcessesResponse {
  return {
    processes: listing.processes.map(encodeProcessStatus),
    host: listing.host,
    configProblem: listing.configProblem ?? '',
    stateProblem: listing.stateProblem ?? '',
    withheld: listing.withheld,
  };
}

export function decodeLocalListing(wire: ListLocalProcessesResponse__Output): LocalListing {
  return {
    processes: wire.processes.map(decodeProcessStatus),
    host: wire.host,
    configProblem: textOrNull(wire.configProblem),
    stateProblem: textOrNull(wire.stateProblem),
    withheld: wire.withheld,
  };
}

/** Of a listing, which is of all processes that the caller may see. */
export function encodeListRequest(claims: CallerClaims): ListLocalProcessesRequest {
  return encodeClaims(claims);
}

export function decodeListRequest(wire: ListLocalProcessesRequest__Output): CallerClaims {
  return decodeClaims(wire);
}

export function encodeLogRequest(request: LogRequest & CallerClaims): ReadLogRequest {
  return { ...request, ...encodeClaims(request), process: request.process ?? '' };
}

export function decodeLogRequest(wire: ReadLogRequest__Output): LogRequest & CallerClaims {
  const bytes = exact('number of bytes', wire.bytes);
  if (bytes < 0) throw malformed(`${bytes} bytes of a log`);
  return {
    process: wire.process === '' ? null : knownProcessName(typedName(wire.process)),
    channel: oneOf('channel', LOG_CHANNELS, wire.channel),
    bytes,
    follow: wire.follow,
    ...decodeClaims(wire),
  };
}

export function encodeClearRequest({ names, ...claims }: ClearRequest): ClearLogsRequest {
  return { ...encodeClaims(claims), names: [...names] };
}

export function decodeClearRequest(wire: ClearLogsRequest__Output): ClearRequest {
  return { names: atLeastOne(decodeNames(wire.names)), ...decodeClaims(wire) };
}

export function encodeClearResults(results: readonly ClearResult[]): ClearLogsResponse {
  return {
    results: results.map(({ process, fault, error }) => {
      return { process, fault: fault ?? '', ...present('error', error) };
    }),
  };
}

export function decodeClearResults(wire: ClearLogsResponse__Output): readonly ClearResult[] {
  return wire.results.map(({ process, fault, error }) => {
    return {
      process,
      fault: oneOfOrNone('fault', TARGET_FAULTS, fault),
      error: decodeRemark(error),
    };
  });
}

export function encodeGreeting({ proofPath, ...greeting }: Greeting): GreetResponse {
  return { ...greeting, proofPath: proofPath ?? '' };
}

export function decodeGreeting({ proofPath, ...wire }: GreetResponse__Output): Greeting {
  return { ...wire, proofPath: textOrNull(proofPath) };
}

function encodeOrderBody(order: LocalOrder): OrderRequest {
  switch (order.kind) {
    case 'control':
      return {
        control: {
          operationId: order.operationId,
          verb: verbCodec.toWire(order.verb),
          names: [...order.names],
          ...present('signal', order.signal),
        },
      };
    case 'update':
    case 'add':
    case 'remove': {
      const { operationId, kind, groups } = order;
      return { groups: { operationId, kind: groupsKindCodec.toWire(kind), groups: [...groups] } };
    }
    case 'hold': {
      const { names, forMs, reason } = order;
      return { hold: { names: [...names], forMs, reason } };
    }
    case 'release':
      return { release: { names: [...order.names] } };
    case 'reread':
    case 'avail':
    case 'shutdown':
    case 'reload':
    case 'handover':
      return { plain: { kind: plainKindCodec.toWire(order.kind) } };
  }
}

function decodeOrderBody(wire: OrderRequest__Output): LocalOrder {
  if (wire.control) return decodeControl(wire.control);
  if (wire.groups) {
    const kind = groupsKindCodec.fromWire(wire.groups.kind);
    const groups = decodeNames(wire.groups.groups);
    return {
      kind,
      operationId: decodeId(wire.groups.operationId),
      groups: kind === 'update' ? groups : atLeastOne(groups),
    };
  }
  if (wire.hold) return decodeHoldOrder(wire.hold);
  if (wire.release) {
    return { kind: 'release', names: atLeastOne(decodeNames(wire.release.names)) };
  }
  if (wire.plain) return { kind: plainKindCodec.fromWire(wire.plain.kind) };
  throw malformed('an order that orders nothing');
}

function decodeControl(wire: LocalControlOrder__Output): LocalOrder {
  const verb = processVerb(wire.verb);
  const signal = orNull(wire.signal);
  if ((verb === 'signal') !== (signal !== null)) {
    throw malformed(`${verb} ${signal === null ? 'without a' : 'with a'} signal`);
  }
  return {
    kind: 'control',
    operationId: decodeId(wire.operationId),
    verb,
    signal: signal === null ? null : short('a signal', signal, SIGNAL_LENGTH_MAX),
    names: atLeastOne(decodeNames(wire.names)),
  };
}

function decodeHoldOrder(wire: LocalHoldOrder__Output): LocalOrder {
  const forMs = exact('duration of a hold', wire.forMs);
  if (forMs < HOLD_MIN_MS || forMs > HOLD_MAX_MS) {
    throw malformed(`a hold for ${forMs} ms; from ${HOLD_MIN_MS} to ${HOLD_MAX_MS} are taken`);
  }
  return {
    kind: 'hold',
    names: atLeastOne(decodeNames(wire.names)),
    forMs,
    reason: short('a reason', wire.reason, REMARK_LENGTH_MAX),
  };
}

function processVerb(name: string): ProcessVerb {
  const verb = verbCodec.fromWire(name);
  if (verb === 'update') throw malformed('an update is no order about processes');
  return verb;
}

function decodeId(text: string) {
  if (text === '') throw malformed('an order without an id');
  return operationId(short('an operation id', text));
}

function encodeClaims({ proofPath, sudoUser }: CallerClaims) {
  return { proofPath: proofPath ?? '', sudoUser: sudoUser ?? '' };
}

function decodeClaims(wire: { readonly proofPath: string; readonly sudoUser: string }) {
  return {
    proofPath: textOrNull(short('the path of a proof', wire.proofPath, PATH_LENGTH_MAX)),
    sudoUser: textOrNull(short('the name of a user', wire.sudoUser)),
  };
}

function decodeNames(names: readonly string[]): readonly string[] {
  if (names.length > NAMES_MAX) {
    throw malformed(`${names.length} names; at most ${NAMES_MAX} are taken`);
  }
  return names.map(typedName);
}

/** People type these, with a slip of the clipboard: they are told as people are. */
function typedName(name: string): string {
  if (name.length <= NAME_LENGTH_MAX) return name;
  throw new FleetError(
    refusal('usage', `a name of ${name.length} characters means no process and no group`, {
      cause: `at most ${NAME_LENGTH_MAX} are taken, and it begins with ${JSON.stringify(clippedTo(60, name))}`,
      fix: 'names are told apart by blanks; fleetctl --local status shows them',
    }),
  );
}

function atLeastOne(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw malformed('an order about nothing');
  return names;
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text;
}

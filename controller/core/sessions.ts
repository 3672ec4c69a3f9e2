/**
 * Sessions of agents: a Hello opens one and fences the one before it, and its end begins a grace
 * period. What is said in it (`observations.ts`) counts only while it is its host's session.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { isAcceptedProtocol, PROTOCOL_VERSION } from '../../proto/version.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { admissionRefusal } from './admission.ts';
import { CLONED, dropRival, isRival, keepWaiting, noteProbe, takeRival } from './clones.ts';
import { type ConnectionId, type Host, isConnected } from './host.ts';
import { hearEvents, hearSnapshot } from './observations.ts';
import {
  giveGrace,
  graceOf,
  loseHostEverywhere,
  loseJournalEverywhere,
  noteConnection,
} from './operations.ts';
import { hearAnswer, loseAnswersOf } from './questions.ts';
import { reconnectSpreadMs } from './reconnection.ts';
import { type FleetInput, putHost, type Turn } from './state.ts';

type Hello = Extract<FleetInput, { readonly kind: 'hello' }>;
type Heard = Extract<FleetInput, { readonly kind: 'message' }>;

export const HEARTBEAT_INTERVAL_MS = 5_000;

export function greet(turn: Turn, given: Hello): void {
  const { connection, host: id, hello, address, certificate } = given;
  if (!isAcceptedProtocol(hello.protocolVersion)) {
    turn.effects.push({ kind: 'close', connection, because: versionSkew(hello.protocolVersion) });
    return;
  }
  // The door let it in a moment ago; what ended it since may have come before its hello.
  const refused = admissionRefusal(turn.state.identities, certificate, turn.at.wallMs);
  if (refused !== null) {
    turn.effects.push({ kind: 'close', connection, because: refused });
    return;
  }
  const before = turn.state.hosts.get(id);
  if (before !== undefined && isRival(before, given)) return keepWaiting(turn, before, given);
  if (before?.session) {
    const because = refusal('conflict', `another session of ${id} has begun`);
    turn.effects.push({ kind: 'close', connection: before.session.connection, because });
  }
  const epoch = turn.state.sessionEpoch + 1;
  const isSameJournal = before?.journalId === hello.journalId;
  const host: Host = {
    host: id,
    labels: { ...hello.labels, ...turn.state.identities.givenLabels.get(id) },
    // Unknown where the connection is gone already; the one before is a better guess than none.
    address: address ?? before?.address ?? null,
    agentVersion: hello.agentVersion,
    journalId: hello.journalId,
    storedSeq: isSameJournal ? before.storedSeq : 0,
    session: {
      connection,
      epoch,
      openedAtMs: turn.at.monotonicMs,
      openedWallMs: turn.at.wallMs,
      arriving: [],
      snapshotSeq: 0,
    },
    lastSeenAtMs: turn.at.wallMs,
    lossCount: before?.lossCount ?? 0,
    processes: before?.processes ?? new Map(),
    configProblem: before?.configProblem ?? null,
    adopted: hello.adopted,
    stateProblem: hello.stateProblem,
    instanceId: hello.instanceId,
    certificateEndsAtMs: certificate.notAfterMs,
    identityProblem: stillStands(before),
  };
  turn.state = { ...turn.state, sessionEpoch: epoch };
  putHost(turn, host);
  turn.writes.push({ kind: 'sessionEpoch', epoch }, { kind: 'host', host });
  turn.effects.push({
    kind: 'send',
    connection,
    message: {
      kind: 'welcome',
      protocolVersion: PROTOCOL_VERSION,
      sessionEpoch: epoch,
      acknowledgedSeq: host.storedSeq,
      reconnectSpreadMs: reconnectSpreadMs(turn.state.hosts.size),
      heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
    },
  });
  // Who waits for this host to be free has asked over a connection that is gone.
  const waiting = takeRival(turn, id);
  if (waiting !== null) keepWaiting(turn, host, waiting);
  loseAnswersOf(turn, id);
  if (!isSameJournal) loseJournalEverywhere(turn, id);
  if (before?.session == null) return;
  // Until its snapshot is whole it cannot be told anything, and it may never be.
  noteConnection(turn, host);
  giveGrace(turn, host);
}

export function hear(turn: Turn, { connection, host: id, message }: Heard): void {
  const host = turn.state.hosts.get(id);
  const session = host?.session;
  if (host === undefined || session?.connection !== connection) return;
  const seen = { ...host, lastSeenAtMs: turn.at.wallMs };
  switch (message.kind) {
    case 'hello':
      turn.effects.push({ kind: 'close', connection, because: outOfTurn('a second Hello') });
      return;
    case 'snapshot':
      if (message.sessionEpoch === session.epoch) hearSnapshot(turn, seen, session, message);
      return;
    case 'event':
      if (message.sessionEpoch === session.epoch) hearEvents(turn, seen, session, [message]);
      return;
    case 'events':
      if (message.sessionEpoch === session.epoch) hearEvents(turn, seen, session, message.events);
      return;
    case 'answer':
      putHost(turn, seen);
      if (message.sessionEpoch === session.epoch) hearAnswer(turn, id, message);
      return;
    case 'heartbeat':
      putHost(turn, seen);
      return message.probe === 0 ? undefined : noteProbe(turn, seen, message.probe);
    case 'goodbye':
      return depart(turn, seen, message);
  }
}

/** The stream is gone. That its host is too is believed only when the grace is over. */
export function endSession(turn: Turn, id: HostId, connection: ConnectionId): void {
  if (dropRival(turn, id, connection)) return;
  const host = turn.state.hosts.get(id);
  if (host?.session?.connection !== connection) return;
  giveGrace(turn, disconnect(turn, host));
  const waiting = takeRival(turn, id);
  if (waiting !== null) greet(turn, waiting);
}

/** Two of a name were seen: that stands until somebody says that it is settled (`host readmit`). */
function stillStands(before: Host | undefined): string | null {
  const problem = before?.identityProblem ?? null;
  return problem?.startsWith(CLONED) === true ? problem : null;
}

export function graceOver(turn: Turn, id: HostId, lossCount: number): void {
  const host = turn.state.hosts.get(id);
  if (host === undefined || isConnected(host) || host.lossCount !== lossCount) return;
  // It is back but has not said yet how things are: that may take as long again, not for ever.
  const sinceMs = turn.at.monotonicMs - (host.session?.openedAtMs ?? Number.NEGATIVE_INFINITY);
  if (sinceMs < graceOf(turn)) return giveGrace(turn, host);
  loseHostEverywhere(turn, id, 'the connection to its agent was lost, and it did not come back');
}

/** It said that it is going: unless another agent takes over, nobody needs to wait for it. */
function depart(
  turn: Turn,
  host: Host,
  { reason, reconnectAfterMs }: Extract<AgentMessage, { readonly kind: 'goodbye' }>,
): void {
  const gone = disconnect(turn, host);
  const waiting = takeRival(turn, gone.host);
  if (reconnectAfterMs > 0 || waiting !== null) giveGrace(turn, gone);
  else loseHostEverywhere(turn, gone.host, `its agent went away: ${reason}`);
  if (waiting !== null) greet(turn, waiting);
}

function disconnect(turn: Turn, host: Host): Host {
  const gone: Host = { ...host, session: null, lossCount: host.lossCount + 1 };
  putHost(turn, gone);
  turn.writes.push({ kind: 'host', host: gone });
  loseAnswersOf(turn, gone.host);
  noteConnection(turn, gone);
  return gone;
}

function versionSkew(theirs: number): Refusal {
  return refusal('version-skew', `protocol ${theirs} there, ${PROTOCOL_VERSION} here`, {
    cause: 'agent and controller may be one protocol version apart',
    fix: 'upgrade the older of the two',
  });
}

function outOfTurn(what: string): Refusal {
  return refusal('usage', `${what} was not expected`);
}

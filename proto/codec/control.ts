/** Hosts, processes, events and answers of hosts in the `Control` service ⇄ the vocabulary. */

import type {
  Explanation as WireExplanation,
  Explanation__Output as WireExplanationOutput,
} from '../gen/fleet/v1/Explanation.ts';
import type { Host as WireHost, Host__Output as WireHostOutput } from '../gen/fleet/v1/Host.ts';
import type {
  HostProcess as WireHostProcess,
  HostProcess__Output as WireHostProcessOutput,
} from '../gen/fleet/v1/HostProcess.ts';
import type {
  HostReport as WireHostReport,
  HostReport__Output as WireHostReportOutput,
} from '../gen/fleet/v1/HostReport.ts';
import type {
  StoredEvent as WireStoredEvent,
  StoredEvent__Output as WireStoredEventOutput,
} from '../gen/fleet/v1/StoredEvent.ts';
import type { HostReport } from '../host-questions.ts';
import type { Explanation } from '../operation.ts';
import { type HostProcess, type HostStatus, hostId, type StoredEvent } from '../vocabulary.ts';
import { decodeHostAnswer, encodeHostAnswer } from './configuration.ts';
import { decodeEvent, encodeEvent } from './event.ts';
import { exact, malformed, orNull, present } from './fields.ts';
import { decodeOperation, encodeOperation } from './operation.ts';
import { decodeProcessStatus, encodeProcessStatus } from './process.ts';

export function encodeHost(status: HostStatus): WireHost {
  return {
    host: status.host,
    connected: status.connected,
    labels: { ...status.labels },
    agentVersion: status.agentVersion,
    lastSeenAtMs: status.lastSeenAtMs,
    ...present('address', status.address),
    ...present('connectedSinceMs', status.connectedSinceMs),
    ...present('configProblem', status.configProblem),
    ...present('adopted', status.adopted),
    ...present('stateProblem', status.stateProblem),
    ...present('certificateEndsAtMs', status.certificateEndsAtMs),
    ...present('identityProblem', status.identityProblem),
  };
}

export function decodeHost(wire: WireHostOutput): HostStatus {
  return {
    host: hostId(wire.host),
    connected: wire.connected,
    labels: wire.labels,
    agentVersion: wire.agentVersion,
    lastSeenAtMs: wire.lastSeenAtMs,
    address: orNull(wire.address),
    connectedSinceMs: orNull(wire.connectedSinceMs),
    configProblem: orNull(wire.configProblem),
    adopted: orNull(wire.adopted),
    stateProblem: orNull(wire.stateProblem),
    certificateEndsAtMs: orNull(wire.certificateEndsAtMs),
    identityProblem: orNull(wire.identityProblem),
  };
}

export function encodeHostProcess(entry: HostProcess): WireHostProcess {
  return {
    host: entry.host,
    hostConnected: entry.hostConnected,
    status: encodeProcessStatus(entry.status),
  };
}

export function decodeHostProcess(wire: WireHostProcessOutput): HostProcess {
  if (!wire.status) throw malformed('a process without its status');
  return {
    host: hostId(wire.host),
    hostConnected: wire.hostConnected,
    status: decodeProcessStatus(wire.status),
  };
}

export function encodeStoredEvent({ host, storedAtMs, ...event }: StoredEvent): WireStoredEvent {
  return { host, event: encodeEvent(event), storedAtMs };
}

export function decodeStoredEvent(wire: WireStoredEventOutput): StoredEvent {
  if (!wire.event) throw malformed('a stored event without the event');
  const storedAtMs = exact('time', wire.storedAtMs);
  return { host: hostId(wire.host), ...decodeEvent(wire.event), storedAtMs };
}

export function encodeExplanation(explanation: Explanation): WireExplanation {
  const { facts, targets, events, clockLeadMs } = explanation;
  return {
    operation: encodeOperation({ ...facts, targets }),
    events: events.map(encodeStoredEvent),
    ...present('clockLeadMs', clockLeadMs),
  };
}

export function decodeExplanation(wire: WireExplanationOutput): Explanation {
  if (!wire.operation) throw malformed('an explanation without its operation');
  const { targets, ...facts } = decodeOperation(wire.operation);
  const events = wire.events.map(decodeStoredEvent);
  return { facts, targets, events, clockLeadMs: orNull(wire.clockLeadMs) };
}

export function encodeHostReport({ host, answer }: HostReport): WireHostReport {
  return { host, answer: encodeHostAnswer(answer) };
}

export function decodeHostReport(wire: WireHostReportOutput): HostReport {
  if (!wire.answer) throw malformed('a report without its answer');
  return { host: hostId(wire.host), answer: decodeHostAnswer(wire.answer) };
}

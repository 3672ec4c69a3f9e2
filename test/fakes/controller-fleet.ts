/** What hosts, processes and requests look like to the controller, with everything beside the point filled in. */

import { operationOf } from '../../controller/core/execution.ts';
import { NOTHING_UNDER_WAY, stepFleet } from '../../controller/core/fleet.ts';
import type { ConnectionId, Host } from '../../controller/core/host.ts';
import { NO_IDENTITIES, type SeenCertificate } from '../../controller/core/identities.ts';
import type {
  FleetEffect,
  FleetInput,
  FleetState,
  FleetWrite,
} from '../../controller/core/state.ts';
import { type Sight, sightOf } from '../../controller/core/visible.ts';
import type { Actor, AuditEntry } from '../../proto/audit.ts';
import { BUILT_IN_ROLES } from '../../proto/authority.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import type { Operation, OperationRequest, Steering, Submission } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import {
  type AgentEvent,
  hostId,
  journalId,
  knownProcessName,
  type OperationId,
  operationId,
  type ProcessStatus,
  type TargetOutcome,
  type Verb,
} from '../../proto/vocabulary.ts';
import { PLAIN_STATUS } from './plain-status.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 12);
export const GRACE_MS = 30_000;

/** `group:name`, or `name` for both; the program is called as the group unless told otherwise. */
export function aStatus(process: string, more: Partial<ProcessStatus> = {}): ProcessStatus {
  const [group = '', name = group] = process.split(':');
  return {
    process: knownProcessName(process),
    group,
    name,
    program: group,
    groupPriority: 999,
    priority: 999,
    generation: 1,
    state: 'RUNNING',
    changedAtMs: NOW_MS,
    pid: 100,
    startedAtMs: NOW_MS,
    restarts: 0,
    ...PLAIN_STATUS,
    ...more,
  };
}

export function aHost(
  name: string,
  processes: readonly (string | ProcessStatus)[],
  more: Partial<Host> = {},
): Host {
  const statuses = processes.map((held) => (typeof held === 'string' ? aStatus(held) : held));
  return {
    host: hostId(name),
    labels: {},
    address: '10.0.0.1',
    agentVersion: '0.1.0',
    journalId: journalId('journal-1'),
    storedSeq: 0,
    session: {
      connection: 1,
      epoch: 1,
      openedAtMs: 0,
      openedWallMs: NOW_MS,
      arriving: null,
      snapshotSeq: 0,
    },
    lastSeenAtMs: NOW_MS,
    lossCount: 0,
    processes: new Map(statuses.map((status) => [status.process, status])),
    configProblem: null,
    adopted: 0,
    stateProblem: null,
    instanceId: 'instance-1',
    certificateEndsAtMs: NOW_MS + 7 * 86_400_000,
    identityProblem: null,
    ...more,
  };
}

export const away = { session: null } as const;

/** A UUIDv7 of the given millisecond. */
export function anId(serial = 1, madeAtMs = NOW_MS): OperationId {
  const time = madeAtMs.toString(16).padStart(12, '0');
  const tail = serial.toString(16).padStart(12, '0');
  return operationId(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`);
}

export function aRequest(
  verb: Verb,
  hosts: string,
  processes: readonly string[],
  more: Partial<OperationRequest> = {},
): OperationRequest {
  const signal = verb === 'signal' ? 'HUP' : null;
  const plain = { reason: '', order: 'tier', fullStop: false, expectHosts: null } as const;
  const allowedOnly = false;
  const strategy = DEFAULT_STRATEGY;
  return { id: anId(), verb, signal, hosts, processes, ...plain, strategy, allowedOnly, ...more };
}

export function settledAs(state: TargetOutcome['state']): TargetOutcome {
  const hasFailed = state !== 'succeeded';
  return {
    state,
    oldPid: 100,
    newPid: hasFailed ? null : 200,
    durationMs: 12,
    error: hasFailed ? 'it did not stay up' : null,
    fault: hasFailed ? 'abnormal-termination' : null,
    note: null,
    logTail: hasFailed ? ['last words'] : [],
  };
}

export function accepted(
  id: OperationId,
  process: string,
  verb: Verb = 'restart',
): Extract<AgentEvent, { kind: 'targetAccepted' }> {
  const name = knownProcessName(process);
  const found = { generation: 2, oldPid: 100 };
  return { kind: 'targetAccepted', operationId: id, process: name, verb, ...found };
}

export function settled(
  id: OperationId,
  process: string,
  state: TargetOutcome['state'] = 'succeeded',
  verb: Verb = 'restart',
): Extract<AgentEvent, { kind: 'targetSettled' }> {
  const name = knownProcessName(process);
  return { kind: 'targetSettled', operationId: id, process: name, verb, outcome: settledAs(state) };
}

/** What `controller.conf` would say at least: a few people who may do everything. */
export const PLAIN_AUTHORITY: Pick<FleetState, 'roles' | 'operators' | 'lives'> = {
  roles: new Map(BUILT_IN_ROLES.map((role) => [role.name, role])),
  operators: new Map(['alice', 'bob', 'carol', 'mallory'].map((name) => [name, ['admin']])),
  lives: { agentDays: 7, operatorDays: 30, controllerDays: 30 },
};

export const emptyFleet: FleetState = {
  hosts: PersistentMap.of([]),
  operations: PersistentMap.of([]),
  live: new Set(),
  sessionEpoch: 0,
  unreachableAfterMs: GRACE_MS,
  hostGroups: new Map(),
  runbooks: new Map(),
  batchRequiredAbove: null,
  operationRetentionMs: 24 * 60 * 60 * 1_000,
  ...PLAIN_AUTHORITY,
  identities: NO_IDENTITIES,
  ...NOTHING_UNDER_WAY,
};

/** What alice sees, who may see everything. */
export const sightIn = (state: FleetState, operator = 'alice'): Sight =>
  sightOf(state, operator, NOW_MS);

/** As the door would say who makes a call. */
export function anActor(name = 'alice', more: Partial<Actor> = {}): Actor {
  return { kind: 'operator', name, fingerprint: `FP:${name}`, address: '10.0.0.99', ...more };
}

/** Of an agent. */
export function aCertificate(host: string, more: Partial<SeenCertificate> = {}): SeenCertificate {
  const life = { notBeforeMs: NOW_MS - 3_600_000, notAfterMs: NOW_MS + 7 * 86_400_000 };
  return { kind: 'agent', name: host, fingerprint: `FP:${host}`, ...life, ...more };
}

export interface FleetScript {
  state: FleetState;
  wallMs: number;
  /** Of the last step alone, but for what goes on record. */
  writes: readonly FleetWrite[];
  /** What the last step put on record. */
  records: readonly AuditEntry[];
  effects: readonly FleetEffect[];
  give(input: FleetInput): void;
  hear(host: string, connection: ConnectionId, message: AgentMessage): void;
  hello(host: string, connection: ConnectionId, journal?: string): void;
  /** Hello and the whole picture in one chunk. */
  connect(host: string, connection: ConnectionId, processes: readonly ProcessStatus[]): void;
  tell(host: string, connection: ConnectionId, seq: number, event: AgentEvent): void;
  /** As alice, unless somebody else is named. */
  submit(wanted: OperationRequest | Submission, requestedBy?: string): void;
  /** The operation of `anId()` and without a reason, unless told otherwise. */
  steer(action: Steering['action'], more?: Partial<Steering>, requestedBy?: string): void;
  host(name: string): Host;
  operation(id?: OperationId): Operation;
}

/** The pure fleet, driven input by input. */
export function fleetScript(initial: FleetState = emptyFleet): FleetScript {
  const script: FleetScript = {
    state: initial,
    wallMs: NOW_MS,
    writes: [],
    records: [],
    effects: [],
    give(input) {
      const at = { wallMs: script.wallMs, monotonicMs: script.wallMs - NOW_MS };
      const { state, writes, effects } = stepFleet(script.state, input, at);
      Object.assign(script, { state, effects });
      script.writes = writes.filter(({ kind }) => kind !== 'audit');
      script.records = writes.flatMap((write) => (write.kind === 'audit' ? [write.entry] : []));
    },
    hear(host, connection, message) {
      script.give({ kind: 'message', host: hostId(host), connection, message });
    },
    hello(host, connection, journal = 'journal-1') {
      const address = `10.0.0.${connection}`;
      const hello = aHello(journal);
      const certificate = aCertificate(host);
      script.give({ kind: 'hello', host: hostId(host), connection, hello, certificate, address });
    },
    connect(host, connection, processes) {
      script.hello(host, connection);
      const sessionEpoch = script.state.sessionEpoch;
      script.hear(host, connection, aSnapshot({ sessionEpoch, processes }));
    },
    tell(host, connection, seq, event) {
      const sessionEpoch = script.host(host).session?.epoch ?? 0;
      script.hear(host, connection, { kind: 'event', sessionEpoch, seq, atMs: NOW_MS, event });
    },
    submit(wanted, requestedBy = 'alice') {
      const submission =
        'kind' in wanted ? wanted : ({ kind: 'operation', request: wanted } as const);
      script.give({ kind: 'submit', reply: 1, submission, by: anActor(requestedBy) });
    },
    steer(action, more = {}, requestedBy = 'alice') {
      const steering = { operation: anId(), action, kill: false, reason: '', ...more };
      script.give({ kind: 'steer', reply: 1, steering, by: anActor(requestedBy) });
    },
    host(name) {
      const found = script.state.hosts.get(hostId(name));
      if (found === undefined) throw new Error(`no host ${name}`);
      return found;
    },
    operation(id = anId()) {
      const found = script.state.operations.get(id);
      if (found === undefined) throw new Error(`no operation ${id}`);
      return operationOf(found);
    },
  };
  return script;
}

/** The whole picture in one message. */
export function aSnapshot(
  more: Partial<Extract<AgentMessage, { kind: 'snapshot' }>> = {},
): Extract<AgentMessage, { kind: 'snapshot' }> {
  const whole = { seq: 0, processes: [], configProblem: null, last: true };
  return { kind: 'snapshot', sessionEpoch: 1, ...whole, ...more };
}

export function aHello(
  journal = 'journal-1',
  protocolVersion = 1,
): Extract<AgentMessage, { kind: 'hello' }> {
  return {
    kind: 'hello',
    protocolVersion,
    agentVersion: '0.1.0',
    journalId: journalId(journal),
    labels: { env: 'prod' },
    adopted: 0,
    stateProblem: null,
    instanceId: 'instance-1',
  };
}

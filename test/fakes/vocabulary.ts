/** Whatever the vocabulary allows, as fast-check makes it; each value of a union comes up often. */
import fc from 'fast-check';
import { HOST_QUESTIONS, type HostAnswer, type HostReport } from '../../proto/host-questions.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import {
  OPERATION_STATES,
  type Operation,
  type OperationFacts,
  type OperationRequest,
  type OperationSummary,
  type OperationUpdate,
  ORDERS,
  type Target,
  type Wave,
} from '../../proto/operation.ts';
import {
  type AgentEvent,
  HEALTHS,
  type HostProcess,
  type HostStatus,
  hostId,
  journalId,
  knownProcessName,
  operationId,
  PROCESS_STATES,
  type ProcessStatus,
  type StoredEvent,
  TARGET_FAULTS,
  TARGET_STATES,
  type TargetOutcome,
  type TargetState,
  VERBS,
} from '../../proto/vocabulary.ts';

/** Plain objects, as decoding makes them. */
const record = <Shape extends object>(model: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }) =>
  fc.record<Shape>(model, { noNullPrototype: true });
const text = fc.string({ unit: 'binary', maxLength: 8 });
const small = fc.integer({ min: -2_147_483_648, max: 2_147_483_647 });
const large = fc.maxSafeInteger();
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { freq: 2 });
const host = text.map(hostId);
const process = text.map(knownProcessName);
const id = text.map(operationId);
const verb = fc.constantFrom(...VERBS);
const processState = fc.constantFrom(...PROCESS_STATES);
/** A map on the wire cannot hold the one name that objects treat as their prototype. */
const labels = fc.dictionary(
  text.filter((key) => key !== '__proto__'),
  text,
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
);

const status: fc.Arbitrary<ProcessStatus> = record({
  process,
  group: text,
  name: text,
  program: text,
  groupPriority: small,
  priority: small,
  generation: large,
  state: processState,
  changedAtMs: large,
  pid: maybe(small),
  startedAtMs: maybe(large),
  exitCode: maybe(small),
  exitSignal: maybe(text),
  restarts: small,
  lastError: maybe(text),
  nextTryAtMs: maybe(large),
  startMs: large,
  stopWaitMs: large,
  tierWaitMs: large,
  health: maybe(fc.constantFrom(...HEALTHS)),
  healthError: maybe(text),
  waitsFor: maybe(text),
  lostOutputBytes: large,
  leftBehind: small,
  residentBytes: maybe(large),
  memoryMaxBytes: maybe(large),
});

const lines = fc.array(text, { maxLength: 3 });

const outcome: fc.Arbitrary<TargetOutcome> = record({
  state: fc.constantFrom('succeeded', 'failed', 'indeterminate'),
  oldPid: maybe(small),
  newPid: maybe(small),
  durationMs: large,
  error: maybe(text),
  fault: maybe(fc.constantFrom(...TARGET_FAULTS)),
  note: maybe(text),
  logTail: lines,
});

const event: fc.Arbitrary<AgentEvent> = fc.oneof(
  record({ kind: fc.constant('processChanged' as const), process: status }),
  record({ kind: fc.constant('processRemoved' as const), process }),
  record({
    kind: fc.constant('localOrder' as const),
    requestedBy: text,
    command: text,
    operationId: maybe(id),
  }),
  record({ kind: fc.constant('configJudged' as const), problem: maybe(text) }),
  record({
    kind: fc.constant('targetAccepted' as const),
    operationId: id,
    process,
    verb,
    generation: large,
    oldPid: maybe(small),
  }),
  record({
    kind: fc.constant('targetSettled' as const),
    operationId: id,
    process,
    verb,
    outcome,
  }),
);

const answer: fc.Arbitrary<HostAnswer> = fc.oneof(
  record({
    kind: fc.constant('reread' as const),
    changes: fc.array(
      record({
        group: text,
        change: fc.constantFrom('available' as const, 'changed' as const, 'disappeared' as const),
      }),
      { maxLength: 3 },
    ),
  }),
  record({
    kind: fc.constant('avail' as const),
    processes: fc.array(
      record({
        process,
        group: text,
        name: text,
        inUse: fc.boolean(),
        autostart: fc.boolean(),
        groupPriority: small,
        priority: small,
      }),
      { maxLength: 3 },
    ),
  }),
  record({ kind: fc.constant('failed' as const), error: text }),
);
const unreachable = record({ kind: fc.constant('unreachable' as const), error: text });

const heartbeat = fc.constant({ kind: 'heartbeat' } as const);
const goodbye = record({
  kind: fc.constant('goodbye' as const),
  reason: text,
  reconnectAfterMs: small,
});

export const agentMessage: fc.Arbitrary<AgentMessage> = fc.oneof(
  record({
    kind: fc.constant('hello' as const),
    protocolVersion: small,
    agentVersion: text,
    journalId: text.map(journalId),
    labels,
    adopted: maybe(small),
    stateProblem: maybe(text),
  }),
  record({
    kind: fc.constant('snapshot' as const),
    sessionEpoch: large,
    seq: large,
    processes: fc.array(status, { maxLength: 2 }),
    configProblem: maybe(text),
    last: fc.boolean(),
  }),
  record({
    kind: fc.constant('answer' as const),
    sessionEpoch: large,
    questionId: large,
    answer,
  }),
  record({
    kind: fc.constant('event' as const),
    sessionEpoch: large,
    seq: large,
    atMs: large,
    event,
  }),
  heartbeat,
  goodbye,
);

export const controllerMessage: fc.Arbitrary<ControllerMessage> = fc.oneof(
  record({
    kind: fc.constant('welcome' as const),
    protocolVersion: small,
    sessionEpoch: large,
    acknowledgedSeq: large,
    reconnectSpreadMs: small,
    heartbeatIntervalMs: small,
  }),
  record({ kind: fc.constant('acknowledgement' as const), sessionEpoch: large, seq: large }),
  record({
    kind: fc.constant('command' as const),
    sessionEpoch: large,
    operationId: id,
    verb,
    signal: maybe(text),
    processes: fc.array(process, { maxLength: 3 }),
    startFollows: fc.boolean(),
    groups: lines,
  }),
  record({
    kind: fc.constant('question' as const),
    sessionEpoch: large,
    questionId: large,
    question: fc.constantFrom(...HOST_QUESTIONS),
  }),
  heartbeat,
  goodbye,
);

export const operationRequest: fc.Arbitrary<OperationRequest> = record({
  id,
  verb,
  signal: maybe(text),
  hosts: text,
  processes: lines,
  reason: text,
  order: fc.constantFrom(...ORDERS),
  fullStop: fc.boolean(),
  expectHosts: maybe(small),
});

const wave: fc.Arbitrary<Wave> = record({
  index: small,
  action: verb,
  groupPriority: small,
  priority: small,
  targets: small,
  waitMs: large,
});

const target: fc.Arbitrary<Target> = record({
  host,
  process,
  wave: small,
  stopWave: maybe(small),
  state: fc.constantFrom(...TARGET_STATES),
  stopped: fc.boolean(),
  overdue: fc.boolean(),
  processState,
  hostConnected: fc.boolean(),
  oldPid: maybe(small),
  newPid: maybe(small),
  durationMs: maybe(large),
  error: maybe(text),
  note: maybe(text),
  logTail: lines,
});

const targets = fc.array(target, { maxLength: 3 });

const facts: fc.Arbitrary<OperationFacts> = fc
  .tuple(
    operationRequest,
    record({
      requestedBy: text,
      state: fc.constantFrom(...OPERATION_STATES),
      startedAtMs: large,
      endedAtMs: maybe(large),
      waves: fc.array(wave, { maxLength: 2 }),
      leftOut: fc.array(host, { maxLength: 3 }),
    }),
  )
  .map(([asked, rest]) => ({ ...asked, ...rest }));

export const operation: fc.Arbitrary<Operation> = fc
  .tuple(facts, targets)
  .map(([known, all]) => ({ ...known, targets: all }));

const counts = Object.fromEntries(TARGET_STATES.map((state) => [state, fc.nat({ max: 3 })]));

export const operationSummary: fc.Arbitrary<OperationSummary> = fc
  .tuple(facts, record<Record<string, number>>(counts), small)
  .map(([{ leftOut: _, ...known }, counted, hostCount]) => {
    const targetCounts = counted as Record<TargetState, number>;
    return { ...known, targetCounts, hostCount };
  });

export const operationUpdate: fc.Arbitrary<OperationUpdate> = fc.oneof(
  record({ kind: fc.constant('operation' as const), operation }),
  record({ kind: fc.constant('targets' as const), targets }),
  record({ kind: fc.constant('ended' as const), facts }),
);

export const storedEvent: fc.Arbitrary<StoredEvent> = record({
  host,
  seq: large,
  atMs: large,
  event,
});

export const hostStatus: fc.Arbitrary<HostStatus> = record({
  host,
  connected: fc.boolean(),
  labels,
  agentVersion: text,
  lastSeenAtMs: large,
  address: maybe(text),
  connectedSinceMs: maybe(large),
  configProblem: maybe(text),
  adopted: maybe(small),
  stateProblem: maybe(text),
});

export const hostReport: fc.Arbitrary<HostReport> = record({
  host,
  answer: fc.oneof(answer, unreachable),
});

export const hostProcess: fc.Arbitrary<HostProcess> = record({
  host,
  hostConnected: fc.boolean(),
  status,
});

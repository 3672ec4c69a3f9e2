/** Whatever the vocabulary allows, as fast-check makes it; each value of a union comes up often. */
import fc from 'fast-check';
import { HOST_QUESTIONS, type HostAnswer, type HostReport } from '../../proto/host-questions.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import {
  type Explanation,
  type Halt,
  OPERATION_STATES,
  type Operation,
  type OperationFacts,
  type OperationRequest,
  type OperationSummary,
  type OperationUpdate,
  ORDERS,
  type Runbook,
  STEERINGS,
  type Steering,
  type Submission,
  type Target,
  type Wave,
} from '../../proto/operation.ts';
import {
  type Amount,
  DURATION_MAX_MS,
  type Offline,
  ON_ERRORS,
  type Strategy,
} from '../../proto/strategy.ts';
import {
  type AgentEvent,
  HEALTHS,
  type Hold,
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
import { anyText } from './any-text.ts';

/** Plain objects, as decoding makes them. */
const record = <Shape extends object>(model: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }) =>
  fc.record<Shape>(model, { noNullPrototype: true });
const text = anyText(8);
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

const hold: fc.Arbitrary<Hold> = record({ by: text, reason: text, untilMs: large });

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
  hold: maybe(hold),
});

const lines = fc.array(text, { maxLength: 3 });

const outcome: fc.Arbitrary<TargetOutcome> = record({
  state: fc.constantFrom(
    'succeeded',
    'failed',
    'timed-out',
    'indeterminate',
    'skipped',
    'cancelled',
  ),
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
    kind: fc.constant('targetVerifying' as const),
    operationId: id,
    process,
    verb,
  }),
  record({ kind: fc.constant('eventsMissing' as const), untilSeq: large }),
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

const heartbeat = record({ kind: fc.constant('heartbeat' as const), probe: large });
const goodbye = record({
  kind: fc.constant('goodbye' as const),
  reason: text,
  reconnectAfterMs: small,
});

const toldEvent = {
  seq: large,
  atMs: large,
  // The controller finds those out for itself.
  event: event.filter(({ kind }) => kind !== 'eventsMissing'),
};

export const agentMessage: fc.Arbitrary<AgentMessage> = fc.oneof(
  record({
    kind: fc.constant('hello' as const),
    protocolVersion: small,
    agentVersion: text,
    journalId: text.map(journalId),
    labels,
    adopted: maybe(small),
    stateProblem: maybe(text),
    instanceId: text,
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
  record({ kind: fc.constant('event' as const), sessionEpoch: large, ...toldEvent }),
  record({
    kind: fc.constant('events' as const),
    sessionEpoch: large,
    events: fc.array(record(toldEvent), { maxLength: 3 }),
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
    minHealthyMs: large,
    expiresInMs: maybe(large),
    sentAtMs: large,
  }),
  record({
    kind: fc.constant('withdraw' as const),
    sessionEpoch: large,
    operationId: id,
    verb,
    processes: fc.array(process, { maxLength: 3 }),
    because: fc.constantFrom('cancelled' as const, 'timed-out' as const),
    giveUp: fc.boolean(),
  }),
  record({
    kind: fc.constant('question' as const),
    sessionEpoch: large,
    questionId: large,
    question: fc.constantFrom(...HOST_QUESTIONS),
  }),
  record({ kind: fc.constant('heartbeat' as const), atMs: large, probe: large }),
  goodbye,
);

const duration = fc.nat({ max: DURATION_MAX_MS });
const count = fc.nat();

const amount: fc.Arbitrary<Amount> = fc.oneof(
  record({ kind: fc.constant('count' as const), count }),
  record({ kind: fc.constant('percent' as const), percent: fc.nat({ max: 100 }) }),
);

const offline: fc.Arbitrary<Offline> = fc.oneof(
  record({ kind: fc.constant('fail' as const) }),
  record({ kind: fc.constant('skip' as const) }),
  record({ kind: fc.constant('queue' as const), ttlMs: duration }),
);

const strategy: fc.Arbitrary<Strategy> = record({
  batch: fc.array(amount, { minLength: 1, maxLength: 3 }),
  canary: count,
  batchWaitMs: duration,
  maxErrors: amount,
  maxUnreachable: amount,
  minHealthyMs: duration,
  onError: fc.constantFrom(...ON_ERRORS),
  offline,
  deadlineMs: maybe(duration),
  lockWaitMs: duration,
});

const operationRequest: fc.Arbitrary<OperationRequest> = record({
  id,
  verb,
  signal: maybe(text),
  hosts: text,
  processes: lines,
  reason: text,
  order: fc.constantFrom(...ORDERS),
  fullStop: fc.boolean(),
  expectHosts: maybe(small),
  strategy,
  allowedOnly: fc.boolean(),
});

export const submission: fc.Arbitrary<Submission> = fc.oneof(
  record({ kind: fc.constant('operation' as const), request: operationRequest }),
  record({
    kind: fc.constant('runbook' as const),
    id,
    runbook: text,
    reason: text,
    expectHosts: maybe(small),
  }),
  record({
    kind: fc.constant('retry' as const),
    id,
    of: text,
    reason: text,
    expectHosts: maybe(small),
    allowedOnly: fc.boolean(),
  }),
);

export const steering: fc.Arbitrary<Steering> = record({
  operation: text,
  action: fc.constantFrom(...STEERINGS),
  kill: fc.boolean(),
  reason: text,
});

export const runbook: fc.Arbitrary<Runbook> = fc
  .tuple(operationRequest, text, text)
  .map(([asked, name, description]) => {
    const { id: _id, expectHosts: _expectHosts, allowedOnly: _allowedOnly, ...saved } = asked;
    return { ...saved, name, description };
  });

const wave: fc.Arbitrary<Wave> = record({
  index: small,
  action: verb,
  groupPriority: small,
  priority: small,
  targets: small,
  waitMs: large,
  batch: small,
  batches: small,
  isCanary: fc.boolean(),
});

const halt: fc.Arbitrary<Halt> = record({
  by: maybe(text),
  because: text,
  atMs: large,
  endsAs: maybe(fc.constantFrom('aborted' as const, 'cancelled' as const, 'expired' as const)),
  kill: fc.boolean(),
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
  dispatchedAtMs: maybe(large),
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
      runbook: maybe(text),
      retryOf: maybe(id),
      state: fc.constantFrom(...OPERATION_STATES),
      halt: maybe(halt),
      startedAtMs: large,
      endedAtMs: maybe(large),
      waves: fc.array(wave, { maxLength: 2 }),
      leftOut: fc.array(host, { maxLength: 3 }),
      notAllowed: fc.nat(),
      withheld: fc.nat(),
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
  record({ kind: fc.constant('moved' as const), facts }),
  record({ kind: fc.constant('ended' as const), facts }),
);

export const storedEvent: fc.Arbitrary<StoredEvent> = record({
  host,
  seq: large,
  atMs: large,
  storedAtMs: large,
  event,
});

export const explanation: fc.Arbitrary<Explanation> = record({
  facts,
  targets,
  events: fc.array(storedEvent, { maxLength: 5 }),
  clockLeadMs: maybe(large),
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
  certificateEndsAtMs: maybe(large),
  identityProblem: maybe(text),
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

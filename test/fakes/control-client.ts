/** A controller that answers from a script, and operations to script it with. */
import type {
  ControlClient,
  EventSelection,
  ExplainSelection,
  OperationListing,
  Withheld,
} from '../../cli/ports.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { HostQuestion, HostReport } from '../../proto/host-questions.ts';
import type { LogNews, LogsRequest } from '../../proto/log-messages.ts';
import type {
  Explanation,
  Operation,
  OperationRequest,
  OperationSummary,
  OperationUpdate,
  Runbook,
  Steering,
  Submission,
  Target,
  Wave,
} from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import {
  type HostProcess,
  type HostStatus,
  hostId,
  knownProcessName,
  operationId,
  type ProcessStatus,
  type StoredEvent,
  TARGET_STATES,
  type TargetState,
} from '../../proto/vocabulary.ts';
import { type AuthorityAnswers, type AuthorityCall, scriptedAuthority } from './cli-authority.ts';
import { PLAIN_STATUS } from './plain-status.ts';

export interface FakeControl {
  readonly client: ControlClient;
  /** Of the submissions those that are no runbooks and retries. */
  readonly planned: OperationRequest[];
  readonly submitted: OperationRequest[];
  readonly submissions: Submission[];
  readonly steered: Steering[];
  readonly explained: ExplainSelection[];
  /** The ids, or beginnings of ids, that were asked for. */
  readonly fetched: string[];
  readonly watched: string[];
  readonly listings: OperationListing[];
  readonly eventSelections: EventSelection[];
  readonly asked: AskedQuestion[];
  readonly logRequests: LogsRequest[];
  /** Calls of the `Authority` service, in order. */
  readonly authorityCalls: readonly AuthorityCall[];
  readonly isClosed: () => boolean;
}

interface AskedQuestion {
  readonly question: HostQuestion;
  /** A selector. */
  readonly hosts: string;
}

/** One view of an operation: these updates, and how it ends. */
interface View {
  readonly updates: readonly OperationUpdate[];
  readonly ending: FleetError | 'end' | 'silence';
}

/** What one reading of logs tells, and how it ends. */
interface LogView {
  readonly news: readonly LogNews[];
  readonly ending: FleetError | 'end' | 'silence';
}

export interface FakeAnswers {
  readonly hosts?: readonly HostStatus[];
  readonly processes?: readonly HostProcess[];
  /** Of hosts and processes; none unless said. */
  readonly withheld?: Withheld;
  readonly plan?: Operation | FleetError;
  /** Answers to one submission each; the last one stays. */
  readonly submissions?: readonly (Operation | FleetError)[];
  /** Answers to one steering each; the last one stays. */
  readonly steerings?: readonly (Operation | FleetError)[];
  readonly explanation?: Explanation | FleetError;
  readonly runbooks?: readonly Runbook[];
  /** One per call of `watchOperation`; the last one stays. */
  readonly views?: readonly View[];
  /** Answers to one `getOperation` each; the last one stays. */
  readonly operations?: readonly (Operation | FleetError)[];
  readonly summaries?: readonly OperationSummary[];
  readonly events?: readonly StoredEvent[];
  readonly reports?: readonly HostReport[] | FleetError;
  /** One per call of `readLogs`; the last one stays. */
  readonly logs?: readonly LogView[];
  readonly authority?: AuthorityAnswers;
}

export function fakeControl(answers: FakeAnswers): FakeControl {
  const planned: OperationRequest[] = [];
  const submitted: OperationRequest[] = [];
  const submissions: Submission[] = [];
  const steered: Steering[] = [];
  const explained: ExplainSelection[] = [];
  const fetched: string[] = [];
  const watched: string[] = [];
  const listings: OperationListing[] = [];
  const eventSelections: EventSelection[] = [];
  const asked: AskedQuestion[] = [];
  const logRequests: LogsRequest[] = [];
  const withheld = answers.withheld ?? { hosts: 0, processes: 0 };
  const fakeAuthority = scriptedAuthority(answers.authority ?? {});
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new Error('the client was closed too early');
  };
  const client: ControlClient = {
    address: 'ops-1:7460',
    controller: { version: '0.1.0', protocolVersion: 1 },
    listHosts: async () => ({ hosts: answers.hosts ?? [], withheld }),
    listProcesses: async () => ({
      processes: answers.processes ?? [],
      hosts: answers.hosts ?? [],
      withheld,
    }),
    planOperation: async (submission) => {
      if (submission.kind === 'operation') planned.push(submission.request);
      return orThrow(scripted(answers.plan));
    },
    submitOperation: async (submission) => {
      assertOpen();
      if (submission.kind === 'operation') submitted.push(submission.request);
      return orThrow(at(answers.submissions, submissions.push(submission) - 1));
    },
    steerOperation: async (steering) => {
      assertOpen();
      return orThrow(at(answers.steerings, steered.push(steering) - 1));
    },
    explainTargets: async (which) => {
      assertOpen();
      explained.push(which);
      return orThrow(scripted(answers.explanation));
    },
    listRunbooks: async () => {
      assertOpen();
      return answers.runbooks ?? [];
    },
    watchOperation: async function* (id, signal) {
      await null;
      assertOpen();
      const view = at(answers.views, watched.push(id) - 1);
      yield* view.updates;
      if (view.ending instanceof FleetError) throw view.ending;
      if (view.ending === 'silence') await aborted(signal);
    },
    getOperation: async (id) => orThrow(at(answers.operations, fetched.push(id) - 1)),
    listOperations: async (which) => {
      listings.push(which);
      return answers.summaries ?? [];
    },
    listEvents: async (which) => {
      eventSelections.push(which);
      return answers.events ?? [];
    },
    askHosts: async (question, hosts) => {
      assertOpen();
      asked.push({ question, hosts });
      return orThrow(answers.reports ?? []);
    },
    readLogs: async function* (request, signal) {
      await null;
      assertOpen();
      const view = at(answers.logs, logRequests.push(request) - 1);
      yield* view.news;
      if (view.ending instanceof FleetError) throw view.ending;
      if (view.ending === 'silence') await aborted(signal);
    },
    authority: async () => {
      assertOpen();
      return fakeAuthority.client;
    },
    [Symbol.dispose]: () => {
      closed = true;
    },
  };
  const recorded = { planned, submitted, fetched, watched, listings, eventSelections, asked };
  const ordered = { submissions, steered, explained, logRequests };
  const authorityCalls = fakeAuthority.calls;
  return { client, ...recorded, ...ordered, authorityCalls, isClosed: () => closed };
}

export const lost = new FleetError(refusal('unavailable', 'Connection dropped'));

export function whole(operation: Operation): OperationUpdate {
  return { kind: 'operation', operation };
}

/** Its targets were told before. */
export function ended({ targets: _, ...facts }: Operation): OperationUpdate {
  return { kind: 'ended', facts };
}

export function aTarget(
  host: string,
  process: string,
  rest: Partial<Omit<Target, 'host' | 'process'>> = {},
): Target {
  return {
    host: hostId(host),
    process: knownProcessName(process),
    wave: 0,
    stopWave: null,
    state: 'succeeded',
    stopped: false,
    overdue: false,
    processState: 'RUNNING',
    hostConnected: true,
    oldPid: null,
    newPid: null,
    dispatchedAtMs: null,
    durationMs: null,
    error: null,
    note: null,
    logTail: [],
    ...rest,
  };
}

export function aWave(index: number, rest: Partial<Omit<Wave, 'index'>> = {}): Wave {
  return {
    index,
    action: 'restart',
    groupPriority: 999,
    priority: 999,
    targets: 1,
    waitMs: 30_000,
    batch: 0,
    batches: 1,
    isCanary: false,
    ...rest,
  };
}

export function anOperation(rest: Partial<Operation> = {}): Operation {
  const targets = rest.targets ?? [aTarget('prod-1', 'web')];
  return {
    id: operationId('0198f2a0-0000-7000-8000-000000000001'),
    verb: 'restart',
    signal: null,
    hosts: 'prod-*',
    processes: ['web'],
    reason: '',
    order: 'tier',
    fullStop: false,
    expectHosts: null,
    allowedOnly: false,
    strategy: DEFAULT_STRATEGY,
    requestedBy: 'alice',
    runbook: null,
    retryOf: null,
    state: 'succeeded',
    halt: null,
    startedAtMs: 1_000,
    endedAtMs: 2_100,
    waves: [aWave(0, { action: rest.verb ?? 'restart', targets: targets.length })],
    leftOut: [],
    notAllowed: 0,
    withheld: 0,
    ...rest,
    targets,
  };
}

/** As a list of operations has it. */
export function aSummary({ targets, leftOut: _, ...facts }: Operation): OperationSummary {
  const count = (state: TargetState) => targets.filter((target) => target.state === state).length;
  return {
    ...facts,
    targetCounts: Object.fromEntries(
      TARGET_STATES.map((state) => [state, count(state)]),
    ) as OperationSummary['targetCounts'],
    hostCount: new Set(targets.map((target) => target.host)).size,
  };
}

export function aHost(host: string, rest: Partial<Omit<HostStatus, 'host'>> = {}): HostStatus {
  return {
    host: hostId(host),
    connected: true,
    labels: {},
    agentVersion: '0.1.0',
    lastSeenAtMs: 0,
    address: '192.0.2.1',
    connectedSinceMs: rest.connected === false ? null : 0,
    configProblem: null,
    adopted: 0,
    stateProblem: null,
    certificateEndsAtMs: null,
    identityProblem: null,
    ...rest,
  };
}

export function aProcess(
  host: string,
  process: string,
  rest: Partial<ProcessStatus> & { readonly hostConnected?: boolean } = {},
): HostProcess {
  const { hostConnected = true, ...status } = rest;
  const [group = '', name = group] = process.split(':');
  return {
    host: hostId(host),
    hostConnected,
    status: {
      process: knownProcessName(process),
      program: group,
      group,
      name,
      groupPriority: 999,
      priority: 999,
      generation: 0,
      state: 'RUNNING',
      changedAtMs: 0,
      pid: 4711,
      startedAtMs: 0,
      restarts: 0,
      ...PLAIN_STATUS,
      ...status,
    },
  };
}

function at<Answer>(script: readonly Answer[] | undefined, index: number): Answer {
  return scripted(script?.[Math.min(index, script.length - 1)]);
}

function orThrow<Answer>(answer: Answer | FleetError): Answer {
  if (answer instanceof FleetError) throw answer;
  return answer;
}

function scripted<Answer>(answer: Answer | undefined): Answer {
  if (answer === undefined) throw new Error('the test did not say what the controller answers');
  return answer;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

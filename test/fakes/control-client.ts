/** A controller that answers from a script, and operations to script it with. */
import type { ControlClient } from '../../cli/ports.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import {
  type HostProcess,
  type HostStatus,
  hostId,
  knownProcessName,
  type Operation,
  type OperationRequest,
  type OperationUpdate,
  operationId,
  type ProcessStatus,
  type Target,
} from '../../proto/vocabulary.ts';

export interface FakeControl {
  readonly client: ControlClient;
  readonly planned: OperationRequest[];
  readonly submitted: OperationRequest[];
  readonly isClosed: () => boolean;
}

/** One view of an operation: these updates, and how it ends. */
interface View {
  readonly updates: readonly OperationUpdate[];
  readonly ending: FleetError | 'end' | 'silence';
}

export interface FakeAnswers {
  readonly hosts?: readonly HostStatus[];
  readonly processes?: readonly HostProcess[];
  readonly plan?: Operation;
  /** Answers to one submission each; the last one stays. */
  readonly submissions?: readonly (Operation | FleetError)[];
  /** One per call of `watchOperation`; the last one stays. */
  readonly views?: readonly View[];
}

export function fakeControl(answers: FakeAnswers): FakeControl {
  const planned: OperationRequest[] = [];
  const submitted: OperationRequest[] = [];
  let views = 0;
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new Error('the client was closed too early');
  };
  const client: ControlClient = {
    address: 'ops-1:7460',
    controller: { version: '0.1.0', protocolVersion: 1 },
    listHosts: async () => answers.hosts ?? [],
    listProcesses: async () => ({
      processes: answers.processes ?? [],
      hosts: answers.hosts ?? [],
    }),
    planOperation: async (request) => {
      planned.push(request);
      return scripted(answers.plan);
    },
    submitOperation: async (request) => {
      assertOpen();
      const answer = at(answers.submissions, submitted.push(request) - 1);
      if (answer instanceof FleetError) throw answer;
      return answer;
    },
    watchOperation: async function* (_id, signal) {
      await null;
      assertOpen();
      const view = at(answers.views, views++);
      yield* view.updates;
      if (view.ending instanceof FleetError) throw view.ending;
      if (view.ending === 'silence') await aborted(signal);
    },
    [Symbol.dispose]: () => {
      closed = true;
    },
  };
  return { client, planned, submitted, isClosed: () => closed };
}

export const lost = new FleetError(refusal('unavailable', 'Connection dropped'));

export function whole(operation: Operation): OperationUpdate {
  return { kind: 'operation', operation };
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
    state: 'succeeded',
    oldPid: null,
    newPid: null,
    durationMs: null,
    error: null,
    logTail: [],
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
    requestedBy: 'alice',
    state: 'succeeded',
    startedAtMs: 1_000,
    endedAtMs: 2_100,
    waves: [{ index: 0, groupPriority: 999, priority: 999, targets: targets.length }],
    ...rest,
    targets,
  };
}

export function aHost(host: string, rest: Partial<Omit<HostStatus, 'host'>> = {}): HostStatus {
  return {
    host: hostId(host),
    connected: true,
    labels: {},
    agentVersion: '0.1.0',
    lastSeenAtMs: 0,
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
      exitCode: null,
      exitSignal: null,
      restarts: 0,
      lastError: null,
      nextTryAtMs: null,
      ...status,
    },
  };
}

function at<Answer>(script: readonly Answer[] | undefined, index: number): Answer {
  return scripted(script?.[Math.min(index, script.length - 1)]);
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

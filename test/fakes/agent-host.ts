/**
 * One host under test without the world around it: the agent's core, stepped by hand. What would
 * come back from children, timers and the controller is handed in by the test.
 */
import { stepAgent } from '../../agent/core/agent.ts';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';
import type { HostRules } from '../../agent/core/host-rules.ts';
import { recordOf } from '../../agent/core/outbox.ts';
import type { ProcessInput, ProcessRuntime, ProcessTimer } from '../../agent/core/process.ts';
import { type JournalContents, recoverState, targetsToRecord } from '../../agent/core/recover.ts';
import type {
  AgentEffect,
  AgentInput,
  AgentState,
  AgentStep,
  ConfigReading,
  Sighting,
  SpawnProblem,
} from '../../agent/core/state.ts';
import type { TargetRecord } from '../../agent/core/target.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import {
  type AgentEvent,
  knownProcessName,
  operationId,
  type ProcessState,
  type Verb,
} from '../../proto/vocabulary.ts';
import { aChild, exitCode, instant } from './agent-process.ts';
import { EMPTY_OUTBOX } from './empty-outbox.ts';

export const BOOT_ID = 'boot-1';
export const EPOCH = 7;

const EMPTY_JOURNAL: JournalContents = {
  processes: [],
  targets: [],
  outbox: EMPTY_OUTBOX,
  endedOrderly: false,
  bootId: null,
};

export interface HostOptions {
  /** Of the configuration; otherwise it is good, with the definitions that the host is made of. */
  readonly reading?: ConfigReading;
  readonly examine?: (definition: ProcessDefinition) => SpawnProblem | null;
  /** Where executables lie; without it nobody can tell. */
  readonly locate?: (definition: ProcessDefinition) => string;
  /** Who may do what; without them everything is allowed. */
  readonly rules?: HostRules;
  readonly journal?: Partial<JournalContents>;
  readonly bootId?: string;
  readonly sightings?: Readonly<Record<string, Sighting>>;
  readonly startsAtMs?: number;
  /** How far the wall clock is ahead of the one that every test begins with. */
  readonly wallAheadMs?: number;
}

export interface TestHost {
  /** What the boot did. */
  readonly booted: AgentStep;
  readonly state: () => AgentState;
  readonly process: (name: string) => ProcessRuntime;
  readonly stateOf: (name: string) => ProcessState | undefined;
  readonly pass: (durationMs: number) => void;
  /** Somebody sets the wall clock; no time passes. */
  readonly setWallClock: (byMs: number) => void;
  readonly step: (input: AgentInput) => AgentStep;
  readonly give: (name: string, input: ProcessInput) => AgentStep;
  readonly spawned: (name: string, pid?: number) => AgentStep;
  /** It was spawned, let go, and stays up: what both steps led to. */
  readonly comesUp: (name: string, pid?: number) => AgentStep;
  readonly exited: (name: string, exit?: ExitStatus, lastLines?: readonly string[]) => AgentStep;
  readonly timer: (name: string, timer: ProcessTimer) => AgentStep;
  readonly receive: (message: ControllerMessage) => AgentStep;
  readonly welcome: (acknowledgedSeq?: number) => AgentStep;
  /** The controller has stored all that it was sent. */
  readonly acknowledge: () => AgentStep;
  readonly command: (verb: Verb, operation: string, ...names: readonly string[]) => AgentStep;
  readonly signal: (signal: string, operation: string, name: string) => AgentStep;
  /** `verb`: where the operation has two targets of the process. */
  readonly target: (operation: string, name: string, verb?: Verb) => TargetRecord | undefined;
  /** What the journal of this host holds, for the agent that comes after it. */
  readonly journal: () => JournalContents;
}

/** An agent that has just booted; it has no session until `welcome`. */
export function aHost(
  definitions: readonly ProcessDefinition[],
  options: HostOptions = {},
): TestHost {
  const { bootId = BOOT_ID, startsAtMs = 0 } = options;
  let nowMs = startsAtMs;
  let wallAheadMs = options.wallAheadMs ?? 0;
  const now = () => ({ ...instant(nowMs), wallMs: instant(nowMs).wallMs + wallAheadMs });
  const journal = { ...EMPTY_JOURNAL, ...options.journal };
  const reading = options.reading ?? { kind: 'read', definitions };
  let state = recoverState(reading, journal, bootId, now().wallMs, options.rules);
  const step = (input: AgentInput): AgentStep => {
    const result = stepAgent(state, input, now());
    state = result.state;
    return result.effects.reduce(answered, result);
  };
  /** Every command can be started, unless the test says otherwise. */
  const answered = (result: AgentStep, effect: AgentEffect): AgentStep => {
    if (effect.kind !== 'examine') return result;
    const { order, processes, definitions } = effect;
    const problems = new Map(
      definitions.flatMap((definition) => {
        const problem = options.examine?.(definition) ?? null;
        return problem === null ? [] : [[definition.process, problem] as const];
      }),
    );
    const { locate } = options;
    const executables = new Map(
      locate === undefined ? [] : definitions.map((one) => [one.process, locate(one)] as const),
    );
    const answer = step({ kind: 'examined', order, processes, problems, executables });
    const others = result.effects.filter((other) => other !== effect);
    return both({ ...result, effects: others }, answer);
  };
  const sightings = new Map(
    Object.entries(options.sightings ?? {}).map(([name, seen]) => [knownProcessName(name), seen]),
  );
  const booted = step({ kind: 'boot', sightings });
  const process = (name: string): ProcessRuntime => {
    const found = state.processes.get(knownProcessName(name));
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  const give = (name: string, input: ProcessInput) =>
    step({ kind: 'process', process: knownProcessName(name), input });
  const spawned = (name: string, pid = 100) =>
    give(name, { kind: 'spawned', child: aChild(pid, bootId) });
  const timer = (name: string, kind: ProcessTimer) =>
    give(name, { kind, timerToken: process(name).timerToken });
  const receive = (message: ControllerMessage) => step({ kind: 'received', message });
  return {
    booted,
    state: () => state,
    process,
    stateOf: (name) => state.processes.get(knownProcessName(name))?.state,
    pass: (durationMs) => {
      nowMs += durationMs;
    },
    setWallClock: (byMs) => {
      wallAheadMs += byMs;
    },
    step,
    give,
    spawned,
    comesUp: (name, pid) => both(spawned(name, pid), timer(name, 'stayedUp')),
    exited: (name, exit = exitCode(1), lastLines = []) =>
      give(name, { kind: 'exited', exit, lastLines }),
    timer,
    receive,
    welcome: (acknowledgedSeq = 0) => receive(aWelcome(EPOCH, acknowledgedSeq)),
    acknowledge: () => {
      const seq = state.outbox.nextSeq - 1;
      return receive({ kind: 'acknowledgement', sessionEpoch: EPOCH, seq });
    },
    command: (verb, operation, ...names) =>
      receive({ ...aCommand(verb, operation, names), sentAtMs: nowMs }),
    signal: (signal, operation, name) =>
      receive({ ...aCommand('signal', operation, [name]), sentAtMs: nowMs, signal }),
    target: (operation, name, verb) =>
      [...state.targets.values()].find(
        (target) =>
          target.operationId === operation &&
          target.process === name &&
          target.verb === (verb ?? target.verb),
      ),
    journal: () => ({
      processes: [...state.processes.values()],
      targets: targetsToRecord(state),
      outbox: recordOf(state.outbox),
      endedOrderly: false,
      bootId,
    }),
  };
}

function both(first: AgentStep, second: AgentStep): AgentStep {
  return {
    state: second.state,
    writes: [...first.writes, ...second.writes],
    effects: [...first.effects, ...second.effects],
  };
}

/** A host whose session is up and whose processes were started and stayed up, pids from 101 on. */
export function aRunningHost(...definitions: readonly ProcessDefinition[]): TestHost {
  const host = aHost(definitions);
  host.welcome();
  for (const [index, { process }] of definitions.entries()) {
    if (host.stateOf(process) === 'STOPPED') continue;
    host.comesUp(process, 101 + index);
  }
  return host;
}

export function aWelcome(sessionEpoch: number, acknowledgedSeq = 0) {
  return {
    kind: 'welcome',
    protocolVersion: 1,
    sessionEpoch,
    acknowledgedSeq,
    reconnectSpreadMs: 1_000,
    heartbeatIntervalMs: 5_000,
  } as const;
}

export function aCommand(verb: Verb, operation: string, names: readonly string[]) {
  return {
    kind: 'command',
    sessionEpoch: EPOCH,
    operationId: operationId(operation),
    verb,
    signal: null,
    processes: names.map(knownProcessName),
    startFollows: false,
    groups: [],
    minHealthyMs: 0,
    expiresInMs: null,
    sentAtMs: 0,
  } as const satisfies ControllerMessage;
}

export function aWithdrawal(verb: Verb, operation: string, names: readonly string[]) {
  return {
    kind: 'withdraw',
    sessionEpoch: EPOCH,
    operationId: operationId(operation),
    verb,
    processes: names.map(knownProcessName),
    because: 'cancelled',
    giveUp: false,
  } as const satisfies ControllerMessage;
}

function eventsIn(step: AgentStep): readonly AgentEvent[] {
  return step.writes.flatMap((write) => (write.kind === 'event' ? write.event.event : []));
}

/** `web STARTING`, in the order in which the states were entered. */
export function changesIn(step: AgentStep): readonly string[] {
  return eventsIn(step).flatMap((event) =>
    event.kind === 'processChanged' ? `${event.process.process} ${event.process.state}` : [],
  );
}

/** `web spawn`, `web stop TERM`, in the order in which they are to be performed. */
export function deedsIn(step: AgentStep): readonly string[] {
  return step.effects.flatMap((effect) => {
    if (effect.kind !== 'process' || effect.effect.kind === 'timer') return [];
    const { kind } = effect.effect;
    const signal = effect.effect.kind === 'stop' ? ` ${effect.effect.signal}` : '';
    return `${effect.process} ${kind}${signal}`;
  });
}

export function outcomesIn(step: AgentStep) {
  return eventsIn(step).flatMap((event) =>
    event.kind === 'targetSettled'
      ? { operation: event.operationId, verb: event.verb, ...event.outcome }
      : [],
  );
}

export function acceptedIn(step: AgentStep) {
  return eventsIn(step).flatMap((event) => (event.kind === 'targetAccepted' ? event : []));
}

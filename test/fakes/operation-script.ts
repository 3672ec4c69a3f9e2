/** One operation, driven input by input: what it sends, and what becomes of its targets. */
import assert from 'node:assert/strict';
import {
  CLEAN,
  draftOf,
  type Execution,
  executionOf,
  type OperationStep,
  operationOf,
  type TimerRequest,
  type Withdrawal,
} from '../../controller/core/execution.ts';
import { drain, pause } from '../../controller/core/halt.ts';
import { layOut } from '../../controller/core/lay-out.ts';
import {
  beginOperation,
  endLateWait,
  endOfflineWait,
  endRest,
  endWaveWait,
  expire,
  goOn,
  limitsOf,
  loseHost,
  loseJournal,
  noteTarget,
  resumeOperation,
  takeUpOperation,
  welcomeHost,
} from '../../controller/core/operation.ts';
import { actionOf, type TargetNews } from '../../controller/core/target.ts';
import type { Instant } from '../../proto/instant.ts';
import type { Halt, Operation, OperationRequest, Target } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY, type Strategy } from '../../proto/strategy.ts';
import {
  hostId,
  knownProcessName,
  type TargetOutcome,
  type TargetState,
  type Verb,
} from '../../proto/vocabulary.ts';
import { aRequest, aStatus, NOW_MS, settledAs } from './controller-fleet.ts';

export interface Manner
  extends Partial<Pick<OperationRequest, 'order' | 'fullStop'>>,
    Partial<Strategy> {}

/**
 * @param lines `host process tier`, or with ` unreachable`, ` waiting`, ` skipped` behind it where the
 *   plan found it so
 */
export function planOfLines(lines: readonly string[], manner: Manner = {}): Operation {
  const { order = 'tier', fullStop = false, ...more } = manner;
  const strategy: Strategy = { ...DEFAULT_STRATEGY, ...more };
  const candidates = lines.map((line) => {
    const [host = '', process = '', tier = '0', state = 'pending'] = line.split(' ');
    const target: Omit<Target, 'wave' | 'stopWave'> = {
      host: hostId(host),
      process: knownProcessName(process),
      state: state as TargetState,
      stopped: false,
      overdue: false,
      processState: 'RUNNING',
      hostConnected: state === 'pending',
      oldPid: null,
      newPid: null,
      dispatchedAtMs: null,
      durationMs: null,
      error: null,
      note: null,
      logTail: [],
    };
    return { status: aStatus(process, { priority: Number(tier) }), target };
  });
  const { waves, targets } = layOut({ verb: 'restart', order, fullStop, strategy }, candidates);
  return {
    ...aRequest('restart', '@*', ['all'], { order, fullStop, strategy }),
    requestedBy: 'alice',
    runbook: null,
    retryOf: null,
    state: 'planned',
    halt: null,
    startedAtMs: NOW_MS,
    endedAtMs: null,
    waves: waves.map((wave) => ({ ...wave, waitMs: 1_000 + wave.index })),
    leftOut: [],
    notAllowed: 0,
    withheld: 0,
    targets,
  };
}

export interface OperationScript {
  execution: Execution;
  /** What the last step sent, as `host process`. */
  sent: readonly string[];
  changed: readonly Target[];
  observed: readonly Target[];
  withdrawn: Withdrawal | null;
  timers: readonly TimerRequest[];
  /** Since it was begun. */
  elapsedMs: number;
  take(step: OperationStep): void;
  /** Of the half that the target is in, unless told otherwise. */
  accept(line: string, verb?: Verb): void;
  verify(line: string): void;
  settle(line: string, state?: TargetOutcome['state'], verb?: Verb): void;
  lose(host: string): void;
  welcome(host: string): void;
  forget(host: string): void;
  overrun(lane: string, wave: number): void;
  /** Lets the wait between two batches be over, as far as one is on. */
  rest(): void;
  endOffline(): void;
  /** Targets that were begun late have been waited for long enough. */
  late(group: number): void;
  expire(): void;
  pause(): void;
  resume(): void;
  cancel(kill?: boolean): void;
  /** Another controller takes it up from what is stored. */
  reload(): void;
  target(line: string): Target;
  /** In the order of the lines. */
  states(): string;
  state(): Operation['state'];
}

export const begun = (...lines: readonly string[]): OperationScript => begunWith({}, ...lines);

export function begunWith(manner: Manner, ...lines: readonly string[]): OperationScript {
  const at = (): Instant => ({
    wallMs: NOW_MS + script.elapsedMs,
    monotonicMs: script.elapsedMs,
  });
  const note = (line: string, news: (verb: Verb) => TargetNews, verb?: Verb): void => {
    const [host = '', process = ''] = line.split(' ');
    const { execution } = script;
    const target = [...execution.targets].find((t) => t.host === host && t.process === process);
    const current = target === undefined ? 'restart' : actionOf(execution.facts, target);
    const name = knownProcessName(process);
    script.take(noteTarget(execution, hostId(host), name, news(verb ?? current), at()));
  };
  const halted = (halt: Pick<Halt, 'endsAs' | 'kill'>): void => {
    const draft = draftOf(script.execution, at());
    const whole = { by: 'bob', because: 'because', atMs: at().wallMs, ...halt };
    const { endsAs } = halt;
    if (endsAs === null) pause(draft, whole);
    else drain(draft, { ...whole, endsAs });
    script.take(goOn(draft, []));
  };
  const isLive = (): boolean => script.execution.facts.endedAtMs === null;
  const planned = planOfLines(lines, manner);
  const script: OperationScript = {
    execution: executionOf(planned, CLEAN),
    sent: [],
    changed: [],
    observed: [],
    withdrawn: null,
    timers: [],
    elapsedMs: 0,
    take({ execution, changed, observed, dispatch, withdraw, timers }) {
      Object.assign(script, { execution, changed, observed, timers, withdrawn: withdraw });
      script.sent = dispatch.map((target) => `${target.host} ${target.process}`);
    },
    accept: (line, verb) =>
      note(line, (said) => ({ kind: 'accepted', verb: said, oldPid: 100 }), verb),
    verify: (line) => note(line, (said) => ({ kind: 'verifying', verb: said })),
    settle: (line, state = 'succeeded', verb) =>
      note(line, (said) => ({ kind: 'settled', verb: said, outcome: settledAs(state) }), verb),
    lose: (host) => script.take(loseHost(script.execution, hostId(host), 'lost', at())),
    welcome: (host) => {
      if (isLive()) script.take(welcomeHost(script.execution, hostId(host), at()));
    },
    forget: (host) => script.take(loseJournal(script.execution, hostId(host), 'forgot', at())),
    overrun: (lane, wave) => script.take(endWaveWait(script.execution, lane, wave, at())),
    rest: () => {
      const { rest } = script.execution;
      if (isLive() && rest.kind === 'waiting')
        script.take(endRest(script.execution, rest.at, at()));
    },
    endOffline: () => {
      if (isLive()) script.take(endOfflineWait(script.execution, at()));
    },
    late: (group) => script.take(endLateWait(script.execution, group, at())),
    expire: () => {
      if (isLive()) script.take(expire(script.execution, 'its deadline came', at()));
    },
    pause: () => {
      if (script.state() === 'running') halted({ endsAs: null, kill: false });
    },
    resume: () => {
      if (script.state() === 'paused') script.take(resumeOperation(script.execution, at()));
    },
    cancel: (kill = false) => {
      if (isLive()) halted({ endsAs: 'cancelled', kill });
    },
    reload: () => {
      const { execution } = script;
      const found = executionOf(operationOf(execution), execution.tally);
      const whole = { ...found, limits: limitsOf(found.facts, at()) };
      if (isLive()) script.take(takeUpOperation(whole, at()));
      else script.execution = whole;
    },
    target: (line) => {
      const found = [...script.execution.targets].find((t) => `${t.host} ${t.process}` === line);
      return found ?? assert.fail(`no target ${line}`);
    },
    states: () =>
      lines.map((line) => script.target(line.split(' ').slice(0, 2).join(' ')).state).join(' '),
    state: () => script.execution.facts.state,
  };
  script.execution = { ...script.execution, limits: limitsOf(planned, at()) };
  script.take(beginOperation(script.execution, at()));
  script.elapsedMs = 1;
  return script;
}

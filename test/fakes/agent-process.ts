/**
 * One process under test, without an agent around it: a definition with Supervisor's defaults, a
 * child, and a life that is stepped by hand while virtual time passes.
 */
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';
import {
  type Child,
  initialProcess,
  type ProcessEffect,
  type ProcessInput,
  type ProcessRuntime,
  type ProcessStep,
} from '../../agent/core/process.ts';
import { stepProcess } from '../../agent/core/step-process.ts';
import { knownProcessName, type ProcessState } from '../../proto/vocabulary.ts';

/** Wall time of virtual second 0, so that the two clocks are never mistaken for each other. */
export const WALL_START_MS = 1_700_000_000_000;

export const instant = (monotonicMs: number) => ({
  monotonicMs,
  wallMs: WALL_START_MS + monotonicMs,
});

export const exitCode = (code: number): ExitStatus => ({ kind: 'code', code });
export const killedBy = (signal: string): ExitStatus => ({ kind: 'signal', signal });

export function aDefinition(
  name = 'web',
  overrides: Partial<ProcessDefinition> = {},
): ProcessDefinition {
  const log = {
    target: { kind: 'none' },
    maxBytes: 0,
    backups: 0,
    syslog: false,
    timestamps: false,
  } as const;
  return {
    process: knownProcessName(name),
    group: name,
    name,
    program: name,
    groupPriority: 999,
    priority: 999,
    tierWaitMs: 30_000,
    command: `/usr/bin/${name}`,
    directory: null,
    umask: null,
    user: null,
    serverUrl: null,
    environment: {},
    autostart: true,
    autorestart: 'unexpected',
    startMs: 1_000,
    startRetries: 3,
    exitCodes: [0],
    stopSignal: 'TERM',
    stopWaitMs: 10_000,
    stopAsGroup: false,
    killAsGroup: false,
    stopDescendants: false,
    dependsOn: [],
    healthCheck: null,
    restartPauseMs: 0,
    memoryMaxBytes: null,
    redirectStderr: false,
    stripAnsi: false,
    stdoutLog: log,
    stderrLog: log,
    ...overrides,
  };
}

export function aChild(pid = 100, bootId = 'boot-1'): Child {
  return {
    pid,
    startToken: `start-${pid}`,
    keeperPid: pid + 50_000,
    keeperStartToken: `start-${pid + 50_000}`,
    bootId,
  };
}

export interface Life {
  readonly process: () => ProcessRuntime;
  readonly nowMs: () => number;
  /** Virtual time goes on; timers do not fire by themselves. */
  readonly pass: (durationMs: number) => void;
  readonly give: (input: ProcessInput) => ProcessStep;
  readonly spawned: (pid?: number) => ProcessStep;
  readonly exited: (exit?: ExitStatus, lastLines?: readonly string[]) => ProcessStep;
  /** Waits as long as the timer that was set last asks for, and fires it. */
  readonly fireTimer: () => ProcessStep;
  /** Every state entered so far, in order. */
  readonly states: () => readonly ProcessState[];
}

export function aLife(overrides: Partial<ProcessDefinition> = {}): Life {
  let process = initialProcess(aDefinition('web', overrides), WALL_START_MS);
  let nowMs = 0;
  let lastTimer: Extract<ProcessEffect, { readonly kind: 'timer' }> | undefined;
  const entered: ProcessState[] = [];
  const give = (input: ProcessInput): ProcessStep => {
    const step = stepProcess(process, input, instant(nowMs));
    process = step.process;
    entered.push(...statesIn(step));
    lastTimer = step.effects.findLast((effect) => effect.kind === 'timer') ?? lastTimer;
    return step;
  };
  const fireTimer = (): ProcessStep => {
    if (lastTimer === undefined) throw new Error('no timer was set');
    nowMs += lastTimer.delayMs;
    return give({ kind: lastTimer.timer, timerToken: lastTimer.timerToken });
  };
  return {
    process: () => process,
    nowMs: () => nowMs,
    pass: (durationMs) => {
      nowMs += durationMs;
    },
    give,
    spawned: (pid = 100) => give({ kind: 'spawned', child: aChild(pid) }),
    exited: (exit = exitCode(1), lastLines = []) => give({ kind: 'exited', exit, lastLines }),
    fireTimer,
    states: () => entered,
  };
}

/** A life that is RUNNING: started, spawned, up for `startsecs`. */
export function aRunningLife(overrides: Partial<ProcessDefinition> = {}): Life {
  const life = aLife(overrides);
  life.give({ kind: 'start' });
  life.spawned();
  life.fireTimer();
  return life;
}

export function statesIn(step: ProcessStep): readonly ProcessState[] {
  return step.effects.flatMap((effect) => (effect.kind === 'changed' ? effect.status.state : []));
}

/** The effects that act, without the reports of state. */
export function deedsIn(step: ProcessStep): readonly ProcessEffect[] {
  return step.effects.filter((effect) => effect.kind !== 'changed');
}

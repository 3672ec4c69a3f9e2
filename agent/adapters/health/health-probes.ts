/**
 * Looks at programs when the core wants to know of their health. However badly a program behaves, a
 * look is answered once and in time, is bounded in what it takes of the agent, and leaves nothing
 * behind: so it can be repeated for years.
 */
import { printable } from '../../../proto/dialect/problem.ts';
import { clippedTo } from '../../../proto/text-limits.ts';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { HealthProbe, ProcessDefinition } from '../../core/definition.ts';
import type { ProbeResult } from '../../core/observe.ts';
import type { Child } from '../../core/process.ts';
import type { HealthProbes } from '../../ports.ts';
import { ensureDescriptorsLeft } from '../children/spare-descriptors.ts';
import type { ExecSurroundings } from './check-command.ts';
import { lookByExec } from './exec-look.ts';
import { lookByHttp } from './http-look.ts';
import { type Answer, failed, type Look, reasonOf } from './look.ts';
import { lookByTcp } from './tcp-look.ts';

/** A host with hundreds of programs has the rest wait, for milliseconds as a rule. */
const AT_ONCE_MAX = 32;

/** Of a check that can be killed and does not end, as on a file server that is gone. */
const HANGING_MAX = 2;

/** Where descriptors run short, the last ones are for starting programs. */
const DESCRIPTORS_LEFT_MIN = 64;

/** It is shown in status, in one line. */
const ERROR_LENGTH_MAX = 500;

/** The longest that Node's timers have. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

interface Attempt {
  readonly definition: ProcessDefinition;
  readonly probe: HealthProbe;
  readonly done: Answer;
  readonly timer: NodeJS.Timeout;
  /** Null while it waits for its turn. */
  look: Look | null;
}

export class AgentProbes implements HealthProbes, Disposable {
  readonly #around: ExecSurroundings;
  readonly #waiting = new Set<Attempt>();
  readonly #running = new Set<Attempt>();
  /** Killed, and not ended when it was looked last. */
  readonly #hanging = new Map<ProcessName, readonly Look[]>();
  #isBeginning = false;

  constructor(around: ExecSurroundings) {
    this.#around = around;
  }

  probe(definition: ProcessDefinition, _child: Child, done: (result: ProbeResult) => void): void {
    const { healthCheck, process } = definition;
    if (healthCheck === null) return done(failed('it has no health check any more'));
    this.#endEarlier(process);
    if (this.#hangingOf(process).length >= HANGING_MAX) {
      return done(failed('earlier checks were killed and do not end; they hang in the system'));
    }
    const timeoutMs = Math.min(healthCheck.timeoutMs, TIMEOUT_MAX_MS);
    const timer = setTimeout(() => this.#timeOut(attempt, timeoutMs), timeoutMs);
    const attempt: Attempt = { definition, probe: healthCheck.probe, done, timer, look: null };
    this.#waiting.add(attempt);
    this.#beginWaiting();
  }

  /** Nobody is told any more. */
  [Symbol.dispose](): void {
    for (const attempt of [...this.#waiting, ...this.#running]) this.#giveUp(attempt);
  }

  /** Of a child that is gone: its program is being looked at for the next one. */
  #endEarlier(process: ProcessName): void {
    for (const attempt of [...this.#waiting, ...this.#running]) {
      if (attempt.definition.process !== process) continue;
      this.#giveUp(attempt);
      attempt.done(failed('it was given up for a later one'));
    }
  }

  /** What fails at once makes room within the loop, and must not begin another one. */
  #beginWaiting(): void {
    if (this.#isBeginning) return;
    this.#isBeginning = true;
    try {
      for (const attempt of this.#waiting) {
        if (this.#running.size >= AT_ONCE_MAX) break;
        this.#waiting.delete(attempt);
        this.#running.add(attempt);
        this.#begin(attempt);
      }
    } finally {
      this.#isBeginning = false;
    }
  }

  #begin(attempt: Attempt): void {
    const answer: Answer = (result) => {
      if (!this.#running.delete(attempt)) return;
      clearTimeout(attempt.timer);
      attempt.done(result.isPassing ? result : failed(shown(result.error)));
      this.#beginWaiting();
    };
    try {
      attempt.look = look(attempt, { ...this.#around, answer });
    } catch (caught) {
      answer(failed(`it cannot be started: ${reasonOf(caught)}`));
    }
  }

  #timeOut(attempt: Attempt, timeoutMs: number): void {
    const why = this.#giveUp(attempt);
    attempt.done(failed(shown(`${why} (within ${timeoutMs / 1000} s)`)));
    this.#beginWaiting();
  }

  /** @returns why nothing came of it */
  #giveUp(attempt: Attempt): string {
    clearTimeout(attempt.timer);
    if (this.#waiting.delete(attempt)) return `${AT_ONCE_MAX} other checks left it no turn`;
    this.#running.delete(attempt);
    if (attempt.look === null) return 'nothing came of it';
    const why = attempt.look.giveUp();
    const { process } = attempt.definition;
    for (const name of this.#hanging.keys()) this.#hangingOf(name);
    this.#hanging.set(process, [...this.#hangingOf(process), attempt.look]);
    return why;
  }

  #hangingOf(process: ProcessName): readonly Look[] {
    const left = (this.#hanging.get(process) ?? []).filter((look) => !look.isOver());
    if (left.length > 0) this.#hanging.set(process, left);
    else this.#hanging.delete(process);
    return left;
  }
}

function look(
  { definition, probe }: Attempt,
  around: ExecSurroundings & { readonly answer: Answer },
): Look {
  ensureDescriptorsLeft(DESCRIPTORS_LEFT_MIN);
  switch (probe.kind) {
    case 'exec':
      return lookByExec(definition, probe.command, around);
    case 'http':
      return lookByHttp(probe.url, around.answer);
    case 'tcp':
      return lookByTcp(probe, around.answer);
  }
}

/** Whatever a program or a server says may be shown on a terminal. */
const shown = (error: string): string => clippedTo(ERROR_LENGTH_MAX, printable(error));

/**
 * The programs of one simulated host, which live on whether or not an agent watches them, and what
 * their keepers write about their ends. There is never a second one beside the first: that is
 * checked here, where it would happen.
 */
import assert from 'node:assert/strict';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';
import type { Child, ProcessInput } from '../../agent/core/process.ts';
import type { AgentState, Sighting } from '../../agent/core/state.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { VirtualClock } from '../fakes/agent-clock.ts';
import { BOOT_ID } from '../fakes/agent-host.ts';
import { aChild, exitCode, killedBy } from '../fakes/agent-process.ts';

/** A program from its spawn to its end. */
interface Program {
  readonly child: Child;
  readonly definition: ProcessDefinition;
  /** Takes no notice of any signal but KILL. */
  readonly isStubborn: boolean;
  isReleased: boolean;
}

/** How often programs misbehave: one in so many; 0: never. */
export interface Temper {
  readonly failsToSpawn: number;
  /** Takes no notice of any signal but KILL. */
  readonly isStubborn: number;
  /** Within its first two seconds. */
  readonly endsEarly: number;
}

const WILD: Temper = { failsToSpawn: 8, isStubborn: 8, endsEarly: 4 };

interface ProgramsOptions {
  readonly clock: Pick<VirtualClock, 'after'>;
  readonly temper?: Temper;
  readonly draw: (below: number) => number;
  /** To the agent that is alive, if one is. */
  readonly deliver: (process: ProcessName, input: ProcessInput) => void;
}

export class PaperPrograms {
  /** From now on programs start, stay up and obey. */
  isHealthy = false;
  /** Of the host, from now on. */
  bootId = BOOT_ID;
  readonly #options: ProgramsOptions;
  readonly #temper: Temper;
  readonly #programs = new Map<ProcessName, Program>();
  readonly #exitFiles = new Map<ProcessName, ExitStatus>();
  #lastPid = 100;

  constructor(options: ProgramsOptions) {
    this.#options = options;
    this.#temper = options.temper ?? WILD;
  }

  get count(): number {
    return this.#programs.size;
  }

  spawn(definition: ProcessDefinition): void {
    const { clock, draw, deliver } = this.#options;
    const { process } = definition;
    assert.ok(!this.#programs.has(process), `a second ${process} beside the first`);
    if (this.#befalls('failsToSpawn')) {
      return deliver(process, { kind: 'spawnFailed', error: "couldn't fork: EAGAIN" });
    }
    this.#lastPid += 1;
    const isStubborn = this.#befalls('isStubborn');
    const child = aChild(this.#lastPid, this.bootId);
    const program = { child, definition, isStubborn, isReleased: false };
    this.#programs.set(process, program);
    this.#exitFiles.delete(process);
    clock.after(1 + draw(10), () => {
      if (this.#programs.get(process) !== program) return;

      deliver(process, { kind: 'spawned', child: program.child });
    });
  }

  release(process: ProcessName): void {
    const program = this.#programs.get(process);
    if (program === undefined) return;
    program.isReleased = true;
    const { draw } = this.#options;
    if (!this.#befalls('endsEarly')) return;
    this.#endAfter(draw(2_000), program, exitCode(draw(2)));
  }

  abandon(process: ProcessName): void {
    const program = this.#programs.get(process);
    if (program === undefined || program.isReleased) return;
    this.#endAfter(3, program, { kind: 'neverRan' });
  }

  adopt(process: ProcessName, { pid }: Child): void {
    if (this.#programs.get(process)?.child.pid === pid) return;
    const exit = this.#exitOf(process);
    this.#options.deliver(process, { kind: 'exited', exit, lastLines: [] });
  }

  /** @returns whose child it is, while it is there */
  signal({ pid }: Child, signal: string): ProcessName | null {
    const program = [...this.#programs.values()].find(({ child }) => child.pid === pid);
    if (program === undefined) return null;
    if (!program.isStubborn || signal === 'KILL') {
      this.#endAfter(this.#options.draw(300), program, killedBy(signal));
    }
    return program.definition.process;
  }

  crashOne(): void {
    const { draw } = this.#options;
    const running = [...this.#programs.values()].filter(({ isReleased }) => isReleased);
    const victim = running[draw(Math.max(1, running.length))];
    if (victim !== undefined) this.#end(victim, exitCode(draw(3)));
  }

  /** The host itself went down, and nobody was there to write anything. */
  powerOff(bootId: string): void {
    this.bootId = bootId;
    this.#programs.clear();
    this.#exitFiles.clear();
  }

  /** Their agent died: those at their gates end without having run. @returns their pids */
  closeGates(): readonly number[] {
    const atGates = [...this.#programs.values()].filter(({ isReleased }) => !isReleased);
    for (const program of atGates) this.#end(program, { kind: 'neverRan' });
    return atGates.map(({ child }) => child.pid);
  }

  /** What the next agent finds of the children that are on record. */
  sightings(state: AgentState): ReadonlyMap<ProcessName, Sighting> {
    const sightings = new Map<ProcessName, Sighting>();
    for (const [name, { child }] of state.processes) {
      if (child === null) continue;
      const isThere = this.#programs.get(name)?.child.pid === child.pid;
      const exit = this.#exitOf(name);
      sightings.set(name, isThere ? { kind: 'alive' } : { kind: 'ended', exit });
    }
    return sightings;
  }

  /** None is there that the agent does not know of. */
  checkHeld(state: AgentState): void {
    for (const [process, { child }] of this.#programs) {
      const held = state.processes.get(process)?.child?.pid;
      assert.equal(held, child.pid, `${process} is lost: pid ${child.pid}`);
    }
  }

  definitionOf(process: ProcessName): ProcessDefinition | undefined {
    return this.#programs.get(process)?.definition;
  }

  /** Of the program that is executing. */
  runningPid(process: ProcessName): number | null {
    const program = this.#programs.get(process);
    return program?.isReleased ? program.child.pid : null;
  }

  #befalls(what: keyof Temper): boolean {
    const one = this.#temper[what];
    return !this.isHealthy && one > 0 && this.#options.draw(one) === 0;
  }

  #exitOf(process: ProcessName): ExitStatus {
    return this.#exitFiles.get(process) ?? { kind: 'unknown' };
  }

  #endAfter(delayMs: number, program: Program, exit: ExitStatus): void {
    this.#options.clock.after(delayMs, () => this.#end(program, exit));
  }

  #end(program: Program, exit: ExitStatus): void {
    const { process } = program.definition;
    if (this.#programs.get(process) !== program) return;

    this.#programs.delete(process);
    this.#exitFiles.set(process, exit);
    this.#options.deliver(process, { kind: 'exited', exit, lastLines: [] });
  }
}

/**
 * Starts, releases, signals and watches the programs, each through its keeper (`keeper.ts`), and
 * turns what happens to them into inputs. Decides nothing: whether an exit leads to a restart is
 * the core's business.
 */
import type { ChildProcess } from 'node:child_process';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import { type ExitStatus, parseExitFile } from '../../core/exit-status.ts';
import type { Child, ProcessInput, SignalResult } from '../../core/process.ts';
import type { SpawnProblem } from '../../core/state.ts';
import type { Children, Log } from '../../ports.ts';
import { mayBeAlive, type ProcessTable } from '../host/process-table.ts';
import { readableLog } from '../logs/log-path.ts';
import type { SyslogSink } from '../logs/syslog.ts';
import { AdoptedChildren } from './adopted.ts';
import { type Attendance, errorStreamOf, gateOf, streamsOf } from './attendance.ts';
import { Attendances } from './attendances.ts';
import { readExitFile, readRemarks } from './exit-file.ts';
import { findCommand, type Launch, planLaunch, startKeeper } from './launch.ts';
import type { Folders } from './run-files.ts';
import { sendSignal } from './send-signal.ts';
import {
  bounded,
  childRemarks,
  execFailure,
  forkFailure,
  keeperFailure,
  outputFailure,
} from './spawn-failure.ts';

export interface ChildrenOptions {
  readonly folders: Folders;
  readonly table: ProcessTable;
  /** What the agent passes on of its own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Soft limit of descriptors for programs (Supervisor's `minfds`). */
  readonly descriptorsMax: number;
  readonly syslog: SyslogSink;
  /** As the agent goes by it now; null where there is no such process. */
  readonly definitionOf: (process: ProcessName) => ProcessDefinition | null;
  readonly deliver: (process: ProcessName, input: ProcessInput) => void;
  readonly log: Log;
}

export class ChildProcesses implements Children, Disposable {
  readonly #options: ChildrenOptions;
  readonly #attendances: Attendances;
  readonly #adopted: AdoptedChildren;

  constructor(options: ChildrenOptions) {
    this.#options = options;
    this.#attendances = new Attendances(options);
    this.#adopted = new AdoptedChildren(options.table, options.folders.runDir, options.log);
  }

  examine(definition: ProcessDefinition): SpawnProblem | null {
    const found = findCommand(definition, this.#options.environment);
    return found.kind === 'found' ? null : { fault: found.fault, error: bounded(found.error) };
  }

  spawn(definition: ProcessDefinition): void {
    const { process } = definition;
    const plan = planLaunch(definition, this.#options.environment);
    if (plan.kind === 'impossible' && childRemarks(plan.error) === null) {
      return this.#fail(process, plan.error);
    }
    let attendance: Attendance;
    try {
      attendance = this.#attendances.forStart(definition);
    } catch (error) {
      return this.#fail(process, outputFailure(error, definition));
    }
    if (plan.kind === 'impossible') return this.#fail(process, plan.error);
    try {
      this.#launch(attendance, plan);
    } catch (error) {
      this.#fail(process, forkFailure(error, definition));
    }
  }

  release(process: ProcessName): void {
    const gate = gateOf(this.#attendances.of(process));
    // It has served; left open, it would be one descriptor more for every program.
    gate?.end('go\n', () => gate.destroy());
  }

  abandon(process: ProcessName): void {
    gateOf(this.#attendances.of(process))?.destroy();
  }

  signal(child: Child, signal: string, wholeGroup: boolean): SignalResult {
    if (!this.#isItself(child)) return { kind: 'gone' };
    const result = sendSignal(signal, wholeGroup ? -child.pid : child.pid);
    // It is there, but it leads no group: there is no setsid(1) here, or it has joined another one.
    return wholeGroup && result.kind === 'gone' ? sendSignal(signal, child.pid) : result;
  }

  adopt(definition: ProcessDefinition, child: Child): void {
    const attendance = this.#attendances.forAdoption(definition);
    attendance.child = child;
    this.#watch(attendance, child);
  }

  redefine(definition: ProcessDefinition): void {
    this.#attendances.redefine(definition);
  }

  forget(process: ProcessName): void {
    this.#attendances.forget(process);
  }

  reopenLogs(): void {
    this.#attendances.reopenLogs();
  }

  /** @returns why not all of them could be emptied, or null */
  clearLogs(process: ProcessName): string | null {
    return this.#attendances.clearLogs(process, this.#options.definitionOf(process));
  }

  /** @returns null where there is no file: none is kept, or it is in that of stdout */
  logPath(process: ProcessName, channel: 'stdout' | 'stderr'): string | null {
    const { folders, definitionOf } = this.#options;
    return readableLog(folders, definitionOf(process), channel);
  }

  [Symbol.dispose](): void {
    this.#adopted[Symbol.dispose]();
    this.#attendances[Symbol.dispose]();
  }

  /** Between its end and our notice of it, the pid may belong to somebody else. */
  #isItself({ pid, startToken }: Child): boolean {
    try {
      return this.#options.table.startTokenOf(pid) === startToken;
    } catch {
      // Not to be told now. While a keeper of our own waits for it, the pid is still its own; of
      // another it counts as gone: a stop will try again, and no stranger is hit.
      return this.#attendances
        .all()
        .some(({ child, keeper }) => keeper !== null && child?.pid === pid);
    }
  }

  #launch(attendance: Attendance, launch: Launch): void {
    const { environment: own, descriptorsMax } = this.#options;
    const { definition } = launch;
    attendance.lastLines.clear();
    attendance.child = null;
    const keeper = startKeeper(launch, attendance.files, { own, descriptorsMax });
    attendance.keeper = keeper;
    keeper.unref();
    keeper.once('error', (error) => {
      attendance.keeper = null;
      this.#fail(definition.process, forkFailure(error, definition));
    });
    keeper.once('exit', (code) => this.#keeperEnded(attendance, keeper, code));
    const gate = gateOf(attendance);
    gate?.on('error', () => undefined);
    gate?.once('data', (line: Buffer) => this.#atGate(attendance, keeper, line));
  }

  #atGate(attendance: Attendance, keeper: ChildProcess, line: Buffer): void {
    const { table } = this.#options;
    const pid = Number.parseInt(line.toString('latin1'), 10);
    const keeperPid = keeper.pid ?? 0;
    let startToken: string | null;
    let keeperStartToken: string | null;
    try {
      startToken = table.startTokenOf(pid);
      keeperStartToken = table.startTokenOf(keeperPid);
    } catch {
      // What cannot be put on record must not run; its end counts as a failed start.
      return this.abandon(attendance.definition.process);
    }
    // Gone between two instructions: the keeper's end is on its way and says how.
    if (startToken === null || keeperStartToken === null) return;
    const child = { pid, startToken, keeperPid, keeperStartToken, bootId: table.bootId };
    attendance.child = child;
    this.#deliver(attendance, { kind: 'spawned', child });
  }

  #keeperEnded(attendance: Attendance, keeper: ChildProcess, code: number | null): void {
    if (attendance.keeper !== keeper) return;
    attendance.keeper = null;
    const exit = readExitFile(attendance.files.exitFile);
    const { child } = attendance;
    if (child === null) return this.#endedBeforeGate(attendance, exit);
    if (exit.kind !== 'unknown') return this.#ended(attendance, exit);
    // The keeper was killed, not its program: that has not ended, it is only harder to watch.
    const { table } = this.#options;
    if (mayBeAlive(table, child.pid, child.startToken)) return this.#watch(attendance, child);
    // There was no room for the file; the keeper's own status says the same.
    this.#ended(attendance, code === null ? exit : parseExitFile(`exit ${code}\n`));
  }

  /** It was told to, or there could not be a child. */
  #endedBeforeGate(attendance: Attendance, exit: ExitStatus): void {
    const { definition, files } = attendance;
    if (exit.kind === 'neverRan') return this.#ended(attendance, exit);
    const remarks = readRemarks(files.exitFile);
    this.#fail(definition.process, keeperFailure(remarks, definition));
  }

  #watch(attendance: Attendance, child: Child): void {
    this.#adopted.add(child, attendance.files.exitFile, (exit) => this.#ended(attendance, exit));
  }

  #ended(attendance: Attendance, exit: ExitStatus): void {
    for (const stream of streamsOf(attendance)) stream.drain();
    attendance.child = null;
    const lastLines = attendance.lastLines.read();
    const failure = execFailure(exit, lastLines, attendance.definition);
    const spawnError = failure === null ? undefined : { spawnError: bounded(failure) };
    if (failure !== null) this.#addRemarks(attendance, failure);
    this.#deliver(attendance, { kind: 'exited', exit, lastLines, ...spawnError });
  }

  #fail(process: ProcessName, error: string): void {
    this.#addRemarks(this.#attendances.of(process), error);
    this.#options.deliver(process, { kind: 'spawnFailed', error: bounded(error) });
  }

  #addRemarks(attendance: Attendance | undefined, error: string): void {
    const remarks = childRemarks(error);
    if (attendance === undefined || remarks === null) return;
    errorStreamOf(attendance)?.addToLog(remarks);
  }

  #deliver(attendance: Attendance, input: ProcessInput): void {
    this.#options.deliver(attendance.definition.process, input);
  }
}

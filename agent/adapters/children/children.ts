/**
 * Starts, releases, signals and watches the programs, each through its keeper (`keeper.ts`), and
 * turns what happens to them into inputs. Decides nothing: whether an exit leads to a restart is
 * the core's business.
 */
import type { ChildProcess } from 'node:child_process';
import { messageOf } from '../../../proto/errors.ts';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import { type ExitStatus, parseExitFile } from '../../core/exit-status.ts';
import type { Observation } from '../../core/observe.ts';
import type { Child, ProcessInput, SignalResult } from '../../core/process.ts';
import type { Children, Clock, Log } from '../../ports.ts';
import { mayBeAlive, type ProcessTable } from '../host/process-table.ts';
import { readableLog } from '../logs/log-path.ts';
import { LostOutput } from '../logs/lost-output.ts';
import type { SyslogSink } from '../logs/syslog.ts';
import { AdoptedChildren } from './adopted.ts';
import { type AtGate, childAtGate, readStartToken } from './at-gate.ts';
import { type Attendance, errorStreamOf, gateOf, streamsOf } from './attendance.ts';
import { Attendances } from './attendances.ts';
import { emptyChildRecord, writeChildRecord } from './child-record.ts';
import { readExitFile, readRemarks } from './exit-file.ts';
import { examineCommand, type Launch, locateCommand, planLaunch, startKeeper } from './launch.ts';
import { OutputHolder } from './output-holder.ts';
import { type Folders, outputFifosOf, runFilesOf } from './run-files.ts';
import { Signals } from './signals.ts';
import {
  bounded,
  childRemarks,
  execFailure,
  forkFailure,
  keeperFailure,
  outputFailure,
} from './spawn-failure.ts';
import { openStops, type Stops } from './stops.ts';

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
  readonly observe: (process: ProcessName, observation: Observation) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export class ChildProcesses implements Children, Disposable {
  readonly #options: ChildrenOptions;
  readonly #holder: OutputHolder;
  readonly #lostOutput: LostOutput;
  readonly #attendances: Attendances;
  readonly #adopted: AdoptedChildren;
  readonly #signals: Signals;
  readonly #stops: Stops;

  constructor(options: ChildrenOptions) {
    this.#options = options;
    const { folders, table, environment, log } = options;
    this.#holder = new OutputHolder({ runDir: folders.runDir, table, environment, log });
    this.#lostOutput = new LostOutput(options.clock, options.observe);
    const around = {
      ...options,
      nowMs: () => options.clock.now().wallMs,
      onLost: (process: ProcessName, bytes: number) => this.#lostOutput.add(process, bytes),
    };
    this.#attendances = new Attendances(around, this.#holder);
    this.#adopted = new AdoptedChildren(table, folders.runDir, log);
    this.#signals = new Signals(table, this.#attendances);
    this.#stops = openStops(options, this.#attendances);
  }

  /** As soon as their FIFOs are there, and before any of these is read. */
  holdOutputOf(processes: Iterable<ProcessName>): void {
    const { folders } = this.#options;
    this.#holder.add([...processes].flatMap((name) => outputFifosOf(runFilesOf(folders, name))));
    this.#holder.complete();
  }

  /**
   * Of a process that ended while no agent ran: what it had printed goes to its logs.
   * @returns its last lines
   */
  readRest(definition: ProcessDefinition): readonly string[] {
    return takeUpEnd(this.#attendances.forAdoption(definition));
  }

  examine(definition: ProcessDefinition) {
    return examineCommand(definition, this.#options.environment);
  }

  locate(definition: ProcessDefinition): string | null {
    return locateCommand(definition, this.#options.environment);
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
    const attendance = this.#attendances.of(process);
    this.#holder.complete();
    this.#putOnRecord(attendance);
    const gate = gateOf(attendance);
    // It has served; left open, it would be one descriptor more for every program.
    gate?.end('go\n', () => gate.destroy());
  }

  abandon(process: ProcessName): void {
    gateOf(this.#attendances.of(process))?.destroy();
  }

  stop(process: ProcessName, child: Child, signal: string, wholeGroup: boolean): SignalResult {
    this.#stops.signal(process, child, signal);
    return wholeGroup
      ? this.#signals.sendToGroup(child, signal)
      : this.#signals.send(child, signal);
  }

  signal(child: Child, signal: string): SignalResult {
    return this.#signals.send(child, signal);
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
    this.#lostOutput.forget(process);
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

  /** At an orderly end: no next agent is to find anything. */
  endHolder(): void {
    this.#holder.end();
  }

  /** What runs runs on, and what it prints is kept for the next agent. */
  [Symbol.dispose](): void {
    this.#holder[Symbol.dispose]();
    this.#stops[Symbol.dispose]();
    this.#adopted[Symbol.dispose]();
    this.#attendances[Symbol.dispose]();
  }

  #putOnRecord(attendance: Attendance | undefined): void {
    const child = attendance?.child ?? null;
    if (attendance === undefined || child === null) return;
    try {
      const startedAtMs = this.#options.clock.now().wallMs;
      writeChildRecord(attendance.files.childRecord, { ...child, startedAtMs });
    } catch (error) {
      const { process } = attendance.definition;
      const text = 'not on record in run_dir, for an agent that has lost its journal';
      this.#options.log.warn({ process, error: messageOf(error) }, text);
    }
  }

  #launch(attendance: Attendance, launch: Launch): void {
    const { environment: own, descriptorsMax, table } = this.#options;
    const { definition } = launch;
    attendance.lastLines.clear();
    attendance.child = null;
    const around = { own, descriptorsMax, selfPath: table.selfPath };
    const keeper = startKeeper(launch, attendance.files, around);
    attendance.keeper = keeper;
    keeper.unref();
    keeper.once('error', (error) => {
      attendance.keeper = null;
      this.#fail(definition.process, forkFailure(error, definition));
    });
    keeper.once('exit', (code) => this.#keeperEnded(attendance, keeper, code));
    const gate = gateOf(attendance);
    gate?.on('error', () => undefined);
    const pid = keeper.pid ?? 0;
    const startToken = readStartToken(pid, table);
    gate?.once('data', (line: Buffer) => {
      this.#atGate(attendance, childAtGate(line.toString('latin1'), { pid, startToken }, table));
    });
  }

  #atGate(attendance: Attendance, found: AtGate): void {
    switch (found.kind) {
      case 'child':
        attendance.child = found.child;
        return this.#deliver(attendance, { kind: 'spawned', child: found.child });
      case 'unknown':
        // What cannot be put on record must not run; its end counts as a failed start.
        return this.abandon(attendance.definition.process);
      case 'none':
        // Gone between two instructions: the keeper's end is on its way and says how.
        return;
    }
  }

  #keeperEnded(attendance: Attendance, keeper: ChildProcess, code: number | null): void {
    if (attendance.keeper !== keeper) return;
    attendance.keeper = null;
    const exit = readExitFile(attendance.files.exitFile);
    const { child } = attendance;
    if (child === null) return this.#endedBeforeGate(attendance, exit);
    if (exit.kind !== 'unknown') return this.#ended(attendance, exit);
    // There was no room for the file; the keeper's own status says the same.
    if (code !== null) return this.#ended(attendance, parseExitFile(`exit ${code}\n`));
    // The keeper was killed, perhaps not its program: that has not ended, it is only harder to watch.
    const mayLive = mayBeAlive(this.#options.table, child.pid, child.startToken);
    if (mayLive) return this.#watch(attendance, child);
    this.#ended(attendance, exit);
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
    const { child } = attendance;
    attendance.child = null;
    const lastLines = takeUpEnd(attendance);
    const failure = execFailure(exit, lastLines, attendance.definition);
    const spawnError = failure === null ? undefined : { spawnError: bounded(failure) };
    if (failure !== null) this.#addRemarks(attendance, failure);
    this.#stops.ended(attendance.definition, child, (rest) => {
      this.#deliver(attendance, { kind: 'exited', exit, lastLines, ...spawnError, ...rest });
    });
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

/** What it printed goes to its logs, and `run_dir` forgets it. @returns its last lines */
function takeUpEnd(attendance: Attendance): readonly string[] {
  for (const stream of streamsOf(attendance)) stream.drain();
  emptyChildRecord(attendance.files.childRecord);
  return attendance.lastLines.read();
}

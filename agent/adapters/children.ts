/**
 * Starts, releases, signals and watches the programs, each through its keeper (`keeper.ts`), and
 * turns what happens to them into inputs. Decides nothing: whether an exit leads to a restart is
 * the core's business.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import type { ExitStatus } from '../core/exit-status.ts';
import type { Child, ProcessInput } from '../core/process.ts';
import type { Children, Log, SignalResult } from '../ports.ts';
import { AdoptedChildren } from './adopted.ts';
import { findExecutable } from './executable.ts';
import { readExitFile } from './exit-file.ts';
import { keeperArguments } from './keeper.ts';
import { LastLines } from './last-lines.ts';
import { LogFile } from './log-file.ts';
import { OutputStream } from './output.ts';
import type { ProcessTable } from './process-table.ts';
import { type Folders, logPathOf, type RunFiles, runFilesOf } from './run-files.ts';

export interface ChildrenOptions {
  readonly folders: Folders;
  readonly table: ProcessTable;
  /** What the agent passes on of its own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Soft limit of descriptors for programs (Supervisor's `minfds`). */
  readonly descriptorsMax: number;
  readonly deliver: (process: ProcessName, input: ProcessInput) => void;
  readonly log: Log;
}

/** What the agent has open for one process name. */
interface Attendance {
  readonly definition: ProcessDefinition;
  readonly files: RunFiles;
  readonly streams: readonly OutputStream[];
  readonly lastLines: LastLines;
  keeper: ChildProcess | null;
  child: Child | null;
}

export class ChildProcesses implements Children, Disposable {
  readonly #options: ChildrenOptions;
  readonly #attended = new Map<ProcessName, Attendance>();
  readonly #adopted: AdoptedChildren;

  constructor(options: ChildrenOptions) {
    this.#options = options;
    this.#adopted = new AdoptedChildren(options.table, options.folders.runDir, options.log);
  }

  spawn(definition: ProcessDefinition): void {
    const { process } = definition;
    const environment = this.#environmentOf(definition);
    const found = findExecutable(
      definition.command,
      environment['PATH'] ?? '',
      definition.directory,
    );
    if (found.kind === 'unusable') return this.#fail(process, found.error);
    const { directory } = definition;
    if (directory !== null) {
      const problem = directoryProblem(directory);
      if (problem !== null)
        return this.#fail(process, `couldn't chdir to ${directory}: ${problem}`);
    }
    try {
      this.#launch(this.#attend(definition), found.command, environment);
    } catch (error) {
      this.#fail(process, `couldn't fork: ${messageOf(error)}`);
    }
  }

  release(process: ProcessName): void {
    gateOf(this.#attended.get(process))?.end('go\n');
  }

  abandon(process: ProcessName): void {
    gateOf(this.#attended.get(process))?.destroy();
  }

  signal(child: Child, signal: string, wholeGroup: boolean): SignalResult {
    // Between its end and our notice of it, the pid may belong to somebody else.
    const isItself = this.#options.table.startTokenOf(child.pid) === child.startToken;
    if (!isItself) return { kind: 'gone' };
    try {
      process.kill(wholeGroup ? -child.pid : child.pid, signalNumberOrName(signal));
      return { kind: 'delivered' };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return { kind: 'gone' };
      return { kind: 'failed', error: `could not send SIG${signal}: ${messageOf(error)}` };
    }
  }

  adopt(definition: ProcessDefinition, child: Child): void {
    const attendance = this.#attend(definition);
    attendance.child = child;
    this.#watch(attendance, child);
  }

  reopenLogs(): void {
    for (const { streams } of this.#attended.values()) {
      for (const stream of streams) stream.reopenLog();
    }
  }

  [Symbol.dispose](): void {
    this.#adopted[Symbol.dispose]();
    for (const attendance of this.#attended.values()) closeStreams(attendance);
    this.#attended.clear();
  }

  #launch(
    attendance: Attendance,
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): void {
    const { definition, files } = attendance;
    attendance.lastLines.clear();
    attendance.child = null;
    rmSync(files.exitFile, { force: true });
    const keeper = spawn(
      '/bin/sh',
      keeperArguments({
        process: definition.process,
        exitFile: files.exitFile,
        stdoutFifo: files.stdoutFifo,
        stderrFifo: definition.redirectStderr ? files.stdoutFifo : files.stderrFifo,
        umask: definition.umask,
        descriptorsMax: this.#options.descriptorsMax,
        command,
      }),
      {
        cwd: definition.directory ?? undefined,
        env: environment,
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      },
    );
    attendance.keeper = keeper;
    keeper.unref();
    keeper.once('error', (error) => {
      attendance.keeper = null;
      this.#fail(definition.process, `couldn't fork: ${error.message}`);
    });
    keeper.once('exit', () => this.#keeperEnded(attendance, keeper));
    const gate = gateOf(attendance);
    gate?.on('error', () => undefined);
    gate?.once('data', (line: Buffer) => this.#atGate(attendance, keeper, line));
  }

  #atGate(attendance: Attendance, keeper: ChildProcess, line: Buffer): void {
    const { table } = this.#options;
    const pid = Number.parseInt(line.toString('latin1'), 10);
    const keeperPid = keeper.pid ?? 0;
    const startToken = table.startTokenOf(pid);
    const keeperStartToken = table.startTokenOf(keeperPid);
    // Gone between two instructions: the keeper's end is on its way and says how.
    if (startToken === null || keeperStartToken === null) return;
    const child = { pid, startToken, keeperPid, keeperStartToken, bootId: table.bootId };
    attendance.child = child;
    this.#deliver(attendance, { kind: 'spawned', child });
  }

  #keeperEnded(attendance: Attendance, keeper: ChildProcess): void {
    if (attendance.keeper !== keeper) return;
    attendance.keeper = null;
    const exit = readExitFile(attendance.files.exitFile);
    const { child } = attendance;
    // The keeper was killed, not its program: that has not ended, it is only harder to watch.
    const isOrphan =
      exit.kind === 'unknown' &&
      child !== null &&
      this.#options.table.startTokenOf(child.pid) === child.startToken;
    if (isOrphan) this.#watch(attendance, child);
    else this.#ended(attendance, exit);
  }

  #watch(attendance: Attendance, child: Child): void {
    this.#adopted.add(child, attendance.files.exitFile, (exit) => this.#ended(attendance, exit));
  }

  #ended(attendance: Attendance, exit: ExitStatus): void {
    for (const stream of attendance.streams) stream.drain();
    attendance.child = null;
    const lastLines = attendance.lastLines.read();
    this.#deliver(attendance, { kind: 'exited', exit, lastLines });
  }

  #attend(definition: ProcessDefinition): Attendance {
    const { process } = definition;
    const present = this.#attended.get(process);
    if (present?.definition === definition) return present;
    if (present) closeStreams(present);
    const files = runFilesOf(this.#options.folders, process);
    const lastLines = new LastLines();
    const streams = [
      new OutputStream(files.stdoutFifo, this.#openLog(definition, 'stdout'), lastLines),
    ];
    if (!definition.redirectStderr) {
      const log = this.#openLog(definition, 'stderr');
      streams.push(new OutputStream(files.stderrFifo, log, lastLines));
    }
    const attendance = { definition, files, streams, lastLines, keeper: null, child: null };
    this.#attended.set(process, attendance);
    return attendance;
  }

  #openLog(definition: ProcessDefinition, stream: 'stdout' | 'stderr'): LogFile | null {
    const path = logPathOf(this.#options.folders, definition, stream);
    if (path === null) return null;
    const limits = stream === 'stdout' ? definition.stdoutLog : definition.stderrLog;
    return new LogFile(path, limits, (problem) => {
      this.#options.log.warn({ process: definition.process }, problem);
    });
  }

  #environmentOf(definition: ProcessDefinition): Record<string, string> {
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#options.environment)) {
      if (value !== undefined) environment[name] = value;
    }
    return {
      ...environment,
      SUPERVISOR_ENABLED: '1',
      SUPERVISOR_PROCESS_NAME: definition.name,
      SUPERVISOR_GROUP_NAME: definition.group,
      ...definition.environment,
    };
  }

  #fail(process: ProcessName, error: string): void {
    this.#options.deliver(process, { kind: 'spawnFailed', error });
  }

  #deliver(attendance: Attendance, input: ProcessInput): void {
    this.#options.deliver(attendance.definition.process, input);
  }
}

function gateOf(attendance: Attendance | undefined): Socket | undefined {
  return attendance?.keeper?.stdio[3] as Socket | undefined;
}

function closeStreams(attendance: Attendance): void {
  for (const stream of attendance.streams) stream[Symbol.dispose]();
}

function directoryProblem(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : 'ENOTDIR';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? messageOf(error);
  }
}

function signalNumberOrName(signal: string): number | NodeJS.Signals {
  return /^\d+$/.test(signal) ? Number(signal) : (`SIG${signal}` as NodeJS.Signals);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Starts, releases, signals and watches the programs, each through its keeper (`keeper.ts`), and
 * turns what happens to them into inputs. Decides nothing: whether an exit leads to a restart is
 * the core's business.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import { type ExitStatus, parseExitFile } from '../core/exit-status.ts';
import type { Child, ProcessInput } from '../core/process.ts';
import type { Children, Log, SignalResult } from '../ports.ts';
import { AdoptedChildren } from './adopted.ts';
import {
  type Attendance,
  blindAttendance,
  closeStreams,
  gateOf,
  openAttendance,
} from './attendance.ts';
import { findExecutable } from './executable.ts';
import { readExitFile } from './exit-file.ts';
import { keeperArguments, keeperEnvironment } from './keeper.ts';
import { makeFifos } from './output.ts';
import { mayBeAlive, type ProcessTable } from './process-table.ts';
import { type Folders, runFilesOf } from './run-files.ts';
import { sendSignal } from './send-signal.ts';

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
    const gate = gateOf(this.#attended.get(process));
    // It has served; left open, it would be one descriptor more for every program.
    gate?.end('go\n', () => gate.destroy());
  }

  abandon(process: ProcessName): void {
    gateOf(this.#attended.get(process))?.destroy();
  }

  signal(child: Child, signal: string, wholeGroup: boolean): SignalResult {
    if (!this.#isItself(child)) return { kind: 'gone' };
    const result = sendSignal(signal, wholeGroup ? -child.pid : child.pid);
    // It is there, but it leads no group: there is no setsid(1) here, or it has joined another one.
    return wholeGroup && result.kind === 'gone' ? sendSignal(signal, child.pid) : result;
  }

  adopt(definition: ProcessDefinition, child: Child): void {
    let attendance: Attendance;
    try {
      attendance = this.#attend(definition);
    } catch (error) {
      // A process whose output cannot be read is supervised nevertheless.
      this.#options.log.error({ process: definition.process }, messageOf(error));
      attendance = blindAttendance(definition, this.#options);
      this.#attended.set(definition.process, attendance);
    }
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

  /** Between its end and our notice of it, the pid may belong to somebody else. */
  #isItself({ pid, startToken }: Child): boolean {
    try {
      return this.#options.table.startTokenOf(pid) === startToken;
    } catch {
      // Not to be told now. While a keeper of our own waits for it, the pid is still its own; of
      // another it counts as gone: a stop will try again, and no stranger is hit.
      const attended = [...this.#attended.values()];
      return attended.some(({ child, keeper }) => keeper !== null && child?.pid === pid);
    }
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
    const packed = keeperEnvironment(environment);
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
        strangeCount: packed.strangeCount,
      }),
      {
        cwd: definition.directory ?? undefined,
        env: packed.environment,
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
    if (exit.kind !== 'unknown' || child === null) return this.#ended(attendance, exit);
    // The keeper was killed, not its program: that has not ended, it is only harder to watch.
    const { table } = this.#options;
    if (mayBeAlive(table, child.pid, child.startToken)) return this.#watch(attendance, child);
    // There was no room for the file; the keeper's own status says the same.
    this.#ended(attendance, code === null ? exit : parseExitFile(`exit ${code}\n`));
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

  /** @throws where the output cannot be captured; nothing is left open then */
  #attend(definition: ProcessDefinition): Attendance {
    const { process } = definition;
    const present = this.#attended.get(process);
    // An adopted one's output could not be read; the next start tries again.
    const isOpen = present?.definition === definition && present.streams.length > 0;
    const files = runFilesOf(this.#options.folders, process);
    // Somebody may have tidied up; a keeper would then write to a plain file, without end.
    const areThere = makeFifos([files.stdoutFifo, files.stderrFifo]) === 0;
    if (isOpen && areThere) return present;
    if (present) closeStreams(present);
    this.#attended.delete(process);
    const attendance = openAttendance(definition, this.#options);
    this.#attended.set(process, attendance);
    return attendance;
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
    // It may quote a command of any length, and goes out in a message that must stay small.
    const text = error.length > ERROR_CHARACTERS_MAX ? shortened(error) : error;
    this.#options.deliver(process, { kind: 'spawnFailed', error: text });
  }

  #deliver(attendance: Attendance, input: ProcessInput): void {
    this.#options.deliver(attendance.definition.process, input);
  }
}

const ERROR_CHARACTERS_MAX = 1_000;

/** The end says why. */
function shortened(error: string): string {
  const half = ERROR_CHARACTERS_MAX / 2;
  return `${error.slice(0, half)} … ${error.slice(-half)}`;
}

function directoryProblem(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : 'ENOTDIR';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

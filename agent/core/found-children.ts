/**
 * What is known of processes after the agent's journal was lost: which children were started, and
 * when, and how others ended. From this their records are made anew, so that each child is taken over
 * like any other, one that has ended meanwhile is judged by its exit status and not simply started
 * again, and a job that was done stays done.
 *
 * What cannot be found out is left as it would be for a new process: how often it was restarted,
 * and what people had asked for.
 */
import type { Instant } from '../../proto/instant.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { LogDefinition, ProcessDefinition } from './definition.ts';
import { type ExitStatus, isExpected } from './exit-status.ts';
import { type Child, initialProcess, type ProcessRuntime } from './process.ts';
import type { JournalContents } from './recover.ts';
import type { ConfigReading } from './state.ts';

/** Started by an earlier agent in this boot of the host. */
export interface FoundChild {
  readonly process: ProcessName;
  readonly child: Child;
  readonly startedAtMs: number;
}

/** Its child is gone, and the earlier agent knew it. */
export interface FoundEnd {
  readonly process: ProcessName;
  readonly exit: ExitStatus;
  readonly endedAtMs: number;
}

export interface FoundProcesses {
  readonly children: readonly FoundChild[];
  readonly ends: readonly FoundEnd[];
  /** These were started, and whether they still run cannot be found out. */
  readonly unsure: readonly ProcessName[];
}

/** A journal as the earlier agent's may have been, as far as that can be told. */
export function contentsWithFound(
  journal: JournalContents,
  { children, ends, unsure }: FoundProcesses,
  { reading, bootId, at }: FoundIn,
): JournalContents {
  const configured = new Map(
    (reading.kind === 'read' ? reading.definitions : []).map((each) => [each.process, each]),
  );
  const processes = [
    ...children.map((one) =>
      recordOf(one, configured.get(one.process) ?? unconfigured(one.process), at),
    ),
    ...ends.flatMap((end) => completed(end, configured.get(end.process)) ?? []),
    ...unsure.flatMap((name) => untold(configured.get(name), at) ?? []),
  ];
  return { ...journal, processes, bootId };
}

interface FoundIn {
  readonly reading: ConfigReading;
  readonly bootId: string;
  readonly at: Instant;
}

/** STARTING, whatever it was: from there the agent sees by itself how long it has been up. */
function recordOf(
  { child, startedAtMs }: FoundChild,
  definition: ProcessDefinition,
  { monotonicMs, wallMs }: Instant,
): ProcessRuntime {
  return {
    ...initialProcess(definition, startedAtMs),
    state: 'STARTING',
    child,
    startedAtMs,
    startedMonotonicMs: monotonicMs - Math.max(0, wallMs - startedAtMs),
    starts: 1,
  };
}

/**
 * A job that is done. Whatever ended otherwise, or is to run always, may have been about to be
 * restarted, so of that `autostart` decides, as of what has never run.
 */
function completed(
  { exit, endedAtMs }: FoundEnd,
  definition: ProcessDefinition | undefined,
): ProcessRuntime | null {
  if (definition === undefined || definition.autorestart === 'always') return null;
  if (!isExpected(exit, definition.exitCodes)) return null;
  return { ...initialProcess(definition, endedAtMs), state: 'EXITED', exit, starts: 1 };
}

/** FATAL: nothing but a person starts it. Two of it must never run. */
function untold(
  definition: ProcessDefinition | undefined,
  { wallMs }: Instant,
): ProcessRuntime | null {
  if (definition === undefined) return null;
  return { ...initialProcess(definition, wallMs), state: 'FATAL', lastError: UNTOLD };
}

const UNTOLD =
  'the records of it are lost, so it may still run: look for it with ps, end it if it is there, then start it';

/** No longer configured, so it is only to be stopped: with Supervisor's defaults. */
function unconfigured(process: ProcessName): ProcessDefinition {
  const [group = process, name = process] = process.split(':');
  return {
    ...{ process, group, name, program: name, groupPriority: 999, priority: 999, tierWaitMs: 0 },
    ...{ command: '', directory: null, umask: null, user: null, serverUrl: null, environment: {} },
    ...{ autostart: false, autorestart: 'never', startMs: 0, startRetries: 0, exitCodes: [0] },
    ...{ stopSignal: 'TERM', stopWaitMs: 10_000, stopAsGroup: false, killAsGroup: false },
    ...{ stopDescendants: false, dependsOn: [], healthCheck: null },
    ...{ restartPauseMs: 0, memoryMaxBytes: null },
    ...{ redirectStderr: false, stripAnsi: false, stdoutLog: NO_LOG, stderrLog: NO_LOG },
  };
}

const NO_LOG: LogDefinition = {
  target: { kind: 'none' },
  syslog: false,
  maxBytes: 0,
  backups: 0,
  timestamps: false,
};

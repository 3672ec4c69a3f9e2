/**
 * What is known of children after the agent's journal was lost: that they were started, and when.
 * From this their records are made anew, so that each is taken over like any other, and one that
 * has ended meanwhile is judged by its exit status and not simply started again.
 *
 * What cannot be found out is left as it would be for a new process: how often it was restarted,
 * and what people had asked for.
 */
import type { Instant } from '../../proto/instant.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { LogDefinition, ProcessDefinition } from './definition.ts';
import { type Child, initialProcess, type ProcessRuntime } from './process.ts';
import type { JournalContents } from './recover.ts';
import type { ConfigReading } from './state.ts';

/** Started by an earlier agent in this boot of the host. */
export interface FoundChild {
  readonly process: ProcessName;
  readonly child: Child;
  readonly startedAtMs: number;
}

/** A journal as the earlier agent's may have been, as far as that can be told. */
export function contentsWithFound(
  journal: JournalContents,
  found: readonly FoundChild[],
  { reading, bootId, at }: FoundIn,
): JournalContents {
  const configured = new Map(
    (reading.kind === 'read' ? reading.definitions : []).map((each) => [each.process, each]),
  );
  const processes = found.map((one) =>
    recordOf(one, configured.get(one.process) ?? unconfigured(one.process), at),
  );
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

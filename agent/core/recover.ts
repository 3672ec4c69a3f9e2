/**
 * The agent's state at its start, from what the one before it left in the journal. Processes of the
 * same boot of the host are taken over as they were recorded; after an orderly end, or on a host
 * that was rebooted, everything begins at STOPPED and only what people asked for is kept.
 */
import { groupBy } from '../../proto/group-by.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { clippedTo, PROBLEMS_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { withDefinition } from './define-process.ts';
import { FifoQueue } from './fifo-queue.ts';
import { type HostRules, NO_RULES } from './host-rules.ts';
import { type OutboxRecord, outboxOf } from './outbox.ts';
import { initialProcess, type ProcessRuntime } from './process.ts';
import { type AgentState, type ConfigReading, type TargetKey, targetKey } from './state.ts';
import type { TargetPhase, TargetRecord } from './target.ts';
import { isLocal } from './target-origin.ts';

export interface JournalContents {
  readonly processes: readonly ProcessRuntime[];
  /** In the order in which they were written last. */
  readonly targets: readonly TargetRecord[];
  readonly outbox: OutboxRecord;
  readonly endedOrderly: boolean;
  /** Of the host when the records were made; null for a new journal. */
  readonly bootId: string | null;
}

/**
 * @param reading of the configuration; where it is bad, what the agent before went by counts on
 * @param rules of the configuration that was accepted last
 */
export function recoverState(
  reading: ConfigReading,
  journal: JournalContents,
  bootId: string,
  wallMs: number,
  rules: HostRules = NO_RULES,
): AgentState {
  const definitions =
    reading.kind === 'read'
      ? reading.definitions
      : journal.processes.map(({ definition }) => definition);
  const recorded = new Map(journal.processes.map((held) => [held.definition.process, held]));
  const processes = new Map<ProcessName, ProcessRuntime>();
  for (const definition of definitions) {
    const fresh = initialProcess(definition, wallMs);
    const held = recorded.get(definition.process);
    processes.set(definition.process, held ? takeOver(fresh, held, journal, bootId) : fresh);
    recorded.delete(definition.process);
  }
  const retired = new Set<ProcessName>();
  for (const [name, held] of recorded) {
    if (held.child === null || journal.bootId !== bootId) continue;
    // It is not restarted if it has ended meanwhile.
    processes.set(name, { ...held, isSuspended: true });
    retired.add(name);
  }
  const targets =
    journal.bootId === bootId ? journal.targets : journal.targets.map(ofAnEarlierBoot);
  const byKey = PersistentMap.of(targets.map((target) => [targetKey(target), target] as const));
  return {
    processes: PersistentMap.of(processes),
    targets: byKey,
    remembered: FifoQueue.of(targets.map(targetKey)),
    queues: PersistentMap.of(openQueues(targets)),
    watched: PersistentMap.of(watchedIn(targets)),
    outbox: outboxOf(journal.outbox, (event) => isLocal(byKey, event)),
    sessionEpoch: null,
    controllerClock: null,
    sequence: null,
    available: definitions,
    rules,
    configProblem: reading.kind === 'read' ? null : clippedTo(PROBLEMS_LENGTH_MAX, reading.problem),
    rollouts: PersistentMap.of([]),
    reload: null,
    endListeners: [],
    retired: PersistentMap.of([...retired].map((name) => [name, true] as const)),
    lateStarts: new Set(),
    heldStarts: PersistentMap.of([]),
    firstTimerToken: 0,
    sequencesBegun: 0,
    isShuttingDown: false,
    isHandingOver: false,
    isHandOverDue: false,
    isJournalSound: true,
  };
}

/** All that a journal must hold of them, in an order from which `recoverState` makes these queues. */
export function targetsToRecord({ targets, queues }: AgentState): readonly TargetRecord[] {
  const settled = [...targets.values()].filter(({ outcome }) => outcome !== null);
  const unqueued = [...targets.values()].filter(({ phase }) => UNQUEUED.has(phase));
  const open = [...queues.values()].flat().flatMap((key) => targets.get(key) ?? []);
  return [...settled, ...unqueued, ...open];
}

/** Of open targets, those that stand in no queue. */
const UNQUEUED: ReadonlySet<TargetPhase> = new Set(['updating', 'verifying']);

/**
 * In the journal the reading of the old clock stays until the target is written again. An agent that
 * takes it for one of its own boot finds the target younger than it is, never older.
 */
function ofAnEarlierBoot(target: TargetRecord): TargetRecord {
  const watch = target.watch && { ...target.watch, sinceMonotonicMs: null };
  return { ...target, watch, acceptedMonotonicMs: null };
}

function takeOver(
  fresh: ProcessRuntime,
  held: ProcessRuntime,
  journal: JournalContents,
  bootId: string,
): ProcessRuntime {
  const { definition } = fresh;
  const { generation, wanted, exit, hold } = held;
  // A child that outlasted even an orderly end is taken over too: two of it must never run.
  const isOver = journal.endedOrderly && held.child === null;
  if (isOver || journal.bootId !== bootId) {
    const kept = { generation, wanted: wanted === 'paused' ? 'up' : wanted, exit, hold } as const;
    return { ...fresh, ...kept };
  }
  const same = {
    ...withDefinition(held, definition),
    isSuspended: false,
    // Of one agent's life: its successor waits, counts and measures for itself.
    waitsFor: null,
    lostOutputBytes: 0,
    residentBytes: null,
  };
  // Recorded on the way up or down but without a child: the gate never opened.
  const neverRan = held.child === null && (held.state === 'STARTING' || held.state === 'STOPPING');
  return neverRan ? { ...same, state: 'STOPPED' } : same;
}

/**
 * In the order in which they were accepted, as `targets` are: a target that waits is written once.
 * The one under way, which was written again, comes first. Their times are no guide: several are
 * accepted within a millisecond, and the clock may have been set back.
 */
function openQueues(
  targets: readonly TargetRecord[],
): ReadonlyMap<ProcessName, readonly TargetKey[]> {
  const queues = new Map<ProcessName, TargetKey[]>();
  const open = targets.filter(({ outcome, phase }) => outcome === null && !UNQUEUED.has(phase));
  const isWaiting = (target: TargetRecord) => Number(target.phase === 'queued');
  for (const target of open.sort((a, b) => isWaiting(a) - isWaiting(b))) {
    const queue = queues.get(target.process);
    if (queue === undefined) queues.set(target.process, [targetKey(target)]);
    else queue.push(targetKey(target));
  }
  return queues;
}

function watchedIn(
  targets: readonly TargetRecord[],
): ReadonlyMap<ProcessName, readonly TargetKey[]> {
  const watched = targets.filter(({ phase }) => phase === 'verifying');
  const byProcess = groupBy(watched, ({ process }) => process);
  return new Map([...byProcess].map(([name, held]) => [name, held.map(targetKey)] as const));
}

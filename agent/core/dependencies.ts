/**
 * `depends_on`, with the conditions that compose files have: a process is started only when those
 * that it needs are as it needs them. Until then its start is held, and status says what for. A start
 * never starts others by itself: whoever may restart their own program might not be allowed to start
 * the database.
 *
 * It is about starts that somebody asks for, and the host's own. What crashes comes back by itself,
 * whatever has become of its dependencies meanwhile.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { applyToProcess, emit, putProcess } from './apply-process.ts';
import type { Dependency, DependencyCondition, ProcessDefinition } from './definition.ts';
import { isExpected } from './exit-status.ts';
import { type ProcessRuntime, statusOf } from './process.ts';
import { type AgentState, isRetired, type Turn } from './state.ts';

export type Readiness =
  | { readonly kind: 'ready' }
  /** All that it still needs is on its way. */
  | { readonly kind: 'wait'; readonly for: string }
  /** Something that it needs is down, and nobody is starting it. */
  | { readonly kind: 'hopeless'; readonly for: string; readonly because: string };

const READY: Readiness = { kind: 'ready' };

export function readinessOf(state: AgentState, { dependsOn }: ProcessDefinition): Readiness {
  let readiness = READY;
  for (const dependency of dependsOn) {
    const found = readinessFor(state, dependency);
    if (found.kind === 'hopeless') return found;
    if (readiness.kind === 'ready') readiness = found;
  }
  return readiness;
}

/** For whoever starts it without being told by anybody in particular: now, or as soon as may be. */
export function startWhenReady(turn: Turn, process: ProcessRuntime): void {
  const readiness = readinessOf(turn.state, process.definition);
  const name = process.definition.process;
  if (readiness.kind === 'ready') applyToProcess(turn, name, { kind: 'start' });
  else holdStart(turn, name, readiness.for);
}

/** @param waitsFor for people */
export function holdStart(turn: Turn, name: ProcessName, waitsFor: string): void {
  turn.state = { ...turn.state, heldStarts: new Set(turn.state.heldStarts).add(name) };
  show(turn, name, waitsFor);
}

/** Its start is held no longer, whether it begins or nobody wants it any more. */
export function releaseStart(turn: Turn, name: ProcessName): void {
  if (!turn.state.heldStarts.has(name)) return;
  const heldStarts = new Set(turn.state.heldStarts);
  heldStarts.delete(name);
  turn.state = { ...turn.state, heldStarts };
  show(turn, name, null);
}

/**
 * How many that are given must be up before each of them, one after the other. Without any
 * dependencies, none is listed.
 */
export function dependencyDepths(
  definitions: readonly ProcessDefinition[],
  within: 'each tier' | 'all tiers',
): ReadonlyMap<ProcessName, number> {
  const depths = new Map<ProcessName, number>();
  if (definitions.every(({ dependsOn }) => dependsOn.length === 0)) return depths;
  const given = new Map(definitions.map((definition) => [definition.process, definition]));
  // Layer by layer, not by recursion: a chain may be as long as there are processes.
  const open = new Map(
    definitions.map((definition) => [definition.process, neededOf(definition, given, within)]),
  );
  for (let depth = 0; open.size > 0; depth += 1) {
    const layer = [...open].filter(([, needed]) => needed.every((name) => !open.has(name)));
    // A circle, which no configuration has, but perhaps what is left of two: it is one layer.
    const names = (layer.length > 0 ? layer : [...open]).map(([name]) => name);
    for (const name of names) depths.set(name, depth);
    for (const name of names) open.delete(name);
  }
  return depths;
}

function neededOf(
  definition: ProcessDefinition,
  given: ReadonlyMap<ProcessName, ProcessDefinition>,
  within: 'each tier' | 'all tiers',
): readonly ProcessName[] {
  return definition.dependsOn.flatMap(({ process }) => {
    const other = given.get(process);
    if (other === undefined) return [];
    return within === 'all tiers' || isSameTier(definition, other) ? [process] : [];
  });
}

function isSameTier(a: ProcessDefinition, b: ProcessDefinition): boolean {
  return a.groupPriority === b.groupPriority && a.priority === b.priority;
}

const WANTED: Readonly<Record<DependencyCondition, string>> = {
  started: 'to be running',
  healthy: 'to be healthy',
  completed: 'to be completed',
};

function readinessFor(state: AgentState, { process: name, condition }: Dependency): Readiness {
  const process = state.processes.get(name);
  const wanted = `${name} ${WANTED[condition]}`;
  if (process === undefined || isRetired(state, name)) {
    return hopeless(wanted, 'is not configured', name);
  }
  if (holds(process, condition)) return READY;
  if (isOnItsWay(state, process)) return { kind: 'wait', for: wanted };
  return hopeless(wanted, `is ${describe(process)}`, name);
}

function hopeless(wanted: string, how: string, name: ProcessName): Readiness {
  return {
    kind: 'hopeless',
    for: `${wanted}; it ${how}`,
    because: `it needs ${wanted}, which ${how}; start ${name} first`,
  };
}

function holds(
  { state, health, exit, definition }: ProcessRuntime,
  condition: DependencyCondition,
): boolean {
  switch (condition) {
    case 'started':
      return state === 'RUNNING';
    case 'healthy':
      // Without a check (any more) that it runs is all that can be known.
      return state === 'RUNNING' && (health === null || health.health === 'healthy');
    case 'completed':
      return state === 'EXITED' && exit !== null && isExpected(exit, definition.exitCodes);
  }
}

function isOnItsWay(state: AgentState, process: ProcessRuntime): boolean {
  const name = process.definition.process;
  if (state.heldStarts.has(name) || isToBeStarted(state, name)) return true;
  switch (process.state) {
    case 'STARTING':
    case 'BACKOFF':
      return true;
    case 'RUNNING':
      return process.health?.health !== 'unhealthy';
    case 'STOPPED':
    case 'STOPPING':
    case 'EXITED':
    case 'FATAL':
    case 'UNKNOWN':
      return false;
  }
}

/** Somebody has ordered it, and it is not over. */
function isToBeStarted({ queues, targets }: AgentState, name: ProcessName): boolean {
  return (queues.get(name) ?? []).some((key) => {
    const verb = targets.get(key)?.verb;
    return verb === 'start' || verb === 'restart';
  });
}

function describe({ state, health }: ProcessRuntime): string {
  return health?.health === 'unhealthy' ? 'unhealthy' : state;
}

function show(turn: Turn, name: ProcessName, waitsFor: string | null): void {
  const process = turn.state.processes.get(name);
  if (process === undefined || process.waitsFor === waitsFor) return;
  const shown = { ...process, waitsFor };
  putProcess(turn, shown);
  emit(turn, { kind: 'processChanged', process: statusOf(shown) });
}

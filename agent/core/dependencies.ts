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
import { isWantedUp, type ProcessRuntime, statusOf } from './process.ts';
import { isSameValue } from './same-value.ts';
import { type AgentState, isRetired, type Turn } from './state.ts';

export type Readiness =
  | { readonly kind: 'ready' }
  /** All that it still needs is on its way. */
  | { readonly kind: 'wait'; readonly for: string }
  /** Something that it needs is down, and the host's own start has not come to it yet. */
  | { readonly kind: 'later'; readonly for: string }
  /** Something that it needs is down, and nobody is starting it. */
  | { readonly kind: 'hopeless'; readonly for: string; readonly because: string };

type Unready = Exclude<Readiness, { readonly kind: 'ready' }>;

export interface HeldStart {
  readonly prospect: Unready['kind'];
  /** What it waits for, and more: whatever it depends on. */
  readonly needed: readonly ProcessName[];
}

const READY: Readiness = { kind: 'ready' };

const WORSE = { ready: 0, wait: 1, later: 2, hopeless: 3 } as const;

/** As it is with the worst of what it depends on. */
export function readinessOf(state: AgentState, { dependsOn }: ProcessDefinition): Readiness {
  let readiness = READY;
  for (const dependency of dependsOn) {
    const found = readinessFor(state, dependency);
    if (WORSE[found.kind] > WORSE[readiness.kind]) readiness = found;
  }
  return readiness;
}

/** For whoever starts it without being told by anybody in particular: now, or as soon as may be. */
export function startWhenReady(turn: Turn, process: ProcessRuntime): void {
  const readiness = readinessOf(turn.state, process.definition);
  if (readiness.kind === 'ready') startNow(turn, process.definition.process);
  else holdStart(turn, process, readiness);
}

export function startNow(turn: Turn, name: ProcessName): void {
  releaseStart(turn, name);
  applyToProcess(turn, name, { kind: 'start' });
}

export function holdStart(turn: Turn, { definition }: ProcessRuntime, readiness: Unready): void {
  const { process: name, dependsOn } = definition;
  const { heldStarts } = turn.state;
  const before = heldStarts.get(name);
  const held = { prospect: readiness.kind, needed: dependsOn.map(({ process }) => process) };
  if (!isSameValue(before, held)) {
    turn.state = { ...turn.state, heldStarts: heldStarts.with(name, held) };
  }
  show(turn, name, readiness.for);
  if (before?.prospect !== held.prospect) turn.prospects.push(name);
}

/** Its start is held no longer, whether it begins or nobody wants it any more. */
export function releaseStart(turn: Turn, name: ProcessName): void {
  const { heldStarts } = turn.state;
  if (heldStarts.get(name) === undefined) return;
  turn.state = { ...turn.state, heldStarts: heldStarts.without(name) };
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
    return hopeless(wanted, 'is not configured', '');
  }
  if (holds(process, condition)) return READY;
  if (isOnItsWay(state, process, condition)) return { kind: 'wait', for: wanted };
  if (isComeToLater(state, process)) return { kind: 'later', for: wanted };
  return hopeless(wanted, `is ${describe(process)}`, remedyFor(process));
}

/** What runs is not mended by being started; what its check complains of helps more. */
function remedyFor({ state, health, definition }: ProcessRuntime): string {
  if (state !== 'RUNNING') return `; start ${definition.process} first`;
  return health === null || health.error === null ? '' : ` (${health.error})`;
}

function hopeless(wanted: string, how: string, remedy: string): Readiness {
  return {
    kind: 'hopeless',
    for: `${wanted}; it ${how}`,
    because: `it needs ${wanted}, which ${how}${remedy}`,
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

function isOnItsWay(
  state: AgentState,
  process: ProcessRuntime,
  condition: DependencyCondition,
): boolean {
  const name = process.definition.process;
  if (state.heldStarts.get(name)?.prospect === 'wait' || isToBeStarted(state, name)) return true;
  switch (process.state) {
    case 'STARTING':
    case 'BACKOFF':
      return true;
    case 'RUNNING':
      return condition === 'completed' || process.health?.health !== 'unhealthy';
    case 'STOPPING':
      return state.lateStarts.has(name);
    case 'STOPPED':
    case 'EXITED':
    case 'FATAL':
    case 'UNKNOWN':
      return false;
  }
}

/** Once the host's own start has come to a process, that starts or is held. */
function isComeToLater({ sequence, heldStarts }: AgentState, process: ProcessRuntime): boolean {
  if (sequence?.direction !== 'boot') return false;
  const { definition } = process;
  const held = heldStarts.get(definition.process);
  if (held !== undefined) return held.prospect === 'later';
  return process.state === 'STOPPED' && isWantedUp(process, definition);
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

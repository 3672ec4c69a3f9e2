/**
 * What of the fleet somebody gets to see. What is withheld is counted, never passed over: a list that
 * looks whole and is not would be a lie about what runs.
 */
import type { Refusal } from '../../proto/errors.ts';
import type {
  Operation,
  OperationFacts,
  OperationUpdate,
  Target,
  Wave,
} from '../../proto/operation.ts';
import {
  type HostId,
  knownProcessName,
  type ProcessName,
  type ProcessStatus,
  type StoredEvent,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { type Access, accessOf, judge, mayEverywhere, maySee } from './access.ts';
import type { Execution } from './execution.ts';
import type { Host } from './host.ts';
import type { FleetState } from './state.ts';

/** What one operator may see, in the fleet as it is now. */
export interface Sight {
  readonly operator: string;
  readonly seesEverything: boolean;
  readonly readsEverything: boolean;
  readonly access: Access;
  readonly state: Pick<FleetState, 'hosts'>;
}

const READ = { action: 'logs', signal: null, hasReason: false } as const;

export function sightOf(state: FleetState, operator: string, wallMs: number): Sight {
  const access = accessOf(state, operator, wallMs);
  const seesEverything = mayEverywhere(access, 'status');
  const readsEverything = mayEverywhere(access, 'logs');
  return { operator, seesEverything, readsEverything, access, state };
}

export function seesHost({ seesEverything, access }: Sight, host: Host): boolean {
  return seesEverything || maySee(access, host, null);
}

/** A hint at what was probably meant would name what somebody may not see. */
export function discreet(refused: Refusal, { seesEverything }: Sight): Refusal {
  if (seesEverything || refused.code !== 'nothing-matched') return refused;
  return { ...refused, fix: 'see what there is for you with: fleetctl status, fleetctl hosts' };
}

/** Also of what is not there any more: it is judged by its name. */
export function seesTarget(
  sight: Sight,
  { host: id, process }: { readonly host: HostId; readonly process: ProcessName },
): boolean {
  if (sight.seesEverything) return true;
  const host = sight.state.hosts.get(id);
  if (host === undefined) return false;
  if (process === WHOLE_HOST) return seesHost(sight, host);
  return maySee(sight.access, host, host.processes.get(process) ?? statusOfName(process));
}

/** All of it for who submitted it; for others the part that they may see, as if that were all. */
export function seenOperation(operation: Operation, sight: Sight): Operation {
  const targets = seenTargets(operation, operation.targets, sight);
  return targets === operation.targets
    ? operation
    : { ...operation, ...seenFacts(operation, operation.targets, sight), targets };
}

/** What failed programs printed last comes with them, and only to who may read it. */
export function seenTargets(
  { requestedBy }: OperationFacts,
  targets: readonly Target[],
  sight: Sight,
): readonly Target[] {
  const isWhole = sight.seesEverything || requestedBy === sight.operator;
  if (isWhole && sight.readsEverything) return targets;
  const seen = isWhole ? targets : targets.filter((target) => seesTarget(sight, target));
  if (sight.readsEverything) return seen;
  return seen.map((target) =>
    target.logTail.length === 0 || mayReadLog(sight, target) ? target : { ...target, logTail: [] },
  );
}

function mayReadLog(
  { access, state, readsEverything }: Sight,
  { host: id, process }: Pick<Target, 'host' | 'process'>,
): boolean {
  if (readsEverything) return true;
  const host = state.hosts.get(id);
  if (host === undefined || process === WHOLE_HOST) return false;
  const status = host.processes.get(process) ?? statusOfName(process);
  return judge(access, READ, host, [status]).isAllowed;
}

export function seenUpdate(
  update: OperationUpdate,
  { facts, targets }: Execution,
  sight: Sight,
): OperationUpdate {
  switch (update.kind) {
    case 'operation':
      return { ...update, operation: seenOperation(update.operation, sight) };
    case 'targets':
      return { ...update, targets: seenTargets(facts, update.targets, sight) };
    case 'moved':
    case 'ended':
      return { ...update, facts: seenFacts(update.facts, targets, sight) };
  }
}

export function seenFacts(
  facts: OperationFacts,
  targets: Iterable<Target>,
  sight: Sight,
): OperationFacts {
  if (sight.seesEverything || facts.requestedBy === sight.operator) return facts;
  const counts = new Map<number, number>();
  let withheld = 0;
  for (const target of targets) {
    if (!seesTarget(sight, target)) {
      withheld += 1;
      continue;
    }
    for (const wave of new Set([target.wave, target.stopWave ?? target.wave])) {
      counts.set(wave, (counts.get(wave) ?? 0) + 1);
    }
  }
  const waves = facts.waves.map(
    (wave): Wave => ({ ...wave, targets: counts.get(wave.index) ?? 0 }),
  );
  const leftOut = facts.leftOut.filter((id) => {
    const host = sight.state.hosts.get(id);
    return host !== undefined && seesHost(sight, host);
  });
  return { ...facts, waves, leftOut, withheld };
}

/** What agents told, as far as it is about what may be seen. */
export function seenEvents(events: readonly StoredEvent[], sight: Sight): readonly StoredEvent[] {
  if (sight.seesEverything && sight.readsEverything) return events;
  return events.flatMap((stored) => {
    const { host: id, event } = stored;
    const host = sight.state.hosts.get(id);
    if (host === undefined) return [];
    const process = processOf(event);
    if (process === null) return seesHost(sight, host) ? [stored] : [];
    if (!seesTarget(sight, { host: id, process })) return [];
    if (event.kind !== 'targetSettled' || mayReadLog(sight, { host: id, process })) return [stored];
    return [{ ...stored, event: { ...event, outcome: { ...event.outcome, logTail: [] } } }];
  });
}

/** Null: of the host as a whole. */
function processOf(event: StoredEvent['event']): ProcessName | null {
  switch (event.kind) {
    case 'processChanged':
      return event.process.process;
    case 'processRemoved':
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      return event.process;
    case 'localOrder':
    case 'configJudged':
    case 'eventsMissing':
      return null;
  }
}

export function seesOperation({ facts, targets }: Execution, sight: Sight): boolean {
  if (sight.seesEverything || facts.requestedBy === sight.operator) return true;
  for (const target of targets) if (seesTarget(sight, target)) return true;
  return false;
}

/** Enough of a process for patterns to be held against it. */
export function statusOfName(process: string): ProcessStatus {
  const [group = '', name = group] = process.split(':');
  const nothing = { groupPriority: 999, priority: 999, generation: 0, state: 'UNKNOWN' } as const;
  const never = { changedAtMs: 0, pid: null, startedAtMs: null, exitCode: null } as const;
  const quiet = { exitSignal: null, restarts: 0, lastError: null, nextTryAtMs: null } as const;
  const waits = { startMs: 0, stopWaitMs: 0, tierWaitMs: 0, waitsFor: null } as const;
  const health = { health: null, healthError: null, lostOutputBytes: 0, leftBehind: 0 } as const;
  const memory = { residentBytes: null, memoryMaxBytes: null, hold: null } as const;
  return {
    ...{ process: knownProcessName(process), group, name, program: group },
    ...{ ...nothing, ...never, ...quiet, ...waits, ...health, ...memory },
  };
}

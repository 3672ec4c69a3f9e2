/** What a healed fleet must come to: nothing is under way, and everybody knows the same. */
import assert from 'node:assert/strict';
import { statusOf } from '../../agent/core/process.ts';
import { type Execution, operationOf } from '../../controller/core/execution.ts';
import { type Host, isConnected } from '../../controller/core/host.ts';
import { storeOn } from '../../controller/store/open.ts';
import type { Target } from '../../proto/operation.ts';
import { isOpen } from '../../proto/target.ts';
import type { ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import type { SimulatedController } from './simulated-controller.ts';

export interface Resting {
  readonly controller: SimulatedController;
  readonly agents: readonly SimulatedAgent[];
}

/** The first thing that is still under way; null: nothing is. */
export function restlessness({ controller, agents }: Resting): string | null {
  const state = controller.driver?.state();
  if (state === undefined || controller.isBusy) return 'the controller is down, or at work';
  for (const id of state.live) return `${id} ${openText(state.operations.get(id))}`;
  for (const agent of agents) {
    const host = state.hosts.get(agent.host);
    if (host === undefined || !isConnected(host)) return `${agent.host} is not connected`;
    const why = restlessAgent(agent, host);
    if (why !== null) return `${agent.host}: ${why}`;
  }
  return null;
}

function openText(execution: Execution | undefined): string {
  const targets = [...(execution?.targets ?? [])].filter(isOpen);
  const [first] = targets;
  const one = `${first?.host} ${first?.process} ${first?.state}`;
  return `is ${execution?.facts.state}: ${targets.length} open, ${one}`;
}

function restlessAgent({ state, isFrozen }: SimulatedAgent, host: Host): string | null {
  if (state === null || isFrozen) return 'there is no agent';
  if (!state.isJournalSound) return 'its journal is not sound';
  if (state.isShuttingDown || state.isHandingOver) return 'its agent is ending';
  if (state.queues.size > 0) return 'targets are under way';
  if (state.rollouts.size > 0) return 'an order is under way';
  const { outbox } = state;
  if (outbox.nextSeq - 1 !== host.storedSeq) return 'events are under way';
  if (outbox.kept.size + outbox.changes.size + outbox.local.size > 0) {
    return 'events are not acknowledged';
  }
  for (const { state: now, definition } of state.processes.values()) {
    if (!SETTLED.has(now)) return `${definition.process} is ${now}`;
  }
  return null;
}

const SETTLED: ReadonlySet<string> = new Set(['RUNNING', 'STOPPED', 'EXITED', 'FATAL']);

/** The controller's picture is what its agents see, and its database is what it has in memory. */
export function checkAtRest(world: Resting): void {
  const state = world.controller.driver?.state();
  assert.ok(state);
  for (const agent of world.agents) checkPicture(agent, state.hosts.get(agent.host));
  const stored = storeOn(world.controller.database.database, world.controller.wallMs).contents;
  for (const [id, execution] of state.operations) {
    const held = stored.operations.get(id);
    assert.ok(held, `${id} is not stored`);
    const { targets, ...facts } = operationOf(execution);
    const { targets: storedTargets, ...storedFacts } = operationOf(held);
    assert.deepEqual(storedFacts, facts, id);
    assert.deepEqual(storedTargets.map(durable), targets.map(durable), id);
  }
  for (const [id, host] of state.hosts) {
    checkHistory(world.controller.database, host);
    const held = stored.hosts.get(id);
    assert.equal(held?.storedSeq, host.storedSeq, id);
    assert.deepEqual(sorted(held?.processes.values() ?? []), sorted(host.processes.values()), id);
  }
}

/** Each number once, without a gap; and none may be said to be missing, where all had room. */
function checkHistory(
  { database }: SimulatedController['database'],
  { host, storedSeq }: Host,
): void {
  const events = database
    .prepare("SELECT seq, event ->> '$.kind' AS kind FROM events WHERE host = ? ORDER BY seq")
    .all(host) as readonly { readonly seq: number; readonly kind: string }[];
  assert.equal(events.length, storedSeq, `${host}: events that are stored`);
  for (const [index, { seq, kind }] of events.entries()) {
    assert.equal(seq, index + 1, `${host}: a gap among the events that are stored`);
    assert.notEqual(kind, 'eventsMissing', `${host}: events are missing`);
  }
}

function checkPicture({ state, host, programs }: SimulatedAgent, seen: Host | undefined): void {
  assert.ok(state && seen);
  const own = [...state.processes.values()].map(statusOf);
  assert.deepEqual(
    sorted(seen.processes.values()),
    sorted(own),
    `${host} as the controller sees it`,
  );
  programs.checkHeld(state);
  for (const { definition, child, state: now } of state.processes.values()) {
    const pid = programs.runningPid(definition.process);
    assert.equal(child?.pid ?? null, pid, `the child of ${host} ${definition.process}`);
    assert.equal(now === 'RUNNING', pid !== null, `${host} ${definition.process} is ${now}`);
  }
}

/** What of a target is only shown is not stored. */
function durable({ hostConnected: _, processState: __, ...target }: Target): unknown {
  return target;
}

const sorted = (statuses: Iterable<ProcessStatus>): readonly ProcessStatus[] =>
  [...statuses].sort((a, b) => compare(a.process, b.process));

const compare = (a: ProcessName, b: ProcessName): number => (a < b ? -1 : 1);

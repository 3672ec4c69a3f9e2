/**
 * Stops everything in order, and then either ends the agent or, for a reload, starts everything
 * again in the same agent from a configuration that was found good beforehand. Supervisor stops
 * first and reads then, so that a slip in the file is an outage.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import { beginSequence } from './advance-sequence.ts';
import { applyToProcess, emit, putProcess } from './apply-process.ts';
import { newProcess, withDefinition } from './define-process.ts';
import type { ProcessDefinition } from './definition.ts';
import { handOverIfDue } from './hand-over.ts';
import { giveUpStart } from './held-starts.ts';
import { isUp, type ProcessRuntime, statusOf } from './process.ts';
import { reinstate, retire } from './removal.ts';
import type { OrderId, Turn } from './state.ts';
import { inStartOrder } from './tiers.ts';
import { refusalOf, SHUTTING_DOWN } from './verdict.ts';

export interface Reload {
  readonly definitions: readonly ProcessDefinition[];
}

/** A second request while the first is under way changes nothing, but it turns a reload into an end. */
export function shutDown(turn: Turn, listener: OrderId | null): void {
  const isReload = turn.state.reload !== null;
  if (isReload) {
    for (const order of turn.state.endListeners) refuse(turn, order, ENDS_INSTEAD);
  }
  const others = isReload ? [] : turn.state.endListeners;
  const endListeners = listener === null ? others : [...others, listener];
  turn.state = { ...turn.state, reload: null, endListeners };
  stopEverything(turn);
}

export function reload(
  turn: Turn,
  order: OrderId,
  definitions: readonly ProcessDefinition[],
): void {
  // The end was asked for while the file was read: it is not taken back.
  const isEnding = turn.state.isShuttingDown && turn.state.reload === null;
  if (isEnding) return refuse(turn, order, refusalOf(SHUTTING_DOWN));
  const endListeners = [...turn.state.endListeners, order];
  turn.state = { ...turn.state, reload: { definitions }, endListeners };
  stopEverything(turn);
}

/** Every process has stopped, or was waited for long enough. */
export function endShutdown(turn: Turn): void {
  const { reload: next, endListeners } = turn.state;
  if (next !== null) startAfresh(turn, next.definitions);
  else turn.writes.push({ kind: 'orderlyEnd' });
  turn.state = { ...turn.state, endListeners: [] };
  for (const order of endListeners)
    turn.effects.push({ kind: 'tell', order, news: { kind: 'done' } });
  if (next !== null) handOverIfDue(turn);
  else turn.effects.push({ kind: 'shutdownComplete' });
}

const ENDS_INSTEAD = refusal('unavailable', 'the agent was told to end instead');

function refuse(turn: Turn, order: OrderId, because: Refusal): void {
  turn.effects.push({ kind: 'tell', order, news: { kind: 'refused', refusal: because } });
}

function stopEverything(turn: Turn): void {
  if (turn.state.isShuttingDown) return;
  const suspended = [...turn.state.processes].map(
    ([name, process]) => [name, { ...process, isSuspended: true }] as const,
  );
  turn.state = {
    ...turn.state,
    processes: PersistentMap.of(suspended),
    lateStarts: new Set(),
    sequence: null,
    isShuttingDown: true,
  };
  for (const [name] of turn.state.heldStarts) giveUpStart(turn, name);
  giveUpRetries(turn);
  beginSequence(turn, 'shutdown');
}

/** Tiers wait their turn, but nothing that is down now may come up again meanwhile. */
function giveUpRetries(turn: Turn): void {
  for (const process of inStartOrder(turn.state.processes.values()).toReversed()) {
    const { definition, state, timerToken } = process;
    if (state !== 'BACKOFF') continue;
    applyToProcess(turn, definition.process, { kind: 'retryDue', timerToken });
  }
}

function startAfresh(turn: Turn, definitions: readonly ProcessDefinition[]): void {
  turn.state = { ...turn.state, reload: null, isShuttingDown: false };
  const wanted = new Map<ProcessName, ProcessDefinition>(
    definitions.map((definition) => [definition.process, definition]),
  );
  for (const [name] of turn.state.processes) if (!wanted.has(name)) retire(turn, name);
  for (const [name, definition] of wanted) {
    reinstate(turn, name);
    const process = afresh(turn, turn.state.processes.get(name), definition);
    putProcess(turn, process);
    turn.effects.push({ kind: 'redefine', definition });
    emit(turn, { kind: 'processChanged', process: statusOf(process) });
  }
  beginSequence(turn, 'boot');
}

/** What could not be stopped is not started beside itself. */
function afresh(
  turn: Turn,
  before: ProcessRuntime | undefined,
  definition: ProcessDefinition,
): ProcessRuntime {
  const fresh = newProcess(turn, definition);
  if (before === undefined) return fresh;
  if (isUp(before)) return { ...withDefinition(before, definition), isSuspended: false };
  const { generation, exit, hold, timerToken } = before;
  const wanted = before.wanted === 'paused' ? 'up' : before.wanted;
  return { ...fresh, generation, wanted, exit, hold, timerToken };
}

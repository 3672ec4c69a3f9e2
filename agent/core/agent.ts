/**
 * Steps the whole host: one input in, the next state out, with what must be made durable and what
 * is then to be done. Every input of the agent, from a child's exit to a controller's command,
 * enters here and is routed to the neighbour that decides.
 */

import type { Instant } from '../../proto/instant.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { beginSequence, noteEntered, noteTierTimeout } from './advance-sequence.ts';
import { applyToProcess } from './apply-process.ts';
import { boot } from './boot.ts';
import { inStartOrder } from './order.ts';
import { disconnected, receive } from './session.ts';
import type { AgentInput, AgentState, AgentStep, Turn } from './state.ts';
import { noteSignalled, observeProcess } from './targets.ts';

export function stepAgent(state: AgentState, input: AgentInput, at: Instant): AgentStep {
  const turn: Turn = { state, writes: [], effects: [], entered: [], at };
  route(turn, input);
  drawConsequences(turn);
  return { state: turn.state, writes: turn.writes, effects: turn.effects };
}

function route(turn: Turn, input: AgentInput): void {
  switch (input.kind) {
    case 'boot':
      return boot(turn, input.sightings, input.retired);
    case 'shutdown':
      return shutDown(turn);
    case 'process':
      return applyToProcess(turn, input.process, input.input);
    case 'signalled':
      return noteSignalled(turn, input.target, input.error);
    case 'tierTimedOut':
      return noteTierTimeout(turn, input.direction, input.index);
    case 'received':
      return receive(turn, input.message);
    case 'disconnected':
      return disconnected(turn);
    case 'journalFailed':
      turn.state = { ...turn.state, isJournalSound: false };
      return;
    case 'journalRecovered':
      turn.state = { ...turn.state, isJournalSound: true };
      return;
  }
}

/** An operation may have waited for the new state, and so may a tier; either may order the next. */
function drawConsequences(turn: Turn): void {
  for (let status = turn.entered.shift(); status !== undefined; status = turn.entered.shift()) {
    observeProcess(turn, status);
    noteEntered(turn, status.process);
  }
}

/** A second request while the first is under way changes nothing. */
function shutDown(turn: Turn): void {
  if (turn.state.isShuttingDown) return;
  const suspended = [...turn.state.processes].map(
    ([name, process]) => [name, { ...process, isSuspended: true }] as const,
  );
  turn.state = { ...turn.state, processes: PersistentMap.of(suspended), isShuttingDown: true };
  beginSequence(turn, 'shutdown');
  // Later tiers wait their turn, but nothing that is down now may come up again meanwhile.
  for (const { definition, state } of inStartOrder(turn.state.processes.values()).toReversed()) {
    if (state === 'BACKOFF') applyToProcess(turn, definition.process, { kind: 'stop' });
  }
}

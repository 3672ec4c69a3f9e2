/**
 * Steps the whole host: one input in, the next state out, with what must be made durable and what
 * is then to be done. Every input of the agent, from a child's exit to a controller's command,
 * enters here and is routed to the neighbour that decides.
 */

import type { Instant } from '../../proto/instant.ts';
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import { acceptTargets } from './accept-targets.ts';
import { noteEntered, noteTierTimeout } from './advance-sequence.ts';
import { applyToProcess } from './apply-process.ts';
import { boot } from './boot.ts';
import { noteSignalled, observeProcess } from './carry-out-targets.ts';
import { noteDeadline } from './give-up.ts';
import { handOver, handOverIfDue } from './hand-over.ts';
import { reviewHeldStarts } from './held-starts.ts';
import { noteHoldDue } from './holds.ts';
import { startIfLate } from './late-starts.ts';
import { noteOrder, reportControl, takeOrder } from './local-orders.ts';
import { observe } from './observe.ts';
import { noteConfigRead } from './reading.ts';
import { removeIfGone } from './removal.ts';
import { noteProgress, noteWaveTimeout } from './rollout.ts';
import { disconnected, receive } from './session.ts';
import { endShutdown, shutDown } from './shut-down.ts';
import type { AgentInput, AgentState, AgentStep, TargetProgress, Turn } from './state.ts';
import { reportUpdate } from './update.ts';
import { noteWatchDue, observeWatched } from './verify-targets.ts';

export function stepAgent(state: AgentState, input: AgentInput, at: Instant): AgentStep {
  const turn: Turn = {
    state,
    writes: [],
    effects: [],
    entered: [],
    passed: [],
    progress: [],
    prospects: [],
    isShutdownOver: false,
    at,
  };
  // What happens after a hand-over is for the next agent to find, as after a crash.
  if (!state.isHandingOver) route(turn, input);
  else if (input.kind === 'shutdown') turn.effects.push({ kind: 'warn', text: TOO_LATE_TO_STOP });
  drawConsequences(turn);
  return { state: turn.state, writes: turn.writes, effects: turn.effects };
}

const TOO_LATE_TO_STOP =
  'nothing is stopped: this agent is handing over already; tell the next one to stop everything';

function route(turn: Turn, input: AgentInput): void {
  switch (input.kind) {
    case 'boot':
      return boot(turn, input.sightings);
    case 'shutdown':
      return shutDown(turn, null);
    case 'handOver':
      return handOver(turn);
    case 'observed':
      return observe(turn, input.process, input.observation);
    case 'process':
      return applyToProcess(turn, input.process, input.input);
    case 'signalled':
      return noteSignalled(turn, input.target, input.result);
    case 'deadlineDue':
      return noteDeadline(turn, input.targets);
    case 'watchDue':
      return noteWatchDue(turn, input.target);
    case 'tierTimedOut':
      return noteTierTimeout(turn, input.sequence, input.index);
    case 'examined':
      return acceptTargets(turn, input);
    case 'order':
      return takeOrder(turn, input);
    case 'noted':
      return noteOrder(turn, input);
    case 'configRead':
      return noteConfigRead(turn, input);
    case 'waveTimedOut':
      return noteWaveTimeout(turn, input.operationId, input.wave);
    case 'holdDue':
      return noteHoldDue(turn, input.process, input.untilMs);
    case 'received':
      return receive(turn, input.message);
    case 'disconnected':
      return disconnected(turn);
    case 'journalFailed':
      turn.state = { ...turn.state, isJournalSound: false };
      return;
    case 'journalRecovered':
      turn.state = { ...turn.state, isJournalSound: true };
      return handOverIfDue(turn);
  }
}

/** Each may lead to the next: a state to the end of a target, that to the next wave, and so on. */
function drawConsequences(turn: Turn): void {
  for (;;) {
    for (const passed of turn.passed.splice(0)) observeWatched(turn, passed);
    const status = turn.entered.shift();
    const progress = status === undefined ? turn.progress.shift() : undefined;
    const prospect = (status ?? progress) === undefined ? turn.prospects.shift() : undefined;
    if (status !== undefined) noteState(turn, status);
    else if (progress !== undefined) report(turn, progress);
    else if (prospect !== undefined) reviewHeldStarts(turn, prospect);
    else if (turn.isShutdownOver) {
      turn.isShutdownOver = false;
      endShutdown(turn);
    } else return;
  }
}

/** A target may have waited for the new state, and so may a tier; either may order the next. */
function noteState(turn: Turn, status: ProcessStatus): void {
  observeWatched(turn, status);
  observeProcess(turn, status);
  startIfLate(turn, status.process);
  noteEntered(turn, status.process);
  reviewHeldStarts(turn, status.process);
  removeIfGone(turn, status.process);
}

function report(turn: Turn, progress: TargetProgress): void {
  // Somebody may have waited for what it would have started.
  if (progress.kind === 'settled') reviewHeldStarts(turn, progress.target.process);
  const rollout = noteProgress(turn, progress);
  switch (rollout?.purpose.kind) {
    case 'control':
      return reportControl(turn, rollout, rollout.purpose, progress);
    case 'update':
      return reportUpdate(turn, rollout, rollout.purpose, progress);
    case undefined:
      return;
  }
}

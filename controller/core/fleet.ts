/**
 * Steps the whole fleet: one input in, the next state out, with what must be made durable and what
 * is then to be done. Everything the controller learns or is asked to do enters here and is routed
 * to the neighbour that decides.
 */
import type { Instant } from '../../proto/instant.ts';
import { noteTimer } from './operations.ts';
import { ask, endQuestion } from './questions.ts';
import { endSession, graceOver, greet, hear } from './sessions.ts';
import type { FleetInput, FleetState, FleetStep, Turn } from './state.ts';
import { steer } from './steering.ts';
import { submit } from './submit.ts';
import { beginWaiting, boot } from './take-up.ts';

export function stepFleet(state: FleetState, input: FleetInput, at: Instant): FleetStep {
  const turn: Turn = { state, writes: [], effects: [], isSomethingFree: false, at };
  route(turn, input);
  // What begins may end at once, and free what the next one waits for.
  while (turn.isSomethingFree) {
    turn.isSomethingFree = false;
    beginWaiting(turn);
  }
  return { state: turn.state, writes: turn.writes, effects: turn.effects };
}

function route(turn: Turn, input: FleetInput): void {
  switch (input.kind) {
    case 'boot':
      return boot(turn);
    case 'hello':
      return greet(turn, input);
    case 'message':
      return hear(turn, input);
    case 'sessionEnded':
      return endSession(turn, input.host, input.connection);
    case 'graceOver':
      return graceOver(turn, input.host, input.lossCount);
    case 'operationTimer':
      return noteTimer(turn, input);
    case 'submit':
      return submit(turn, input);
    case 'steer':
      return steer(turn, input);
    case 'ask':
      return ask(turn, input);
    case 'questionTimedOut':
      return endQuestion(turn, input.question);
  }
}

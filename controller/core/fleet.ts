/**
 * Steps the whole fleet: one input in, the next state out, with what must be made durable and what
 * is then to be done. Everything the controller learns or is asked to do enters here and is routed
 * to the neighbour that decides.
 */
import type { Instant } from '../../proto/instant.ts';
import { decideIdentity } from './decide-identity.ts';
import { forgetOldIdentities } from './forget-identities.ts';
import { noteTimer } from './operations.ts';
import { ask, endQuestion, NO_QUESTIONS } from './questions.ts';
import { CONTROLLER, putOnRecord } from './record.ts';
import { noteSeen } from './seen.ts';
import { endSession, graceOver, greet, hear } from './sessions.ts';
import type { FleetInput, FleetSettings, FleetState, FleetStep, Turn } from './state.ts';
import { steer } from './steering.ts';
import { submit } from './submit.ts';
import { beginWaiting, boot } from './take-up.ts';

/** What no controller inherits from the one before it. */
export const NOTHING_UNDER_WAY: Pick<FleetState, 'questions' | 'rivals' | 'refusals'> = {
  questions: NO_QUESTIONS,
  rivals: new Map(),
  refusals: new Map(),
};

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
      forgetOldIdentities(turn);
      putOnRecord(turn, { ...OWN_ACT, action: 'start', detail: settingsText(turn.state) });
      return boot(turn);
    case 'configured':
      return configure(turn, input);
    case 'onRecord':
      return putOnRecord(turn, input.entry);
    case 'identity':
      return decideIdentity(turn, input);
    case 'seen':
      return noteSeen(turn, input);
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

/** What is under way goes on as it was planned; what is asked from now on goes by the new rules. */
function configure(turn: Turn, { settings, changes }: Configured): void {
  turn.state = { ...turn.state, ...settings };
  putOnRecord(turn, { ...OWN_ACT, action: 'reload', detail: changes.join('; ') });
}

type Configured = Extract<FleetInput, { readonly kind: 'configured' }>;

const OWN_ACT = { actor: CONTROLLER, outcome: 'done' } as const;

const settingsText = ({ roles, operators, runbooks }: FleetSettings): string =>
  `operators: ${operators.size}, roles: ${roles.size}, runbooks: ${runbooks.size}`;

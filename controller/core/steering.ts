/**
 * What people do to an operation that is under way: pause, resume, cancel. One total table of state ×
 * action; what makes no sense is refused with the reason, and what is so already is no error, because
 * an answer may be lost and the question repeated.
 */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { Instant } from '../../proto/instant.ts';
import type { Halt, OperationState, Steering } from '../../proto/operation.ts';
import { REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { accessOf } from './access.ts';
import { draftOf, type Execution, type OperationStep, operationOf, still } from './execution.ts';
import { drain, pause, withdrawnBecause } from './halt.ts';
import { steeringDenied } from './may-steer.ts';
import { goOn, resumeOperation } from './operation.ts';
import { findOperation, findSeen } from './operation-queries.ts';
import { follow } from './operations.ts';
import { recordAnswer } from './record.ts';
import type { FleetInput, Turn } from './state.ts';
import { sightOf } from './visible.ts';

type Given = Extract<FleetInput, { readonly kind: 'steer' }>;

export function steer(turn: Turn, { reply, steering, by }: Given): void {
  const meant = findOperation(turn.state, steering.operation);
  const step = steered(turn, steering, by.name);
  if (!isRefusal(step)) follow(turn, step);
  const answer = isRefusal(step) ? step : operationOf(step.execution);
  const { action, kill, reason } = steering;
  const operation = isRefusal(meant) ? null : meant.facts.id;
  const detail = isRefusal(answer) ? '' : `then ${answer.state}`;
  const recorded = { actor: by, action: kill ? `${action} --kill` : action, operation, reason };
  recordAnswer(turn, { ...recorded, detail }, answer);
  turn.effects.push({ kind: 'reply', reply, answer });
}

function steered(turn: Turn, steering: Steering, by: string): OperationStep | Refusal {
  const problem = steeringProblem(steering);
  if (problem !== null) return problem;
  const execution = findOperation(turn.state, steering.operation);
  if (isRefusal(execution)) return execution;
  const access = accessOf(turn.state, by, turn.at.wallMs);
  const denied = steeringDenied(turn.state, access, execution, steering);
  if (denied !== null) {
    // That there is such an operation is for who may see or steer it.
    const found = findSeen(turn.state, steering.operation, sightOf(turn.state, by, turn.at.wallMs));
    return isRefusal(found) ? found : denied;
  }
  return TABLE[execution.facts.state][steering.action]({ execution, steering, by, at: turn.at });
}

function steeringProblem({ action, kill, reason }: Steering): Refusal | null {
  if (kill && action !== 'cancel') {
    return refusal('usage', '--kill goes with cancel, and only with it');
  }
  if (reason.length <= REMARK_LENGTH_MAX) return null;
  return refusal('usage', `the reason has ${reason.length} characters`, {
    cause: `at most ${REMARK_LENGTH_MAX} are kept`,
    fix: 'say where the rest is to be read',
  });
}

interface Steered {
  readonly execution: Execution;
  readonly steering: Steering;
  readonly by: string;
  readonly at: Instant;
}

type Act = (given: Steered) => OperationStep | Refusal;

const asItIs: Act = ({ execution }) => still(execution);

/** @param fix `ID` in it is that of the operation */
const refused =
  (cause: string, fix: string): Act =>
  ({ execution: { facts }, steering: { action } }) => {
    const message = `operation ${facts.id} cannot be ${PAST[action]}: it is ${facts.state}`;
    return refusal('wrong-state', message, { cause, fix: fix.replace('ID', facts.id) });
  };

const PAST: Readonly<Record<Steering['action'], string>> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};

const pauseIt: Act = ({ execution, steering, by, at }) => {
  const draft = draftOf(execution, at);
  pause(draft, { ...haltBy(by, steering, at), endsAs: null });
  return goOn(draft, []);
};

const resumeIt: Act = ({ execution, at }) => resumeOperation(execution, at);

const cancelIt: Act = ({ execution, steering, by, at }) => {
  const draft = draftOf(execution, at);
  drain(draft, { ...haltBy(by, steering, at), endsAs: 'cancelled' });
  return goOn(draft, []);
};

/** It ends early already; what agents have under way is given up, too, or no longer waited for. */
const cancelDraining: Act = (given) => {
  const { halt } = given.execution.facts;
  const isMore = given.steering.kill && halt?.kill !== true;
  const isTakenBack = halt !== null && withdrawnBecause(halt) !== null;
  return isTakenBack && !isMore ? still(given.execution) : cancelIt(given);
};

function haltBy(by: string, { reason, kill }: Steering, at: Instant): Omit<Halt, 'endsAs'> {
  return { by, because: reason, atMs: at.wallMs, kill };
}

const ENDED = {
  pause: refused('it has ended', 'see what became of it with: fleetctl op show ID'),
  resume: refused('it has ended', 'what it has not done is done again with: fleetctl op retry ID'),
  cancel: refused('it has ended', 'see what became of it with: fleetctl op show ID'),
} as const;

const TABLE: Readonly<Record<OperationState, Readonly<Record<Steering['action'], Act>>>> = {
  planned: {
    pause: refused(
      'it has not begun: it waits for another operation',
      'cancel it instead: fleetctl op cancel ID',
    ),
    resume: refused(
      'nobody paused it: it waits for another operation',
      'see for which one with: fleetctl op show ID',
    ),
    cancel: cancelIt,
  },
  running: { pause: pauseIt, resume: asItIs, cancel: cancelIt },
  paused: { pause: asItIs, resume: resumeIt, cancel: cancelIt },
  draining: {
    pause: refused(
      'it ends as soon as what was begun is over',
      'see it end with: fleetctl op watch ID',
    ),
    resume: refused(
      'it ends as soon as what was begun is over',
      'when it has ended: fleetctl op retry ID',
    ),
    cancel: cancelDraining,
  },
  succeeded: ENDED,
  failed: ENDED,
  aborted: ENDED,
  cancelled: { ...ENDED, cancel: asItIs },
  expired: ENDED,
};

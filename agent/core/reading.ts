/**
 * A configuration has been read: whether it is good is remembered and reported, and whoever wanted
 * it read gets what they wanted. A bad one changes nothing else.
 */

import type { Refusal } from '../../proto/errors.ts';
import type { HostAnswer } from '../../proto/host-questions.ts';
import { clippedTo, PROBLEMS_LENGTH_MAX, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { findHindrance } from './accept-targets.ts';
import { emit } from './apply-process.ts';
import { settleUpdate } from './carry-out-targets.ts';
import { changedGroups, touchedBy } from './compare-configuration.ts';
import type { ProcessDefinition } from './definition.ts';
import type { LocalCaller } from './local-access.ts';
import { tell } from './local-orders.ts';
import { refusalOfUpdate, withDefinitions } from './order-access.ts';
import { type Executables, judgeByPolicy, updateAgainst } from './policy.ts';
import { reload } from './shut-down.ts';
import {
  type AgentInput,
  type ConfigReading,
  isRetired,
  type OrderId,
  type Turn,
} from './state.ts';
import { isOfGroups, type UpdateOrder, type UpdateRequester, update } from './update.ts';
import { failed, refusalOf, type Verdict } from './verdict.ts';

/** Why the configuration is read, and so what becomes of the reading. */
export type ReadingPurpose =
  | { readonly kind: 'answer'; readonly to: Asker }
  | ({ readonly kind: 'update' } & UpdateOrder)
  | { readonly kind: 'reload'; readonly order: OrderId };

export type Asker =
  | { readonly kind: 'order'; readonly order: OrderId }
  | { readonly kind: 'controller'; readonly questionId: number; readonly sessionEpoch: number };

export function noteConfigRead(
  turn: Turn,
  read: Omit<Extract<AgentInput, { readonly kind: 'configRead' }>, 'kind'>,
): void {
  const { purpose, executables = new Map() } = read;
  const reading = bounded(read.reading);
  judge(turn, reading);
  if (purpose.kind !== 'answer') takeUpRules(turn, reading);
  switch (purpose.kind) {
    case 'answer':
      return answer(turn, purpose.to, reading);
    case 'update':
      if (reading.kind === 'rejected') reject(turn, purpose.by, reading.problem);
      else updateUnlessHindered(turn, purpose, reading.definitions, executables);
      return;
    case 'reload':
      if (reading.kind === 'read') return reload(turn, purpose.order, reading.definitions);
      return rejectOrder(turn, purpose.order, reading.problem);
  }
}

export function sendAnswer(
  turn: Turn,
  { questionId, sessionEpoch }: Extract<Asker, { readonly kind: 'controller' }>,
  given: HostAnswer,
): void {
  if (sessionEpoch !== turn.state.sessionEpoch) return;
  const message = { kind: 'answer', sessionEpoch, questionId, answer: given } as const;
  turn.effects.push({ kind: 'send', message });
}

/** It is kept, and sent: a file that is no configuration at all can have thousands of problems. */
function bounded(reading: ConfigReading): ConfigReading {
  if (reading.kind === 'read') return reading;
  return { ...reading, problem: clippedTo(PROBLEMS_LENGTH_MAX, reading.problem) };
}

/** What was in order when the file was asked for may no longer be. */
function updateUnlessHindered(
  turn: Turn,
  order: UpdateOrder,
  definitions: readonly ProcessDefinition[],
  executables: Executables,
): void {
  const { by } = order;
  const target = by.kind === 'target' ? turn.state.targets.get(by.key) : null;
  // It was withdrawn before it had begun.
  if (target !== null && target?.phase !== 'updating') return;
  const hindrance = findHindrance(turn);
  if (by.kind === 'target') {
    const verdict = hindrance ?? policyVerdict(turn, order, definitions, executables);
    return verdict === null
      ? update(turn, order, definitions)
      : settleUpdate(turn, by.key, verdict);
  }
  const { caller } = by;
  const because =
    hindrance === null ? denial(turn, order, caller, definitions) : refusalOf(hindrance);
  if (because === null) return update(turn, order, definitions);
  tell(turn, by.order, { kind: 'refused', refusal: because });
}

/** The whole of it: half a configuration is one that nobody has written. */
function policyVerdict(
  { state }: Turn,
  { groups }: UpdateOrder,
  definitions: readonly ProcessDefinition[],
  executables: Executables,
): Verdict | null {
  const { changed, gone } = touchedBy(state, definitions, isOfGroups(groups));
  const policy = judgeByPolicy(state.rules, () => withDefinitions(state, changed));
  const against = updateAgainst(policy, changed, gone, executables);
  return against === null ? null : failed(clippedTo(REMARK_LENGTH_MAX, against), 'failed');
}

function denial(
  { state }: Turn,
  { groups }: UpdateOrder,
  caller: LocalCaller,
  definitions: readonly ProcessDefinition[],
): Refusal | null {
  const { changed, gone } = touchedBy(state, definitions, isOfGroups(groups));
  return refusalOfUpdate(state, caller, [...changed, ...gone]);
}

/** Whoever wants the file taken up, what it says of who may do what is this host's own. */
function takeUpRules(turn: Turn, reading: ConfigReading): void {
  if (reading.kind !== 'read' || reading.rules === undefined) return;
  const { rules } = reading;
  turn.state = { ...turn.state, rules };
  turn.effects.push({ kind: 'keepRules', rules });
}

function judge(turn: Turn, reading: ConfigReading): void {
  const problem = reading.kind === 'rejected' ? reading.problem : null;
  const isNews = problem !== turn.state.configProblem;
  const available = reading.kind === 'read' ? reading.definitions : turn.state.available;
  turn.state = { ...turn.state, available, configProblem: problem };
  if (isNews) emit(turn, { kind: 'configJudged', problem });
}

/** The file was refused: nothing was touched. */
function reject(turn: Turn, by: UpdateRequester, problem: string): void {
  if (by.kind === 'target') {
    const error = clippedTo(REMARK_LENGTH_MAX, `${REJECTED}: ${problem}`);
    return settleUpdate(turn, by.key, failed(error, 'failed'));
  }
  rejectOrder(turn, by.order, problem);
}

const REJECTED = 'the configuration was rejected, and nothing was changed';

function rejectOrder(turn: Turn, order: OrderId, problem: string): void {
  const refusal = { code: 'configuration', message: REJECTED, cause: problem, fix: null } as const;
  tell(turn, order, { kind: 'refused', refusal });
}

function answer(turn: Turn, to: Asker, reading: ConfigReading): void {
  if (reading.kind === 'rejected') {
    if (to.kind === 'order') return rejectOrder(turn, to.order, reading.problem);
    return sendAnswer(turn, to, { kind: 'failed', error: reading.problem });
  }
  const active = [...turn.state.processes.values()].filter(
    ({ definition }) => !isRetired(turn.state, definition.process),
  );
  const changes = changedGroups(active, reading.definitions);
  if (to.kind === 'controller') return sendAnswer(turn, to, { kind: 'reread', changes });
  tell(turn, to.order, { kind: 'reread', changes });
  tell(turn, to.order, { kind: 'done' });
}

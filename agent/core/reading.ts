/**
 * A configuration has been read: whether it is good is remembered and reported, and whoever wanted
 * it read gets what they wanted. A bad one changes nothing else.
 */
import type { HostAnswer } from '../../proto/host-questions.ts';
import { clippedTo, PROBLEMS_LENGTH_MAX, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { findHindrance } from './accept-targets.ts';
import { emit } from './apply-process.ts';
import { settleUpdate } from './carry-out-targets.ts';
import { changedGroups } from './compare-configuration.ts';
import type { ProcessDefinition } from './definition.ts';
import { tell } from './local-orders.ts';
import { reload } from './shut-down.ts';
import { type ConfigReading, isRetired, type OrderId, type Turn } from './state.ts';
import { type UpdateOrder, type UpdateRequester, update } from './update.ts';
import { failed, refusalOf } from './verdict.ts';

/** Why the configuration is read, and so what becomes of the reading. */
export type ReadingPurpose =
  | { readonly kind: 'answer'; readonly to: Asker }
  | ({ readonly kind: 'update' } & UpdateOrder)
  | { readonly kind: 'reload'; readonly order: OrderId };

export type Asker =
  | { readonly kind: 'order'; readonly order: OrderId }
  | { readonly kind: 'controller'; readonly questionId: number; readonly sessionEpoch: number };

export function noteConfigRead(turn: Turn, purpose: ReadingPurpose, read: ConfigReading): void {
  const reading = bounded(read);
  judge(turn, reading);
  switch (purpose.kind) {
    case 'answer':
      return answer(turn, purpose.to, reading);
    case 'update':
      if (reading.kind === 'rejected') reject(turn, purpose.by, reading.problem);
      else updateUnlessHindered(turn, purpose, reading.definitions);
      return;
    case 'reload':
      if (reading.kind === 'read') return reload(turn, purpose.order, reading.definitions);
      return reject(turn, { kind: 'order', order: purpose.order }, reading.problem);
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
): void {
  const { by } = order;
  const target = by.kind === 'target' ? turn.state.targets.get(by.key) : null;
  // It was withdrawn before it had begun.
  if (target !== null && target?.phase !== 'updating') return;
  const hindrance = findHindrance(turn);
  if (hindrance === null) return update(turn, order, definitions);
  if (by.kind === 'target') return settleUpdate(turn, by.key, hindrance);
  tell(turn, by.order, { kind: 'refused', refusal: refusalOf(hindrance) });
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
  const message = 'the configuration was rejected, and nothing was changed';
  if (by.kind === 'target') {
    const error = clippedTo(REMARK_LENGTH_MAX, `${message}: ${problem}`);
    return settleUpdate(turn, by.key, failed(error, 'failed'));
  }
  const refusal = { code: 'configuration', message, cause: problem, fix: null } as const;
  tell(turn, by.order, { kind: 'refused', refusal });
}

function answer(turn: Turn, to: Asker, reading: ConfigReading): void {
  if (reading.kind === 'rejected') {
    if (to.kind === 'order') return reject(turn, to, reading.problem);
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

/**
 * A configuration has been read: whether it is good is remembered and reported, and whoever wanted
 * it read gets what they wanted. A bad one changes nothing else.
 */
import type { HostAnswer } from '../../proto/host-questions.ts';
import { clippedTo, PROBLEMS_LENGTH_MAX } from '../../proto/text-limits.ts';
import { findHindrance } from './accept-targets.ts';
import { emit } from './apply-process.ts';
import { type Asker, changedGroups, type ReadingPurpose } from './configuration.ts';
import type { ProcessDefinition } from './definition.ts';
import { tell } from './orders.ts';
import { reload } from './shut-down.ts';
import { type ConfigReading, isRetired, type Turn } from './state.ts';
import { settleUpdate } from './targets.ts';
import { refuseUpdate, type UpdateOrder, update } from './update.ts';
import { refusalOf } from './verdict.ts';

export function noteConfigRead(turn: Turn, purpose: ReadingPurpose, read: ConfigReading): void {
  const reading = bounded(read);
  judge(turn, reading);
  switch (purpose.kind) {
    case 'answer':
      return answer(turn, purpose.to, reading);
    case 'update':
      if (reading.kind === 'rejected') refuseUpdate(turn, purpose.by, reading.problem);
      else takeUp(turn, purpose, reading.definitions);
      return;
    case 'reload':
      if (reading.kind === 'read') return reload(turn, purpose.order, reading.definitions);
      return refuseUpdate(turn, { kind: 'order', order: purpose.order }, reading.problem);
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
function takeUp(turn: Turn, order: UpdateOrder, definitions: readonly ProcessDefinition[]): void {
  const hindrance = findHindrance(turn);
  if (hindrance === null) return update(turn, order, definitions);
  const { by } = order;
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

function answer(turn: Turn, to: Asker, reading: ConfigReading): void {
  if (reading.kind === 'rejected') {
    if (to.kind === 'order') return refuseUpdate(turn, to, reading.problem);
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

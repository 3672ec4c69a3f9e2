/**
 * A configuration has been read: whether it is good is remembered and reported, and whoever wanted
 * it read gets what they wanted. A bad one changes nothing else.
 */
import type { HostAnswer } from '../../proto/host-questions.ts';
import { emit } from './apply-process.ts';
import { type Asker, changedGroups, type ReadingPurpose } from './configuration.ts';
import { tell } from './orders.ts';
import { reload } from './shut-down.ts';
import type { ConfigReading, Turn } from './state.ts';
import { refuseUpdate, update } from './update.ts';

export function noteConfigRead(turn: Turn, purpose: ReadingPurpose, reading: ConfigReading): void {
  judge(turn, reading);
  switch (purpose.kind) {
    case 'answer':
      return answer(turn, purpose.to, reading);
    case 'update':
      if (reading.kind === 'rejected') refuseUpdate(turn, purpose.by, reading.problem);
      else update(turn, purpose, reading.definitions);
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
  const changes = changedGroups(turn.state.processes.values(), reading.definitions);
  if (to.kind === 'controller') return sendAnswer(turn, to, { kind: 'reread', changes });
  tell(turn, to.order, { kind: 'reread', changes });
  tell(turn, to.order, { kind: 'done' });
}

/**
 * What a controller adds to the orders of one host under test: deadlines, a time for which the wanted
 * state must hold, and second thoughts. Timers are found in the steps that set them.
 */
import type { AgentEffect, AgentStep } from '../../agent/core/state.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import type { AgentEvent, Verb } from '../../proto/vocabulary.ts';
import { aCommand, aWithdrawal, type TestHost } from './agent-host.ts';

type Command = Extract<ControllerMessage, { readonly kind: 'command' }>;
type Withdrawal = Extract<ControllerMessage, { readonly kind: 'withdraw' }>;

/** Of `web`, under `op-1`, unless told otherwise. */
export function order(host: TestHost, verb: Verb, more: Partial<Command> = {}): AgentStep {
  return host.receive({ ...aCommand(verb, 'op-1', ['web']), sentAtMs: 0, ...more });
}

export function takeBack(host: TestHost, verb: Verb, more: Partial<Withdrawal> = {}): AgentStep {
  return host.receive({ ...aWithdrawal(verb, 'op-1', ['web']), ...more });
}

type DeadlineTimer = Extract<AgentEffect, { readonly kind: 'deadlineTimer' }>;
type WatchTimer = Extract<AgentEffect, { readonly kind: 'watchTimer' }>;

export const deadlinesIn = ({ effects }: AgentStep): readonly DeadlineTimer[] =>
  effects.flatMap((effect) => (effect.kind === 'deadlineTimer' ? effect : []));

export const watchesIn = ({ effects }: AgentStep): readonly WatchTimer[] =>
  effects.flatMap((effect) => (effect.kind === 'watchTimer' ? effect : []));

/** Time passes until the deadline that was set in this step. */
export function reachDeadline(host: TestHost, set: AgentStep): AgentStep {
  const [timer] = deadlinesIn(set);
  if (timer === undefined) throw new Error('no deadline was set');
  host.pass(timer.delayMs);
  return host.step({ kind: 'deadlineDue', targets: timer.targets });
}

/** Time passes until the watch that was begun in this step is over. */
export function endWatch(host: TestHost, begun: AgentStep): AgentStep {
  const [timer] = watchesIn(begun);
  if (timer === undefined) throw new Error('no watch was begun');
  host.pass(timer.delayMs);
  return host.step({ kind: 'watchDue', target: timer.target });
}

/** `accepted restart web`, `verifying …`, `cancelled …`, in the order in which they were told. */
export function newsIn({ writes }: AgentStep): readonly string[] {
  return writes.flatMap((write) => (write.kind === 'event' ? newsOf(write.event.event) : []));
}

function newsOf(event: AgentEvent): readonly string[] {
  switch (event.kind) {
    case 'targetAccepted':
      return [`accepted ${event.verb} ${event.process}`];
    case 'targetVerifying':
      return [`verifying ${event.verb} ${event.process}`];
    case 'targetSettled':
      return [`${event.outcome.state} ${event.verb} ${event.process}`];
    case 'processChanged':
    case 'processRemoved':
    case 'localOrder':
    case 'configJudged':
    case 'eventsMissing':
      return [];
  }
}

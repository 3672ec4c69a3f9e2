/** What an operation does, and in which order, in words. */
import type { OperationFacts } from '../../../proto/operation.ts';
import type { Verb } from '../../../proto/vocabulary.ts';
import { plural } from '../text.ts';

export const PAST_TENSE: Readonly<Record<Verb, string>> = {
  start: 'started',
  stop: 'stopped',
  restart: 'restarted',
  signal: 'signalled',
  update: 'updated',
};

/** `restart`, `signal HUP`, `restart with a full stop`. Not neutralised. */
export function verbText({
  verb,
  signal,
  fullStop,
}: Pick<OperationFacts, 'verb' | 'signal' | 'fullStop'>): string {
  if (signal !== null) return `${verb} ${signal}`;
  return fullStop ? `${verb} with a full stop` : verb;
}

/** What was asked for, as typed: processes, or with an update groups. Not neutralised. */
export function selectionText({
  verb,
  processes,
}: Pick<OperationFacts, 'verb' | 'processes'>): string {
  return verb === 'update' && processes.length === 0 ? 'all' : processes.join(' ');
}

/** `4 targets on 2 hosts`; of an update a host has one, which is the host itself. */
export function extentText(verb: Verb, targets: number, hosts: number): string {
  const extent = plural(hosts, 'host');
  return verb === 'update' ? extent : `${plural(targets, 'target')} on ${extent}`;
}

/** What the targets of an operation are called. */
export function targetNoun(verb: Verb): string {
  return verb === 'update' ? 'host' : 'target';
}

/** Why the waves stand as they do; their numbers say the rest. */
export function orderText({ verb, order, fullStop, waves }: OperationFacts): string {
  if (verb === 'signal') return 'a signal has none, it goes to all at once';
  if (verb === 'update') return 'all hosts at once; each keeps the order of its tiers';
  if (waves.length < 2) return 'one wave, all at once';
  const hosts =
    order === 'host'
      ? 'each host goes through its waves on its own'
      : 'a wave is finished on all hosts before the next begins';
  return `${tierOrder(verb === 'stop', fullStop)}; ${hosts}`;
}

function tierOrder(isStop: boolean, fullStop: boolean): string {
  if (fullStop) return 'all is stopped, higher priorities first, then started, lower ones first';
  return isStop ? 'higher priorities stop first' : 'lower priorities start first';
}

/** What an operation does, and in which order, in words. */
import type { OperationFacts, Verb } from '../../../proto/vocabulary.ts';

export const PAST_TENSE: Readonly<Record<Verb, string>> = {
  start: 'started',
  stop: 'stopped',
  restart: 'restarted',
  signal: 'signalled',
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

/** Why the waves stand as they do; their numbers say the rest. */
export function orderText({ verb, order, fullStop, waves }: OperationFacts): string {
  if (verb === 'signal') return 'a signal has none, it goes to all at once';
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

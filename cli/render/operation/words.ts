/** What an operation does, in which order, and what holds it up, in words. */
import type {
  Halt,
  OperationFacts,
  OperationState,
  Order,
  Target,
} from '../../../proto/operation.ts';
import { currentWave } from '../../../proto/target.ts';
import type { Verb } from '../../../proto/vocabulary.ts';
import { neutralise, neutraliseRemark, plural } from '../text.ts';
import { formatExact, formatMinute } from '../time.ts';

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

/** `2 targets left out: not allowed`; null where none was left out because of that. */
export function notAllowedText({
  verb,
  notAllowed,
}: Pick<OperationFacts, 'verb' | 'notAllowed'>): string | null {
  return notAllowed === 0 ? null : `${plural(notAllowed, targetNoun(verb))} left out: not allowed`;
}

/** What the targets of an operation are called. */
export function targetNoun(verb: Verb): string {
  return verb === 'update' ? 'host' : 'target';
}

/** Why the waves stand as they do; their numbers say the rest. */
export function orderText(facts: OperationFacts): string {
  const { verb, order, fullStop, waves } = facts;
  const isBatched = waves.some(({ batches }) => batches > 1);
  if (verb === 'signal') {
    return isBatched
      ? 'a signal has none, its batches go one after the other'
      : 'a signal has none, it goes to all at once';
  }
  if (verb === 'update') {
    const hosts = isBatched ? 'one batch of hosts after the other' : 'all hosts at once';
    return `${hosts}; each keeps the order of its tiers`;
  }
  if (waves.length < 2) return 'one wave, all at once';
  return `${tierOrder(verb === 'stop', fullStop)}; ${waveOrder(order, isBatched)}`;
}

function waveOrder(order: Order, isBatched: boolean): string {
  if (order === 'tier') return 'a wave is finished on all hosts before the next begins';
  const each = 'each host goes through its waves on its own';
  return isBatched ? `${each}, one batch of hosts after the other` : each;
}

function tierOrder(isStop: boolean, fullStop: boolean): string {
  if (fullStop) return 'all is stopped, higher priorities first, then started, lower ones first';
  return isStop ? 'higher priorities stop first' : 'lower priorities start first';
}

/**
 * Why it stands still or ended early: `paused: 2 targets failed, 1 is allowed`, `cancelled by bob:
 * wrong branch`. Null where nothing holds it up. Safe to print.
 */
export function haltText({ state, halt }: Pick<OperationFacts, 'state' | 'halt'>): string | null {
  const word = haltWord(state, halt);
  if (word === null) return null;
  const by = halt === null || halt.by === null ? '' : ` by ${neutralise(halt.by)}`;
  const because = neutraliseRemark(halt?.because ?? '');
  return `${word}${by}${because === '' ? '' : `: ${because}`}`;
}

/** Of one that drains the word for how it will end, since that is settled. */
function haltWord(state: OperationState, halt: Halt | null): string | null {
  switch (state) {
    case 'running':
    case 'succeeded':
    case 'failed':
      return null;
    case 'draining':
      return halt?.endsAs ?? state;
    case 'planned':
    case 'paused':
    case 'aborted':
    case 'cancelled':
    case 'expired':
      return state;
  }
}

/** What becomes of what has begun while the operation drains. */
export function drainText({ halt }: OperationFacts): string {
  return halt?.kill === true
    ? 'agents give up waiting for what has begun'
    : 'what has begun is waited for';
}

/** `, waited for until 2026-11-22 14:20 UTC`: how long a host that is away may take. */
export function untilText({ strategy, startedAtMs }: OperationFacts): string {
  const { offline } = strategy;
  if (offline.kind !== 'queue') return '';
  const until = formatMinute(startedAtMs + offline.ttlMs);
  return until === null ? '' : `, waited for until ${until}`;
}

/** `up, watched for 10 s`: what has come about must last. */
export function watchedText(facts: OperationFacts, target: Target): string {
  return `${heldState(facts, target)}, watched for ${formatExact(facts.strategy.minHealthyMs)}`;
}

export function heldState({ verb, waves }: OperationFacts, target: Target): 'up' | 'down' {
  const action = waves[currentWave(target)]?.action ?? verb;
  return action === 'stop' ? 'down' : 'up';
}

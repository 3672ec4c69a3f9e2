/**
 * How an operation goes about its targets, in words: only what differs from what is meant where
 * nothing is said, and with the figures worked out, since "10%" tells nobody how many may go wrong.
 */
import type { Operation, OperationFacts } from '../../../proto/operation.ts';
import { type Amount, countOf, type Strategy } from '../../../proto/strategy.ts';
import { amountText, batchText } from '../../../proto/strategy-text.ts';
import { plural } from '../text.ts';
import { formatExact } from '../time.ts';

/** `1 target first, as a canary; 10% of a tier at a time; …`. Empty: all as usual. */
export function strategyText({ strategy, order, verb }: OperationFacts): string {
  const byHost = order === 'host' || verb === 'update';
  const { minHealthyMs, deadlineMs, lockWaitMs, batchWaitMs } = strategy;
  return [
    canaryText(strategy, byHost),
    sizesText(strategy, byHost),
    batchWaitMs === 0
      ? null
      : `${formatExact(batchWaitMs)} between ${order === 'host' ? 'batches of hosts' : 'waves'}`,
    minHealthyMs === 0
      ? null
      : `each watched for ${formatExact(minHealthyMs)} before it counts as done`,
    offlineWords(strategy),
    deadlineMs === null
      ? null
      : `begins nothing any more ${formatExact(deadlineMs)} after its submission`,
    lockWaitMs === 0 ? null : `waits up to ${formatExact(lockWaitMs)} for other operations`,
  ]
    .filter((part) => part !== null)
    .join('; ');
}

/**
 * `stops when more than 5 of 50 targets fail, or any host is lost; it can be resumed then`. Of what
 * was away when the plan was made nothing counts.
 */
export function limitsText({ strategy, targets }: Pick<Operation, 'strategy' | 'targets'>): string {
  if (strategy.onError === 'continue') return 'does not stop, however many fail';
  const hosts = new Set(targets.map(({ host }) => host)).size;
  const errorsMax = countOf(strategy.maxErrors, targets.length);
  const lostMax = countOf(strategy.maxUnreachable, hosts);
  const conditions = [
    errorsMax === 0 ? 'any target fails' : `more than ${errorsMax} of ${targets.length} fail`,
    lostMax === 0
      ? 'any host is lost'
      : `more than ${lostMax} of ${plural(hosts, 'host')} are lost`,
    ...(strategy.canary === 0 ? [] : ['a canary goes wrong']),
  ];
  const when = `when ${conditions.slice(0, -1).join(', ')}, or ${conditions.at(-1)}`;
  return strategy.onError === 'fail'
    ? `stops for good ${when}`
    : `stops ${when}; it can be resumed then`;
}

function canaryText({ canary }: Strategy, byHost: boolean): string | null {
  if (canary === 0) return null;
  const of = byHost ? '' : ' of each tier';
  return `${canary} ${nounOf(canary, byHost)}${of} first, as a canary`;
}

function sizesText({ batch }: Strategy, byHost: boolean): string | null {
  const [first, ...more] = batch;
  if (first === undefined || (more.length === 0 && isAll(first))) return null;
  if (more.length > 0) return `batches of ${batchText(batch)} ${nounOf(2, byHost)}`;
  const what = byHost ? 'the hosts' : 'a tier';
  return first.kind === 'count'
    ? `${first.count} ${nounOf(first.count, byHost)} at a time`
    : `${amountText(first)} of ${what} at a time`;
}

function isAll(amount: Amount): boolean {
  return amount.kind === 'percent' && amount.percent >= 100;
}

function nounOf(count: number, byHost: boolean): string {
  const noun = byHost ? 'host' : 'target';
  return count === 1 ? noun : `${noun}s`;
}

function offlineWords({ offline }: Strategy): string | null {
  switch (offline.kind) {
    case 'fail':
      return null;
    case 'skip':
      return 'hosts that are away are skipped';
    case 'queue':
      return `hosts that are away are waited for, up to ${formatExact(offline.ttlMs)}`;
  }
}

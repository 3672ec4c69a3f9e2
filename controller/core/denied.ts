/**
 * The refusal of what somebody may not do: exactly which targets, folded, under the rule that stands
 * against each. Whoever reads it knows whom to ask for what.
 */
import type { Action } from '../../proto/authority.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { groupBy } from '../../proto/group-by.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { foldedList } from '../../proto/selector/fold.ts';
import { type HostId, type ProcessName, WHOLE_HOST } from '../../proto/vocabulary.ts';

/** A target, and the rule that stands against it. */
export interface Denied {
  readonly host: HostId;
  readonly process: ProcessName;
  readonly because: string;
  /** Whoever asked may know that there is such a target; else it is only counted. */
  readonly isSeen: boolean;
}

/** @param total how many targets were asked for, these among them */
export function deniedRefusal(action: Action, denied: readonly Denied[], total: number): Refusal {
  const of = denied.length === total ? `any of the ${total}` : `${denied.length} of the ${total}`;
  const targets = total === 1 ? 'the target' : `${of} targets`;
  const isPart = denied.length < total;
  return refusal('denied', `${action} is not allowed on ${targets}`, {
    cause: listText(denied),
    fix: isPart
      ? 'leave those out with --allowed-only; what you may is told by: fleetctl auth whoami'
      : 'what you may is told by: fleetctl auth whoami',
  });
}

/** `web-[1-3]: db, web:web_00`: hosts with the same processes share a line. */
export function targetLines(
  targets: readonly Pick<Denied, 'host' | 'process'>[],
): readonly string[] {
  const processesOf = new Map<HostId, string[]>();
  for (const { host, process } of sortNaturally(targets, ({ host }) => host)) {
    const names = processesOf.get(host) ?? [];
    processesOf.set(host, names);
    names.push(process);
  }
  const bySame = new Map<string, HostId[]>();
  for (const [host, names] of processesOf) {
    const key = [...new Set(names)].sort().join(', ');
    const hosts = bySame.get(key) ?? [];
    bySame.set(key, hosts);
    hosts.push(host);
  }
  return [...bySame].map(([names, hosts]) =>
    names === WHOLE_HOST ? foldedList(hosts) : `${foldedList(hosts)}: ${names}`,
  );
}

function linesFor(targets: readonly Denied[]): readonly string[] {
  const seen = targets.filter(({ isSeen }) => isSeen);
  const unseen = targets.length - seen.length;
  if (unseen === 0) return targetLines(seen);
  const are = unseen === 1 ? '1 target' : `${unseen} targets`;
  return [...targetLines(seen), `${are} that you may not see`];
}

/** It travels in a header: above this it is cut, and said to be. */
const LIST_LENGTH_MAX = 3_000;

function listText(denied: readonly Denied[]): string {
  // Not in the order in which hosts have connected: the same refusal reads the same.
  const byRule = sortNaturally([...groupBy(denied, ({ because }) => because)], ([rule]) => rule);
  const text = byRule
    .map(([because, targets]) => [`${because}:`, ...linesFor(targets)].join('\n  '))
    .join('\n');
  if (text.length <= LIST_LENGTH_MAX) return text;
  const whole = text.slice(0, text.lastIndexOf('\n', LIST_LENGTH_MAX));
  return `${whole || text.slice(0, LIST_LENGTH_MAX)}\n… and more: all of it with fleetctl auth can`;
}

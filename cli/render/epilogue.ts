/**
 * What stands at the end of an operation: one true sentence, and after trouble the last log lines
 * of what failed, the same lines on many hosts shown once, and commands to paste next.
 */
import type { Operation, Target } from '../../proto/vocabulary.ts';
import { groupBy } from '../group-by.ts';
import { endingOf, outcomeOf } from '../outcome.ts';
import { compareNatural } from './natural-order.ts';
import { shellWord } from './shell.ts';
import { escapeUnsafe, neutralise, neutraliseLogLine, shortList } from './text.ts';

/** Different logs, hosts named per log, and retry commands: what fits a screen. */
const LOGS_MAX = 5;
const HOSTS_NAMED_MAX = 10;
const RETRIES_MAX = 3;
/** Beyond this a list of hosts is no command that one would paste. */
const HOSTS_IN_COMMAND_MAX = 50;

/** @param fleetctl how to call it, as `fleetctlCommand` says */
export function renderEpilogue(operation: Operation, fleetctl: string): string {
  const unfinished = operation.targets.filter((target) => endingOf(target.state) !== 'succeeded');
  const lines = [
    outcomeOf(operation).sentence,
    ...logLines(operation.targets),
    ...nextCommands(operation, unfinished, fleetctl),
  ];
  return `${lines.join('\n')}\n`;
}

function logLines(targets: readonly Target[]): readonly string[] {
  const withLog = targets.filter((target) => target.logTail.length > 0);
  const logs = [...groupBy(withLog, logKey).values()];
  const shown = logs.slice(0, LOGS_MAX).flatMap((sharing) => {
    const hosts = sharing.map((target) => target.host).sort(compareNatural);
    const [{ process, logTail }] = sharing as readonly [Target, ...Target[]];
    return [
      `log of ${neutralise(process)} on ${shortList(hosts, HOSTS_NAMED_MAX)}:`,
      ...logTail.map((line) => `    ${neutraliseLogLine(line)}`),
    ];
  });
  const more = logs.length - LOGS_MAX;
  return more > 0 ? [...shown, `and ${more} other logs; -o json has them all`] : shown;
}

function logKey(target: Target): string {
  return JSON.stringify([target.process, target.logTail]);
}

/**
 * Every retry names exactly targets that are not done: processes that are open on the same hosts
 * share a command, others get their own.
 */
function nextCommands(
  operation: Operation,
  unfinished: readonly Target[],
  fleetctl: string,
): readonly string[] {
  if (unfinished.length === 0) return [];
  const hostsOfProcess = [...groupBy(unfinished, (target) => target.process)].map(
    ([process, targets]) => ({ process, hosts: hostList(targets) }),
  );
  const retries = [...groupBy(hostsOfProcess, ({ hosts }) => hosts)].map(([hosts, entries]) =>
    selection(
      entries.map(({ process }) => process),
      hosts,
    ),
  );
  const look = selection(
    [...new Set(unfinished.map((target) => target.process))],
    hostList(unfinished),
  );
  if (hostCount(unfinished) > HOSTS_IN_COMMAND_MAX || retries.length > RETRIES_MAX) {
    return [`look:  ${fleetctl} status ${selection(operation.processes, operation.hosts)}`];
  }
  const verb = [operation.verb, ...(operation.signal === null ? [] : [operation.signal])];
  return [
    `look:  ${fleetctl} status ${look}`,
    ...retries.map((retry) => `retry: ${fleetctl} ${verb.map(shellWord).join(' ')} ${retry}`),
  ];
}

function selection(processes: readonly string[], hosts: string): string {
  const words = [...processes.map(shellWord), '--hosts', shellWord(hosts)];
  return escapeUnsafe(words.join(' '));
}

function hostList(targets: readonly Target[]): string {
  return [...new Set<string>(targets.map((target) => target.host))].sort(compareNatural).join(',');
}

function hostCount(targets: readonly Target[]): number {
  return new Set(targets.map((target) => target.host)).size;
}

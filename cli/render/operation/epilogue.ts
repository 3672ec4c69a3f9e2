/**
 * What stands at the end of an operation: one true sentence, and after trouble the last log lines
 * of what failed, the same lines on many hosts shown once, and commands to paste next.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target } from '../../../proto/operation.ts';
import { foldedList } from '../../../proto/selector/fold.ts';
import { isOpenState } from '../../../proto/target.ts';
import { endingOf, wasLeftStopped } from '../../outcome.ts';
import { shellWord } from '../shell.ts';
import { escapeUnsafe, neutraliseLogLine } from '../text.ts';
import { describeWhere, type FoldedTargets, foldTargets } from './fold-targets.ts';
import { outcomeSentence } from './outcome-sentence.ts';

/** Different logs, and commands of a kind: what fits a screen. */
const LOGS_MAX = 5;
const COMMANDS_MAX = 3;
/** Beyond this a list of hosts is no command that one would paste. */
const HOSTS_IN_COMMAND_MAX_CHARACTERS = 500;

/** @param fleetctl how to call it, as `fleetctlCommand` says */
export function renderEpilogue(operation: Operation, fleetctl: string): string {
  const lines = [
    outcomeSentence(operation),
    ...logLines(operation.targets),
    ...nextCommands(operation, fleetctl),
  ];
  return `${lines.join('\n')}\n`;
}

export function logLines(targets: readonly Target[]): readonly string[] {
  const withLog = targets.filter((target) => target.logTail.length > 0);
  const logs = [...groupBy(withLog, ({ logTail }) => JSON.stringify(logTail)).values()];
  const shown = logs
    .slice(0, LOGS_MAX)
    .flatMap((sharing) => [
      `log of ${foldTargets(withoutErrors(sharing)).map(describeWhere).join(', ')}:`,
      ...(sharing[0]?.logTail ?? []).map((line) => `    ${neutraliseLogLine(line)}`),
    ]);
  const more = logs.length - LOGS_MAX;
  return more > 0 ? [...shown, `and ${more} other logs; -o json has more`] : shown;
}

/**
 * Every retry names exactly targets that are not done: processes that are open on the same hosts
 * share a command, others get their own. What a full stop left down is started, not restarted, and
 * where that takes too many commands one starts it all.
 */
function nextCommands(operation: Operation, fleetctl: string): readonly string[] {
  const unfinished = withoutErrors(
    operation.targets.filter((target) => endingOf(target.state) !== 'succeeded'),
  );
  if (unfinished.length === 0) return [];
  if (operation.verb === 'update') return updateCommands(operation, unfinished, fleetctl);
  const byNeed = groupBy(unfinished, wasLeftStopped);
  const starts = startCommands(operation, byNeed.get(true) ?? [], `start: ${fleetctl} start`);
  const again = `retry: ${fleetctl} ${verbWords(operation)}`;
  const retries = commands(operation, foldTargets(byNeed.get(false) ?? []), again);
  const hosts = hostsOption(operation, unfinished) ?? `--hosts ${unfinishedHosts(operation)}`;
  const processes = [...new Set(unfinished.map((target) => target.process))];
  return [
    `look:  ${fleetctl} status ${escapeUnsafe(processes.map(shellWord).join(' '))} ${hosts}`,
    ...starts,
    ...retries,
  ];
}

/** What is wrong with a configuration is told by reading it again. */
function updateCommands(
  operation: Operation,
  unfinished: readonly Target[],
  fleetctl: string,
): readonly string[] {
  const hosts = hostsOption(operation, unfinished) ?? `--hosts ${unfinishedHosts(operation)}`;
  const words = ['update', ...operation.processes].map(shellWord).join(' ');
  return [
    `look:  ${fleetctl} reread ${hosts}`,
    `retry: ${fleetctl} ${escapeUnsafe(words)} ${hosts}`,
  ];
}

/**
 * Services are down, so there is a command for them wherever there can be one. What of these names
 * was not left down on these hosts is up, which a start leaves as it is, or failed to come up.
 */
function startCommands(
  operation: Operation,
  targets: readonly Target[],
  command: string,
): readonly string[] {
  const exact = commands(operation, foldTargets(targets), command);
  if (exact.length > 0 || targets.length === 0) return exact;
  const processes = [...new Set(inWaveOrder(targets).map((target) => target.process))];
  return commands(operation, [{ processes, targets }], command);
}

type Retried = Pick<FoldedTargets, 'processes' | 'targets'>;

/** None where they would be too many, or one could not be pasted. */
function commands(
  operation: Operation,
  groups: readonly Retried[],
  command: string,
): readonly string[] {
  // Pasted one after the other, they keep the order of the tiers.
  const inOrder = groups.toSorted((left, right) => firstWave(left) - firstWave(right));
  const lines = inOrder.map(({ processes, targets: sharing }) => {
    const hosts = hostsOption(operation, sharing);
    const words = processes.map(shellWord).join(' ');
    return hosts === null ? null : `${command} ${escapeUnsafe(words)} ${hosts}`;
  });
  const whole = lines.filter((line) => line !== null);
  return whole.length === lines.length && lines.length <= COMMANDS_MAX ? whole : [];
}

function firstWave({ targets }: Retried): number {
  return targets.reduce((first, { wave }) => Math.min(first, wave), Infinity);
}

function inWaveOrder(targets: readonly Target[]): readonly Target[] {
  return targets.toSorted((left, right) => left.wave - right.wave);
}

/** The same verb in the same manner. */
function verbWords({ verb, signal, fullStop, order }: Operation): string {
  const words = [verb, ...(signal === null ? [] : [signal])].map(shellWord);
  if (fullStop) words.push('--full-stop');
  if (order === 'host') words.push('--order host');
  return words.join(' ');
}

/**
 * Names exactly the hosts of these targets: folded or, where that is long, as a result of this
 * operation, if they are just those that share one. Null where neither can be pasted.
 */
function hostsOption(operation: Operation, targets: readonly Target[]): string | null {
  const hosts = new Set<string>(targets.map((target) => target.host));
  const folded = foldedList(hosts);
  if (folded.length <= HOSTS_IN_COMMAND_MAX_CHARACTERS) {
    return `--hosts ${escapeUnsafe(shellWord(folded))}`;
  }
  const state = targets[0]?.state;
  const isResult = (wanted: (target: Target) => boolean): boolean => {
    const others = new Set(operation.targets.filter(wanted).map((target) => target.host));
    return others.size === hosts.size && [...others].every((host) => hosts.has(host));
  };
  if (isResult((target) => target.state !== 'succeeded')) {
    return `--hosts ${unfinishedHosts(operation)}`;
  }
  if (state === undefined || isOpenState(state)) return null;
  return isResult((target) => target.state === state)
    ? `--hosts op:${operation.id}:${state}`
    : null;
}

function unfinishedHosts({ id }: Operation): string {
  return `op:${id}:unfinished`;
}

function withoutErrors(targets: readonly Target[]): readonly Target[] {
  return targets.map((target) => ({ ...target, error: null }));
}

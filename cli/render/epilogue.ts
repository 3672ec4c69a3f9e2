/**
 * What stands at the end of an operation: one true sentence, and after trouble the last log lines
 * of what failed, the same lines on many hosts shown once, and commands to paste next.
 */
import { foldedList } from '../../proto/selector/fold.ts';
import { OPEN_TARGET_STATES, type Operation, type Target } from '../../proto/vocabulary.ts';
import { groupBy } from '../group-by.ts';
import { endingOf, outcomeOf, wasLeftStopped } from '../outcome.ts';
import { describeWhere, type FoldedTargets, foldTargets } from './fold-targets.ts';
import { shellWord } from './shell.ts';
import { escapeUnsafe, neutraliseLogLine } from './text.ts';

/** Different logs, and commands of a kind: what fits a screen. */
const LOGS_MAX = 5;
const COMMANDS_MAX = 3;
/** Beyond this a list of hosts is no command that one would paste. */
const HOSTS_IN_COMMAND_MAX_CHARACTERS = 500;

/** @param fleetctl how to call it, as `fleetctlCommand` says */
export function renderEpilogue(operation: Operation, fleetctl: string): string {
  const lines = [
    outcomeOf(operation).sentence,
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
  return more > 0 ? [...shown, `and ${more} other logs; -o json has them all`] : shown;
}

/**
 * Every retry names exactly targets that are not done: processes that are open on the same hosts
 * share a command, others get their own. What a full stop left down is started, not restarted.
 */
function nextCommands(operation: Operation, fleetctl: string): readonly string[] {
  const unfinished = withoutErrors(
    operation.targets.filter((target) => endingOf(target.state) !== 'succeeded'),
  );
  if (unfinished.length === 0) return [];
  const byNeed = groupBy(unfinished, wasLeftStopped);
  const starts = commands(operation, byNeed.get(true) ?? [], 'start: ', `${fleetctl} start`);
  const again = `${fleetctl} ${verbWords(operation)}`;
  const retries = commands(operation, byNeed.get(false) ?? [], 'retry: ', again);
  const hosts = hostsOption(operation, unfinished) ?? `--hosts ${unfinishedHosts(operation)}`;
  const processes = [...new Set(unfinished.map((target) => target.process))];
  return [
    `look:  ${fleetctl} status ${escapeUnsafe(processes.map(shellWord).join(' '))} ${hosts}`,
    ...starts,
    ...retries,
  ];
}

/** None where they would be too many, or one could not be pasted. */
function commands(
  operation: Operation,
  targets: readonly Target[],
  label: string,
  command: string,
): readonly string[] {
  const lines = foldTargets(targets).map(({ processes, targets: sharing }: FoldedTargets) => {
    const hosts = hostsOption(operation, sharing);
    const words = processes.map(shellWord).join(' ');
    return hosts === null ? null : `${label}${command} ${escapeUnsafe(words)} ${hosts}`;
  });
  const whole = lines.filter((line) => line !== null);
  return whole.length === lines.length && lines.length <= COMMANDS_MAX ? whole : [];
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
  if (state === undefined || OPEN_TARGET_STATES.has(state)) return null;
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

/**
 * What a person may want to do next with an operation, as commands to paste: look, find out why, go on
 * or leave it, and do again what is not done.
 */

import type { Operation, Target } from '../../../proto/operation.ts';
import { foldedList } from '../../../proto/selector/fold.ts';
import { isGood, isInFlight, isOpenState } from '../../../proto/target.ts';
import { isLive, wasLeftStopped } from '../../outcome.ts';
import { shellWord } from '../shell.ts';
import { escapeUnsafe } from '../text.ts';
import { type FoldedTargets, foldTargets } from './fold-targets.ts';

/** Commands of a kind: what fits a screen. */
const COMMANDS_MAX = 3;
/** Beyond this a list of hosts is no command that one would paste. */
const HOSTS_IN_COMMAND_MAX_CHARACTERS = 500;

type Command = readonly [purpose: string, command: string];

/** @param fleetctl how to call it, as `fleetctlCommand` says */
export function nextCommands(operation: Operation, fleetctl: string): readonly string[] {
  const commands = isLive(operation.state)
    ? steeringCommands(operation)
    : commandsAfterEnd(operation);
  const width = Math.max(0, ...commands.map(([purpose]) => purpose.length));
  return commands.map(
    ([purpose, command]) =>
      `${`${purpose}:`.padEnd(width + 1)} ${fleetctl} ${escapeUnsafe(command)}`,
  );
}

function steeringCommands(operation: Operation): readonly Command[] {
  const { id, state } = operation;
  const watch: Command = ['watch', `op watch ${id}`];
  const cancel: Command = ['cancel', `op cancel ${id}`];
  switch (state) {
    case 'paused':
      return [
        ...explainCommand(operation),
        ...(operation.targets.some(isInFlight) ? [watch] : []),
        ['resume', `op resume ${id}`],
        cancel,
      ];
    case 'planned':
      return [watch, cancel];
    default:
      return [watch];
  }
}

/**
 * A retry is about exactly what is not done, in the same manner. What a full stop left down, though, is
 * down until somebody starts it, and must not wait for what failed to be mended.
 */
function commandsAfterEnd(operation: Operation): readonly Command[] {
  const unfinished = withoutErrors(operation.targets.filter((target) => !isGood(target)));
  const down = withoutErrors(operation.targets.filter(wasLeftStopped));
  if (unfinished.length === 0 && down.length === 0) return [];
  const look = lookCommand(operation, unfinished.length === 0 ? down : unfinished);
  const retry: Command = ['retry', `op retry ${operation.id}`];
  return [
    look,
    ...explainCommand(operation),
    ...startCommands(operation, down),
    ...(unfinished.length === 0 ? [] : [retry]),
  ];
}

/** What is wrong with a configuration is told by reading it again. */
function lookCommand(operation: Operation, targets: readonly Target[]): Command {
  const hosts = hostsOption(operation, targets) ?? `--hosts ${unfinishedHosts(operation)}`;
  if (operation.verb === 'update') return ['look', `reread ${hosts}`];
  const processes = [...new Set(targets.map((target) => target.process))];
  return ['look', `status ${processes.map(shellWord).join(' ')} ${hosts}`];
}

/** One host stands for all that ended in the same way, of what most did. */
function explainCommand({ id, targets }: Operation): readonly Command[] {
  const unclear = targets.filter(
    ({ state, dispatchedAtMs }) => UNCLEAR.has(state) && dispatchedAtMs !== null,
  );
  const [host] = foldTargets(unclear)[0]?.hosts ?? [];
  if (host === undefined) return [];
  return [['why', `op explain ${id} ${shellWord(host)}`]];
}

/** What was begun and went wrong in a way that its agent can tell of. */
const UNCLEAR: ReadonlySet<Target['state']> = new Set<Target['state']>([
  'failed',
  'timed-out',
  'indeterminate',
]);

/**
 * Services are down, so there is a command for them wherever there can be one. What of these names
 * was not left down on these hosts is up, which a start leaves as it is, or failed to come up.
 */
function startCommands(operation: Operation, targets: readonly Target[]): readonly Command[] {
  const exact = exactStarts(operation, foldTargets(targets));
  if (exact.length > 0 || targets.length === 0) return exact;
  const processes = [...new Set(inWaveOrder(targets).map((target) => target.process))];
  return exactStarts(operation, [{ processes, targets }]);
}

type Started = Pick<FoldedTargets, 'processes' | 'targets'>;

/** None where they would be too many, or one could not be pasted. */
function exactStarts(operation: Operation, groups: readonly Started[]): readonly Command[] {
  // Pasted one after the other, they keep the order of the tiers.
  const inOrder = groups.toSorted((left, right) => firstWave(left) - firstWave(right));
  const commands = inOrder.map(({ processes, targets }): Command | null => {
    const hosts = hostsOption(operation, targets);
    const words = processes.map(shellWord).join(' ');
    return hosts === null ? null : ['start', `start ${words} ${hosts}`];
  });
  const whole = commands.filter((command) => command !== null);
  return whole.length === commands.length && commands.length <= COMMANDS_MAX ? whole : [];
}

function firstWave({ targets }: Started): number {
  return targets.reduce((first, { wave }) => Math.min(first, wave), Infinity);
}

function inWaveOrder(targets: readonly Target[]): readonly Target[] {
  return targets.toSorted((left, right) => left.wave - right.wave);
}

/**
 * Names exactly the hosts of these targets: folded or, where that is long, as a result of this
 * operation, if they are just those that share one. Null where neither can be pasted.
 */
function hostsOption(operation: Operation, targets: readonly Target[]): string | null {
  const hosts = new Set<string>(targets.map((target) => target.host));
  const folded = foldedList(hosts);
  if (folded.length <= HOSTS_IN_COMMAND_MAX_CHARACTERS) {
    return `--hosts ${shellWord(folded)}`;
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

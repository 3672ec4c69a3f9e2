/**
 * The options that say how a changing verb goes about its targets. What is not given has the default
 * of `DEFAULT_STRATEGY`, and help says it, so that nobody has to look it up elsewhere.
 */
import { type Command, Option } from 'commander';
import {
  type Amount,
  DEFAULT_STRATEGY,
  type Offline,
  ON_ERRORS,
  type OnError,
  type Strategy,
} from '../../proto/strategy.ts';
import {
  parseAmount,
  parseBatch,
  parseCanary,
  parseDuration,
  parseOffline,
  parseWait,
} from '../../proto/strategy-text.ts';
import type { Verb } from '../../proto/vocabulary.ts';
import { valueOption } from './values.ts';

/** Headings of `--help`, in the order in which a careful person thinks of them. */
export const PACE = 'How many at a time:';
const TROUBLE = 'When something goes wrong:';

export interface StrategyFlags {
  readonly batch?: readonly Amount[];
  readonly canary?: number;
  readonly batchWait?: number;
  readonly maxErrors?: Amount;
  readonly maxUnreachable?: Amount;
  /** Not with `signal` and `update`. */
  readonly minHealthyTime?: number;
  readonly onError?: OnError;
  readonly offline?: Offline;
  readonly deadline?: number;
  readonly lockWait?: number;
}

/** Under its own heading, also where others come first. */
export function addPaceOptions(command: Command, verb: Verb): Command {
  const unit = verb === 'update' ? 'hosts' : 'targets';
  const options = [
    valueOption('--batch <sizes>', `so many ${unit} at once: 5, 10%, or 1,5,20%`, parseBatch),
    valueOption('--canary <count>', 'so many first; one that fails stops it all', parseCanary),
    valueOption('--batch-wait <duration>', 'pause between one batch and the next', parseWait),
  ];
  // A signal leaves nothing to watch, and an update watches by itself what it began.
  if (verb !== 'signal' && verb !== 'update') {
    const holds = verb === 'stop' ? 'stay stopped' : 'stay up and healthy';
    options.push(
      valueOption(
        '--min-healthy-time <duration>',
        `each must ${holds} so long to count as done`,
        parseWait,
      ),
    );
  }
  for (const option of options) command.addOption(option.helpGroup(PACE));
  return command;
}

export function addTroubleOptions(command: Command): Command {
  const options = [
    valueOption('--max-errors <amount>', 'so many may fail, 3 or 10% (default 0)', parseAmount),
    valueOption(
      '--max-unreachable <amount>',
      'so many may be lost on the way (default 0)',
      parseAmount,
    ),
    new Option('--on-error <what>', 'what then').choices(ON_ERRORS).default('pause'),
    valueOption(
      '--offline <what>',
      'hosts that are away: fail (default), skip, or queue=2h',
      parseOffline,
    ),
    valueOption('--deadline <duration>', 'begin nothing after it, and give up', parseDuration),
    valueOption(
      '--lock-wait <duration>',
      'wait for other operations on the same processes',
      parseWait,
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup(TROUBLE));
  return command;
}

export function strategyOf(flags: StrategyFlags): Strategy {
  const usual = DEFAULT_STRATEGY;
  return {
    batch: flags.batch ?? usual.batch,
    canary: flags.canary ?? usual.canary,
    batchWaitMs: flags.batchWait ?? usual.batchWaitMs,
    maxErrors: flags.maxErrors ?? usual.maxErrors,
    maxUnreachable: flags.maxUnreachable ?? usual.maxUnreachable,
    minHealthyMs: flags.minHealthyTime ?? usual.minHealthyMs,
    onError: flags.onError ?? usual.onError,
    offline: flags.offline ?? usual.offline,
    deadlineMs: flags.deadline ?? usual.deadlineMs,
    lockWaitMs: flags.lockWait ?? usual.lockWaitMs,
  };
}

/**
 * `hold` and `release`, which Supervisor does not have: keep the fleet's operations off processes of
 * this host for a while. Who holds what is what `status` of the agent tells.
 */
import { FleetError, refusal } from '../../../proto/errors.ts';
import { HOLD_MAX_MS, type LocalOrder } from '../../../proto/local-orders.ts';
import { durationText, parseDuration } from '../../../proto/strategy-text.ts';
import { REMARK_LENGTH_MAX } from '../../../proto/text-limits.ts';
import type { VerbOptions } from '../arguments.ts';
import { EXIT } from '../exit-status.ts';
import { withoutNeedless } from '../names.ts';
import { holdLine, holdsText } from '../render/holds.ts';
import { processExit, processLine } from '../render/news.ts';
import { followOrder } from './follow-order.ts';
import { action, LOOKS_FIRST, type LocalContext, type LocalVerb, wrong } from './verb.ts';

export const hold: LocalVerb = {
  ...LOOKS_FIRST,
  summary: "keep the fleet's operations off processes for a while",
  usage: [
    ['hold NAME… --for 2h', "till then the controller's operations skip these; what is"],
    ['', 'ordered here is done. 30s, 5m, 2h, 3d; at most 30d'],
    ['… --reason TEXT', 'for whoever is kept waiting'],
    ['hold', 'show who holds what, and until when'],
  ],
  options: ['--for', '--reason'],
  read: (names, options) => {
    const hasOptions = Object.keys(options).length > 0;
    if (names.length === 0) {
      return hasOptions
        ? wrong('Error: hold requires a process name', EXIT.invalidArguments)
        : action(showHolds);
    }
    return action((context) => {
      const [forMs, reason] = [durationIn(options), reasonIn(options)];
      return follow(context, { kind: 'hold', names: withoutNeedless(names), forMs, reason });
    });
  },
};

export const release: LocalVerb = {
  ...LOOKS_FIRST,
  summary: 'end holds before their time',
  usage: [
    ['release NAME…', 'the operations of the fleet reach these again'],
    ['release all', 'every process'],
  ],
  read: (names) =>
    names.length === 0
      ? wrong('Error: release requires a process name', EXIT.invalidArguments)
      : action((context) => follow(context, { kind: 'release', names: withoutNeedless(names) })),
};

async function showHolds({ client, environment }: LocalContext): Promise<number> {
  const { processes } = await client.list();
  environment.stdout.write(holdsText(processes, environment.clock.nowMs()));
  return EXIT.success;
}

function follow(context: LocalContext, order: LocalOrder): Promise<number> {
  const { stdout } = context.environment;
  return followOrder(context, order, {
    onStep: (step) => {
      if (step.kind === 'hold') stdout.write(holdLine(step));
      if (step.kind !== 'process') return null;
      stdout.write(processLine(step));
      return processExit(step);
    },
  });
}

function durationIn(options: VerbOptions): number {
  const typed = options['--for'];
  if (typed === undefined) {
    throw usage('hold needs --for', {
      cause: 'a hold without an end is one that everybody forgets',
      fix: 'say how long, such as --for 2h',
    });
  }
  const forMs = parseDuration(typed, HOLD_MAX_MS);
  if (typeof forMs === 'number') return forMs;
  throw usage(`--for ${JSON.stringify(typed)} is not understood`, {
    cause: `expected is ${forMs.expected}`,
    fix: `say how long, such as --for 2h; at most ${durationText(HOLD_MAX_MS)}`,
  });
}

function reasonIn(options: VerbOptions): string {
  const reason = options['--reason'] ?? '';
  if (reason.length <= REMARK_LENGTH_MAX) return reason;
  throw usage(`--reason has ${reason.length} characters`, {
    cause: `at most ${REMARK_LENGTH_MAX} are taken`,
    fix: 'say it shorter, or where it is written down',
  });
}

function usage(
  message: string,
  more: { readonly cause: string; readonly fix: string },
): FleetError {
  return new FleetError(refusal('usage', message, more));
}

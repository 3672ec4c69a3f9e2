/** `start`, `stop` and `restart`, and `signal` with a signal that there is. */
import { FleetError, type Refusal } from '../../../proto/errors.ts';
import type { LocalOrder } from '../../../proto/local-orders.ts';
import type { ProcessVerb } from '../../../proto/vocabulary.ts';
import { escapeUnsafe } from '../../render/text.ts';
import { EXIT } from '../exit-status.ts';
import { withoutNeedless } from '../names.ts';
import { type ProcessNews, processLine } from '../render/news.ts';
import { typedPlaces } from '../typed-order.ts';
import { followOrder, newOperationId } from './follow-order.ts';
import { lastFailureOf } from './last-failure.ts';
import {
  action,
  type Ending,
  LOOKS_FIRST,
  type LocalContext,
  type LocalVerb,
  wrong,
} from './verb.ts';

export const start: LocalVerb = controlVerb('start', EXIT.invalidArguments);
export const stop: LocalVerb = controlVerb('stop', EXIT.generic);
export const restart: LocalVerb = controlVerb('restart', EXIT.generic);

function controlVerb(verb: Exclude<ProcessVerb, 'signal'>, exitWithoutName: number): LocalVerb {
  return {
    ...LOOKS_FIRST,
    summary: `${verb} processes`,
    usage: [
      [`${verb} NAME…`, `${verb} these: name, group:name, group:*, pattern or program`],
      [`${verb} all`, `${verb} every process`],
    ],
    read: (names) =>
      names.length === 0
        ? wrong(`Error: ${verb} requires a process name`, exitWithoutName)
        : action((context) => control(context, { verb, signal: null, names })),
  };
}

type Control = Pick<Extract<LocalOrder, { readonly kind: 'control' }>, 'verb' | 'signal' | 'names'>;

export async function control(context: LocalContext, { names, ...rest }: Control): Promise<number> {
  const { environment } = context;
  const operationId = newOperationId(environment);
  const order = { kind: 'control', operationId, ...rest, names: withoutNeedless(names) } as const;
  const failure = lastFailureOf(rest.verb, names);
  const say = (news: ProcessNews) => environment.stdout.write(processLine(news));
  const kept: ProcessNews[] = [];
  try {
    const refused = await followOrder(context, order, {
      onStep: (step) => {
        if (step.kind !== 'process') return null;
        for (const news of asSupervisorTells(step, rest.verb)) {
          failure.note(news);
          // A signal takes no time, so nobody waits for these.
          if (rest.verb === 'signal') kept.push(news);
          else say(news);
        }
        return null;
      },
      onRefused: refusedControl,
    });
    return refused === EXIT.success ? failure.exitCode() : refused;
  } finally {
    for (const news of asTyped(kept, names)) say(news);
  }
}

function asTyped(told: readonly ProcessNews[], names: readonly string[]): readonly ProcessNews[] {
  const placeOf = typedPlaces(names);
  return told.toSorted((a, b) => placeOf(a.process) - placeOf(b.process));
}

/** supervisorctl prints what its daemon answers then, in the words of Python. */
function refusedControl(because: Refusal): Ending {
  if (because.code !== 'unavailable') throw new FleetError(because);
  return { text: `error: ${escapeUnsafe(because.message)}\n`, exitCode: EXIT.generic };
}

/** Its `restart` is a stop and a start, and each finds for itself that there is no such process. */
function asSupervisorTells(news: ProcessNews, verb: ProcessVerb): readonly ProcessNews[] {
  if (verb !== 'restart' || news.fault !== 'bad-name') return [news];
  return [
    { ...news, step: 'stop' },
    { ...news, step: 'start' },
  ];
}

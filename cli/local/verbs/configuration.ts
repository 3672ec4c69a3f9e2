/** `reread`, `avail`, and what makes a configuration real: `update`, `add`, `remove`. */
import type { Refusal } from '../../../proto/errors.ts';
import { FleetError } from '../../../proto/errors.ts';
import { EXIT } from '../exit-status.ts';
import { ALL } from '../names.ts';
import {
  availableText,
  cannotRereadText,
  changesText,
  type GroupNews,
  groupExit,
  groupLine,
} from '../render/configuration.ts';
import { unreachableError } from '../render/unreachable.ts';
import { followOrder, newOperationId } from './follow-order.ts';
import { action, type Ending, type LocalContext, type LocalVerb, withoutWords } from './verb.ts';

/** supervisorctl does not look whether its daemon is there before it asks these of it. */
const ASKS_AT_ONCE = { looksForAgentFirst: false, whenUnreachable: unreachableError } as const;

export const reread: LocalVerb = {
  ...ASKS_AT_ONCE,
  summary: 'read the configuration and say what would change',
  usage: [['reread', 'read the configuration again; nothing that runs is touched']],
  read: (words) =>
    withoutWords('reread', words, (context) =>
      followOrder(
        context,
        { kind: 'reread' },
        {
          onStep: (step) => {
            if (step.kind === 'reread') context.environment.stdout.write(changesText(step.changes));
            return null;
          },
          onRefused: configurationRefused('ERROR: supervisor shutting down\n'),
        },
      ),
    ),
};

export const avail: LocalVerb = {
  ...ASKS_AT_ONCE,
  summary: 'show what is configured',
  usage: [['avail', 'show every configured process, and whether it is in use']],
  read: (words) =>
    withoutWords('avail', words, (context) =>
      followOrder(
        context,
        { kind: 'avail' },
        {
          onStep: (step) => {
            if (step.kind !== 'avail') return null;
            context.environment.stdout.write(availableText(step.processes));
            return null;
          },
          onRefused: configurationRefused('ERROR: supervisor shutting down\n'),
        },
      ),
    ),
};

export const update: LocalVerb = {
  ...ASKS_AT_ONCE,
  summary: 'take up the configuration',
  usage: [
    ['update', 'read the configuration again and change only what it changes'],
    ['update GROUP…', 'only these groups'],
  ],
  read: (names) =>
    action((context) => changeGroups(context, 'update', names.includes(ALL) ? [] : names)),
};

export const add: LocalVerb = {
  ...ASKS_AT_ONCE,
  summary: 'activate groups that were read',
  usage: [['add GROUP…', 'activate groups of the configuration as it was read last']],
  read: (names) => changeNamed('add', names),
};

export const remove: LocalVerb = {
  ...ASKS_AT_ONCE,
  summary: 'deactivate groups that are stopped',
  usage: [['remove GROUP…', 'deactivate groups; all of their processes must have stopped']],
  read: (names) => changeNamed('remove', names),
};

function changeNamed(kind: 'add' | 'remove', names: readonly string[]) {
  if (names.length === 0) return { kind: 'nothing' } as const;
  return action((context) => changeGroups(context, kind, names));
}

/** A group that did not come up is told like one that could not be changed. */
function changeGroups(
  context: LocalContext,
  kind: 'update' | 'add' | 'remove',
  groups: readonly string[],
): Promise<number> {
  const { stdout } = context.environment;
  const operationId = newOperationId(context.environment);
  const stopped = new Set<string>();
  // `remove` stops nothing.
  const linesOf = (news: GroupNews) =>
    kind === 'update' ? asSupervisorTells(news, stopped) : [news];
  const shuttingDown =
    kind === 'update' ? 'ERROR: already shutting down\n' : 'ERROR: shutting down\n';
  return followOrder(
    context,
    { kind, operationId, groups },
    {
      onStep: (step) => {
        if (step.kind !== 'group') return null;
        for (const news of linesOf(step)) stdout.write(groupLine(kind, news));
        return groupExit(step.fault);
      },
      onRefused: configurationRefused(shuttingDown),
    },
  );
}

/** Its `update` says of every group that goes that it was stopped, though nothing of it ran. */
function asSupervisorTells(news: GroupNews, stopped: Set<string>): readonly GroupNews[] {
  const { group, action, fault } = news;
  if (action === 'stopped') stopped.add(group);
  const goes = action === 'removed' && fault === null && !stopped.has(group);
  return goes ? [{ ...news, action: 'stopped' }, news] : [news];
}

function configurationRefused(shuttingDown: string): (because: Refusal) => Ending {
  return (because) => {
    if (because.code === 'unavailable') return { text: shuttingDown, exitCode: EXIT.generic };
    if (because.code !== 'configuration') throw new FleetError(because);
    return { text: cannotRereadText(because), exitCode: EXIT.generic };
  };
}

/** What supervisorctl says about configurations: `reread`, `avail`, `update`, `add`, `remove`. */

import type { Refusal } from '../../../proto/errors.ts';
import type { ChangedGroup, ConfiguredProcess } from '../../../proto/host-questions.ts';
import type { GroupAction, GroupFault, OrderNews } from '../../../proto/local-orders.ts';
import { compareText } from '../../../proto/text-order.ts';
import { escapeUnsafe, neutralise, padToWidth } from '../../render/text.ts';
import { EXIT } from '../exit-status.ts';
import { errorLine } from '../names.ts';

export type GroupNews = Extract<OrderNews, { readonly kind: 'group' }>;

export function changesText(changes: readonly ChangedGroup[]): string {
  if (changes.length === 0) return 'No config updates to processes\n';
  return [...changes]
    .sort((left, right) => compareText(left.group, right.group))
    .map(({ group, change }) => `${escapeUnsafe(group)}: ${change}\n`)
    .join('');
}

const NAME_WIDTH = 32;
const WORD_WIDTH = 9;

/** By the name of the process alone, as Supervisor sorts here (rpcinterface.py `getAllConfigInfo`). */
export function availableText(processes: readonly ConfiguredProcess[]): string {
  return [...processes]
    .sort((left, right) => compareText(left.name, right.name))
    .map(({ process, inUse, autostart, groupPriority, priority }) => {
      const name = padToWidth(escapeUnsafe(process), NAME_WIDTH);
      const use = (inUse ? 'in use' : 'avail').padEnd(WORD_WIDTH);
      const start = (autostart ? 'auto' : 'manual').padEnd(WORD_WIDTH);
      return `${name} ${use} ${start} ${groupPriority}:${priority}\n`;
    })
    .join('');
}

const DONE: Readonly<Record<GroupAction, string>> = {
  stopped: 'stopped',
  removed: 'removed process group',
  updated: 'updated process group',
  added: 'added process group',
};

/** @param verb which was typed; supervisorctl has its own words for each */
export function groupLine(verb: 'update' | 'add' | 'remove', news: GroupNews): string {
  const { group, action, fault, error } = news;
  const name = escapeUnsafe(group);
  switch (fault) {
    case null:
      return `${name}: ${DONE[action]}\n`;
    case 'no-such-group':
      return `ERROR: no such ${verb === 'update' ? 'group' : 'process/group'}: ${name}\n`;
    case 'already-active':
      return 'ERROR: process group already active\n';
    case 'still-running':
      return `ERROR: process/group still running: ${name}\n`;
    case 'failed':
      return action === 'removed' && error === null
        ? `${name}: has problems; not removing\n`
        : errorLine(group, error ?? `was not ${action}`);
  }
}

/** Null where it changes nothing: what is active already is as it was wanted. */
export function groupExit(fault: GroupFault | null): number | null {
  return fault === null || fault === 'already-active' ? null : EXIT.generic;
}

/** The first line begins as Supervisor's does, and all mistakes are told, not only the first. */
export function cannotRereadText({ message, cause }: Refusal): string {
  const lines = [message, ...(cause ?? '').trimEnd().split('\n')].filter((line) => line !== '');
  const [first = '', ...rest] = lines.map(neutralise);
  return [`ERROR: CANT_REREAD: ${first}\n`, ...rest.map((line) => `  ${line}\n`)].join('');
}

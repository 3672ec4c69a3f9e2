/** What `fleet-controller restore` says: before, what it would do; after, what was done and is not known. */
import { describeFacts } from './database-file.ts';
import type { RestorePlan, RestoreResult } from './restore.ts';
import type { LedgerWrite } from './what-ended.ts';

export function describePlan(plan: RestorePlan): string[] {
  const { options, facts, ledger, database, aside, isReplacing } = plan;
  const lines = ledger?.length ?? 0;
  const present = isReplacing
    ? `what is there now would be kept as ${aside}`
    : 'there is no database yet';
  return [
    `${options.backup} can be restored:`,
    ...describeFacts(facts).map(indented),
    `It would become ${database}; ${present}.`,
    ledger === null
      ? 'What was revoked since the backup is not known, and would count again.'
      : `${lines} lines of ended.log say what must not count again.`,
  ];
}

export function describeResult(result: RestoreResult): string[] {
  const { plan, ended, voidedTokens, droppedRequests, paused, cancelled } = result;
  const { options, facts, ledger, database, aside, isReplacing } = plan;
  const lists = [
    ...(paused.length > 0 ? [`  paused: ${paused.join(', ')}`] : []),
    ...(cancelled.length > 0 ? [`  cancelled, not begun: ${cancelled.join(', ')}`] : []),
  ];
  return [
    `${options.backup} is now ${database}:`,
    ...describeFacts(facts).map(indented),
    isReplacing ? `What was there before is kept as ${aside}.` : 'There was no database before.',
    ledger === null
      ? 'What was revoked since the backup is not known; revoke it again: fleetctl cert revoke'
      : `From ended.log: ${endedText(ended)}.`,
    `Void: ${counted(voidedTokens, 'unused token')}, ${counted(droppedRequests, 'request')} for a certificate.`,
    `Operations that were under way: ${counted(paused.length + cancelled.length, 'operation')}.`,
    ...lists,
    'Not known any more: operations, events and audit rows since the backup; which certificates were',
    'issued since (they count until they end; see fleetctl cert list once their holders are back).',
    'Start the controller; agents tell it how their processes are as they connect.',
  ];
}

const indented = (line: string): string => `  ${line}`;

const NAMES: Readonly<Record<LedgerWrite['kind'], string>> = {
  certificate: 'certificate',
  token: 'token',
  bar: 'bar',
  hostRemoved: 'removed host',
  readmitted: 'readmitted host',
};

function endedText(ended: readonly LedgerWrite[]): string {
  if (ended.length === 0) return 'nothing that the backup did not know';
  const counts = new Map<LedgerWrite['kind'], number>();
  for (const { kind } of ended) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => counted(count, NAMES[kind])).join(', ');
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

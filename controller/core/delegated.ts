/**
 * Runbooks delegate: whoever may run one needs no right to what it does, on the hosts and processes
 * that stand in it, in the manner that stands in it.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { OperationFacts, Runbook } from '../../proto/operation.ts';
import { matchesWildcard } from '../../proto/wildcard.ts';
import type { Access } from './access.ts';
import type { FleetState } from './state.ts';

export function mayRun({ roles }: Access, runbook: string): boolean {
  return roles.some(({ role }) => role.runbooks.some((glob) => matchesWildcard(glob, runbook)));
}

/**
 * Whether what a runbook began may go on, or be done again, by the right to run it: as long as it says
 * the same. What was taken out of the file, or changed there, is nobody's to do by its name.
 */
export function mayRunAgain(
  { runbooks }: Pick<FleetState, 'runbooks'>,
  access: Access,
  facts: Pick<OperationFacts, 'runbook' | Done>,
): boolean {
  const runbook = facts.runbook === null ? undefined : runbooks.get(facts.runbook);
  return runbook !== undefined && mayRun(access, runbook.name) && isSame(runbook, facts);
}

type Done = (typeof DONE)[number];
const DONE = ['verb', 'signal', 'hosts', 'processes', 'order', 'fullStop', 'strategy'] as const;

function isSame(one: Pick<Runbook, Done>, other: Pick<OperationFacts, Done>): boolean {
  return DONE.every((key) => textOf(one[key]) === textOf(other[key]));
}

/** Strategies are stored and read again, which may put their parts into another order. */
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  const parts = Object.entries(value).map(
    ([key, part]) => `${JSON.stringify(key)}:${textOf(part)}`,
  );
  return `{${parts.sort().join()}}`;
}

/** Why somebody may not run this runbook, with this reason, or null. */
export function runbookRefusal(access: Access, runbook: string, reason: string): Refusal | null {
  const shown = JSON.stringify(runbook.slice(0, NAME_SHOWN_MAX));
  const granting = access.roles
    .map(({ role }) => role)
    .filter((role) => role.runbooks.some((glob) => matchesWildcard(glob, runbook)));
  if (granting.length === 0) {
    const names = access.roles.map(({ role }) => role.name).join(', ') || 'none';
    return refusal('denied', `the runbook ${shown} is not yours to run`, {
      cause: `none of the roles of ${access.operator} (${names}) has it among its runbooks`,
      fix: 'what you may is told by: fleetctl auth whoami',
    });
  }
  const isReasonMissing = reason.trim() === '' && granting.every((role) => role.reasonRequired);
  if (!isReasonMissing) return null;
  return refusal('denied', `the runbook ${shown} needs a reason`, {
    cause: `role "${granting[0]?.name}" wants one for whatever changes something`,
    fix: 'say why with --reason',
  });
}

const NAME_SHOWN_MAX = 60;

/**
 * Runbooks delegate: whoever may run one needs no right to what it does, on the hosts and processes
 * that stand in it, in the manner that stands in it.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { matchesWildcard } from '../../proto/wildcard.ts';
import type { Access } from './access.ts';

export function mayRun({ roles }: Access, runbook: string): boolean {
  return roles.some(({ role }) => role.runbooks.some((glob) => matchesWildcard(glob, runbook)));
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

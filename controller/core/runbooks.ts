/** Saved operations: somebody who runs one says nothing but its name, and why. */

import { nearest } from '../../proto/dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { OperationRequest, Runbook, Submission } from '../../proto/operation.ts';
import { accessOf, mayEverywhere } from './access.ts';
import { mayRun } from './delegated.ts';
import type { FleetState } from './state.ts';

type Asked = Extract<Submission, { readonly kind: 'runbook' }>;

const NAME_SHOWN_MAX = 60;

export function requestOfRunbook(
  runbooks: ReadonlyMap<string, Runbook>,
  { id, runbook: name, reason, expectHosts }: Asked,
): OperationRequest | Refusal {
  const runbook = runbooks.get(name);
  if (runbook === undefined) return unknownRunbook(runbooks, name);
  const { name: _, description: __, ...request } = runbook;
  return {
    ...request,
    id,
    expectHosts,
    allowedOnly: false,
    reason: reason === '' ? request.reason : reason,
  };
}

/** Those that somebody may run; and all, for who may see everything. */
export function runbooksFor(
  state: FleetState,
  operator: string,
  wallMs: number,
): readonly Runbook[] {
  const access = accessOf(state, operator, wallMs);
  const runbooks = listRunbooks(state.runbooks);
  if (mayEverywhere(access, 'status')) return runbooks;
  return runbooks.filter(({ name }) => mayRun(access, name));
}

function listRunbooks(runbooks: ReadonlyMap<string, Runbook>): readonly Runbook[] {
  return sortNaturally(runbooks.values(), ({ name }) => name);
}

function unknownRunbook(runbooks: ReadonlyMap<string, Runbook>, name: string): Refusal {
  const near = nearest(name, [...runbooks.keys()]);
  const shown = JSON.stringify(name.slice(0, NAME_SHOWN_MAX));
  return refusal('nothing-matched', `there is no runbook ${shown}`, {
    cause: 'runbooks are sections [runbook:NAME] of controller.conf',
    fix: near === null ? 'see which there are with: fleetctl run' : `did you mean ${near}?`,
  });
}

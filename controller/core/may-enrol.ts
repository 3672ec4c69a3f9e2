/**
 * Whom somebody may let in. A token for an operator makes whoever uses it that operator, with all that
 * one may; so nobody hands out more than they have. One that replaces takes somebody out as well.
 */
import { ACTIONS, isFleetAction } from '../../proto/authority.ts';
import type { TokenRequest } from '../../proto/certificates.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { type Access, accessOf, judgeFleetAction, mayEverywhere } from './access.ts';
import type { FleetState } from './state.ts';

/** @returns why not, or null */
export function enrolmentDenied(
  state: FleetState,
  operator: string,
  { kind, names, replaces }: TokenRequest,
  wallMs: number,
): Refusal | null {
  const access = accessOf(state, operator, wallMs);
  const revoking = judgeFleetAction(access, 'revoke');
  if (replaces && !revoking.isAllowed) {
    return refusal('denied', 'a token that replaces is not yours to make', {
      cause: `what it replaces is revoked when it is used; ${revoking.because}`,
      fix: 'leave --replace out, or have somebody make it who may revoke',
    });
  }
  if (kind !== 'operator' || mayEverything(access)) return null;
  const own = new Set(state.operators.get(operator));
  const theirs = state.operators.get(names);
  if (theirs?.every((role) => own.has(role)) === true) return null;
  return refusal('denied', `a token for operator "${names}" is not yours to make`, {
    cause:
      theirs === undefined
        ? `controller.conf says nothing of that operator (yet), who may be given any role`
        : `whoever used it could do what the roles of ${names} allow (${theirs.join(', ') || 'none'}), which are not all yours`,
    fix: 'have it made by an admin, or by somebody who has all of these roles',
  });
}

function mayEverything(access: Access): boolean {
  return ACTIONS.every((action) =>
    isFleetAction(action)
      ? judgeFleetAction(access, action).isAllowed
      : mayEverywhere(access, action),
  );
}

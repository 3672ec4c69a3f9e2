/** An act on who is in the fleet: the core decides it and puts it on record; the log tells of it, too. */
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { IdentityAnswer, IdentityRequest } from '../core/identities.ts';
import { refusedEntry } from '../core/record.ts';
import { IDENTITY_ACTIONS } from '../core/recorded-action.ts';
import type { Caller } from '../door/guard.ts';
import type { FleetDriver } from '../driver.ts';
import type { Log } from '../ports.ts';

interface Actors {
  readonly driver: Pick<FleetDriver, 'identity' | 'deliver'>;
  readonly log: Log;
}

type Asker = Pick<Caller, 'kind' | 'name' | 'actor'>;

export async function ask(
  { driver, log }: Actors,
  request: IdentityRequest,
  { kind, name, actor }: Asker,
): Promise<IdentityAnswer | Refusal> {
  const answer = await driver.identity(request, actor);
  const details = { [kind]: name, request: request.kind };
  if (isRefusal(answer)) log.info({ ...details, code: answer.code }, `refused: ${answer.message}`);
  // Who waits for a signature asks every few seconds.
  else if (answer.kind !== 'pending') log.info(details, 'identity');
  return answer;
}

/** What is refused before the core is asked, which puts on record what it refuses. */
export function refuse(
  { driver, log }: Actors,
  request: IdentityRequest['kind'],
  { kind, name, actor }: Asker,
  refused: Refusal,
): Refusal {
  const entry = refusedEntry({ actor, action: IDENTITY_ACTIONS[request] }, refused);
  driver.deliver({ kind: 'onRecord', entry });
  log.info({ [kind]: name, request, code: refused.code }, `refused: ${refused.message}`);
  return refused;
}

/** The core answers each kind of request with its own kind of answer. */
export function expected<Kind extends IdentityAnswer['kind']>(
  kind: Kind | readonly Kind[],
  answer: IdentityAnswer,
): Extract<IdentityAnswer, { readonly kind: Kind }> {
  const kinds: readonly IdentityAnswer['kind'][] = [kind].flat();
  if (kinds.includes(answer.kind))
    return answer as Extract<IdentityAnswer, { readonly kind: Kind }>;
  throw new Error(
    `the core answered "${answer.kind}" where "${kinds.join('" or "')}" was asked for`,
  );
}

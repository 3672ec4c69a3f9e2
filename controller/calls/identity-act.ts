/** An act on who is in the fleet: the core decides it and puts it on record; the log tells of it, too. */
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { IdentityAnswer, IdentityRequest } from '../core/identities.ts';
import type { Caller } from '../door/guard.ts';
import type { FleetDriver } from '../driver.ts';
import type { Log } from '../ports.ts';

interface Actors {
  readonly driver: Pick<FleetDriver, 'identity'>;
  readonly log: Log;
}

export async function ask(
  { driver, log }: Actors,
  request: IdentityRequest,
  { kind, name, actor }: Pick<Caller, 'kind' | 'name' | 'actor'>,
): Promise<IdentityAnswer | Refusal> {
  const answer = await driver.identity(request, actor);
  const details = { [kind]: name, request: request.kind };
  if (isRefusal(answer)) log.info({ ...details, code: answer.code }, `refused: ${answer.message}`);
  // Who waits for a signature asks every few seconds.
  else if (answer.kind !== 'pending') log.info(details, 'identity');
  return answer;
}

/** The core answers each kind of request with its own kind of answer. */
export function expected<Kind extends IdentityAnswer['kind']>(
  kind: Kind,
  answer: IdentityAnswer,
): Extract<IdentityAnswer, { readonly kind: Kind }> {
  if (answer.kind === kind) return answer as Extract<IdentityAnswer, { readonly kind: Kind }>;
  throw new Error(`the core answered "${answer.kind}" where "${kind}" was asked for`);
}

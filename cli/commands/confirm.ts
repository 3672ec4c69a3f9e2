/** Asks a person before something that cannot be taken back; a script is taken at its word. */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Environment } from '../ports.ts';

/** @param question ends in `[y/N] `; made only where somebody is asked */
export async function confirm(
  { ask }: Pick<Environment, 'ask'>,
  { yes, question }: { readonly yes: boolean; readonly question: () => Promise<string> },
): Promise<void> {
  if (yes || ask === null) return;
  const answer = await ask(await question());
  if (/^\s*y(es)?\s*$/i.test(answer ?? '')) return;
  throw new FleetError(
    refusal('interrupted', 'nothing was done', { fix: '--yes does it without asking' }),
  );
}

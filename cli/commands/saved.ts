/**
 * Operations that were submitted here, kept on this machine: their ids are on disk before they leave
 * it, so that one whose answer never came is found again, and nobody has to copy an id.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { Submission } from '../../proto/operation.ts';
import type { OperationId } from '../../proto/vocabulary.ts';
import type { WaitOptions } from '../contradictions.ts';
import type { ControlClient, Environment } from '../ports.ts';
import { renderNoticeJson } from '../render/json.ts';
import { neutralise } from '../render/text.ts';
import { commandOf, idOf } from '../submission.ts';

/** What stands for an id on the command line. */
const LAST = 'last';

/** Where it cannot be saved, that is said, and nothing else changes. */
export async function saveBeforehand(
  { savedOperations, stderr, clock }: Environment,
  { address }: ControlClient,
  submission: Submission,
  { quiet, output }: Pick<WaitOptions, 'quiet' | 'output'>,
): Promise<void> {
  const [id, words] = [idOf(submission), commandOf(submission)];
  try {
    await savedOperations.save({ id, atMs: clock.nowMs(), controller: address, words });
  } catch (caught) {
    if (quiet) return;
    const notice = `operation ${id} is not saved here: ${reasonOf(caught)}`;
    stderr.write(output === 'json' ? renderNoticeJson(notice) : `notice: ${neutralise(notice)}\n`);
  }
}

/** Who asks for the last operation means none that never came to be. */
export async function forgetRefused(
  { savedOperations }: Environment,
  id: OperationId,
  caught: unknown,
): Promise<void> {
  if (mayHaveArrived(FleetError.refusalFrom(caught))) return;
  // If it stays, a person is told that there is no such operation.
  await savedOperations.forget(id).catch(() => {});
}

/** @param typed null or `last`: the one that was submitted last from here, to this controller */
export async function operationMeant(
  { savedOperations }: Environment,
  { address }: ControlClient,
  typed: string | null,
): Promise<string> {
  if (typed !== null && typed !== LAST) return typed;
  const last = await savedOperations.last(address);
  if (last !== null) return last;
  throw new FleetError(
    refusal('nothing-matched', `no operation was submitted to ${address} from here yet`, {
      cause: 'without an id, the last one of this person on this machine is meant',
      fix: 'give an id; see which there are with: fleetctl op list',
    }),
  );
}

function mayHaveArrived({ code }: Refusal): boolean {
  return code === 'unavailable' || code === 'interrupted' || code === 'timed-out';
}

function reasonOf(caught: unknown): string {
  const { message, cause } = FleetError.refusalFrom(caught);
  return cause === null ? message : `${message}: ${cause}`;
}

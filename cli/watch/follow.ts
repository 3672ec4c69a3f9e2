/**
 * Submits an operation and follows it until it rests, through a controller that goes away meanwhile.
 * The operation belongs to the controller: what breaks here is only the view of it, so nothing in
 * this file may end in a claim about its result that the controller did not make.
 */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { Operation, OperationUpdate, Submission } from '../../proto/operation.ts';
import type { Clock, ControlClient } from '../ports.ts';
import { idOf, nounOf } from '../submission.ts';
import { createOperationSoFar } from './operation-so-far.ts';

/** A controller that restarts serves again within 5 s; three times that, then a person decides. */
const SUBMIT_RETRY_MS = 15_000;
/** An operation may be long; a minute covers a controller's upgrade and the reboot of its machine. */
const WATCH_RETRY_MS = 60_000;
const FIRST_DELAY_MS = 250;
const DELAY_MAX_MS = 2_000;

export interface WatchPorts {
  readonly client: ControlClient;
  readonly clock: Clock;
  /** How to call fleetctl, for commands to paste. */
  readonly fleetctl: string;
  /** Aborted when the person at the terminal turns away, or has waited long enough. */
  readonly signal: AbortSignal;
}

export interface WatchListener {
  readonly onUpdate: (update: OperationUpdate) => void;
  /** The view broke; it is being restored. Called once per break, with the id as far as it is known. */
  readonly onBreak: (id: string) => void;
}

/** Retries with the same id, which the controller knows again, so nothing is done twice. */
export async function submit(ports: WatchPorts, submission: Submission): Promise<Operation> {
  const { client, clock, signal } = ports;
  const giveUpAtMs = clock.monotonicMs() + SUBMIT_RETRY_MS;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = nextDelay(delayMs)) {
    try {
      return await client.submitOperation(submission, signal);
    } catch (caught) {
      signal.throwIfAborted();
      const because = FleetError.refusalFrom(caught);
      const retry = isTransient(because) && clock.monotonicMs() + delayMs <= giveUpAtMs;
      if (!retry)
        throw isAmbiguous(because) ? uncertain(submission, because, ports.fleetctl) : caught;
    }
    await clock.sleep(delayMs, signal);
  }
}

/**
 * Resolves with the operation once there is nothing more to be seen of it: it has ended, or it is
 * paused and nothing is under way any more. Its state tells which. Rejects with the signal's reason
 * when aborted.
 *
 * @param idOrBeginning what begins with it is followed by its whole id as soon as that is known,
 *   since another operation may come to begin so, too
 */
export async function follow(
  ports: WatchPorts,
  idOrBeginning: string,
  listener: WatchListener,
): Promise<Operation> {
  const { client, clock, signal } = ports;
  const soFar = createOperationSoFar();
  let id = idOrBeginning;
  let brokenAtMs: number | null = null;
  let delayMs = FIRST_DELAY_MS;
  for (;;) {
    let because = refusal('unavailable', 'the controller closed the stream before the end');
    try {
      for await (const update of client.watchOperation(id, signal)) {
        brokenAtMs = null;
        delayMs = FIRST_DELAY_MS;
        if (update.kind === 'operation') id = update.operation.id;
        listener.onUpdate(update);
        const atRest = soFar.note(update);
        if (atRest !== null) return atRest;
      }
    } catch (caught) {
      signal.throwIfAborted();
      because = FleetError.refusalFrom(caught);
      if (!isTransient(because)) throw caught;
    }
    signal.throwIfAborted();
    if (brokenAtMs === null) {
      brokenAtMs = clock.monotonicMs();
      listener.onBreak(id);
    }
    if (clock.monotonicMs() + delayMs > brokenAtMs + WATCH_RETRY_MS)
      throw outOfSight(id, because, ports.fleetctl);
    await clock.sleep(delayMs, signal);
    delayMs = nextDelay(delayMs);
  }
}

/** A controller that is ended by force leaves CANCELLED behind, one that died UNAVAILABLE. */
function isTransient({ code }: Refusal): boolean {
  return code === 'unavailable' || code === 'interrupted';
}

/** The request may have arrived although no answer came back. */
function isAmbiguous(because: Refusal): boolean {
  return isTransient(because) || because.code === 'timed-out';
}

function uncertain(submission: Submission, because: Refusal, fleetctl: string): FleetError {
  const noun = nounOf(submission);
  return new FleetError(
    refusal(because.code, `it is not known whether the controller accepted this ${noun}`, {
      cause: because.cause === null ? because.message : `${because.message}: ${because.cause}`,
      fix: `once the controller answers: ${fleetctl} op watch ${idOf(submission)}`,
    }),
  );
}

function outOfSight(id: string, because: Refusal, fleetctl: string): FleetError {
  return new FleetError(
    refusal('unavailable', `the controller is gone; how operation ${id} ends is not known here`, {
      cause: because.message,
      fix: `the operation goes on when the controller is back: ${fleetctl} op watch ${id}`,
    }),
  );
}

function nextDelay(delayMs: number): number {
  return Math.min(delayMs * 2, DELAY_MAX_MS);
}

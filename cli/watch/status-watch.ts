/**
 * `fleetctl status --watch`: asks again and again, and shows each answer until the next. A controller
 * that goes away meanwhile ends nothing: the last picture stays, marked as old, until it is back.
 * One that lets us in no more ends it.
 */
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { Environment, ProcessesAnswer } from '../ports.ts';
import { statusScreen } from './status-screen.ts';
import { statusStream } from './status-stream.ts';

/** Where the pictures go. */
export interface StatusView {
  readonly shows: (listing: ProcessesAnswer) => void;
  /** The last picture is not renewed. */
  readonly fails: (because: Refusal) => void;
  readonly ends: () => void;
}

export interface StatusWatch {
  readonly query: () => Promise<ProcessesAnswer>;
  readonly output: WatchFormat;
  readonly intervalMs: number;
}

export type WatchFormat = 'table' | 'wide' | 'jsonl';

/** Watching may take a tenth of a controller's time, however large its fleet. */
const QUERY_SHARE = 10;

/** A picture that stands for longer must not look fresh, although an answer may still come. */
const LATE_MS = 5_000;
const SILENT = refusal('timed-out', 'the controller is silent');

/**
 * Until Ctrl-C, then resolves with the last answer. Rejects when there never was one (what is wrong
 * with a first query is wrong with the command), and when it may not be asked any more.
 */
export async function watchStatus(
  environment: Environment,
  { query, output, intervalMs }: StatusWatch,
): Promise<ProcessesAnswer> {
  const { clock } = environment;
  const left = new AbortController();
  using _listening = environment.onInterrupt(() => left.abort());
  const pauseAfter = (askedMs: number) => {
    const tookMs = clock.monotonicMs() - askedMs;
    return Math.max(intervalMs, QUERY_SHARE * tookMs) - tookMs;
  };
  let askedMs = clock.monotonicMs();
  let latest = await unlessAborted(query(), left.signal);
  if (latest === null) throw new FleetError(refusal('interrupted', 'nothing was shown yet'));
  const view = viewFor(environment, output);
  view.shows(latest);
  for (let pauseMs = pauseAfter(askedMs); ; ) {
    // It rejects for one reason only.
    await clock.sleep(pauseMs, left.signal).catch(() => {});
    if (left.signal.aborted) break;
    askedMs = clock.monotonicMs();
    using _late = clock.every(LATE_MS, () => view.fails(SILENT));
    const answer = await unlessAborted(query().catch(FleetError.refusalFrom), left.signal);
    if (answer === null) break;
    if (isRefusal(answer)) {
      if (isFinal(answer)) {
        view.ends();
        throw new FleetError(answer);
      }
      view.fails(answer);
      // A deadline that passed says nothing of the controller's load.
      pauseMs = intervalMs;
    } else {
      latest = answer;
      view.shows(answer);
      pauseMs = pauseAfter(askedMs);
    }
  }
  view.ends();
  return latest;
}

/** Who has been let in before and is refused now would be refused each time, and be on record for it. */
function isFinal({ code }: Refusal): boolean {
  return code === 'denied' || code === 'unauthenticated';
}

function viewFor(environment: Environment, output: WatchFormat): StatusView {
  const { terminal } = environment;
  return terminal === null || output === 'jsonl'
    ? statusStream(environment, output)
    : statusScreen(environment, terminal, output);
}

function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(null);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

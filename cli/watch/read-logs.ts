/**
 * Reads logs over the fleet until there are no more or Ctrl-C. The next piece is asked for when the
 * last one is written, however long that takes: who pauses its terminal pauses the reading.
 *
 * A terminal that is paused pauses fleetctl itself, which then cannot answer the controller's
 * keepalive; the controller may restart, too. Who follows is connected again for a minute.
 */
import { exitCodeOf, FleetError } from '../../proto/errors.ts';
import type { LogNews, LogsRequest } from '../../proto/log-messages.ts';
import { EXIT_SOME_FAILED, EXIT_SOME_UNREACHABLE } from '../outcome.ts';
import type { ControlClient, Environment } from '../ports.ts';
import type { LogRenderer, Piece } from '../render/logs/piece.ts';
import { CONNECTION_BACK, CONNECTION_LOST } from '../render/logs/remarks.ts';

const RETRY_MAX_MS = 60_000;
const RETRY_PAUSE_MS = 1_000;

export interface LogReading {
  readonly client: ControlClient;
  readonly request: LogsRequest;
  readonly render: LogRenderer;
}

/** @returns the exit code */
export async function readLogs(environment: Environment, reading: LogReading): Promise<number> {
  const interrupted = new AbortController();
  using _listening = environment.onInterrupt(() => interrupted.abort());
  const outcome = createOutcome();
  try {
    await readOn(environment, reading, { outcome, signal: interrupted.signal });
  } catch (caught) {
    if (!interrupted.signal.aborted) throw caught;
  }
  if (!interrupted.signal.aborted) return outcome.exitCode();
  // The `^C` that the terminal shows is no line of a log.
  if (environment.logOutput.isTerminal) environment.stdout.write('\n');
  return exitCodeOf('interrupted');
}

interface Attempt {
  readonly outcome: Outcome;
  readonly signal: AbortSignal;
}

/** Whatever is aborted, it throws. */
async function readOn(
  environment: Environment,
  { client, request, render }: LogReading,
  { outcome, signal }: Attempt,
): Promise<void> {
  const { clock, stderr } = environment;
  let wanted = request;
  let lostAtMs: number | null = null;
  for (;;) {
    try {
      for await (const news of client.readLogs(wanted, signal)) {
        outcome.note(news);
        if (lostAtMs !== null) stderr.write(CONNECTION_BACK);
        lostAtMs = null;
        await show(environment, render(news));
        signal.throwIfAborted();
        if (wanted.selection.follow) wanted = fromNowOn(request);
      }
      return signal.throwIfAborted();
    } catch (caught) {
      signal.throwIfAborted();
      const isLost = FleetError.refusalFrom(caught).code === 'unavailable';
      // What has not begun to follow has nothing to go on with.
      if (!isLost || wanted === request) throw caught;
      if (lostAtMs === null) stderr.write(CONNECTION_LOST);
      lostAtMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - lostAtMs > RETRY_MAX_MS) throw caught;
    }
    await clock.sleep(RETRY_PAUSE_MS, signal);
  }
}

/** What was printed before has been shown. */
function fromNowOn(request: LogsRequest): LogsRequest {
  const from = { kind: 'lines', lines: 0 } as const;
  return { ...request, selection: { ...request.selection, from, sinceMs: null } };
}

async function show({ logOutput, stderr }: Environment, piece: Piece): Promise<void> {
  if (piece.stdout !== null && piece.stdout.length > 0) await logOutput.write(piece.stdout);
  if (piece.stderr !== '') stderr.write(piece.stderr);
}

interface Outcome {
  readonly note: (news: LogNews) => void;
  readonly exitCode: () => number;
}

function createOutcome(): Outcome {
  const unread = new Set<string>();
  let hasFailed = false;
  return {
    note(news) {
      switch (news.kind) {
        case 'sources':
          for (const host of news.unreachable) unread.add(host);
          for (const { host } of news.sources) unread.delete(host);
          return;
        case 'lost':
          unread.add(news.host);
          return;
        case 'resumed':
          unread.delete(news.host);
          return;
        case 'ended':
          if (news.error !== null) hasFailed = true;
          return;
        case 'block':
        case 'note':
          return;
      }
    },
    exitCode: () => {
      if (hasFailed) return EXIT_SOME_FAILED;
      return unread.size > 0 ? EXIT_SOME_UNREACHABLE : 0;
    },
  };
}

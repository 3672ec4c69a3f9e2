/** `tail` and `maintail`: the end of a log, byte for byte, and with `-f` whatever comes. */

import { FleetError } from '../../../proto/errors.ts';
import type { LogRequest } from '../../../proto/local-orders.ts';
import { LOG_ANSWER_MAX_BYTES } from '../../../proto/local-socket.ts';
import { knownProcessName } from '../../../proto/vocabulary.ts';
import { logWriter } from '../../terminal/log-writer.ts';
import { EXIT } from '../exit-status.ts';
import { errorLine, shownName } from '../names.ts';
import { type Extent, parseMainTail, parseTail } from './log-arguments.ts';
import { action, LOOKS_FIRST, type LocalContext, type LocalVerb } from './verb.ts';

export const tail: LocalVerb = {
  ...LOOKS_FIRST,
  summary: 'show the end of a log',
  usage: [
    ['tail NAME [stdout|stderr]', 'show the last 1600 bytes, stdout unless said'],
    ['tail -100 NAME [stdout|stderr]', 'show the last 100 bytes'],
    ['tail -f NAME [stdout|stderr]', 'go on showing what comes, until Ctrl-C'],
  ],
  read: (words) => {
    const parsed = parseTail(words);
    if (parsed.kind === 'wrong') return parsed;
    const { name, channel, extent } = parsed;
    // Without any name it would be the agent's own log, and `:` is a name that nothing has.
    const process = knownProcessName(shownName(name) || name);
    return action((context) => showLog(context, { process, channel, extent, shown: name }));
  },
};

export const maintail: LocalVerb = {
  ...LOOKS_FIRST,
  summary: "show the end of the agent's own log",
  usage: [
    ['maintail', "show the last 1600 bytes of the agent's log"],
    ['maintail -100', 'show the last 100 bytes'],
    ['maintail -f', 'go on showing what comes, until Ctrl-C'],
  ],
  read: (words) => {
    const extent = parseMainTail(words);
    if (extent.kind === 'wrong') return extent;
    const which = { process: null, channel: 'stdout', extent, shown: 'supervisord' } as const;
    return action((context) => showLog(context, which));
  },
};

interface Wanted extends Pick<LogRequest, 'process' | 'channel'> {
  readonly extent: Extent;
  /** As complaints name it. */
  readonly shown: string;
}

function showLog(context: LocalContext, { extent, ...wanted }: Wanted): Promise<number> {
  return extent.kind === 'follow'
    ? followLog(context, wanted)
    : showEnd(context, { ...wanted, bytes: extent.bytes });
}

type Named = Omit<Wanted, 'extent'>;

async function showEnd(
  { client, environment }: LocalContext,
  { shown, bytes, ...which }: Named & { readonly bytes: number },
): Promise<number> {
  const { stdout, stderr, logOutput } = environment;
  const write = logWriter(logOutput);
  const request = { ...which, bytes: Math.min(bytes, LOG_ANSWER_MAX_BYTES), follow: false };
  let shownBytes = 0;
  try {
    for await (const chunk of client.readLog(request, new AbortController().signal)) {
      await write(chunk);
      shownBytes += chunk.byteLength;
    }
  } catch (caught) {
    stdout.write(unreadable(shown, caught));
    return EXIT.generic;
  }
  // supervisorctl prints the log as one line of its own, whatever it ends with.
  stdout.write('\n');
  if (bytes > shownBytes && shownBytes === LOG_ANSWER_MAX_BYTES) stderr.write(CUT_NOTE);
  return EXIT.success;
}

const CUT_NOTE = 'only the last 4 MiB are shown; the file has the rest\n';

/** Throws what is no trouble with the log. */
function unreadable(shown: string, caught: unknown): string {
  const { code, message } = FleetError.refusalFrom(caught);
  if (code !== 'nothing-matched' && code !== 'exhausted') throw caught;
  return errorLine(shown, message);
}

/** Supervisor begins with as much of what was there already. */
const FOLLOW_FROM_BYTES = 1_024;

/** supervisorctl ends it with 0 whatever happens, and so do scripts expect it to. */
async function followLog(
  { client, environment }: LocalContext,
  { shown, ...which }: Named,
): Promise<number> {
  const { stdout, stderr } = environment;
  stdout.write('==> Press Ctrl-C to exit <==\n');
  const request = { ...which, bytes: FOLLOW_FROM_BYTES, follow: true };
  const interrupted = new AbortController();
  using _ = environment.onInterrupt(() => interrupted.abort());
  const write = logWriter(environment.logOutput);
  try {
    for await (const chunk of client.readLog(request, interrupted.signal)) await write(chunk);
  } catch (caught) {
    if (!interrupted.signal.aborted) stderr.write(unreadable(shown, caught));
  }
  if (interrupted.signal.aborted) stdout.write('\n');
  return EXIT.success;
}

/**
 * `shutdown`, `reload` and `handover`, which Supervisor does not have. supervisorctl asks whether one
 * is sure only in its shell.
 */
import { FleetError, type Refusal } from '../../../proto/errors.ts';
import { EXIT } from '../exit-status.ts';
import { cannotRereadText } from '../render/configuration.ts';
import { unreachableError, unreachableShutdown } from '../render/unreachable.ts';
import { followOrder } from './follow-order.ts';
import { type Ending, type LocalContext, type LocalVerb, withoutWords } from './verb.ts';

export const shutdown: LocalVerb = {
  summary: 'stop everything and end the agent',
  usage: [['shutdown', 'stop every process, the last to start first, then end the agent']],
  looksForAgentFirst: false,
  whenUnreachable: unreachableShutdown,
  read: (words) =>
    withoutWords('shutdown', words, (context) =>
      end(context, { kind: 'shutdown', whenDone: 'Shut down\n', ifAlready: EXIT.success }),
    ),
};

export const reload: LocalVerb = {
  summary: 'stop everything and start it anew',
  usage: [['reload', 'stop every process, read the configuration, start again']],
  looksForAgentFirst: false,
  whenUnreachable: unreachableError,
  read: (words) =>
    withoutWords('reload', words, (context) =>
      end(context, {
        kind: 'reload',
        whenDone: 'Restarted supervisord\n',
        ifAlready: EXIT.generic,
      }),
    ),
};

export const handover: LocalVerb = {
  summary: 'end the agent and leave everything running',
  usage: [['handover', 'end the agent; every process runs on for the next one']],
  looksForAgentFirst: false,
  whenUnreachable: unreachableError,
  read: (words) =>
    withoutWords('handover', words, (context) =>
      end(context, { kind: 'handover', whenDone: 'Handed over\n', ifAlready: EXIT.generic }),
    ),
};

interface End {
  readonly kind: 'shutdown' | 'reload' | 'handover';
  readonly whenDone: string;
  /** Its exit code where the agent ends anyway. */
  readonly ifAlready: number;
}

/** An agent that is gone without a word may have been killed, and its processes then still run. */
async function end(context: LocalContext, { kind, whenDone, ifAlready }: End): Promise<number> {
  let isRefused = false;
  const onRefused = (because: Refusal): Ending => {
    isRefused = true;
    return refusedEnd(because, ifAlready);
  };
  const exitCode = await followOrder(context, { kind }, { onStep: () => null, onRefused });
  if (!isRefused) context.environment.stdout.write(whenDone);
  return exitCode;
}

function refusedEnd(because: Refusal, ifAlready: number): Ending {
  if (because.code === 'unavailable') {
    return { text: 'ERROR: already shutting down\n', exitCode: ifAlready };
  }
  if (because.code !== 'configuration') throw new FleetError(because);
  return { text: cannotRereadText(because), exitCode: EXIT.generic };
}

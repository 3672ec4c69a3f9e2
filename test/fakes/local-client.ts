/** An agent on this host that answers from a script, and one command line against it. */
import type { LocalClient, LocalDial } from '../../cli/local/ports.ts';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type {
  ClearResult,
  LocalListing,
  LocalOrder,
  LogRequest,
  OrderNews,
} from '../../proto/local-orders.ts';
import { fakeWorld, type Surroundings } from './cli-environment.ts';

export interface LocalAnswers extends Surroundings {
  /** Instead of an agent. */
  readonly dial?: LocalDial;
  readonly processes?: LocalListing['processes'];
  readonly configProblem?: string;
  readonly stateProblem?: string;
  /** How many processes the caller may not see. */
  readonly withheld?: number;
  /** Of every order; `done` is added unless it ends with `refused`. */
  readonly news?: readonly OrderNews[];
  /** The agent goes away instead of saying `done`. */
  readonly vanishes?: true;
  /** The chunks of any log, or an error in its place; after them somebody presses Ctrl-C. */
  readonly log?: readonly (string | FleetError)[];
  readonly cleared?: readonly ClearResult[];
}

export async function fleetctlLocal(words: readonly string[], answers: LocalAnswers = {}) {
  const orders: LocalOrder[] = [];
  const logs: LogRequest[] = [];
  const dialled: (string | null)[] = [];
  let isOpen = false;
  const world = fakeWorld(() => {
    throw new Error('the controller was dialled');
  }, answers);
  const client = scriptedClient(answers, {
    orders,
    logs,
    pressInterrupt: world.pressInterrupt,
    assertOpen: () => {
      if (!isOpen) throw new Error('the client was closed too early');
    },
    close: () => {
      isOpen = false;
    },
  });
  const environment = {
    ...world.environment,
    dialLocal: async (socket: string | null): Promise<LocalDial> => {
      dialled.push(socket);
      if (answers.dial !== undefined) return answers.dial;
      isOpen = true;
      return { kind: 'client', client };
    },
  };
  const exitCode = await runFleetctl(['--local', ...words], environment);
  if (isOpen) throw new Error('the client was left open');
  return { exitCode, stdout: world.stdout(), stderr: world.stderr(), orders, logs, dialled };
}

interface Records {
  readonly orders: LocalOrder[];
  readonly logs: LogRequest[];
  readonly pressInterrupt: () => void;
  readonly assertOpen: () => void;
  readonly close: () => void;
}

function scriptedClient(answers: LocalAnswers, records: Records): LocalClient {
  const { processes = [], configProblem = null, stateProblem = null, withheld = 0 } = answers;
  const { news = [], log = [], cleared = [] } = answers;
  return {
    agent: { version: '0.1.0', pid: 4711 },
    list: async () => {
      await Promise.resolve();
      records.assertOpen();
      return { processes, host: 'web-1', configProblem, stateProblem, withheld };
    },
    give: async function* (order) {
      await Promise.resolve();
      records.assertOpen();
      records.orders.push(order);
      yield* news;
      if (answers.vanishes) throw new FleetError(refusal('unavailable', 'the agent went away'));
      if (news.at(-1)?.kind !== 'refused') yield { kind: 'done' };
    },
    readLog: async function* (request, signal) {
      records.logs.push(request);
      for (const chunk of log) {
        if (typeof chunk !== 'string') throw chunk;
        yield Buffer.from(chunk, 'latin1');
      }
      if (!request.follow) return;
      records.pressInterrupt();
      signal.throwIfAborted();
    },
    clearLogs: async () => cleared,
    [Symbol.dispose]: records.close,
  };
}

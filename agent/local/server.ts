/**
 * The `LocalControl` service on the agent's own socket: decode, find out who asks, hand over to the
 * core or the logs, encode. No decision is made here.
 */

import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { localServerOptions } from '../../proto/channel-options.ts';
import { refuseStream, serviceErrorOf } from '../../proto/codec/error.ts';
import {
  decodeClearRequest,
  decodeListRequest,
  encodeClearResults,
  encodeGreeting,
  encodeLocalListing,
} from '../../proto/codec/local.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { localControlService } from '../../proto/load.ts';
import { proofPlaceOf } from '../../proto/local-socket.ts';
import { patternsProblem } from '../../proto/process-pattern.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import { areGroupsWanted } from '../core/local-access.ts';
import type { AgentDriver } from '../driver.ts';
import type { Log } from '../ports.ts';
import { type CallerAccounts, createCallers } from './callers.ts';
import { grantLog } from './granted-log.ts';
import { listFor } from './listing.ts';
import { type LogCall, type LogReading, type ReadableLog, readLog } from './log-call.ts';
import { giveOrder, type OrderCall } from './order-call.ts';
import type { OrderDesk } from './order-desk.ts';
import { asTyped } from './order-words.ts';
import { clearLogs, type LogFiles, refusalToClear } from './process-logs.ts';
import { openProofs, type Proofs } from './proof.ts';
import type { ListeningSocket } from './socket.ts';

export interface LocalServerOptions {
  readonly socket: ListeningSocket;
  readonly host: string;
  readonly driver: AgentDriver;
  readonly desk: OrderDesk;
  /** Of this host; see `CallerAccounts`. */
  readonly userName: CallerAccounts['nameOf'];
  readonly groupsOf: CallerAccounts['groupsOf'];
  readonly nowMs: () => number;
  readonly logFiles: LogFiles;
  readonly mainLog: ReadableLog;
  /** What the agent lost of its own state; null: nothing. */
  readonly stateProblem: string | null;
  readonly log: Log;
}

export interface LocalServer {
  /** Who reads a log, and may not any more, is told so and reads no further. */
  judgeReaders(): void;
  /** Nobody new gets in; who is there hears how it ended, if they listen within that time. */
  close(graceMs: number): Promise<void>;
}

export function openLocalServer(options: LocalServerOptions): LocalServer {
  const { socket, desk, nowMs, log } = options;
  const server = new Server(localServerOptions);
  const readers = new Set<LogReading>();
  const directory = proofPlaceOf(socket.path);
  const proofs = openProofs({ directory, socket: socket.facts, nowMs, log });
  server.addService(localControlService, handlers(options, { proofs, readers }));
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  socket.serve((connection) => {
    // Whoever goes away in the middle of something is no trouble of ours.
    connection.on('error', () => connection.destroy());
    injector.injectConnection(connection);
  });
  return {
    judgeReaders() {
      for (const reader of readers) reader.judgeAgain();
    },
    async close(graceMs) {
      socket.close();
      desk.endAll();
      for (const reader of readers) reader[Symbol.dispose]();
      // Not `injector.drain`: after it, grpc-js takes every connection for closed at once.
      const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      const tooLong = new Promise<void>((resolve) => setTimeout(resolve, graceMs));
      await Promise.race([drained, tooLong]);
      server.forceShutdown();
      proofs[Symbol.dispose]();
    },
  };
}

function handlers(
  options: LocalServerOptions,
  { proofs, readers }: { readonly proofs: Proofs; readonly readers: Set<LogReading> },
): UntypedServiceImplementation {
  const { host, driver, desk, logFiles, mainLog, stateProblem, log } = options;
  const callers = createCallers(proofs, {
    nameOf: options.userName,
    groupsOf: options.groupsOf,
    areGroupsWanted: () => areGroupsWanted(driver.state().rules),
    nowMs: options.nowMs,
  });
  const logs = { state: driver.state, callers, logFiles, mainLog };
  return {
    Greet: unary(log, () =>
      encodeGreeting({
        version: PRODUCT_VERSION,
        protocolVersion: PROTOCOL_VERSION,
        pid: process.pid,
        proofPath: proofs.offer(),
      }),
    ),
    ListLocalProcesses: unary(log, async (wire: Parameters<typeof decodeListRequest>[0]) => {
      const caller = await callers.identify(decodeListRequest(wire));
      if (isRefusal(caller)) return caller;
      const listing = listFor(driver.state(), caller);
      return isRefusal(listing) ? listing : encodeLocalListing({ ...listing, host, stateProblem });
    }),
    GiveOrder: (call: OrderCall) => void giveOrder(call, { desk, callers }),
    ReadLog: (call: LogCall) => {
      if (readers.size >= READERS_MAX) return refuseStream(call, TOO_MANY_READERS);
      const reader = readLog(call, (request) => grantLog(request, logs));
      readers.add(reader);
      call.once('close', () => readers.delete(reader));
    },
    ClearLogs: unary(log, async (wire: Parameters<typeof decodeClearRequest>[0]) => {
      const { names, ...claims } = decodeClearRequest(wire);
      const problem = patternsProblem(names);
      if (problem !== null) return problem;
      const caller = await callers.identify(claims);
      if (isRefusal(caller)) return caller;
      const denied = refusalToClear(driver.state(), names, caller);
      if (denied !== null) return denied;
      const command = asTyped(['clear', ...names]);
      driver.deliver({ kind: 'noted', requestedBy: caller.name, command });
      return encodeClearResults(clearLogs(driver.state(), logFiles, names));
    }),
  };
}

/** Each has a file open, and programs need descriptors too. */
const READERS_MAX = 128;

const TOO_MANY_READERS = refusal('exhausted', 'too many logs are being read', {
  cause: `${READERS_MAX} at once are enough for the people of one host`,
  fix: 'end some of them',
});

/** What it returns or rejects with becomes the answer. */
function unary<Request, Response extends object>(
  log: Log,
  handle: (request: Request) => Promise<Response | Refusal> | Response | Refusal,
) {
  return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
    const handled = (async () => handle(call.request))();
    handled.then(
      (response) => {
        if (isRefusal(response)) answer(serviceErrorOf(response));
        else answer(null, response);
      },
      (error: unknown) => {
        const because = FleetError.refusalFrom(error);
        if (because.code === 'internal') log.error({ error: String(error) }, 'a call failed');
        answer(serviceErrorOf(because));
      },
    );
  };
}

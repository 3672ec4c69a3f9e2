/**
 * The controller's end of an agent's stream, played by a test: real TLS, real frames, but what is
 * said, and said twice, and said out of turn, is up to the test.
 */
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { decodeAgentFrame, encodeControllerMessage } from '../../../proto/codec/link.ts';
import type { Credentials } from '../../../proto/credentials.ts';
import type { AgentFrame__Output } from '../../../proto/gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame } from '../../../proto/gen/fleet/v1/ControllerFrame.ts';
import { agentLinkService } from '../../../proto/load.ts';
import type { AgentLogMessage, ControllerLogMessage } from '../../../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../../../proto/messages.ts';
import { tlsServerOptions } from '../../../proto/tls.ts';
import { PROTOCOL_VERSION } from '../../../proto/version.ts';
import type { AgentEvent, OperationId, ProcessName, Verb } from '../../../proto/vocabulary.ts';

type Stream = ServerDuplexStream<AgentFrame__Output, ControllerFrame>;
type Heard = AgentMessage | AgentLogMessage;
type Said = ControllerMessage | ControllerLogMessage;

/** One stream of an agent, welcomed. */
export interface ScriptedSession {
  readonly epoch: number;
  /** The events of a frame each on its own. */
  readonly heard: readonly Heard[];
  events(): readonly AgentEvent[];
  say(message: Said): void;
  command(verb: Verb, operation: OperationId, process: ProcessName): void;
  acknowledgeAll(): void;
  hasEnded(): boolean;
}

export interface ScriptedController extends AsyncDisposable {
  /** Every stream so far, the latest last. */
  readonly sessions: readonly ScriptedSession[];
}

export async function startScriptedController(
  credentials: Credentials,
  port: number,
): Promise<ScriptedController> {
  const sessions: ScriptedSession[] = [];
  const server = new Server();
  server.addService(agentLinkService, {
    Connect: (stream: Stream) => sessions.push(welcome(stream, sessions.length + 1)),
  });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  let isClosing = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket.on('error', () => undefined));
    // An agent that dials again at the last moment would keep the listener open for ever.
    if (isClosing) socket.destroy();
  };
  const listener = createServer(tlsServerOptions(credentials), (socket) => {
    keep(socket);
    if (!isClosing) injector.injectConnection(socket);
  });
  listener.on('connection', keep);
  listener.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
  return {
    sessions,
    async [Symbol.asyncDispose]() {
      isClosing = true;
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets) socket.destroy();
      server.forceShutdown();
      await closed;
    },
  };
}

function welcome(stream: Stream, epoch: number): ScriptedSession {
  const heard: Heard[] = [];
  let hasEnded = false;
  const say = (message: Said): void => {
    stream.write(encodeControllerMessage(message));
  };
  stream.on('data', (frame: AgentFrame__Output) => {
    const message = decodeAgentFrame(frame);
    heard.push(...eachOf(message));
    if (message.kind !== 'hello') return;
    say({
      kind: 'welcome',
      protocolVersion: PROTOCOL_VERSION,
      sessionEpoch: epoch,
      acknowledgedSeq: 0,
      reconnectSpreadMs: 100,
      heartbeatIntervalMs: 5_000,
    });
  });
  for (const event of ['end', 'error', 'cancelled'] as const) {
    stream.on(event, () => {
      hasEnded = true;
    });
  }
  return {
    epoch,
    heard,
    events: () => heard.flatMap((message) => (message.kind === 'event' ? [message.event] : [])),
    say,
    command: (verb, operationId, process) =>
      say({
        kind: 'command',
        sessionEpoch: epoch,
        operationId,
        verb,
        signal: null,
        processes: [process],
        startFollows: false,
        groups: [],
        minHealthyMs: 0,
        expiresInMs: null,
        sentAtMs: performance.now(),
      }),
    acknowledgeAll: () => {
      const seqs = heard.flatMap((message) => (message.kind === 'event' ? [message.seq] : []));
      say({ kind: 'acknowledgement', sessionEpoch: epoch, seq: Math.max(0, ...seqs) });
    },
    hasEnded: () => hasEnded,
  };
}

function eachOf(message: Heard): readonly Heard[] {
  if (message.kind !== 'events') return [message];
  const { sessionEpoch, events } = message;
  return events.map((event) => ({ kind: 'event', sessionEpoch, ...event }));
}

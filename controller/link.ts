/**
 * The `AgentLink` service: one stream for each agent. Who speaks is read from the certificate;
 * what is said goes to the driver as it comes, and logs past it to whoever reads them; what the
 * driver sends goes out in order. Keeps the heartbeat, and closes a stream that has fallen silent or
 * behind.
 */

import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { refuseStream } from '../proto/codec/error.ts';
import { decodeAgentFrame, encodeControllerMessage } from '../proto/codec/link.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../proto/errors.ts';
import type { AgentFrame__Output } from '../proto/gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame } from '../proto/gen/fleet/v1/ControllerFrame.ts';
import { type ControllerLogMessage, isAgentLogMessage } from '../proto/log-messages.ts';
import type { ControllerMessage } from '../proto/messages.ts';
import { type HostId, hostId } from '../proto/vocabulary.ts';
import type { ConnectionId } from './core/host.ts';
import type { FleetInput } from './core/state.ts';
import type { Guard } from './guard.ts';
import { Heartbeats, TICK_INTERVAL_MS } from './heartbeats.ts';
import { LogReaders } from './logs/readers.ts';
import { addressOfPeer } from './peer-address.ts';
import type { AgentLinks, Clock, Log, LogLinks } from './ports.ts';

type Stream = ServerDuplexStream<AgentFrame__Output, ControllerFrame>;

/** Frames that wait for a slow network; beyond it a new session with a snapshot is cheaper. */
const UNSENT_FRAMES_MAX = 10_000;

interface Connection {
  readonly id: ConnectionId;
  readonly host: HostId;
  readonly stream: Stream;
  hasGreeted: boolean;
}

export interface LinkServerOptions {
  readonly guard: Guard;
  /** The driver's, whose commands say by it when they were sent. */
  readonly clock: Pick<Clock, 'now'>;
  readonly deliver: (input: FleetInput) => void;
  readonly log: Log;
}

export class AgentLinkServer implements AgentLinks, LogLinks, Disposable {
  /** Of all connections. */
  readonly logReaders = new LogReaders(this);
  readonly #options: LinkServerOptions;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #heartbeats = new Heartbeats(performance.now());
  readonly #heartbeat: NodeJS.Timeout;
  #lastId: ConnectionId = 0;

  constructor(options: LinkServerOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), TICK_INTERVAL_MS);
  }

  handlers(): UntypedServiceImplementation {
    return { Connect: (stream: Stream) => this.#accept(stream) };
  }

  send(id: ConnectionId, message: ControllerMessage): void {
    this.#write(id, message);
    const connection = this.#connections.get(id);
    if (message.kind !== 'welcome' || connection === undefined) return;
    const { host } = connection;
    this.logReaders.sessionBegan({ host, connection: id, epoch: message.sessionEpoch });
  }

  sendLog(id: ConnectionId, message: ControllerLogMessage): void {
    this.#write(id, message);
  }

  close(id: ConnectionId, because: Refusal): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const { host, stream } = connection;
    const details = { host, peer: stream.getPeer(), why: because.message };
    this.#options.log.warn(details, 'closing a session');
    refuseStream(stream, because);
    this.#gone(connection);
  }

  /** Every stream ends with the hint to come back. */
  goodbye(reason: string): void {
    for (const { stream } of this.#connections.values()) {
      stream.write(encodeControllerMessage({ kind: 'goodbye', reason, reconnectAfterMs: 0 }));
      stream.end();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
  }

  #accept(stream: Stream): void {
    const caller = this.#options.guard.admit('AgentLink.Connect', stream);
    if (isRefusal(caller)) {
      refuseStream(stream, caller);
      return;
    }
    this.#lastId += 1;
    const host = hostId(caller.name);
    const connection = {
      id: this.#lastId,
      host,
      stream,
      hasGreeted: false,
    };
    this.#connections.set(connection.id, connection);
    this.#heartbeats.join(connection.id, performance.now());
    this.#options.log.info({ host, peer: stream.getPeer() }, 'an agent has connected');
    stream.on('data', (frame: AgentFrame__Output) => this.#received(connection, frame));
    for (const event of ['end', 'close', 'error', 'cancelled'] as const) {
      stream.on(event, () => this.#gone(connection));
    }
  }

  #write(id: ConnectionId, message: ControllerMessage | ControllerLogMessage): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    if (connection.stream.writableLength > UNSENT_FRAMES_MAX) {
      return this.close(id, refusal('exhausted', 'the agent reads too slowly'));
    }
    connection.stream.write(encodeControllerMessage(message));
  }

  #received(connection: Connection, frame: AgentFrame__Output): void {
    const { id: number, host, stream } = connection;
    if (!this.#connections.has(number)) return;
    this.#heartbeats.heard(number, performance.now());
    try {
      const message = decodeAgentFrame(frame);
      if (isAgentLogMessage(message)) return this.logReaders.received(number, message);
      const isGreeting = message.kind === 'hello' && !connection.hasGreeted;
      if (isGreeting) {
        connection.hasGreeted = true;
        const address = addressOfPeer(stream.getPeer());
        this.#options.deliver({ kind: 'hello', connection: number, host, hello: message, address });
      } else {
        this.#options.deliver({ kind: 'message', connection: number, host, message });
      }
    } catch (error) {
      this.close(number, FleetError.refusalFrom(error));
    }
  }

  /** However a stream ends, and however often it is told: once. */
  #gone({ id: connection, host, stream }: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.#heartbeats.leave(connection);
    stream.end();
    this.#options.log.info({ host }, 'an agent has disconnected');
    this.logReaders.connectionGone(connection);
    this.#options.deliver({ kind: 'sessionEnded', connection, host });
  }

  #beat(): void {
    const atMs = Math.floor(this.#options.clock.now().monotonicMs);
    for (const { connection, silentMs } of this.#heartbeats.tick(performance.now())) {
      if (silentMs === null) this.send(connection, { kind: 'heartbeat', atMs });
      else this.close(connection, refusal('unavailable', `silent for ${Math.round(silentMs)} ms`));
    }
  }
}

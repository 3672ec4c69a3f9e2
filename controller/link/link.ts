/**
 * The `AgentLink` service: one stream for each agent. Who speaks is read from the certificate;
 * what is said goes to the driver as it comes, and logs past it to whoever reads them; what the
 * driver sends goes out in order. Keeps the heartbeat, closes a stream that has fallen silent or
 * behind, and lets an agent wait that says more than it may.
 */

import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { refuseStream } from '../../proto/codec/error.ts';
import { decodeAgentFrame, encodeControllerMessage } from '../../proto/codec/link.ts';
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import type { ControllerFrame } from '../../proto/gen/fleet/v1/ControllerFrame.ts';
import { type ControllerLogMessage, isAgentLogMessage } from '../../proto/log-messages.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import { type HostId, hostId } from '../../proto/vocabulary.ts';
import type { ConnectionId } from '../core/host.ts';
import type { SeenCertificate } from '../core/identities.ts';
import type { FleetInput } from '../core/state.ts';
import { type Caller, type Guard, seenOf } from '../door/guard.ts';
import { createSparingLog, type SparingLog } from '../door/sparing-log.ts';
import { LogReaders } from '../logs/readers.ts';
import type { AgentLinks, Clock, Log, LogLinks } from '../ports.ts';
import { type AgentBudget, type Cost, costOf, createAgentBudget } from './agent-limits.ts';
import { Heartbeats, TICK_INTERVAL_MS } from './heartbeats.ts';
import type { SizedFrame } from './sized-frames.ts';

type Stream = ServerDuplexStream<SizedFrame, ControllerFrame>;

/** Frames that wait for a slow network; beyond it a new session with a snapshot is cheaper. */
const UNSENT_FRAMES_MAX = 10_000;

interface Connection {
  readonly id: ConnectionId;
  readonly host: HostId;
  readonly stream: Stream;
  readonly certificate: SeenCertificate;
  /** IP address; null where it was gone before it was let in. */
  readonly address: string | null;
  readonly budget: AgentBudget;
  hasGreeted: boolean;
  /** It has said more than it may, and is not read from for a while. */
  isPaused: boolean;
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
  readonly #sparingLog: SparingLog;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #heartbeats = new Heartbeats(performance.now());
  readonly #heartbeat: NodeJS.Timeout;
  #lastId: ConnectionId = 0;

  constructor(options: LinkServerOptions) {
    this.#options = options;
    this.#sparingLog = createSparingLog(options.log);
    this.#heartbeat = setInterval(() => this.#beat(), TICK_INTERVAL_MS);
  }

  handlers(): UntypedServiceImplementation {
    const { guard } = this.#options;
    return {
      Connect: (stream: Stream) =>
        guard.stream('AgentLink.Connect', stream, (caller) => this.#accept(stream, caller)),
    };
  }

  send(id: ConnectionId, message: ControllerMessage): void {
    this.#write(id, message);
    const connection = this.#connections.get(id);
    if (message.kind !== 'welcome' || connection === undefined) return;
    const { host } = connection;
    this.logReaders.sessionBegan({ host, connection: id, epoch: message.sessionEpoch });
  }

  sendLog(id: ConnectionId, message: ControllerLogMessage): void {
    const budget = this.#connections.get(id)?.budget;
    if (message.kind === 'readLogs') budget?.grantLog(message.creditBytes);
    if (message.kind === 'logCredit') budget?.grantLog(message.bytes);
    this.#write(id, message);
  }

  close(id: ConnectionId, because: Refusal): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const { host, stream } = connection;
    const details = { host, peer: stream.getPeer(), why: because.message };
    this.#sparingLog.warn(host, details, 'closing a session', performance.now());
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

  #accept(stream: Stream, caller: Caller): void {
    this.#lastId += 1;
    const host = hostId(caller.name);
    const nowMs = performance.now();
    const connection: Connection = {
      id: this.#lastId,
      host,
      stream,
      certificate: seenOf(caller),
      address: caller.actor.address,
      budget: createAgentBudget(nowMs),
      hasGreeted: false,
      isPaused: false,
    };
    this.#connections.set(connection.id, connection);
    this.#heartbeats.join(connection.id, nowMs);
    this.#sparingLog.info(host, { host, peer: stream.getPeer() }, 'an agent has connected', nowMs);
    stream.on('data', (frame: SizedFrame) => this.#received(connection, frame));
    const gone = (): void => this.#gone(connection);
    for (const event of ['end', 'close', 'error', 'cancelled'] as const) stream.on(event, gone);
  }

  #write(id: ConnectionId, message: ControllerMessage | ControllerLogMessage): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    if (connection.stream.writableLength > UNSENT_FRAMES_MAX) {
      return this.close(id, refusal('exhausted', 'the agent reads too slowly'));
    }
    try {
      connection.stream.write(encodeControllerMessage(message));
    } catch (error) {
      this.close(id, FleetError.refusalFrom(error));
    }
  }

  #received(connection: Connection, { frame, byteLength }: SizedFrame): void {
    const { id, host, certificate, address } = connection;
    if (!this.#connections.has(id)) return;
    const nowMs = performance.now();
    this.#heartbeats.heard(id, nowMs);
    try {
      const message = decodeAgentFrame(frame);
      this.#spend(connection, costOf(message, byteLength), nowMs);
      if (isAgentLogMessage(message)) return this.logReaders.received(id, message);
      if (message.kind === 'hello' && !connection.hasGreeted) {
        connection.hasGreeted = true;
        const greeting = { connection: id, host, hello: message, certificate, address };
        this.#options.deliver({ kind: 'hello', ...greeting });
      } else {
        this.#options.deliver({ kind: 'message', connection: id, host, message });
      }
    } catch (error) {
      this.close(id, FleetError.refusalFrom(error));
    }
  }

  /** What it sends meanwhile waits in the network, and then with the agent. */
  #spend(connection: Connection, cost: Cost, nowMs: number): void {
    const { id, host, stream, budget } = connection;
    const pauseMs = budget.spend(cost, nowMs);
    if (pauseMs === 0 || connection.isPaused) return;
    const details = { host, pauseMs };
    this.#sparingLog.warn(host, details, 'an agent says more than it may; it has to wait', nowMs);
    connection.isPaused = true;
    stream.pause();
    setTimeout(() => {
      connection.isPaused = false;
      this.#heartbeats.heard(id, performance.now());
      stream.resume();
    }, pauseMs).unref();
  }

  /** However a stream ends, and however often it is told: once. */
  #gone({ id: connection, host, stream }: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.#heartbeats.leave(connection);
    stream.end();
    const nowMs = performance.now();
    this.#sparingLog.info(host, { host }, 'an agent has disconnected', nowMs);
    this.logReaders.connectionGone(connection);
    this.#options.deliver({ kind: 'sessionEnded', connection, host });
  }

  #beat(): void {
    const atMs = Math.floor(this.#options.clock.now().monotonicMs);
    for (const { connection, silentMs } of this.#heartbeats.tick(performance.now())) {
      // Whoever is not listened to is not silent.
      const isHeard = silentMs === null || this.#connections.get(connection)?.isPaused === true;
      if (isHeard) this.send(connection, { kind: 'heartbeat', atMs, probe: 0 });
      else this.close(connection, refusal('unavailable', `silent for ${Math.round(silentMs)} ms`));
    }
  }
}

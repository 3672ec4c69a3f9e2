/**
 * The network between the agents and their controller: connections that carry frames in order, each
 * after some time, and that fail as real ones do. A cut is told to both ends; a direction that has
 * gone dead tells nobody anything, neither frames nor the end of the connection, until whoever waits
 * for heartbeats gives up; a stall holds everything back and then lets it through at once.
 */
import type { HostId } from '../../proto/vocabulary.ts';
import type { Chance } from './chance.ts';
import type { TraceHash } from './trace-hash.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What one end of a connection hears. */
export interface Receiver {
  onFrame(frame: Buffer): void;
  /** Once; also when the connection was never made. */
  onClosed(why: string): void;
}

/** One end of a connection; what is sent after its end is lost. */
export interface Wire {
  /** Frames on their way in this direction. */
  readonly unsent: number;
  send(frame: Buffer): void;
  close(why: string): void;
}

/** Takes a connection in. */
export type Acceptor = (host: HostId, wire: Wire) => Receiver;

export type Direction = 'to-controller' | 'to-agent';

interface Path {
  readonly direction: Direction;
  receiver: Receiver | null;
  isDead: boolean;
  heldUntilMs: number;
  /** When the frame before this one arrives. */
  lastMs: number;
  inTransit: number;
}

interface Connection {
  readonly host: HostId;
  readonly toController: Path;
  readonly toAgent: Path;
}

export interface NetworkOptions {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly trace: TraceHash;
  readonly latencyMaxMs: number;
}

export class SimulatedNetwork {
  /** Null: the controller is down. */
  acceptor: Acceptor | null = null;
  latencyMaxMs: number;
  readonly #options: NetworkOptions;
  readonly #connections = new Map<HostId, Set<Connection>>();
  readonly #partitioned = new Set<HostId>();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.latencyMaxMs = options.latencyMaxMs;
  }

  /** Both wires are there at once; whether anybody is at the other end shows later. */
  dial(host: HostId, receiver: Receiver): Wire {
    const connection: Connection = {
      host,
      toController: aPath('to-controller', null),
      toAgent: aPath('to-agent', receiver),
    };
    const ofHost = this.#connections.get(host) ?? new Set();
    this.#connections.set(host, ofHost.add(connection));
    if (this.#partitioned.has(host)) kill(connection);
    this.#carry(connection.toController, () => this.#arrive(connection));
    return this.#wire(connection, connection.toController, connection.toAgent);
  }

  /** Both ends are told. */
  cut(host: HostId): void {
    for (const connection of this.#of(host)) {
      this.#tellEnd(connection, connection.toAgent, 'connection reset');
      this.#tellEnd(connection, connection.toController, 'connection reset');
    }
  }

  /** Nothing gets through this way any more, and nobody is told. */
  goDead(host: HostId, direction: Direction): void {
    for (const connection of this.#of(host)) {
      const path = direction === 'to-agent' ? connection.toAgent : connection.toController;
      path.isDead = true;
    }
  }

  /** Both ways are dead, and so is whatever is dialled, until it ends. */
  partition(host: HostId): void {
    this.#partitioned.add(host);
    for (const connection of this.#of(host)) kill(connection);
  }

  endPartition(host: HostId): void {
    this.#partitioned.delete(host);
  }

  stall(host: HostId, durationMs: number): void {
    const untilMs = this.#options.time.nowMs + durationMs;
    for (const { toAgent, toController } of this.#of(host)) {
      toAgent.heldUntilMs = untilMs;
      toController.heldUntilMs = untilMs;
    }
  }

  /** The controller's machine answers for it: whoever is connected is told. */
  controllerDied(): void {
    this.acceptor = null;
    for (const connections of this.#connections.values()) {
      for (const connection of connections) {
        connection.toController.receiver = null;
        this.#tellEnd(connection, connection.toAgent, 'the controller is gone');
      }
    }
  }

  /** The same of an agent. */
  agentDied(host: HostId): void {
    for (const connection of this.#of(host)) {
      connection.toAgent.receiver = null;
      this.#tellEnd(connection, connection.toController, 'the agent is gone');
    }
  }

  #of(host: HostId): Iterable<Connection> {
    return this.#connections.get(host) ?? [];
  }

  #arrive(connection: Connection): void {
    const { host, toController, toAgent } = connection;
    if (this.acceptor === null) return this.#tellEnd(connection, toAgent, 'connection refused');
    toController.receiver = this.acceptor(host, this.#wire(connection, toAgent, toController));
  }

  #wire(connection: Connection, outward: Path, inward: Path): Wire {
    return {
      get unsent() {
        return outward.inTransit;
      },
      send: (frame) => {
        outward.inTransit += 1;
        this.#carry(outward, () => {
          outward.inTransit -= 1;
          if (outward.receiver === null) return;
          this.#options.trace.frame(
            this.#options.time.nowMs,
            connection.host,
            outward.direction,
            frame,
          );
          outward.receiver.onFrame(frame);
        });
      },
      close: (why) => {
        // Whoever closes hears no more; the other end, when that has come through.
        inward.receiver = null;
        this.#tellEnd(connection, outward, why);
      },
    };
  }

  #tellEnd(connection: Connection, path: Path, why: string): void {
    this.#carry(path, () => {
      const { receiver } = path;
      path.receiver = null;
      this.#connections.get(connection.host)?.delete(connection);
      receiver?.onClosed(why);
    });
  }

  /** In order, after what is under way already. */
  #carry(path: Path, arrive: () => void): void {
    if (path.isDead) return;
    const { time, chance } = this.#options;
    const latencyMs = 1 + chance.below(this.latencyMaxMs);
    path.lastMs = Math.max(time.nowMs + latencyMs, path.heldUntilMs, path.lastMs);
    time.after(path.lastMs - time.nowMs, () => {
      if (!path.isDead) arrive();
    });
  }
}

function aPath(direction: Direction, receiver: Receiver | null): Path {
  return { direction, receiver, isDead: false, heldUntilMs: 0, lastMs: 0, inTransit: 0 };
}

function kill({ toAgent, toController }: Connection): void {
  toAgent.isDead = true;
  toController.isDead = true;
}

/**
 * What `controller/link.ts` does, over the simulated network: takes streams in, hands on what they
 * say, keeps the heartbeat, and closes a stream that has fallen silent or behind.
 */

import type { ConnectionId } from '../../controller/core/host.ts';
import { HEARTBEAT_INTERVAL_MS } from '../../controller/core/sessions.ts';
import type { FleetInput } from '../../controller/core/state.ts';
import type { AgentLinks } from '../../controller/ports.ts';
import { decodeAgentFrame, encodeControllerMessage } from '../../proto/codec/link.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { AgentFrame__Output } from '../../proto/gen/fleet/v1/AgentFrame.ts';
import { agentLinkService } from '../../proto/load.ts';
import { isAgentLogMessage } from '../../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { aCertificate } from '../fakes/controller-fleet.ts';
import type { Receiver, Wire } from './simulated-network.ts';

/** As in `controller/link.ts`. */
const SILENCE_MAX_MS = 3 * HEARTBEAT_INTERVAL_MS;
const UNSENT_FRAMES_MAX = 10_000;

const { requestDeserialize, responseSerialize } = agentLinkService['Connect'] as NonNullable<
  (typeof agentLinkService)[string]
>;

interface Connection {
  readonly id: ConnectionId;
  readonly host: HostId;
  readonly wire: Wire;
  heardAtMs: number;
  hasGreeted: boolean;
}

export interface ControllerLinkOptions {
  readonly nowMs: () => number;
  /** Of the controller that this link belongs to: nothing fires once that is dead. */
  readonly after: (delayMs: number, callback: () => void) => void;
  readonly isAlive: () => boolean;
  readonly deliver: (input: FleetInput) => void;
  readonly onSend: (host: HostId, message: ControllerMessage) => void;
  readonly onHeard: (host: HostId, message: AgentMessage) => void;
}

export class SimulatedControllerLink implements AgentLinks {
  readonly #options: ControllerLinkOptions;
  readonly #connections = new Map<ConnectionId, Connection>();
  #lastId: ConnectionId = 0;

  constructor(options: ControllerLinkOptions) {
    this.#options = options;
    this.#beat();
  }

  readonly accept = (host: HostId, wire: Wire): Receiver => {
    this.#lastId += 1;
    const { isAlive, nowMs } = this.#options;
    const connection = { id: this.#lastId, host, wire, heardAtMs: nowMs(), hasGreeted: false };
    this.#connections.set(connection.id, connection);
    return {
      onFrame: (frame) => {
        if (isAlive()) this.#received(connection, frame);
      },
      onClosed: () => {
        if (isAlive()) this.#gone(connection, 'the agent is gone');
      },
    };
  };

  send(id: ConnectionId, message: ControllerMessage): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    if (connection.wire.unsent > UNSENT_FRAMES_MAX) {
      return this.close(id, refusal('exhausted', 'the agent reads too slowly'));
    }
    this.#options.onSend(connection.host, message);
    connection.wire.send(responseSerialize(encodeControllerMessage(message)));
  }

  close(id: ConnectionId, because: Refusal): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#gone(connection, because.code);
  }

  #received(connection: Connection, frame: Buffer): void {
    const { id: number, host } = connection;
    if (!this.#connections.has(number)) return;
    connection.heardAtMs = this.#options.nowMs();
    const message = decodeAgentFrame(requestDeserialize(frame) as AgentFrame__Output);
    if (isAgentLogMessage(message)) throw new Error(`nobody asked for logs: ${message.kind}`);
    this.#options.onHeard(host, message);
    if (message.kind === 'hello' && !connection.hasGreeted) {
      connection.hasGreeted = true;
      const address = '10.0.0.1';
      const certificate = aCertificate(host);
      const from = { connection: number, host, address, certificate };
      this.#options.deliver({ kind: 'hello', ...from, hello: message });
    } else {
      this.#options.deliver({ kind: 'message', connection: number, host, message });
    }
  }

  #gone({ id: connection, host, wire }: Connection, why: string): void {
    if (!this.#connections.delete(connection)) return;
    wire.close(why);
    this.#options.deliver({ kind: 'sessionEnded', connection, host });
  }

  #beat(): void {
    this.#options.after(HEARTBEAT_INTERVAL_MS, () => {
      const nowMs = this.#options.nowMs();
      const atMs = Math.floor(nowMs);
      for (const { id, heardAtMs } of this.#connections.values()) {
        const silentMs = nowMs - heardAtMs;
        if (silentMs <= SILENCE_MAX_MS) this.send(id, { kind: 'heartbeat', atMs, probe: 0 });
        else this.close(id, refusal('unavailable', `silent for ${silentMs} ms`));
      }
      this.#beat();
    });
  }
}

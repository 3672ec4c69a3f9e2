/**
 * What `agent/link.ts` does, over the simulated network: dials, says Hello, judges by heartbeats
 * whether the session is alive, and dials again when it is lost, after the real delays. Frames go
 * through the real codec.
 */
import { redialDelayMs } from '../../agent/core/reconnect.ts';
import { createEventCollector, type EventCollector } from '../../agent/event-collector.ts';
import type { Link } from '../../agent/ports.ts';
import { decodeControllerFrame, encodeAgentMessage } from '../../proto/codec/link.ts';
import type { ControllerFrame__Output } from '../../proto/gen/fleet/v1/ControllerFrame.ts';
import { agentLinkService } from '../../proto/load.ts';
import { isControllerLogMessage } from '../../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import type { Chance } from './chance.ts';
import type { SimulatedNetwork, Wire } from './simulated-network.ts';

/** As in `agent/link.ts`. */
const WELCOME_TIMEOUT_MS = 15_000;
const HEARTBEATS_MISSED_MAX = 3;
const UNSENT_FRAMES_MAX = 20_000;

const { requestSerialize, responseDeserialize } = agentLinkService['Connect'] as NonNullable<
  (typeof agentLinkService)[string]
>;

export interface AgentLinkOptions {
  readonly host: HostId;
  readonly network: SimulatedNetwork;
  readonly chance: Chance;
  readonly hello: Extract<AgentMessage, { readonly kind: 'hello' }>;
  readonly nowMs: () => number;
  /** Of the agent that this link belongs to: nothing fires once that is dead. */
  readonly after: (delayMs: number, callback: () => void) => void;
  readonly soon: (callback: () => void) => void;
  /** Lets through only what comes while the agent lives, and when it is not frozen. */
  readonly guarded: (callback: () => void) => void;
  readonly onSend: (message: AgentMessage) => void;
  readonly onMessage: (message: ControllerMessage) => void;
  readonly onDown: () => void;
}

interface Stream {
  readonly wire: Wire;
  welcome: Extract<ControllerMessage, { readonly kind: 'welcome' }> | null;
  heardAtMs: number;
}

export class SimulatedAgentLink implements Link {
  readonly #options: AgentLinkOptions;
  readonly #events: EventCollector;
  #stream: Stream | null = null;
  #attempt = 0;
  #spreadMs = 0;
  #isClosed = false;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { after, soon } = options;
    this.#events = createEventCollector((message) => this.#leave(message), { after, soon });
  }

  open(): void {
    if (this.#isClosed) return;
    const { network, host, hello, guarded, after, nowMs } = this.#options;
    const ifCurrent = (act: (stream: Stream) => void): void =>
      guarded(() => {
        if (this.#stream === stream) act(stream);
      });
    const wire = network.dial(host, {
      onFrame: (frame) => ifCurrent(() => this.#received(stream, frame)),
      onClosed: (why) => ifCurrent(() => this.#lost(stream, why)),
    });
    const stream: Stream = { wire, welcome: null, heardAtMs: nowMs() };
    this.#stream = stream;
    this.#write(stream, hello);
    after(WELCOME_TIMEOUT_MS, () => {
      if (stream.welcome === null) this.#lost(stream, 'did not answer Hello');
    });
  }

  send(message: AgentMessage): void {
    if (this.#stream?.welcome == null) return;
    this.#options.onSend(message);
    this.#events.send(message);
  }

  endSession(because: string): void {
    if (this.#stream !== null) this.#lost(this.#stream, because);
  }

  close(goodbye: Omit<Extract<AgentMessage, { readonly kind: 'goodbye' }>, 'kind'>): void {
    this.#isClosed = true;
    const stream = this.#stream;
    if (stream === null) return;
    if (stream.welcome !== null) this.#events.send({ kind: 'goodbye', ...goodbye });
    this.#forget(stream);
  }

  #leave(message: AgentMessage): void {
    const stream = this.#stream;
    if (stream === null) return;
    if (stream.wire.unsent > UNSENT_FRAMES_MAX) return this.#lost(stream, 'reads too slowly');
    this.#write(stream, message);
  }

  #write(stream: Stream, message: AgentMessage): void {
    stream.wire.send(requestSerialize(encodeAgentMessage(message)));
  }

  #received(stream: Stream, frame: Buffer): void {
    stream.heardAtMs = this.#options.nowMs();
    const message = decodeControllerFrame(responseDeserialize(frame) as ControllerFrame__Output);
    if (isControllerLogMessage(message)) throw new Error(`nobody asked for logs: ${message.kind}`);
    if (message.kind === 'welcome') {
      if (stream.welcome !== null) return this.#lost(stream, 'a second Welcome');
      this.#begin(stream, message);
    } else if (stream.welcome === null) {
      return this.#lost(stream, `${message.kind} before Welcome`);
    }
    if (message.kind === 'heartbeat' && message.probe !== 0) {
      this.#write(stream, { kind: 'heartbeat', probe: message.probe });
    }
    this.#options.onMessage(message);
  }

  #begin(stream: Stream, welcome: NonNullable<Stream['welcome']>): void {
    stream.welcome = welcome;
    this.#attempt = 0;
    this.#spreadMs = welcome.reconnectSpreadMs;
    this.#beat(stream, Math.max(100, welcome.heartbeatIntervalMs));
  }

  #beat(stream: Stream, intervalMs: number): void {
    this.#options.after(intervalMs, () => {
      if (this.#stream !== stream) return;
      const silentMs = this.#options.nowMs() - stream.heardAtMs;
      if (silentMs > intervalMs * HEARTBEATS_MISSED_MAX) return this.#lost(stream, 'silent');
      this.#events.send({ kind: 'heartbeat', probe: 0 });
      this.#beat(stream, intervalMs);
    });
  }

  #lost(stream: Stream, why: string): void {
    if (stream !== this.#stream) return;
    this.#forget(stream);
    const delayMs = redialDelayMs({
      attempt: this.#attempt,
      spreadMs: this.#spreadMs,
      chance: this.#options.chance.fraction(),
      isUnwelcome: why === REPLACED,
    });
    this.#attempt += 1;
    if (stream.welcome !== null) this.#options.onDown();
    this.#options.after(delayMs, () => this.open());
  }

  #forget(stream: Stream): void {
    this.#stream = null;
    this.#events.forget();
    stream.wire.close('the agent has closed it');
  }
}

/** As the network tells of a session that the controller ended for another one of the same host. */
const REPLACED = 'conflict';

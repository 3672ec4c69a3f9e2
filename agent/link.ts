/**
 * The agent's stream to its controller: dials, says Hello, hands on what the controller says, and
 * dials again when the stream is lost. What is said within a session is the core's business; this
 * file knows only whether one is up. By which certificate it dials is decided anew each time
 * (`identity/`), and who is refused because of it asks again slowly.
 */
import { Client, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { type Attention, createAttention } from '../proto/attention.ts';
import { clientOptions, MESSAGE_MAX_BYTES } from '../proto/channel-options.ts';
import { systemClock } from '../proto/clock.ts';
import { decodeRefusal } from '../proto/codec/error.ts';
import { decodeControllerFrame, encodeAgentMessage } from '../proto/codec/link.ts';
import type { Credentials } from '../proto/credentials.ts';
import { type Address, addressText } from '../proto/dialect/values.ts';
import { FleetError, type Refusal } from '../proto/errors.ts';
import type { AgentFrame } from '../proto/gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame__Output } from '../proto/gen/fleet/v1/ControllerFrame.ts';
import { agentLinkService } from '../proto/load.ts';
import {
  type AgentLogMessage,
  type ControllerLogMessage,
  isControllerLogMessage,
} from '../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../proto/messages.ts';
import { channelCredentials } from '../proto/tls.ts';
import { isAcceptedProtocol, PROTOCOL_VERSION } from '../proto/version.ts';
import { redialDelayMs } from './core/reconnect.ts';
import { createEventCollector, type EventCollector } from './event-collector.ts';
import type { LogLink } from './fleet-logs/fleet-logs.ts';
import type { LinkIdentity } from './identity/present.ts';
import { isOverIdentity, whyLost } from './lost-session.ts';
import type { Link, Log } from './ports.ts';

type Welcome = Extract<ControllerMessage, { readonly kind: 'welcome' }>;
/** `reconnectAfterMs` 0: not soon. */
export type Goodbye = Omit<Extract<AgentMessage, { readonly kind: 'goodbye' }>, 'kind'>;
type Stream = ClientDuplexStream<AgentFrame, ControllerFrame__Output>;

export interface LinkOptions {
  /** Tried in turn; at least one. */
  readonly controllers: readonly Address[];
  readonly identity: LinkIdentity;
  readonly hello: Extract<AgentMessage, { readonly kind: 'hello' }>;
  readonly onMessage: (message: ControllerMessage) => void;
  /** Of the session that is up. */
  readonly onLogMessage: (message: ControllerLogMessage) => void;
  readonly onDown: () => void;
  /** From 0 up to, and not including, 1. */
  readonly chance: () => number;
  readonly log: Log;
}

/** A controller that accepts the connection and then says nothing is no controller. */
const WELCOME_TIMEOUT_MS = 15_000;

/** Missed heartbeats after which a session counts as dead although its connection does not. */
const HEARTBEATS_MISSED_MAX = 3;

/** Frames that wait for a slow network. Beyond it a new session with a snapshot is cheaper. */
const UNSENT_FRAMES_MAX = 1_000;

/** How long a Goodbye may take to leave before the connection is closed under it. */
const GOODBYE_TIMEOUT_MS = 1_000;

const { path, requestSerialize, responseDeserialize } = agentLinkService['Connect'] as NonNullable<
  (typeof agentLinkService)[string]
>;

/** Of an agent that no controller is named to: what there would be to say, nobody hears. */
export const NO_LINK: Pick<
  ControllerLink,
  'open' | 'redial' | 'send' | 'endSession' | 'isClear' | 'sendLog' | 'close'
> = {
  open: () => undefined,
  redial: () => undefined,
  send: () => undefined,
  endSession: () => undefined,
  isClear: () => false,
  sendLog: () => undefined,
  close: () => Promise.resolve(),
};

export class ControllerLink implements Link, LogLink, Disposable {
  readonly #options: LinkOptions;
  readonly #events: EventCollector;
  #client: Client | null = null;
  #stream: Stream | null = null;
  /** By which the stream was dialled. */
  #credentials: Credentials | null = null;
  #welcome: Welcome | null = null;
  /** Of the session that is up. */
  #attention: Attention | null = null;
  #heardAtMs = 0;
  #timers: NodeJS.Timeout[] = [];
  #attempt = 0;
  #spreadMs = 0;
  #isClosed = false;
  #reported = '';

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#events = createEventCollector((message) => this.#write(message), systemClock);
  }

  /** Dials now, and again for as long as the link is not closed. */
  open(): void {
    if (this.#isClosed) return;
    const { controllers, identity, hello } = this.#options;
    const credentials = identity.credentials();
    if (credentials === null) return;
    const address = controllers[this.#attempt % controllers.length] as Address;
    const target = addressText(address);
    const client = new Client(target, channelCredentials(credentials), {
      ...clientOptions(MESSAGE_MAX_BYTES),
    });
    const stream: Stream = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
    );
    this.#client = client;
    this.#stream = stream;
    this.#credentials = credentials;
    stream.on('data', (frame: ControllerFrame__Output) => {
      if (stream === this.#stream) this.#received(stream, frame, target);
    });
    stream.on('error', (error: ServiceError) => {
      const because = decodeRefusal(error);
      this.#lost(stream, whyLost(because, target), because);
    });
    stream.on('end', () => this.#lost(stream, `${target} ended the session`));
    stream.write(encodeAgentMessage(hello));
    this.#after(WELCOME_TIMEOUT_MS, () => {
      if (this.#welcome === null) this.#lost(stream, `${target} did not answer Hello`);
    });
  }

  /** At once, by other credentials; the session that is up ends, and nothing else does. */
  redial(because: string): void {
    if (this.#isClosed) return;
    const wasUp = this.#welcome !== null;
    this.#forget();
    this.#attempt = 0;
    this.#options.log.info({ because }, 'dialling anew');
    if (wasUp) this.#options.onDown();
    this.open();
  }

  send(message: AgentMessage): void {
    if (this.#welcome !== null) this.#events.send(message);
  }

  endSession(because: string): void {
    if (this.#stream !== null) this.#lost(this.#stream, because);
  }

  #write(message: AgentMessage): void {
    const stream = this.#stream;
    if (stream === null || this.#welcome === null) return;
    if (stream.writableLength > UNSENT_FRAMES_MAX) {
      return this.#lost(stream, 'the controller reads too slowly');
    }
    stream.write(encodeAgentMessage(message));
  }

  isClear(): boolean {
    return this.#welcome !== null && !this.#isClosed && this.#stream?.writableLength === 0;
  }

  sendLog(message: AgentLogMessage, sent: () => void): void {
    if (this.#stream === null || this.#welcome === null || this.#isClosed) return;
    this.#stream.write(encodeAgentMessage(message), sent);
  }

  /** Says goodbye, so that the controller knows at once whether anybody is coming back soon. */
  async close(goodbye: Goodbye): Promise<void> {
    this.#isClosed = true;
    const stream = this.#stream;
    if (stream !== null && this.#welcome !== null) {
      this.#events.send({ kind: 'goodbye', ...goodbye });
      const ended = new Promise<void>((resolve) => stream.once('status', () => resolve()));
      stream.end();
      const tooLong = new Promise<void>((resolve) => setTimeout(resolve, GOODBYE_TIMEOUT_MS));
      await Promise.race([ended, tooLong]);
    }
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#forget();
  }

  #received(stream: Stream, frame: ControllerFrame__Output, target: string): void {
    this.#heardAtMs = this.#attention?.listenedMs(performance.now()) ?? 0;
    let message: ControllerMessage | ControllerLogMessage;
    try {
      message = decodeControllerFrame(frame);
    } catch (error) {
      return this.#lost(stream, FleetError.refusalFrom(error).message);
    }
    if (message.kind === 'welcome') {
      if (this.#welcome !== null) return this.#lost(stream, 'a second Welcome');
      if (!isAcceptedProtocol(message.protocolVersion)) {
        const theirs = message.protocolVersion;
        return this.#lost(stream, `protocol ${theirs} there, ${PROTOCOL_VERSION} here`);
      }
      this.#begin(stream, message, target);
    } else if (this.#welcome === null) {
      return this.#lost(stream, `${message.kind} before Welcome`);
    } else if (isControllerLogMessage(message)) {
      const isOfThisSession = message.sessionEpoch === this.#welcome.sessionEpoch;
      if (isOfThisSession) this.#options.onLogMessage(message);
      return;
    }
    // Not through the core: that this program's loop still turns is all there is to prove.
    if (message.kind === 'heartbeat' && message.probe !== 0) {
      this.#write({ kind: 'heartbeat', probe: message.probe });
    }
    this.#options.onMessage(message);
  }

  #begin(stream: Stream, welcome: Welcome, target: string): void {
    this.#welcome = welcome;
    this.#attempt = 0;
    this.#spreadMs = welcome.reconnectSpreadMs;
    this.#reported = '';
    this.#options.log.info(
      { controller: target, sessionEpoch: welcome.sessionEpoch },
      'session is up',
    );
    if (this.#credentials !== null) this.#options.identity.worked(this.#credentials);
    const intervalMs = Math.max(100, welcome.heartbeatIntervalMs);
    const attention = createAttention(intervalMs, performance.now());
    this.#attention = attention;
    this.#heardAtMs = attention.listenedMs(performance.now());
    this.#timers.push(
      setInterval(() => {
        attention.tick(performance.now());
        const silentMs = attention.listenedMs(performance.now()) - this.#heardAtMs;
        if (silentMs > intervalMs * HEARTBEATS_MISSED_MAX) {
          return this.#lost(stream, `${target} has been silent for ${Math.round(silentMs)} ms`);
        }
        this.send({ kind: 'heartbeat', probe: 0 });
      }, intervalMs),
    );
  }

  /** Once per stream: whatever ends it, the next is dialled after a while. */
  #lost(stream: Stream, why: string, because: Refusal | null = null): void {
    if (stream !== this.#stream) return;
    const wasUp = this.#welcome !== null;
    const used = this.#credentials;
    this.#forget();
    if (this.#isClosed) return;
    const { identity, chance, log, onDown } = this.#options;
    if (used !== null) identity.failed(used);
    const isRefused = because !== null && isOverIdentity(because);
    const delayMs = redialDelayMs({
      attempt: this.#attempt,
      spreadMs: this.#spreadMs,
      chance: chance(),
      isUnwelcome: isRefused && identity.credentials() === used,
    });
    // The same trouble again and again is one line, not one for every try.
    if (why !== this.#reported) {
      const fix = because?.fix ?? undefined;
      log.warn({ why, ...(fix && { fix }), retryInMs: Math.round(delayMs) }, 'no session');
    }
    this.#reported = why;
    this.#attempt += 1;
    if (wasUp) onDown();
    this.#after(delayMs, () => this.open());
  }

  #forget(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#events.forget();
    this.#stream?.cancel();
    this.#client?.close();
    this.#stream = null;
    this.#client = null;
    this.#credentials = null;
    this.#welcome = null;
  }

  #after(delayMs: number, callback: () => void): void {
    this.#timers.push(setTimeout(callback, delayMs));
  }
}

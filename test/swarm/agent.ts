/**
 * One simulated agent: the product's own driver and core, so that it says exactly what a real agent
 * says, over programs on paper, a journal that forgets and a real stream to a real controller. It
 * starts with all its programs RUNNING, as an agent that has been up for a while.
 */
import type { SecureContext } from 'node:tls';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { initialProcess, type ProcessRuntime } from '../../agent/core/process.ts';
import { redialDelayMs } from '../../agent/core/reconnect.ts';
import { recoverState } from '../../agent/core/recover.ts';
import type { AgentState } from '../../agent/core/state.ts';
import { type AgentDriver, createAgentDriver } from '../../agent/driver.ts';
import { createEventCollector } from '../../agent/event-collector.ts';
import type { Log } from '../../agent/ports.ts';
import { systemClock } from '../../proto/clock.ts';
import { decodeControllerFrame, encodeAgentMessage } from '../../proto/codec/link.ts';
import type { ControllerFrame__Output } from '../../proto/gen/fleet/v1/ControllerFrame.ts';
import { agentLinkService } from '../../proto/load.ts';
import { isControllerLogMessage } from '../../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import { journalId, type Labels } from '../../proto/vocabulary.ts';
import { EMPTY_OUTBOX } from '../fakes/empty-outbox.ts';
import { type Behaviour, chanceOf, type Fate, fateOf } from './behaviour.ts';
import type { DialGate } from './dial-gate.ts';
import { type Endpoint, GrpcStream } from './grpc-stream.ts';
import { PaperChildren } from './paper-children.ts';

export interface AgentOptions {
  readonly host: string;
  readonly labels: Labels;
  readonly definitions: readonly ProcessDefinition[];
  readonly controller: Endpoint;
  readonly localAddress: string;
  readonly secureContext: SecureContext;
  readonly behaviour: () => Behaviour;
  readonly gate: DialGate;
}

const CONNECT = agentLinkService['Connect'] as NonNullable<(typeof agentLinkService)[string]>;
const BOOT_ID = 'boot-1';

export class SimulatedAgent implements Disposable {
  readonly #options: AgentOptions;
  readonly #driver: AgentDriver;
  readonly #chance: () => number;
  readonly #events = createEventCollector((message) => this.#send(message), systemClock);
  #stream: GrpcStream | null = null;
  #heartbeat: NodeJS.Timeout | undefined;
  #redial: NodeJS.Timeout | undefined;
  #isSynced = false;
  #isDialling = false;
  #attempt = 0;
  #spreadMs = 0;
  #whenSynced: (() => void) | null = null;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#chance = chanceOf(options.host);
    const children = new PaperChildren({
      behaviour: options.behaviour,
      fate: () => this.#fate(),
      chance: this.#chance,
      deliver: (process, input) => this.#driver.deliver({ kind: 'process', process, input }),
    });
    this.#driver = createAgentDriver(
      {
        clock: systemClock,
        children,
        journal: { commit: async () => undefined },
        link: { send: (message) => this.#events.send(message), endSession: ignore },
        config: {
          read: () => ({ kind: 'read', definitions: options.definitions }),
          keepRules: () => undefined,
        },
        orders: { tell: ignore },
        probes: { probe: ignore },
        log: SILENT,
        onShutdownComplete: () => undefined,
        onHandOver: () => undefined,
      },
      runningState(options.definitions, children),
    );
  }

  /** Its session is up and it has sent its snapshot. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Resolves with the first session, however many tries that takes. */
  connect(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenSynced = resolve;
      this.#dialInTurn();
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#redial);
    clearInterval(this.#heartbeat);
    this.#events.forget();
    this.#stream?.[Symbol.dispose]();
    this.#stream = null;
    this.#isSynced = false;
    this.#hasDialled();
  }

  #dialInTurn(): void {
    this.#options.gate.enter(() => {
      this.#isDialling = true;
      this.#dial();
    });
  }

  #hasDialled(): void {
    if (!this.#isDialling) return;
    this.#isDialling = false;
    this.#options.gate.leave();
  }

  #dial(): void {
    const { controller, localAddress, secureContext, labels, host } = this.#options;
    this.#stream = new GrpcStream({
      server: controller,
      localAddress,
      secureContext,
      path: CONNECT.path,
      onMessage: (bytes) => {
        const frame = CONNECT.responseDeserialize(bytes) as ControllerFrame__Output;
        const message = decodeControllerFrame(frame);
        // Programs on paper print nothing.
        if (!isControllerLogMessage(message)) this.#received(message);
      },
      onEnd: () => this.#lost(),
    });
    this.#send({
      kind: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      agentVersion: PRODUCT_VERSION,
      journalId: journalId(`journal-${host}`),
      labels,
      adopted: 0,
      stateProblem: null,
      instanceId: host,
    });
  }

  #received(message: ControllerMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.#attempt = 0;
        this.#spreadMs = message.reconnectSpreadMs;
        this.#beatEvery(message.heartbeatIntervalMs);
        break;
      case 'command':
        if (this.#fate() === 'mute') return;
        if (this.#fate() === 'vanishes') return this[Symbol.dispose]();
        break;
      case 'question':
      case 'withdraw':
        if (this.#fate() === 'mute') return;
        break;
      case 'acknowledgement':
      case 'heartbeat':
      case 'goodbye':
    }
    this.#driver.deliver({ kind: 'received', message });
  }

  /** Not all at the same moment: their sessions began within a few seconds. */
  #beatEvery(intervalMs: number): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.#send({ kind: 'heartbeat', probe: 0 }), intervalMs);
  }

  #send(message: AgentMessage): void {
    this.#stream?.send(CONNECT.requestSerialize(encodeAgentMessage(message)));
    if (message.kind !== 'snapshot' || !message.last) return;
    this.#isSynced = true;
    this.#hasDialled();
    this.#whenSynced?.();
    this.#whenSynced = null;
  }

  #lost(): void {
    this[Symbol.dispose]();
    this.#driver.deliver({ kind: 'disconnected' });
    const delayMs = redialDelayMs({
      attempt: this.#attempt,
      spreadMs: this.#spreadMs,
      chance: this.#chance(),
      isUnwelcome: false,
    });
    this.#attempt += 1;
    this.#redial = setTimeout(() => this.#dialInTurn(), delayMs);
  }

  #fate(): Fate {
    return fateOf(this.#options.host, this.#options.behaviour());
  }
}

function runningState(
  definitions: readonly ProcessDefinition[],
  children: PaperChildren,
): AgentState {
  const wallMs = Date.now();
  const processes = definitions.map(
    (definition): ProcessRuntime => ({
      ...initialProcess(definition, wallMs),
      state: 'RUNNING',
      child: children.alreadyRunning(definition.process),
      startedAtMs: wallMs,
      startedMonotonicMs: systemClock.now().monotonicMs,
      starts: 1,
      wanted: 'up',
    }),
  );
  const journal = {
    processes,
    targets: [],
    outbox: EMPTY_OUTBOX,
    endedOrderly: false,
    bootId: BOOT_ID,
  };
  return recoverState({ kind: 'read', definitions }, journal, BOOT_ID, wallMs);
}

const ignore = (): void => undefined;
const SILENT: Log = { info: ignore, warn: ignore, error: ignore };

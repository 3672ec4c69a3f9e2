/**
 * The controller of a simulated fleet: the real driver and core over the real store. It may die at
 * any moment, also between a commit and its effects, and is started again from its database.
 */
import { NOTHING_UNDER_WAY } from '../../controller/core/fleet.ts';
import type { FleetState, FleetWrite } from '../../controller/core/state.ts';
import { createFleetDriver, type FleetDriver } from '../../controller/driver.ts';
import type { CommitResult } from '../../controller/ports.ts';
import { type OpenStore, storeOn } from '../../controller/store/open.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { WALL_START_MS } from '../fakes/agent-process.ts';
import { PLAIN_AUTHORITY } from '../fakes/controller-fleet.ts';
import { fakeLog } from '../fakes/controller-ports.ts';
import type { Chance } from './chance.ts';
import { type LentDatabase, lendStore, setFull } from './databases.ts';
import { SimulatedControllerLink } from './simulated-controller-link.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Who looks on and complains. */
interface ControllerWitness {
  sent(host: HostId, message: ControllerMessage, state: FleetState): void;
  heard(host: HostId, message: AgentMessage): void;
  /** What the one before remembered in memory alone is gone. */
  restarted(state: FleetState): void;
  note(text: string): void;
}

export interface ControllerOptions {
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  readonly chance: Chance;
  readonly habits: ControllerHabits;
  readonly witness: ControllerWitness;
}

export interface ControllerHabits {
  /** One commit in so many takes the controller with it; 0: none. */
  readonly diesAtCommit: number;
  /** Commits take up to so long. */
  readonly commitMaxMs: number;
  readonly unreachableAfterMs: number;
}

/** One life of the controller. */
interface Life {
  readonly driver: FleetDriver;
  readonly link: SimulatedControllerLink;
  isAlive: boolean;
  isCommitting: boolean;
}

export class SimulatedController implements Disposable {
  /** Nothing goes wrong by itself any more. */
  isSpared = false;
  readonly database: LentDatabase = lendStore();
  readonly #options: ControllerOptions;
  #life: Life | null = null;
  #wallAheadMs = 0;
  #bootedAtMs = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Null while it is down. */
  get driver(): FleetDriver | null {
    return this.#life?.driver ?? null;
  }

  /** What was delivered may not be in its state yet. */
  get isBusy(): boolean {
    return this.#life === null || this.#life.isCommitting;
  }

  get wallMs(): number {
    return Math.floor(WALL_START_MS + this.#options.time.nowMs + this.#wallAheadMs);
  }

  get #monotonicMs(): number {
    return this.#options.time.nowMs - this.#bootedAtMs;
  }

  start(): void {
    if (this.#life !== null) return;
    const { time, network, witness, habits } = this.#options;
    const store = storeOn(this.database.database, this.wallMs);
    this.#bootedAtMs = time.nowMs - 1_000;
    const initial: FleetState = {
      ...store.contents,
      unreachableAfterMs: habits.unreachableAfterMs,
      hostGroups: new Map(),
      runbooks: new Map(),
      batchRequiredAbove: null,
      operationRetentionMs: 24 * 60 * 60 * 1_000,
      ...PLAIN_AUTHORITY,
      ...NOTHING_UNDER_WAY,
    };
    witness.note(`controller starts, ${initial.live.size} operations under way`);
    const after = (delayMs: number, callback: () => void): void =>
      time.after(delayMs, () => life.isAlive && callback());
    const link = new SimulatedControllerLink({
      nowMs: () => this.#monotonicMs,
      after,
      isAlive: () => life.isAlive,
      deliver: (input) => life.driver.deliver(input),
      onSend: (host, message) => witness.sent(host, message, life.driver.state()),
      onHeard: (host, message) => witness.heard(host, message),
    });
    const driver = createFleetDriver(
      {
        clock: {
          now: () => ({ monotonicMs: this.#monotonicMs, wallMs: this.wallMs }),
          after,
          soon: (callback) => time.soon(() => life.isAlive && callback()),
        },
        store: {
          commit: (writes) => this.#commit(life, store, writes),
          recentEvents: (query) => store.recentEvents(query),
          eventsBetween: (query) => store.eventsBetween(query),
          auditRows: (query, after) => store.auditRows(query, after),
          verifyAudit: (known) => store.verifyAudit(known),
        },
        links: {
          send: (connection, message) => life.isAlive && link.send(connection, message),
          close: (connection, because) => life.isAlive && link.close(connection, because),
        },
        log: fakeLog(),
        onStoreBroken: () => this.crash(500),
      },
      initial,
    );
    const life: Life = { driver, link, isAlive: true, isCommitting: false };
    this.#life = life;
    network.acceptor = link.accept;
    driver.deliver({ kind: 'boot' });
    witness.restarted(initial);
  }

  crash(downMs: number): void {
    const life = this.#life;
    if (life === null) return;
    this.#options.witness.note('controller dies');
    life.isAlive = false;
    this.#life = null;
    this.#options.network.controllerDied();
    this.#options.time.after(downMs, () => this.start());
  }

  setWallClock(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  fillDisk(isFull: boolean): void {
    setFull(this.database, isFull);
  }

  [Symbol.dispose](): void {
    if (this.#life !== null) this.#life.isAlive = false;
    this.database[Symbol.dispose]();
  }

  /** It may take a while, stand in the file at the beginning of that or at its end, and be the last. */
  async #commit(
    life: Life,
    store: OpenStore,
    writes: readonly FleetWrite[],
  ): Promise<CommitResult> {
    const { time, chance, habits } = this.#options;
    const never = (): Promise<CommitResult> => new Promise(() => undefined);
    if (!life.isAlive) return never();
    const lastsMs = this.isSpared ? 0 : chance.below(habits.commitMaxMs + 1);
    const dies = !this.isSpared && chance.oneIn(habits.diesAtCommit);
    const isEarly = chance.below(2) === 0;
    if (!dies && lastsMs === 0) return store.commit(writes);
    const written = isEarly ? store.commit(writes) : null;
    written?.catch(() => undefined);
    life.isCommitting = true;
    if (dies) {
      time.after(
        lastsMs,
        () => life.isAlive && this.crash(chance.pick([200, 2_000, 9_000, 60_000])),
      );
      return never();
    }
    return new Promise((resolve, reject) => {
      time.after(lastsMs, () => {
        if (!life.isAlive) return;
        life.isCommitting = false;
        time.unsettle();
        (written ?? store.commit(writes)).then(resolve, reject);
      });
    });
  }
}

/**
 * A whole fleet in one process and in virtual time, made from a seed: real drivers, codec and
 * databases; programs, network and people on paper. First everything may go wrong, and what must
 * hold is checked at every moment; then everything is healed, and must come to rest.
 */
import assert from 'node:assert/strict';
import { type HostId, hostId } from '../../proto/vocabulary.ts';
import { checkAtRest, restlessness } from './at-rest.ts';
import { type Chance, chanceFrom } from './chance.ts';
import { happen } from './fleet-faults.ts';
import { FleetInvariants } from './fleet-invariants.ts';
import { HostWitness } from './host-witness.ts';
import { Operators } from './operators.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import { SimulatedController } from './simulated-controller.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { TraceHash } from './trace-hash.ts';
import { VirtualTime } from './virtual-time.ts';

/** In which a healed fleet comes to rest: longer than any wait of an operation, several times over. */
const CONVERGENCE_MAX_MS = 30 * 60_000;

/** Up to so many hosts everything is checked at every moment; beyond it, now and then. */
const SMALL_FLEET = 20;
const LARGE_FLEET_CHECK_MS = 250;

export class FleetWorld implements Disposable {
  readonly scenario: Scenario;
  readonly time = new VirtualTime(() => this.#look());
  readonly trace: TraceHash;
  readonly network: SimulatedNetwork;
  readonly controller: SimulatedController;
  readonly agents: readonly SimulatedAgent[];
  readonly operators: Operators;
  readonly hosts: HostWitness;
  readonly #invariants: FleetInvariants;
  readonly #chance: Chance;
  readonly #byHost: ReadonlyMap<HostId, SimulatedAgent>;
  #failure: Error | null = null;
  #lookedAtMs = 0;

  constructor(seed: number, print: ((line: string) => void) | null = null) {
    const chance = chanceFrom(seed);
    this.#chance = chance;
    this.scenario = scenarioOf(seed, chance.fork());
    this.trace = new TraceHash(print);
    const { time, trace, scenario } = this;
    const note = (text: string): void => trace.note(time.nowMs, text);
    const { latencyMaxMs, definitions } = scenario;
    this.network = new SimulatedNetwork({ time, trace, chance: chance.fork(), latencyMaxMs });
    this.hosts = new HostWitness({
      note,
      nowMs: () => time.nowMs,
      check: (title, claim) => this.#check(title, claim),
    });
    this.#invariants = new FleetInvariants(this.hosts, {
      nowMs: () => time.nowMs,
      isCursory: scenario.hosts > SMALL_FLEET,
    });
    this.controller = this.#makeController();
    this.agents = Array.from({ length: scenario.hosts }, (_, index) => this.#makeAgent(index + 1));
    const { controller, agents } = this;
    this.#byHost = new Map(agents.map((agent) => [agent.host, agent]));
    this.operators = new Operators({
      chance: chance.fork(),
      controller,
      agents,
      definitions,
      note,
    });
  }

  /** Everything that a seed stands for. */
  async run(): Promise<void> {
    await this.live();
    await this.heal();
  }

  async live(): Promise<void> {
    const chance = this.#chance.fork();
    this.controller.start();
    for (const agent of this.agents) {
      this.time.after(chance.below(1_500), () => agent.start());
    }
    await this.#pass(chance.pick([200, 5_000, 12_000]));
    for (let deed = 0; deed < this.scenario.deeds; deed += 1) {
      if (chance.below(10) < this.scenario.faultsInTen) happen(this.#faulty(chance));
      else this.operators.act();
      await this.#pass(chance.pick([0, 1, 30, 400, 2_000, 6_000, 15_000]));
    }
  }

  /** The end of all faults. Everything must come to rest, and then everything must succeed. */
  async heal(): Promise<void> {
    this.trace.note(this.time.nowMs, 'everything is healed');
    const { controller, agents, network } = this;
    network.latencyMaxMs = 2;
    controller.isSpared = true;
    controller.fillDisk(false);
    controller.start();
    for (const agent of agents) {
      agent.isSpared = true;
      agent.programs.isHealthy = true;
      agent.reading = { kind: 'read', definitions: this.scenario.definitions };
      agent.fillDisk(false);
      network.endPartition(agent.host);
    }
    await this.#comeToRest();
    for (const agent of agents) agent.receiveStale();
    this.operators.releaseHolds();
    await this.#pass(1_000);
    await this.#comeToRest();
    this.operators.restartEverything();
    await this.#pass(1_000);
    await this.#comeToRest();
    checkAtRest(this);
    const driver = controller.driver;
    assert.ok(driver);
    this.#invariants.checkVerdicts(driver.state());
    this.hosts.checkUnbegun();
    this.operators.checkLast(driver.state());
  }

  [Symbol.dispose](): void {
    for (const agent of this.agents) agent[Symbol.dispose]();
    this.controller[Symbol.dispose]();
  }

  async #comeToRest(): Promise<void> {
    const untilMs = this.time.nowMs + CONVERGENCE_MAX_MS;
    let restless = restlessness(this);
    while (restless !== null) {
      assert.ok(this.time.nowMs < untilMs, `no rest after ${CONVERGENCE_MAX_MS} ms: ${restless}`);
      await this.#pass(5_000);
      this.operators.endPauses();
      restless = restlessness(this);
    }
  }

  async #pass(durationMs: number): Promise<void> {
    await this.time.pass(durationMs);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Where all that was due has come to rest. */
  #look(): void {
    if (this.#failure !== null) throw this.#failure;
    const driver = this.controller.driver;
    if (driver === null) return;
    const { nowMs } = this.time;
    const isDue =
      this.agents.length <= SMALL_FLEET || nowMs - this.#lookedAtMs >= LARGE_FLEET_CHECK_MS;
    if (!isDue) return;
    this.#lookedAtMs = nowMs;
    this.#invariants.check(driver.state(), !this.controller.isBusy);
  }

  #check(title: string, claim: () => void): void {
    if (this.#failure !== null) return;
    try {
      claim();
    } catch (error) {
      this.#failure = new Error(`${title}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }

  #makeController(): SimulatedController {
    const { time, network, scenario, trace } = this;
    return new SimulatedController({
      ...{ time, network },
      chance: this.#chance.fork(),
      habits: scenario.controller,
      witness: {
        sent: (host, message, state) => {
          this.#byHost.get(host)?.noteSent(message);
          if (message.kind !== 'acknowledgement') return;
          this.#check(`the controller acknowledges ${message.seq} of ${host}`, () => {
            const stored = state.hosts.get(host)?.storedSeq ?? 0;
            assert.ok(message.seq <= stored, `only ${stored} is stored`);
          });
        },
        heard: (host) => this.#invariants.heard(host),
        restarted: () => this.#invariants.restarted(),
        note: (text) => trace.note(time.nowMs, text),
      },
    });
  }

  #makeAgent(serial: number): SimulatedAgent {
    const { time, network, scenario } = this;
    return new SimulatedAgent({
      ...{ time, network },
      host: hostId(`h${serial}`),
      chance: this.#chance.fork(),
      definitions: scenario.definitions,
      temper: scenario.temper,
      habits: scenario.agents,
      witness: this.hosts,
    });
  }

  #faulty(chance: Chance): Parameters<typeof happen>[0] {
    const { time, network, controller, agents, trace, scenario } = this;
    return {
      ...{ time, network, controller, agents, chance },
      note: (text) => trace.note(time.nowMs, text),
      definitions: scenario.definitions,
    };
  }
}

/** What goes wrong in a fleet, besides programs and commits: one fault at a time, drawn by chance. */
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { Chance } from './chance.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import type { SimulatedController } from './simulated-controller.ts';
import type { Direction, SimulatedNetwork } from './simulated-network.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface FaultyWorld {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly network: SimulatedNetwork;
  readonly controller: SimulatedController;
  readonly agents: readonly SimulatedAgent[];
  readonly definitions: readonly ProcessDefinition[];
  readonly note: (text: string) => void;
}

const DOWN_MS = [50, 400, 3_000, 12_000, 45_000];
const DISTURBED_MS = [300, 4_000, 11_000, 17_000, 40_000];
const CLOCK_JUMPS_MS = [-3_600_000, -1_500, 1_500, 3_600_000, 86_400_000];

type Fault = (world: FaultyWorld) => void;

export function happen(world: FaultyWorld): void {
  world.chance.pick(FAULTS)(world);
}

const FAULTS: readonly Fault[] = [
  (world) => anAgent(world).crash(world.chance.pick(DOWN_MS)),
  (world) => anAgent(world).crash(world.chance.pick(DOWN_MS)),
  (world) => anAgent(world).programs.crashOne(),
  (world) => anAgent(world).programs.crashOne(),
  freeze,
  cut,
  cut,
  goHalfOpen,
  goHalfOpen,
  stall,
  (world) => anAgent(world).receiveStale(),
  partition,
  (world) => world.controller.crash(world.chance.pick(DOWN_MS)),
  (world) => world.controller.crash(world.chance.pick(DOWN_MS)),
  jumpClock,
  fillAgentsDisk,
  fillControllersDisk,
  (world) => anAgent(world).handOver(),
  (world) => anAgent(world).shutDown(),
  (world) => anAgent(world).powerOff(world.chance.pick(DOWN_MS)),
  edit,
  edit,
];

function anAgent({ chance, agents }: FaultyWorld): SimulatedAgent {
  return chance.pick(agents);
}

function freeze(world: FaultyWorld): void {
  const agent = anAgent(world);
  const durationMs = world.chance.pick(DISTURBED_MS);
  world.note(`${agent.host} freezes for ${durationMs} ms`);
  agent.freeze(durationMs);
}

function cut(world: FaultyWorld): void {
  const { host } = anAgent(world);
  world.note(`${host} is cut off`);
  world.network.cut(host);
}

function goHalfOpen(world: FaultyWorld): void {
  const { host } = anAgent(world);
  const direction: Direction = world.chance.pick(['to-agent', 'to-controller']);
  world.note(`${host} is half open: nothing gets ${direction}`);
  world.network.goDead(host, direction);
}

function stall(world: FaultyWorld): void {
  const { host } = anAgent(world);
  const durationMs = world.chance.pick(DISTURBED_MS);
  world.note(`${host} stalls for ${durationMs} ms`);
  world.network.stall(host, durationMs);
}

function partition(world: FaultyWorld): void {
  const { host } = anAgent(world);
  const durationMs = world.chance.pick(DISTURBED_MS);
  world.note(`${host} is partitioned for ${durationMs} ms`);
  world.network.partition(host);
  world.time.after(durationMs, () => world.network.endPartition(host));
}

function jumpClock(world: FaultyWorld): void {
  const byMs = world.chance.pick(CLOCK_JUMPS_MS);
  if (world.chance.oneIn(4)) {
    // Its ids must stay recent enough to be told from stale ones.
    const gentleMs = Math.sign(byMs) * Math.min(Math.abs(byMs), 600_000);
    world.note(`the clock of the controller jumps by ${gentleMs} ms`);
    return world.controller.setWallClock(gentleMs);
  }
  const agent = anAgent(world);
  world.note(`the clock of ${agent.host} jumps by ${byMs} ms`);
  agent.setWallClock(byMs);
}

function fillAgentsDisk(world: FaultyWorld): void {
  const agent = anAgent(world);
  const durationMs = world.chance.pick(DISTURBED_MS);
  world.note(`the disk of ${agent.host} is full for ${durationMs} ms`);
  agent.fillDisk(true);
  world.time.after(durationMs, () => agent.fillDisk(false));
}

function fillControllersDisk(world: FaultyWorld): void {
  const durationMs = world.chance.pick(DISTURBED_MS);
  world.note(`the disk of the controller is full for ${durationMs} ms`);
  world.controller.fillDisk(true);
  world.time.after(durationMs, () => world.controller.fillDisk(false));
}

/** Somebody edits the file on one host, rightly or wrongly. */
function edit(world: FaultyWorld): void {
  const agent = anAgent(world);
  const { chance, definitions } = world;
  const edited = definitions.map((definition) =>
    chance.oneIn(2) ? { ...definition, command: `${chance.below(3)}` } : definition,
  );
  world.note(`the configuration of ${agent.host} is edited`);
  agent.reading = chance.oneIn(4)
    ? { kind: 'rejected', problem: 'a slip' }
    : { kind: 'read', definitions: edited };
}

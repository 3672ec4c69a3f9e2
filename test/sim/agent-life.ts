/**
 * One life of a simulated agent: the real driver with its ports to the simulated world. Whatever it
 * asks for once it is dead does not happen.
 */
import type { Child, SignalResult } from '../../agent/core/process.ts';
import type { AgentState, AgentWrite, ConfigReading } from '../../agent/core/state.ts';
import { type AgentDriver, createAgentDriver } from '../../agent/driver.ts';
import type { Children, Journal } from '../../agent/ports.ts';
import type { Instant } from '../../proto/instant.ts';
import type { ControllerMessage } from '../../proto/messages.ts';
import { PROTOCOL_VERSION } from '../../proto/version.ts';
import { type HostId, journalId, type ProcessName } from '../../proto/vocabulary.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import type { PaperPrograms } from './agent-programs.ts';
import type { AgentWitness } from './agent-witness.ts';
import type { Chance } from './chance.ts';
import { SimulatedAgentLink } from './simulated-agent-link.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Life {
  readonly driver: AgentDriver;
  readonly link: SimulatedAgentLink;
  /** Processes whose ends it hears of: those that it has spawned or adopted itself. */
  readonly watched: Set<ProcessName>;
  isAlive: boolean;
}

export interface AgentHabits {
  /** One commit in so many takes the agent with it; 0: none. */
  readonly diesAtCommit: number;
  /** One deed in so many; 0: none. */
  readonly diesAtDeed: number;
  /** Commits take up to so long. */
  readonly commitMaxMs: number;
}

/** The host that it lives on. */
export interface Habitat {
  readonly host: HostId;
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  readonly chance: Chance;
  readonly habits: AgentHabits;
  readonly witness: AgentWitness;
  readonly programs: PaperPrograms;
  readonly now: () => Instant;
  readonly readConfig: () => ConfigReading;
  /** Lets through what comes while it lives, when it is not frozen. */
  readonly guarded: (life: Life, callback: () => void) => void;
  /** False: nothing goes wrong by itself at the moment. */
  readonly isMortal: (life: Life) => boolean;
  readonly isSpared: () => boolean;
  readonly receive: (life: Life, message: ControllerMessage) => void;
  readonly die: (life: Life, downMs: number) => void;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** @param adopted programs that it finds running */
export function openLife(
  habitat: Habitat,
  { journal, state, adopted }: { journal: Journal; state: AgentState; adopted: number },
): Life {
  const life: Life = {
    isAlive: true,
    watched: new Set(),
    link: openLink(habitat, () => life, adopted),
    driver: openDriver(habitat, () => life, { journal, state }),
  };
  return life;
}

function openLink(habitat: Habitat, lifeOf: () => Life, adopted: number): SimulatedAgentLink {
  const { host, network, chance, time, witness, guarded, receive } = habitat;
  return new SimulatedAgentLink({
    ...{ host, network, chance },
    hello: {
      kind: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      agentVersion: '0.1.0',
      journalId: journalId(`journal of ${host}`),
      labels: {},
      adopted,
      stateProblem: null,
      instanceId: `${host} since ${time.nowMs}`,
    },
    nowMs: () => time.nowMs,
    after: (delayMs, callback) => time.after(delayMs, () => guarded(lifeOf(), callback)),
    soon: (callback) => time.soon(() => guarded(lifeOf(), callback)),
    guarded: (callback) => guarded(lifeOf(), callback),
    onSend: (message) => witness.sent(host, message, lifeOf().driver.state()),
    onMessage: (message) => receive(lifeOf(), message),
    onDown: () => lifeOf().driver.deliver({ kind: 'disconnected' }),
  });
}

function openDriver(
  habitat: Habitat,
  lifeOf: () => Life,
  { journal, state }: { journal: Journal; state: AgentState },
): AgentDriver {
  const { time, chance, now, readConfig, guarded, isSpared } = habitat;
  const later = (callback: () => void) => () => guarded(lifeOf(), callback);
  const leave = (reason: string, reconnectAfterMs: number): void => {
    const life = lifeOf();
    if (!life.isAlive) return;
    habitat.witness.note(`${habitat.host} agent leaves: ${reason}`);
    life.link.close({ reason, reconnectAfterMs });
    habitat.die(life, 100 + chance.below(900));
  };
  return createAgentDriver(
    {
      clock: {
        now,
        after: (delayMs, callback) => time.after(delayMs, later(callback)),
        soon: (callback) => time.soon(later(callback)),
      },
      children: childrenOf(habitat, lifeOf),
      journal: { commit: (writes) => commit(habitat, lifeOf(), { journal, writes }) },
      link: {
        send: (message) => {
          if (lifeOf().isAlive) lifeOf().link.send(message);
        },
        endSession: (because) => {
          if (lifeOf().isAlive) lifeOf().link.endSession(because);
        },
      },
      config: { read: readConfig, keepRules: () => undefined },
      orders: { tell: () => undefined },
      probes: {
        probe: (_definition, _child, done) => {
          const isPassing = isSpared() || chance.below(3) > 0;
          done(isPassing ? { isPassing } : { isPassing, error: 'refused' });
        },
      },
      log: fakeLog(),
      onShutdownComplete: () => leave('stopped', 0),
      onHandOver: () => leave('handing over', 1_000),
    },
    state,
  );
}

/** It may take a while, stand in the file at the beginning of that or at its end, and be the last. */
function commit(
  { time, chance, habits, witness, host, ...habitat }: Habitat,
  life: Life,
  { journal, writes }: { journal: Journal; writes: readonly AgentWrite[] },
): Promise<void> {
  if (!life.isAlive) return never();
  const lastsMs = habitat.isSpared() ? 0 : chance.below(habits.commitMaxMs + 1);
  const dies = habitat.isMortal(life) && chance.oneIn(habits.diesAtCommit);
  const write = async (): Promise<void> => {
    await journal.commit(writes);
    witness.committed(host, writes);
  };
  const isEarly = chance.below(2) === 0;
  if (dies) {
    if (isEarly) write().catch(() => undefined);
    const downMs = chance.pick([50, 400, 3_000, 40_000]);
    time.after(lastsMs, () => life.isAlive && habitat.die(life, downMs));
    return never();
  }
  if (lastsMs === 0) return write();
  const written = isEarly ? write() : null;
  written?.catch(() => undefined);
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      time.unsettle();
      (written ?? write()).then(resolve, reject);
    };
    time.after(lastsMs, () => habitat.guarded(life, settle));
  });
}

function childrenOf(habitat: Habitat, lifeOf: () => Life): Children {
  const { programs, chance, habits, witness, host } = habitat;
  const deed = (act: (life: Life) => void): void => {
    const life = lifeOf();
    if (!life.isAlive) return;
    act(life);
    const dies = habitat.isMortal(life) && chance.oneIn(habits.diesAtDeed);
    if (dies) habitat.die(life, 100 + chance.below(2_000));
  };
  const send = (child: Child, signal: string, isStop: boolean): SignalResult => {
    deed(({ driver }) => {
      const process = programs.signal(child, signal);
      if (process !== null && isStop) witness.stopped(host, driver.state(), process, child.pid);
    });
    return { kind: 'delivered' };
  };
  return {
    examine: () => null,
    locate: () => null,
    redefine: () => undefined,
    forget: () => undefined,
    spawn: (definition) =>
      deed(({ watched }) => {
        watched.add(definition.process);
        programs.spawn(definition);
      }),
    release: (process) =>
      deed(({ driver }) => {
        programs.release(process);
        const pid = programs.runningPid(process);
        if (pid !== null) witness.started(host, driver.state(), process, pid);
      }),
    abandon: (process) => deed(() => programs.abandon(process)),
    adopt: ({ process }, child) =>
      deed(({ watched }) => {
        watched.add(process);
        programs.adopt(process, child);
      }),
    stop: (_process, child, signal) => send(child, signal, true),
    signal: (child, signal) => send(child, signal, false),
  };
}

/** The fleet of a transcript, of the real programs, and what can happen to it. */
import { chmodSync } from 'node:fs';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { operatorEnvironment } from '../fleet/operator-shell.ts';
import type { Transcript } from './read.ts';

export interface World extends Disposable {
  readonly fleet: Fleet;
  /** For the commands: fleetctl in the PATH, configured for an operator who may do everything. */
  readonly environment: Readonly<Record<string, string>>;
  /** @param words what, and to whom, as a transcript says it */
  happen(words: readonly string[]): Promise<void>;
}

/** Resolves when everything that is to run runs; nothing of it is left where that does not come. */
export async function raiseWorld(transcript: Transcript): Promise<World> {
  const sections = [...transcript.operators]
    .filter(([, lines]) => lines !== '')
    .map(([operator, lines]) => `[operator:${operator}]\n${lines}`);
  const fleet = await createFleet({ controller: [transcript.controller, ...sections].join('\n') });
  try {
    return await raiseIn(fleet, transcript);
  } catch (error) {
    fleet[Symbol.dispose]();
    throw error;
  }
}

async function raiseIn(fleet: Fleet, transcript: Transcript): Promise<World> {
  for (const name of transcript.operators.keys()) {
    await fleet.writeOperatorConf({ kind: 'operator', name });
  }
  for (const [name, text] of transcript.files) {
    fleet.write(name, text);
    if (text.startsWith('#!')) chmodSync(fleet.path(name), 0o755);
  }
  const environment = await operatorEnvironment(fleet);
  const agents = new Map<string, Daemon>();
  const startAgent = async (host: string): Promise<void> => {
    const programs = transcript.agents.get(host);
    if (programs === undefined) throw new Error(`the transcript has no agent ${host}`);
    agents.set(host, await fleet.startAgent(host, { programs }));
  };
  await fleet.startController();
  await Promise.all([...transcript.agents.keys()].map(startAgent));
  await untilSettled(fleet, transcript.agents.size);
  return {
    fleet,
    environment,
    happen: ([what = '', ...names]) => happen({ fleet, agents, startAgent }, what, names),
    [Symbol.dispose]: () => fleet[Symbol.dispose](),
  };
}

async function untilSettled(fleet: Fleet, hosts: number): Promise<void> {
  await fleet.until('everything has settled', async () => {
    const processes = [...(await fleet.processes()).values()];
    const connected = processes.filter((entry) => entry.hostConnected).map(({ host }) => host);
    const isRestless = processes.some(({ status }) => /^(STARTING|STOPPING)$/.test(status.state));
    return new Set(connected).size === hosts && !isRestless;
  });
}

interface Actors {
  readonly fleet: Fleet;
  readonly agents: ReadonlyMap<string, Daemon>;
  readonly startAgent: (host: string) => Promise<void>;
}

/**
 *   wait HOST PROCESS STATE   until the controller knows the process in this state
 *   kill-agent HOST           without a chance to say so; its processes live on
 *   start-agent HOST          the next one of that host
 */
async function happen(
  { fleet, agents, startAgent }: Actors,
  what: string,
  [host = '', process = '', state = '']: readonly string[],
): Promise<void> {
  switch (what) {
    case 'wait':
      await fleet.process(
        host,
        process,
        `is ${state}`,
        (entry) => (entry.hostConnected ? entry.status.state : 'UNREACHABLE') === state,
      );
      return;
    case 'kill-agent': {
      const agent = agents.get(host);
      if (agent === undefined) throw new Error(`the transcript has no agent ${host}`);
      await agent.end('SIGKILL');
      return;
    }
    case 'start-agent':
      return startAgent(host);
    default:
      throw new Error(`nobody knows how to "${what}"`);
  }
}

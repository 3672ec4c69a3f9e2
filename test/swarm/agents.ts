/** The job behind `swarm.ts`: some thousands of simulated agents in a process of their own. */
import { createSecureContext } from 'node:tls';
import { type ProcessName, processName } from '../../proto/vocabulary.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { SimulatedAgent } from './agent.ts';
import type { Behaviour } from './behaviour.ts';
import { answerParent } from './child-process.ts';
import { DialGate } from './dial-gate.ts';
import type { SwarmProcess, SwarmRequest } from './swarm.ts';

const gate = new DialGate();
let agents: readonly SimulatedAgent[] = [];
let behaviour: Behaviour;

answerParent(async (request: SwarmRequest): Promise<number> => {
  switch (request.kind) {
    case 'begin':
      await begin(request);
      break;
    case 'behave':
      behaviour = request.behaviour;
      break;
    case 'count':
  }
  return agents.filter(({ isSynced }) => isSynced).length;
});

async function begin(request: Extract<SwarmRequest, { readonly kind: 'begin' }>): Promise<void> {
  behaviour = request.behaviour;
  const { controller, localAddress, ca, key } = request;
  const definitions = request.processes.map(definitionOf);
  agents = request.hosts.map(({ host, labels, certificate }) => {
    const secureContext = createSecureContext({
      ca,
      key,
      cert: certificate,
      minVersion: 'TLSv1.3',
    });
    const common = { host, labels, definitions, controller, localAddress, secureContext, gate };
    return new SimulatedAgent({ ...common, behaviour: () => behaviour });
  });
  await Promise.all(agents.map((agent) => agent.connect()));
}

function definitionOf({ group, name, ...settings }: SwarmProcess) {
  const names = { group: group ?? name, name, program: name };
  const process: ProcessName = processName(names.group, name);
  return aDefinition(process, { ...settings, ...names, process });
}

/** The services of every day: what agents, operators and people on a host itself say. */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { descriptor } from './gen/descriptor.ts';
import { loadServices } from './load-services.ts';

const service = loadServices(descriptor);

export const agentLinkService: ServiceDefinition = service('fleet.v1.AgentLink');
export const controlService: ServiceDefinition = service('fleet.v1.Control');
export const localControlService: ServiceDefinition = service('fleet.v1.LocalControl');

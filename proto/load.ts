/**
 * Turns the generated descriptor into grpc-js service definitions, with every loader option
 * explicit: names in camelCase, 64-bit integers as numbers (all ours stay below 2^53), enums as
 * names, absent oneof and optional fields really absent.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { descriptor } from './gen/descriptor.ts';

const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
  keepCase: false,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

function service(name: string): ServiceDefinition {
  return definitions[name] as ServiceDefinition;
}

export const agentLinkService: ServiceDefinition = service('fleet.v1.AgentLink');
export const controlService: ServiceDefinition = service('fleet.v1.Control');
export const authorityService: ServiceDefinition = service('fleet.v1.Authority');
export const enrollmentService: ServiceDefinition = service('fleet.v1.Enrollment');
export const localControlService: ServiceDefinition = service('fleet.v1.LocalControl');

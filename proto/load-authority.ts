/**
 * The services about who is in the fleet. Apart from the others, because an agent needs them once in
 * days and fleetctl for few of its commands, while loading them takes ten milliseconds of a start.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { descriptor } from './gen/authority-descriptor.ts';
import { loadServices } from './load-services.ts';

const service = loadServices(descriptor);

export const authorityService: ServiceDefinition = service('fleet.v1.Authority');
export const enrollmentService: ServiceDefinition = service('fleet.v1.Enrollment');

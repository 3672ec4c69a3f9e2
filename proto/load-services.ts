/**
 * Turns a generated descriptor into grpc-js service definitions, with every loader option explicit:
 * names in camelCase, 64-bit integers as numbers (all ours stay below 2^53), enums as names, absent
 * oneof and optional fields really absent.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/** @returns the service of a full name, as `fleet.v1.Control` */
export function loadServices(descriptor: object): (name: string) => ServiceDefinition {
  const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
    keepCase: false,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return (name) => definitions[name] as ServiceDefinition;
}

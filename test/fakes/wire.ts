/** Messages as real bytes, and the promise that what is given comes back from them. */
import assert from 'node:assert/strict';
import type { ServiceDefinition } from '@grpc/grpc-js';
import fc from 'fast-check';

/** The real bytes of protobuf, as grpc-js would put them on the wire and take them off it. */
export function wireOf(service: ServiceDefinition, method: string, side: 'request' | 'response') {
  const definition = service[method];
  assert.ok(definition, method);
  return side === 'request'
    ? { write: definition.requestSerialize, read: definition.requestDeserialize }
    : { write: definition.responseSerialize, read: definition.responseDeserialize };
}

/** What comes back from the wire is what was given; each value of a union comes up many times. */
export function survives<Value>(
  values: fc.Arbitrary<Value>,
  travel: (value: Value) => Value,
): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(travel(value), value);
    }),
    { numRuns: 100 },
  );
}

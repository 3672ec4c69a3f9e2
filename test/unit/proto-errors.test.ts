import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { decodeRefusal, encodeRefusal } from '../../proto/codec/error.ts';
import {
  codeOfGrpcStatus,
  type ErrorCode,
  exitCodeOf,
  FleetError,
  grpcStatusOf,
  isErrorCode,
  type Refusal,
  refusal,
} from '../../proto/errors.ts';
import { isAcceptedProtocol, PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import { anyText } from '../fakes/any-text.ts';

/** By hand from the design: what fleetctl exits with, what travels. */
const TABLE: Readonly<Record<ErrorCode, readonly [exitCode: number, grpcStatus: number]>> = {
  internal: [1, status.INTERNAL],
  conflict: [1, status.ALREADY_EXISTS],
  'version-skew': [1, status.FAILED_PRECONDITION],
  exhausted: [1, status.RESOURCE_EXHAUSTED],
  usage: [2, status.INVALID_ARGUMENT],
  configuration: [2, status.INVALID_ARGUMENT],
  surprise: [2, status.INVALID_ARGUMENT],
  unavailable: [4, status.UNAVAILABLE],
  denied: [5, status.PERMISSION_DENIED],
  unauthenticated: [5, status.UNAUTHENTICATED],
  'nothing-matched': [6, status.NOT_FOUND],
  'timed-out': [124, status.DEADLINE_EXCEEDED],
  'wrong-state': [1, status.FAILED_PRECONDITION],
  locked: [12, status.ABORTED],
  interrupted: [130, status.CANCELLED],
};
const CODES = Object.keys(TABLE) as ErrorCode[];

test('each code has the exit code and the gRPC status of the design', () => {
  for (const code of CODES) {
    assert.deepEqual([exitCodeOf(code), grpcStatusOf(code)], TABLE[code], code);
    assert.ok(isErrorCode(code));
  }
});

test('only the codes are codes', () => {
  for (const text of ['', 'Usage', 'toString', '__proto__', 'constructor', 'not found']) {
    assert.equal(isErrorCode(text), false, text);
  }
});

test('a status without our own details becomes the first code that has it, else internal', () => {
  for (const code of CODES) {
    const [exitCode, grpcStatus] = TABLE[code];
    assert.equal(exitCodeOf(codeOfGrpcStatus(grpcStatus)), exitCode, code);
  }
  assert.equal(codeOfGrpcStatus(status.INVALID_ARGUMENT), 'usage');
  for (const unknown of [status.OK, status.UNKNOWN, status.DATA_LOSS, -1, 999, Number.NaN]) {
    assert.equal(codeOfGrpcStatus(unknown), 'internal', String(unknown));
  }
});

test('a refusal has no cause and no fix unless they are given', () => {
  assert.deepEqual(refusal('usage', 'no'), {
    code: 'usage',
    message: 'no',
    cause: null,
    fix: null,
  });
});

test('whatever was caught becomes a refusal; only ours keeps its code', () => {
  const because = refusal('denied', 'no', { cause: 'why', fix: 'how' });
  assert.equal(FleetError.refusalFrom(new FleetError(because)), because);
  assert.equal(new FleetError(because).message, 'no');
  for (const caught of [new TypeError('oops'), 'oops']) {
    assert.deepEqual(FleetError.refusalFrom(caught), refusal('internal', 'internal error: oops'));
  }
  for (const caught of [null, undefined, 7, {}]) {
    assert.equal(FleetError.refusalFrom(caught).code, 'internal');
  }
});

const asError = (refused: ReturnType<typeof encodeRefusal>): ServiceError =>
  Object.assign(new Error(refused.details), refused);

test('a refusal survives its way through a gRPC status', () => {
  const text = anyText(8);
  const any: fc.Arbitrary<Refusal> = fc
    .tuple(fc.constantFrom(...CODES), text, fc.option(text), fc.option(text))
    .map(([code, message, cause, fix]) => ({ code, message, cause, fix }));
  fc.assert(
    fc.property(any, (because) => {
      const travelled = encodeRefusal(because);
      assert.equal(travelled.code, grpcStatusOf(because.code));
      assert.deepEqual(decodeRefusal(asError(travelled)), because);
    }),
    { numRuns: 60 },
  );
});

test('a status that is not ours, or not whole, is read as far as it goes', () => {
  const bare = (code: number, details: string, metadata?: Metadata): ServiceError =>
    Object.assign(new Error('the message'), { code, details, metadata }) as ServiceError;
  assert.deepEqual(
    decodeRefusal(bare(status.UNAVAILABLE, 'No connection')),
    refusal('unavailable', 'No connection'),
  );
  assert.equal(decodeRefusal(bare(status.UNKNOWN, '')).message, 'the message');
  const broken = ['', '{', 'null', '7', '"text"', '[]', '{"code":"toString","cause":7,"fix":{}}'];
  for (const details of broken) {
    const metadata = new Metadata();
    metadata.set('fleet-refusal-bin', Buffer.from(details));
    const because = decodeRefusal(bare(status.NOT_FOUND, 'gone', metadata));
    assert.deepEqual(because, refusal('nothing-matched', 'gone'), details);
  }
});

test('the programs call themselves by the version of package.json', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(PRODUCT_VERSION, manifest.version);
});

test('one protocol version more or less is accepted, no other', () => {
  const versions = Array.from({ length: PROTOCOL_VERSION + 3 }, (_, version) => version);
  const expected = [PROTOCOL_VERSION - 1, PROTOCOL_VERSION, PROTOCOL_VERSION + 1];
  // 0 is what a Hello says that sets no version.
  assert.deepEqual(
    versions.filter(isAcceptedProtocol),
    expected.filter((version) => version > 0),
  );
  assert.equal(isAcceptedProtocol(-1), false);
  assert.equal(isAcceptedProtocol(Number.NaN), false);
});

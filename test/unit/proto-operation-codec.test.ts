import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeExplanation, encodeExplanation } from '../../proto/codec/control.ts';
import {
  decodeOperation,
  decodeOperationSummary,
  decodeOperationUpdate,
  encodeOperation,
  encodeOperationSummary,
  encodeOperationUpdate,
} from '../../proto/codec/operation.ts';
import { encodeStrategy } from '../../proto/codec/strategy.ts';
import {
  decodeRunbook,
  decodeSteering,
  decodeSubmission,
  encodeRunbook,
  encodeSteering,
  encodeSubmission,
} from '../../proto/codec/submission.ts';
import { FleetError } from '../../proto/errors.ts';
import { controlService } from '../../proto/load.ts';
import { BATCH_SIZES_MAX, DEFAULT_STRATEGY, DURATION_MAX_MS } from '../../proto/strategy.ts';
import {
  explanation,
  operation,
  operationSummary,
  operationUpdate,
  runbook,
  steering,
  submission,
} from '../fakes/vocabulary.ts';
import { survives, wireOf } from '../fakes/wire.ts';

const submissions = wireOf(controlService, 'SubmitOperation', 'request');
const operations = wireOf(controlService, 'SubmitOperation', 'response');
const updates = wireOf(controlService, 'WatchOperation', 'response');
const steerings = wireOf(controlService, 'SteerOperation', 'request');
const explanations = wireOf(controlService, 'ExplainTargets', 'response');
const runbookLists = wireOf(controlService, 'ListRunbooks', 'response');
const operationLists = wireOf(controlService, 'ListOperations', 'response');

test('what is submitted and how it is steered survives the wire', () => {
  survives(submission, (given) =>
    decodeSubmission(submissions.read(submissions.write(encodeSubmission(given)))),
  );
  survives(steering, (given) =>
    decodeSteering(steerings.read(steerings.write(encodeSteering(given)))),
  );
  survives(runbook, (given) => {
    const bytes = runbookLists.write({ runbooks: [encodeRunbook(given)] });
    return decodeRunbook(runbookLists.read(bytes).runbooks[0]);
  });
});

test('operations, their updates and their summaries survive the wire', () => {
  survives(operation, (given) =>
    decodeOperation(operations.read(operations.write(encodeOperation(given)))),
  );
  survives(operationUpdate, (given) =>
    decodeOperationUpdate(updates.read(updates.write(encodeOperationUpdate(given)))),
  );
  survives(operationSummary, (given) => {
    const bytes = operationLists.write({ operations: [encodeOperationSummary(given)] });
    return decodeOperationSummary(operationLists.read(bytes).operations[0]);
  });
});

test('what explains an operation survives the wire', () => {
  survives(explanation, (given) =>
    decodeExplanation(explanations.read(explanations.write(encodeExplanation(given)))),
  );
});

// ── what a peer should not have sent ────────────────────────────────────────────────────────────

function assertRefused(read: () => unknown, words: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof FleetError, String(error));
    assert.equal(error.refusal.code, 'usage');
    assert.match(error.refusal.message, words);
    return true;
  });
}

const STRATEGY = encodeStrategy(DEFAULT_STRATEGY);

const submitting = (body: object) => () =>
  decodeSubmission(submissions.read(submissions.write(body)));
const requesting = (more: object) =>
  submitting({ operation: { verb: 1, order: 1, strategy: STRATEGY, ...more } });
const withStrategy = (more: object) => requesting({ strategy: { ...STRATEGY, ...more } });

test('a message without its body is refused', () => {
  assertRefused(submitting({}), /a submission without a body/);
  assertRefused(() => decodeOperationUpdate(updates.read(updates.write({}))), /without a body/);
  const explained = explanations.read(explanations.write({ clockLeadMs: 1 }));
  assertRefused(() => decodeExplanation(explained), /an explanation without its operation/);
  const summaries = operationLists.read(operationLists.write({ operations: [{ hostCount: 1 }] }));
  assertRefused(() => decodeOperationSummary(summaries.operations[0]), /without its operation/);
  const books = runbookLists.read(runbookLists.write({ runbooks: [{ name: 'x' }] }));
  assertRefused(() => decodeRunbook(books.runbooks[0]), /a runbook without its request/);
});

test('a word that is not known, or not said at all, is refused', () => {
  assertRefused(submitting({ operation: {} }), /verb "VERB_UNSPECIFIED"/);
  assertRefused(submitting({ operation: { verb: 1 } }), /order "ORDER_UNSPECIFIED"/);
  const steered = (more: object) => () => decodeSteering(steerings.read(steerings.write(more)));
  assertRefused(steered({ id: 'x' }), /steering "STEERING_UNSPECIFIED"/);
  assertRefused(steered({ id: 'x', action: 9 }), /steering 9 is not known/);
  const operationWith = (more: object) => () => {
    const whole = { verb: 1, order: 1, strategy: STRATEGY, state: 2, ...more };
    return decodeOperation(operations.read(operations.write(whole)));
  };
  operationWith({})();
  assertRefused(operationWith({ order: 0 }), /order "ORDER_UNSPECIFIED"/);
  assertRefused(operationWith({ state: 0 }), /operation state/);
  assertRefused(operationWith({ targets: [{}] }), /target state/);
  assertRefused(operationWith({ waves: [{}] }), /verb/);
  assertRefused(operationWith({ halt: { endsAs: 2 } }), /early end "OPERATION_STATE_RUNNING"/);
});

test('nothing of a strategy is filled in, and nothing is taken that makes no sense', () => {
  assert.deepEqual(requesting({})(), {
    kind: 'operation',
    request: {
      ...{ id: '', verb: 'start', signal: null, hosts: '', processes: [], reason: '' },
      ...{ order: 'tier', fullStop: false, expectHosts: null, strategy: DEFAULT_STRATEGY },
      allowedOnly: false,
    },
  });
  assertRefused(requesting({ strategy: null }), /an operation without its strategy/);
  assertRefused(withStrategy({ batch: [] }), /without the sizes of its batches/);
  assertRefused(withStrategy({ batch: [{}] }), /a size of batches without an amount/);
  assertRefused(withStrategy({ batch: [{ count: -1 }] }), /a size of batches -1 is negative/);
  assertRefused(withStrategy({ batch: [{ percent: 101 }] }), /a size of batches of 101 %/);
  const sizes = (count: number) => ({ batch: Array(count).fill({ count: 1 }) });
  withStrategy(sizes(BATCH_SIZES_MAX))();
  assertRefused(withStrategy(sizes(10_000)), /10000 sizes of batches; at most 100/);
  assertRefused(withStrategy({ canary: -1 }), /canary -1 is negative/);
  assertRefused(withStrategy({ maxErrors: null }), /max errors without an amount/);
  assertRefused(withStrategy({ maxErrors: { percent: -5 } }), /max errors -5 is negative/);
  assertRefused(withStrategy({ maxUnreachable: {} }), /max unreachable without an amount/);
  assertRefused(withStrategy({ onError: 0 }), /on error "ON_ERROR_UNSPECIFIED"/);
  assertRefused(withStrategy({ offline: null }), /nothing said of hosts that are offline/);
  assertRefused(withStrategy({ offline: {} }), /nothing said of hosts that are offline/);
  assertRefused(withStrategy({ offline: { queueTtlMs: -1 } }), /offline queue -1 is negative/);
  for (const field of ['batchWaitMs', 'minHealthyMs', 'deadlineMs', 'lockWaitMs']) {
    withStrategy({ [field]: DURATION_MAX_MS })();
    assertRefused(withStrategy({ [field]: -1 }), /is negative/);
    assertRefused(withStrategy({ [field]: DURATION_MAX_MS + 1 }), /at most 2073600000 are taken/);
    assertRefused(withStrategy({ [field]: '9223372036854775807' }), /at most/);
  }
});

test('an id that is longer than any is refused before it is looked for', () => {
  const long = 'x'.repeat(256);
  assertRefused(submitting({ operation: { id: long } }), /an operation id of 256/);
  assertRefused(submitting({ runbook: { id: long } }), /an operation id of 256/);
  assertRefused(submitting({ runbook: { runbook: long } }), /a runbook of 256/);
  assertRefused(submitting({ retry: { of: long } }), /an operation id of 256/);
  const steered = steerings.read(steerings.write({ id: long, action: 1 }));
  assertRefused(() => decodeSteering(steered), /an operation id of 256/);
});

test('any bytes are either a message or an error that is thrown', () => {
  const readers: readonly ((bytes: Buffer) => unknown)[] = [
    (bytes) => decodeSubmission(submissions.read(bytes)),
    (bytes) => decodeSteering(steerings.read(bytes)),
    (bytes) => decodeOperation(operations.read(bytes)),
    (bytes) => decodeOperationUpdate(updates.read(bytes)),
    (bytes) => decodeExplanation(explanations.read(bytes)),
  ];
  const honest = submission.map((given) => submissions.write(encodeSubmission(given)));
  const mangled = fc
    .tuple(honest, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([bytes, at, value]) => {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[at % copy.length] = value;
      return copy;
    });
  const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  let understood = 0;
  fc.assert(
    fc.property(fc.oneof(mangled, noise), (bytes) => {
      for (const read of readers) {
        try {
          assert.equal(typeof read(bytes), 'object');
          understood += 1;
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
          assert.ok(!(error instanceof TypeError), error.stack);
        }
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(understood > 0);
});

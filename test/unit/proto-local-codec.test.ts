import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeClearRequest,
  decodeClearResults,
  decodeGreeting,
  decodeLocalListing,
  decodeLogRequest,
  decodeOrder,
  encodeClearRequest,
  encodeClearResults,
  encodeGreeting,
  encodeLocalListing,
  encodeLogRequest,
  encodeOrder,
} from '../../proto/codec/local.ts';
import { decodeOrderNews, encodeOrderNews } from '../../proto/codec/order-news.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { ConfiguredProcess } from '../../proto/host-questions.ts';
import { localControlService } from '../../proto/load.ts';
import {
  type CallerClaims,
  type ClearRequest,
  type ClearResult,
  type GivenOrder,
  GROUP_ACTIONS,
  GROUP_FAULTS,
  type Greeting,
  HOLD_MAX_MS,
  HOLD_MIN_MS,
  LOG_CHANNELS,
  type LocalOrder,
  type LogRequest,
  type OrderNews,
  PROCESS_STEPS,
} from '../../proto/local-orders.ts';
import { type Hold, knownProcessName, operationId, TARGET_FAULTS } from '../../proto/vocabulary.ts';
import { anyText } from '../fakes/any-text.ts';

/** The real bytes of protobuf, as grpc-js would put them on the wire and take them off it. */
function overTheWire(method: string, side: 'request' | 'response', message: object) {
  const definition = localControlService[method];
  assert.ok(definition, method);
  return side === 'request'
    ? definition.requestDeserialize(definition.requestSerialize(message))
    : definition.responseDeserialize(definition.responseSerialize(message));
}

const text = anyText(8);
const someText = text.filter((word) => word !== '');
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { freq: 2 });
const record = <Shape extends object>(model: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }) =>
  fc.record<Shape>(model, { noNullPrototype: true });
const texts = fc.array(text, { maxLength: 3 });
const someTexts = fc.array(text, { minLength: 1, maxLength: 3 });
const id = someText.map(operationId);
const claims = { proofPath: maybe(someText), sudoUser: maybe(someText) };

const order: fc.Arbitrary<LocalOrder> = fc.oneof(
  record<LocalOrder & { kind: 'control' }>({
    kind: fc.constant('control'),
    operationId: id,
    verb: fc.constantFrom('start', 'stop', 'restart'),
    signal: fc.constant(null),
    names: someTexts,
  }),
  record<LocalOrder & { kind: 'control' }>({
    kind: fc.constant('control'),
    operationId: id,
    verb: fc.constant('signal'),
    signal: text,
    names: someTexts,
  }),
  record<LocalOrder & { kind: 'update' }>({
    kind: fc.constant('update'),
    operationId: id,
    groups: texts,
  }),
  record<LocalOrder & { kind: 'add' | 'remove' }>({
    kind: fc.constantFrom('add', 'remove'),
    operationId: id,
    groups: someTexts,
  }),
  record<LocalOrder & { kind: 'hold' }>({
    kind: fc.constant('hold'),
    names: someTexts,
    forMs: fc.integer({ min: HOLD_MIN_MS, max: HOLD_MAX_MS }),
    reason: text,
  }),
  record<LocalOrder & { kind: 'release' }>({ kind: fc.constant('release'), names: someTexts }),
  fc.constantFrom<LocalOrder>(
    { kind: 'reread' },
    { kind: 'avail' },
    { kind: 'shutdown' },
    { kind: 'reload' },
    { kind: 'handover' },
  ),
);

const given: fc.Arbitrary<GivenOrder> = record({ order, ...claims });
const fault = maybe(fc.constantFrom(...TARGET_FAULTS));

const configured: fc.Arbitrary<ConfiguredProcess> = record({
  process: text.map(knownProcessName),
  group: text,
  name: text,
  inUse: fc.boolean(),
  autostart: fc.boolean(),
  groupPriority: fc.nat(),
  priority: fc.nat(),
});

const hold: fc.Arbitrary<Hold> = record({ by: text, reason: text, untilMs: fc.maxSafeNat() });

const news: fc.Arbitrary<OrderNews> = fc.oneof(
  record<OrderNews & { kind: 'hold' }>({
    kind: fc.constant('hold'),
    process: text.map(knownProcessName),
    hold: maybe(hold),
    before: maybe(hold),
  }),
  record<OrderNews & { kind: 'process' }>({
    kind: fc.constant('process'),
    process: text,
    step: fc.constantFrom(...PROCESS_STEPS),
    fault,
    error: maybe(text),
  }),
  record<OrderNews & { kind: 'group' }>({
    kind: fc.constant('group'),
    group: text,
    action: fc.constantFrom(...GROUP_ACTIONS),
    fault: maybe(fc.constantFrom(...GROUP_FAULTS)),
    error: maybe(text),
  }),
  record<OrderNews & { kind: 'reread' }>({
    kind: fc.constant('reread'),
    changes: fc.array(
      record({
        group: text,
        change: fc.constantFrom('available', 'changed', 'disappeared'),
      }),
      { maxLength: 3 },
    ),
  }),
  record<OrderNews & { kind: 'avail' }>({
    kind: fc.constant('avail'),
    processes: fc.array(configured, { maxLength: 3 }),
  }),
  fc.constant<OrderNews>({ kind: 'done' }),
  record<OrderNews & { kind: 'refused' }>({
    kind: fc.constant('refused'),
    refusal: record({
      code: fc.constantFrom('usage', 'configuration', 'exhausted'),
      message: text,
      cause: maybe(text),
      fix: maybe(text),
    }),
  }),
);

function survives<Value>(values: fc.Arbitrary<Value>, travel: (value: Value) => Value): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(travel(value), value);
    }),
    { numRuns: 150 },
  );
}

test('orders and what is told of them survive the wire', () => {
  survives(given, (one) => decodeOrder(overTheWire('GiveOrder', 'request', encodeOrder(one))));
  survives(news, (one) =>
    decodeOrderNews(overTheWire('GiveOrder', 'response', encodeOrderNews(one))),
  );
});

test('greetings, requests for logs and what became of them survive the wire', () => {
  const greeting: fc.Arbitrary<Greeting> = record({
    version: text,
    protocolVersion: fc.nat(),
    pid: fc.nat(),
    proofPath: maybe(someText),
  });
  const reading: fc.Arbitrary<LogRequest & CallerClaims> = record({
    process: maybe(someText.map(knownProcessName)),
    channel: fc.constantFrom(...LOG_CHANNELS),
    bytes: fc.maxSafeNat(),
    follow: fc.boolean(),
    ...claims,
  });
  const clearing: fc.Arbitrary<ClearRequest> = record({ names: someTexts, ...claims });
  const cleared: fc.Arbitrary<readonly ClearResult[]> = fc.array(
    record({ process: text, fault, error: maybe(text) }),
    { maxLength: 3 },
  );
  survives(greeting, (one) =>
    decodeGreeting(overTheWire('Greet', 'response', encodeGreeting(one))),
  );
  survives(reading, (one) =>
    decodeLogRequest(overTheWire('ReadLog', 'request', encodeLogRequest(one))),
  );
  survives(clearing, (one) =>
    decodeClearRequest(overTheWire('ClearLogs', 'request', encodeClearRequest(one))),
  );
  survives(cleared, (one) =>
    decodeClearResults(overTheWire('ClearLogs', 'response', encodeClearResults(one))),
  );
});

test('a listing survives the wire, with and without a problem', () => {
  const problems = [
    [null, null],
    ['agent.conf:3: [program:web] command is missing', null],
    [null, 'journal.db was damaged'],
  ] as const;
  for (const [configProblem, stateProblem] of problems) {
    const listing = { host: 'web-1', configProblem, stateProblem, processes: [], withheld: 3 };
    const wire = overTheWire('ListLocalProcesses', 'response', encodeLocalListing(listing));
    assert.deepEqual(decodeLocalListing(wire), listing);
  }
});

test('the whole list of what is wrong with a configuration reaches whoever asked', () => {
  const cause = 'agent.conf: one of many problems\n'.repeat(200);
  const told: OrderNews = {
    kind: 'refused',
    refusal: refusal('configuration', 'the configuration is not usable', { cause }),
  };
  const wire = overTheWire('GiveOrder', 'response', encodeOrderNews(told));
  assert.deepEqual(decodeOrderNews(wire), told);
});

// ── what nobody should have sent ────────────────────────────────────────────────────────────────

function assertRefused(read: () => unknown, words: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof FleetError, String(error));
    assert.equal(error.refusal.code, 'usage');
    assert.match(error.refusal.message, words);
    return true;
  });
}

const asOrder = (message: object) => () =>
  decodeOrder(overTheWire('GiveOrder', 'request', message));
const control = (fields: object) =>
  asOrder({ control: { operationId: 'id', verb: 'VERB_STOP', names: ['web'], ...fields } });

test('an order that orders nothing, or something of a later version, is refused', () => {
  assertRefused(asOrder({}), /orders nothing/);
  assertRefused(asOrder({ plain: {} }), /KIND_UNSPECIFIED/);
  assertRefused(asOrder({ plain: { kind: 99 } }), /not known/);
  assertRefused(asOrder({ groups: { operationId: 'id', groups: ['web'] } }), /KIND_UNSPECIFIED/);
  assertRefused(control({ verb: 'VERB_UPDATE' }), /update is no order about processes/);
  assertRefused(control({ verb: 99 }), /not known/);
});

test('a hold without an end, of an endless one or of nothing is refused', () => {
  const hold = (fields: object) => asOrder({ hold: { names: ['web'], forMs: 1_000, ...fields } });
  assert.equal(hold({})().order.kind, 'hold');
  assertRefused(hold({ forMs: 0 }), /a hold for 0 ms; from 1000 to 2592000000 are taken/);
  assertRefused(hold({ forMs: -1 }), /a hold for -1 ms/);
  assertRefused(hold({ forMs: HOLD_MAX_MS + 1 }), /a hold for 2592000001 ms/);
  assertRefused(hold({ forMs: '9007199254740993' }), /beyond 2\^53/);
  assertRefused(hold({ reason: 'x'.repeat(1_001) }), /a reason of 1001 characters; at most 1000/);
  assertRefused(hold({ names: [] }), /about nothing/);
  assertRefused(hold({ names: ['x'.repeat(256)] }), /a name of 256 characters/);
  assertRefused(asOrder({ release: {} }), /about nothing/);
});

test('an order without an id or about nothing is refused', () => {
  assertRefused(control({ operationId: '' }), /without an id/);
  assertRefused(control({ names: [] }), /about nothing/);
  assertRefused(asOrder({ groups: { operationId: 'id', kind: 'KIND_ADD' } }), /about nothing/);
});

test('a signal goes with the verb of that name and with no other', () => {
  assertRefused(control({ signal: 'HUP' }), /stop with a signal/);
  assertRefused(control({ verb: 'VERB_SIGNAL' }), /signal without a signal/);
  assertRefused(control({ verb: 'VERB_SIGNAL', signal: 'H'.repeat(17) }), /a signal of 17/);
});

test('what would fill the memory of the agent is refused', () => {
  assertRefused(control({ names: Array(10_001).fill('web') }), /10001 names/);
  assertRefused(
    control({ names: ['w'.repeat(256)] }),
    /^a name of 256 characters means no process/,
  );
  assertRefused(control({ operationId: 'i'.repeat(256) }), /an operation id of 256/);
  const plain = { plain: { kind: 'KIND_AVAIL' } };
  assertRefused(asOrder({ ...plain, proofPath: '/'.repeat(4_097) }), /path of a proof of 4097/);
  assertRefused(asOrder({ ...plain, sudoUser: 'a'.repeat(256) }), /name of a user of 256/);
});

test('a log that is no channel, and less than nothing of one, are refused', () => {
  const reading = (fields: object) => () =>
    decodeLogRequest(overTheWire('ReadLog', 'request', { channel: 'stdout', ...fields }));
  assertRefused(reading({ channel: 'stdin' }), /channel "stdin" is not known/);
  assertRefused(reading({ bytes: -1 }), /-1 bytes/);
  assertRefused(reading({ bytes: '9223372036854775807' }), /beyond 2\^53/);
  assertRefused(
    reading({ process: 'w'.repeat(256) }),
    /^a name of 256 characters means no process/,
  );
});

test('news that this version cannot read are refused, not guessed', () => {
  const asNews = (message: object) => () =>
    decodeOrderNews(overTheWire('GiveOrder', 'response', message));
  assertRefused(asNews({}), /without a body/);
  assertRefused(asNews({ process: { step: 'paused' } }), /step "paused"/);
  assertRefused(asNews({ process: { step: 'stop', fault: 'tired' } }), /fault "tired"/);
  assertRefused(asNews({ group: { action: 'moved' } }), /action "moved"/);
});

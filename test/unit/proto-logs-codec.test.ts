import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeAgentFrame,
  decodeControllerFrame,
  encodeAgentMessage,
  encodeControllerMessage,
} from '../../proto/codec/link.ts';
import {
  decodeLogNews,
  decodeLogsRequest,
  encodeLogNews,
  encodeLogsRequest,
} from '../../proto/codec/logs.ts';
import { FleetError } from '../../proto/errors.ts';
import { agentLinkService, controlService } from '../../proto/load.ts';
import { LOG_CHANNELS } from '../../proto/local-orders.ts';
import {
  type AgentLogMessage,
  type ControllerLogMessage,
  isAgentLogMessage,
  isControllerLogMessage,
  LOG_BLOCK_MAX_BYTES,
  LOG_CREDIT_MAX_BYTES,
  LOG_GREP_LENGTH_MAX,
  type LogBlock,
  type LogNews,
  type LogSelection,
  type LogsEnd,
  type LogsRequest,
} from '../../proto/log-messages.ts';
import { NAME_LENGTH_MAX, PROCESSES_MAX, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import { anyText } from '../fakes/any-text.ts';

const connect = agentLinkService['Connect'];
const readLogs = controlService['ReadLogs'];
assert.ok(connect && readLogs);

/** Through the real bytes of protobuf. */
const fromAgent = (frame: object) =>
  decodeAgentFrame(connect.requestDeserialize(connect.requestSerialize(frame)));
const fromController = (frame: object) =>
  decodeControllerFrame(connect.responseDeserialize(connect.responseSerialize(frame)));
const asked = (request: object) =>
  decodeLogsRequest(readLogs.requestDeserialize(readLogs.requestSerialize(request)));
const told = (news: object) =>
  decodeLogNews(readLogs.responseDeserialize(readLogs.responseSerialize(news)));

// ── what there can be ───────────────────────────────────────────────────────────────────────────

const record = <Value>(fields: { [Key in keyof Value]: fc.Arbitrary<Value[Key]> }) =>
  fc.record(fields, { noNullPrototype: true });
const count = fc.maxSafeNat();
const text = anyText(40);
const process = text.map(knownProcessName);
const host = text.map(hostId);
const channels = fc.subarray([...LOG_CHANNELS], { minLength: 1 });
const channel = fc.constantFrom(...LOG_CHANNELS);

const selection: fc.Arbitrary<LogSelection> = record({
  from: fc.oneof(
    record({ kind: fc.constant('bytes' as const), bytes: count }),
    record({ kind: fc.constant('lines' as const), lines: count }),
  ),
  sinceMs: fc.option(fc.maxSafeInteger()),
  grep: fc.option(text),
  follow: fc.boolean(),
});
const reader = { sessionEpoch: count, readerId: count };
const credit = fc.nat(LOG_CREDIT_MAX_BYTES);
const block = {
  process,
  channel,
  data: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  skippedBytes: count,
  skippedMore: fc.boolean(),
} satisfies { [Key in keyof LogBlock]: unknown };
const end = { error: fc.option(text) } satisfies {
  [Key in keyof LogsEnd]: unknown;
};

const controllerLogMessage: fc.Arbitrary<ControllerLogMessage> = fc.oneof(
  record({
    ...reader,
    kind: fc.constant('readLogs' as const),
    processes: fc.array(process, { minLength: 1, maxLength: 4 }),
    channels,
    selection,
    creditBytes: credit,
  }),
  record({ ...reader, kind: fc.constant('logCredit' as const), bytes: credit }),
  record({ ...reader, kind: fc.constant('stopLogs' as const) }),
);
const agentLogMessage: fc.Arbitrary<AgentLogMessage> = fc.oneof(
  record({ ...reader, kind: fc.constant('logBlock' as const), ...block }),
  record({ ...reader, kind: fc.constant('logsNote' as const), note: text }),
  record({ ...reader, kind: fc.constant('logsEnd' as const), ...end }),
);
const logNews: fc.Arbitrary<LogNews> = fc.oneof(
  record({
    kind: fc.constant('sources' as const),
    sources: fc.array(record({ host, processes: fc.array(process, { maxLength: 3 }) })),
    unreachable: fc.array(host, { maxLength: 3 }),
  }),
  record({ kind: fc.constant('block' as const), host, ...block }),
  record({ kind: fc.constant('note' as const), host, note: text }),
  record({ kind: fc.constant('ended' as const), host, ...end }),
  record({ kind: fc.constant('lost' as const), host, error: fc.string({ maxLength: 8 }) }),
  record({ kind: fc.constant('resumed' as const), host }),
);
const logsRequest: fc.Arbitrary<LogsRequest> = record({
  hosts: text,
  processes: fc.array(text, { maxLength: 4 }),
  channels,
  selection,
  allowedOnly: fc.boolean(),
});

function survives<Value>(values: fc.Arbitrary<Value>, travel: (value: Value) => unknown): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(travel(value), value);
    }),
    { numRuns: 200 },
  );
}

test('what is said about logs survives the wire', () => {
  survives(controllerLogMessage, (message) => fromController(encodeControllerMessage(message)));
  survives(agentLogMessage, (message) => fromAgent(encodeAgentMessage(message)));
  survives(logNews, (news) => told(encodeLogNews(news)));
  survives(logsRequest, (request) => asked(encodeLogsRequest(request)));
});

test('what is about logs is told from what is for the cores', () => {
  fc.assert(
    fc.property(controllerLogMessage, agentLogMessage, (fromAbove, fromBelow) => {
      assert.equal(isControllerLogMessage(fromAbove) && isAgentLogMessage(fromBelow), true);
      assert.equal(isControllerLogMessage(fromBelow) || isAgentLogMessage(fromAbove), false);
    }),
  );
  assert.equal(isControllerLogMessage({ kind: 'heartbeat' }), false);
  assert.equal(isAgentLogMessage({ kind: 'heartbeat' }), false);
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

const whole = {
  processes: ['web'],
  channels: ['OUTPUT_CHANNEL_STDOUT'],
  selection: { lines: 10, follow: false },
  creditBytes: 0,
};
const reading = (more: object) => () => fromController({ readLogs: { ...whole, ...more } });
const blockOf = (more: object) => () =>
  fromAgent({ logBlock: { process: 'web', channel: 1, data: Buffer.from('x\n'), ...more } });

test('logs of nothing, of too much, or of no known channel are refused', () => {
  reading({})();
  assertRefused(reading({ processes: [] }), /of no process/);
  const many = Array.from({ length: PROCESSES_MAX + 1 }, () => 'a');
  reading({ processes: many.slice(1) })();
  assertRefused(reading({ processes: many }), /10001 processes; at most 10000/);
  assertRefused(reading({ processes: ['x'.repeat(NAME_LENGTH_MAX + 1)] }), /a process name of 256/);
  assertRefused(reading({ channels: [] }), /of no channel/);
  assertRefused(reading({ channels: [1, 2, 1] }), /3 channels/);
  assertRefused(reading({ channels: [2, 2] }), /stderr twice/);
  assertRefused(reading({ channels: [0] }), /channel "OUTPUT_CHANNEL_UNSPECIFIED" is not known/);
  assertRefused(reading({ channels: [7] }), /channel 7 is not known/);
});

test('a selection must say how much, in a number that there can be', () => {
  assertRefused(reading({ selection: null }), /without which part/);
  assertRefused(reading({ selection: { follow: true } }), /without how much/);
  assertRefused(reading({ selection: { bytes: -1 } }), /-1 bytes/);
  assertRefused(reading({ selection: { lines: -1 } }), /-1 lines/);
  const beyond = '9007199254740992';
  for (const selection of [{ bytes: beyond }, { lines: beyond }, { lines: 1, sinceMs: beyond }]) {
    assertRefused(reading({ selection }), /beyond 2\^53/);
  }
});

test('an expression may be as long as the bound says, and no longer', () => {
  const grep = (length: number) => ({ lines: 1, grep: 'a'.repeat(length) });
  reading({ selection: grep(LOG_GREP_LENGTH_MAX) })();
  const tooLong = { selection: grep(LOG_GREP_LENGTH_MAX + 1) };
  assertRefused(reading(tooLong), /an expression of 1001 characters is too long/);
  const request = { ...whole, creditBytes: undefined, hosts: 'all' };
  asked(request);
  assertRefused(() => asked({ ...request, ...tooLong }), /is too long/);
  assertRefused(() => asked({ ...request, selection: null }), /without which part/);
  assertRefused(() => asked({ ...request, channels: [] }), /of no channel/);
});

test('credit is never negative and never endless', () => {
  const credit = (bytes: number) => () => fromController({ logCredit: { bytes } });
  credit(LOG_CREDIT_MAX_BYTES)();
  assertRefused(credit(-1), /-1 bytes of credit/);
  assertRefused(credit(LOG_CREDIT_MAX_BYTES + 1), /67108865 bytes of credit/);
  assertRefused(reading({ creditBytes: -1 }), /-1 bytes of credit/);
  assertRefused(reading({ creditBytes: LOG_CREDIT_MAX_BYTES + 1 }), /at most 67108864/);
});

test('a block is no longer than blocks are, and skips nothing backwards', () => {
  blockOf({ data: Buffer.alloc(LOG_BLOCK_MAX_BYTES) })();
  const tooLong = Buffer.alloc(LOG_BLOCK_MAX_BYTES + 1);
  assertRefused(blockOf({ data: tooLong }), /a block of 65537 bytes/);
  assertRefused(blockOf({ skippedBytes: -5 }), /-5 skipped bytes/);
  assertRefused(blockOf({ channel: 0 }), /channel/);
  assertRefused(blockOf({ process: 'x'.repeat(256) }), /a process name of 256/);
  const news = { block: { host: 'a', process: 'web', channel: 1, data: tooLong } };
  assertRefused(() => told(news), /a block of 65537 bytes/);
});

test('what is said at the end is cut where it is too long', () => {
  const error = 'x'.repeat(REMARK_LENGTH_MAX + 1);
  const message = fromAgent({ logsEnd: { error } });
  assert.ok(message.kind === 'logsEnd');
  assert.equal(message.error?.length, REMARK_LENGTH_MAX);
  const noted = fromAgent({ logsNote: { note: error } });
  assert.ok(noted.kind === 'logsNote');
  assert.equal(noted.note.length, REMARK_LENGTH_MAX);
});

test('an epoch or a reader that JavaScript cannot count is refused', () => {
  for (const field of ['sessionEpoch', 'readerId']) {
    const beyond = { [field]: '9223372036854775807' };
    assertRefused(reading(beyond), /beyond 2\^53/);
    assertRefused(blockOf(beyond), /beyond 2\^53/);
    assertRefused(() => fromController({ stopLogs: beyond }), /beyond 2\^53/);
    assertRefused(() => fromController({ logCredit: beyond }), /beyond 2\^53/);
    assertRefused(() => fromAgent({ logsEnd: beyond }), /beyond 2\^53/);
  }
});

test('news without a body, or of a later version, are refused', () => {
  assertRefused(() => told({}), /news of logs without a body/);
  assertRefused(
    () => decodeLogNews(readLogs.responseDeserialize(Buffer.from([0x7a, 0]))),
    /without a body/,
  );
  assertRefused(() => told({ sources: { unreachable: ['x'.repeat(256)] } }), /a host of 256/);
});

test('any bytes about logs are either a message or an error that is thrown', () => {
  const honest = fc.oneof(
    controllerLogMessage.map((message) =>
      connect.responseSerialize(encodeControllerMessage(message)),
    ),
    agentLogMessage.map((message) => connect.requestSerialize(encodeAgentMessage(message))),
    logNews.map((news) => readLogs.responseSerialize(encodeLogNews(news))),
  );
  const readers: readonly ((bytes: Buffer) => unknown)[] = [
    (bytes) => decodeAgentFrame(connect.requestDeserialize(bytes)),
    (bytes) => decodeControllerFrame(connect.responseDeserialize(bytes)),
    (bytes) => decodeLogNews(readLogs.responseDeserialize(bytes)),
    (bytes) => decodeLogsRequest(readLogs.requestDeserialize(bytes)),
  ];
  fc.assert(
    fc.property(honest, fc.nat(), fc.integer({ min: 0, max: 255 }), (bytes, at, value) => {
      bytes[at % Math.max(1, bytes.length)] = value;
      for (const read of readers) {
        try {
          assert.equal(typeof read(bytes), 'object');
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
          assert.ok(!(error instanceof TypeError), error.stack);
        }
      }
    }),
    { numRuns: 150 },
  );
});

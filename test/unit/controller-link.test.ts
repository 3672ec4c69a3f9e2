/** The agents' streams: what an agent says comes out with who it is, and none can do more than end itself. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import type { FleetInput } from '../../controller/core/state.ts';
import { type Caller, type Guard, seenOf } from '../../controller/door/guard.ts';
import { AGENT_LIMITS } from '../../controller/link/agent-limits.ts';
import { AgentLinkServer } from '../../controller/link/link.ts';
import { decodeRefusal } from '../../proto/codec/error.ts';
import { encodeAgentMessage } from '../../proto/codec/link.ts';
import type { Refusal } from '../../proto/errors.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { PROTOCOL_VERSION } from '../../proto/version.ts';
import { hostId, journalId } from '../../proto/vocabulary.ts';

const CALLER: Caller = {
  fleet: 'fleet',
  kind: 'agent',
  name: 'web-1',
  fingerprint256: 'AA:BB',
  notBeforeMs: 0,
  notAfterMs: 1,
  actor: { kind: 'agent', name: 'web-1', fingerprint: 'AA:BB', address: '10.0.0.7' },
};

const HELLO: AgentMessage = {
  kind: 'hello',
  protocolVersion: PROTOCOL_VERSION,
  agentVersion: '0.1.0',
  journalId: journalId('journal'),
  labels: {},
  adopted: null,
  stateProblem: null,
  instanceId: 'instance',
};

const HEARTBEAT: AgentMessage = { kind: 'heartbeat', probe: 0 };

const openToAll = {
  stream: (_rpc: unknown, _call: unknown, handle: (caller: Caller) => void) => handle(CALLER),
} as unknown as Guard;

/** One stream that was let in. What is written to it comes from the agent. */
function connected(deliver: (input: FleetInput) => void = () => undefined) {
  const delivered: FleetInput[] = [];
  const warned: string[] = [];
  const ended: Refusal[] = [];
  const links = new AgentLinkServer({
    guard: openToAll,
    clock: { now: () => ({ wallMs: 0, monotonicMs: 0 }) },
    deliver: (input) => {
      delivered.push(input);
      deliver(input);
    },
    log: { info: () => undefined, warn: (_, text) => warned.push(text), error: () => undefined },
  });
  const stream = Object.assign(new PassThrough({ objectMode: true }), { getPeer: () => 'peer' });
  stream.on('error', (error) => ended.push(decodeRefusal(error as ServiceError)));
  (links.handlers()['Connect'] as (opened: unknown) => void)(stream);
  const say = (message: AgentMessage, byteLength = 100): void => {
    // What arrives is what was encoded, with every field that was left out filled in.
    const frame = { ...encodeAgentMessage(message) };
    stream.emit('data', { frame, byteLength });
  };
  return {
    links,
    stream,
    say,
    delivered,
    warned,
    ended,
    [Symbol.dispose]: () => links[Symbol.dispose](),
  };
}

test('a Hello says who it is by its certificate, and from where', () => {
  using agent = connected();
  agent.say(HELLO);
  assert.deepEqual(agent.delivered, [
    {
      kind: 'hello',
      connection: 1,
      host: hostId('web-1'),
      hello: HELLO,
      certificate: seenOf(CALLER),
      address: '10.0.0.7',
    },
  ]);
});

test('a second Hello is a message like any other, for the core to refuse', () => {
  using agent = connected();
  agent.say(HELLO);
  agent.say(HELLO);
  assert.deepEqual(
    agent.delivered.map(({ kind }) => kind),
    ['hello', 'message'],
  );
});

test('an agent that says more than it may is not read from for a while, and what it says is kept', async () => {
  using agent = connected();
  await once(agent.stream, 'resume');
  agent.say(HELLO);
  assert.equal(agent.stream.isPaused(), false);
  agent.say(HEARTBEAT, AGENT_LIMITS.bytesAtOnce + 1);
  assert.equal(agent.stream.isPaused(), true);
  assert.match(agent.warned.join(), /says more than it may/);
  assert.equal(agent.delivered.length, 2);
  await once(agent.stream, 'resume');
  assert.equal(agent.stream.isPaused(), false);
});

test('a frame that makes no sense ends its stream with the reason, and nothing else', () => {
  using agent = connected();
  agent.stream.emit('data', { frame: {}, byteLength: 0 });
  assert.match(agent.ended[0]?.message ?? '', /without a body/);
  assert.deepEqual(
    agent.delivered.map(({ kind }) => kind),
    ['sessionEnded'],
  );
  agent.say(HELLO);
  assert.equal(agent.delivered.length, 1, 'what comes after its end is not heard');
});

test('what is thrown at a message ends the stream that it came by', () => {
  using agent = connected(({ kind }) => {
    if (kind === 'hello') throw new Error('oh');
  });
  agent.say(HELLO);
  assert.deepEqual(
    agent.ended.map(({ code, message }) => [code, message]),
    [['internal', 'internal error: oh']],
  );
});

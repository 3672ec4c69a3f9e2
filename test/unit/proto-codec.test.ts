import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeHost,
  decodeHostProcess,
  decodeHostReport,
  decodeStoredEvent,
  encodeHost,
  encodeHostProcess,
  encodeHostReport,
  encodeStoredEvent,
} from '../../proto/codec/control.ts';
import {
  decodeAgentFrame,
  decodeControllerFrame,
  encodeAgentMessage,
  encodeControllerMessage,
} from '../../proto/codec/link.ts';
import { FleetError } from '../../proto/errors.ts';
import { agentLinkService, controlService } from '../../proto/load.ts';
import type { AgentLogMessage, ControllerLogMessage } from '../../proto/log-messages.ts';
import type { AgentMessage, ControllerMessage } from '../../proto/messages.ts';
import { TARGET_STATES } from '../../proto/vocabulary.ts';
import {
  agentMessage,
  controllerMessage,
  hostProcess,
  hostReport,
  hostStatus,
  storedEvent,
} from '../fakes/vocabulary.ts';
import { survives, wireOf } from '../fakes/wire.ts';

const agentFrames = wireOf(agentLinkService, 'Connect', 'request');
const controllerFrames = wireOf(agentLinkService, 'Connect', 'response');
const hostLists = wireOf(controlService, 'ListHosts', 'response');
const processLists = wireOf(controlService, 'ListProcesses', 'response');
const reportLists = wireOf(controlService, 'AskHosts', 'response');
const eventLists = wireOf(controlService, 'ListEvents', 'response');

test('what an agent says survives the wire', () => {
  survives<AgentMessage | AgentLogMessage>(agentMessage, (message) =>
    decodeAgentFrame(agentFrames.read(agentFrames.write(encodeAgentMessage(message)))),
  );
});

test('what the controller says to an agent survives the wire', () => {
  survives<ControllerMessage | ControllerLogMessage>(controllerMessage, (message) =>
    decodeControllerFrame(
      controllerFrames.read(controllerFrames.write(encodeControllerMessage(message))),
    ),
  );
});

test('stored events survive the wire', () => {
  survives(storedEvent, (given) => {
    const bytes = eventLists.write({ events: [encodeStoredEvent(given)] });
    return decodeStoredEvent(eventLists.read(bytes).events[0]);
  });
});

test('hosts and processes survive the wire', () => {
  survives(hostStatus, (given) =>
    decodeHost(hostLists.read(hostLists.write({ hosts: [encodeHost(given)] })).hosts[0]),
  );
  survives(hostProcess, (given) => {
    const bytes = processLists.write({ processes: [encodeHostProcess(given)] });
    return decodeHostProcess(processLists.read(bytes).processes[0]);
  });
});

test('what hosts answer survives the wire', () => {
  survives(hostReport, (given) => {
    const bytes = reportLists.write({ reports: [encodeHostReport(given)] });
    return decodeHostReport(reportLists.read(bytes).reports[0]);
  });
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

const fromAgent = (frame: object) => () =>
  decodeAgentFrame(agentFrames.read(agentFrames.write(frame)));
const fromController = (frame: object) => () =>
  decodeControllerFrame(controllerFrames.read(controllerFrames.write(frame)));

test('a frame without a body, or with one of a later version, is refused', () => {
  assertRefused(fromAgent({}), /an agent frame without a body/);
  assertRefused(fromController({}), /a controller frame without a body/);
  assertRefused(fromAgent({ event: { seq: 1 } }), /an event without a body/);
  const list = processLists.read(processLists.write({ processes: [{ host: 'a' }] }));
  assertRefused(() => decodeHostProcess(list.processes[0]), /without its status/);
  const events = eventLists.read(eventLists.write({ events: [{ host: 'a' }] }));
  assertRefused(() => decodeStoredEvent(events.events[0]), /without the event/);
  const reports = reportLists.read(reportLists.write({ reports: [{ host: 'a' }] }));
  assertRefused(() => decodeHostReport(reports.reports[0]), /a report without its answer/);
  assertRefused(fromAgent({ answer: { questionId: 1 } }), /without what was answered/);
  assertRefused(fromAgent({ answer: { answer: {} } }), /an answer without a body/);
  assertRefused(fromAgent({ answer: { answer: { unreachable: '' } } }), /it is unreachable/);
  // Field 15, length 0: a kind of frame that does not exist yet.
  assertRefused(() => decodeAgentFrame(agentFrames.read(Buffer.from([0x7a, 0]))), /without a body/);
});

test('a word that is not known, or not said at all, is refused', () => {
  const snapshot = (state: unknown) => ({ snapshot: { processes: [{ process: 'web', state }] } });
  assertRefused(fromAgent(snapshot(undefined)), /process state "PROCESS_STATE_UNSPECIFIED" is not/);
  assertRefused(fromAgent(snapshot(99)), /process state 99 is not known/);
  assertRefused(fromController({ command: {} }), /verb "VERB_UNSPECIFIED" is not known/);
  assertRefused(fromController({ command: { verb: 77 } }), /verb 77 is not known/);
  assertRefused(fromController({ question: {} }), /question "HOST_QUESTION_UNSPECIFIED"/);
  assertRefused(fromController({ question: { question: 9 } }), /question 9 is not known/);
  const changed = { answer: { reread: { changes: [{ group: 'web', change: 4 }] } } };
  assertRefused(fromAgent({ answer: changed }), /change of a group 4 is not known/);
  const settled = { verb: 1, state: 'TARGET_STATE_FAILED', fault: 99 };
  assertRefused(fromAgent({ event: { targetSettled: settled } }), /fault 99 is not known/);
});

test('an agent settles a target only in the states that are its own to give', () => {
  const settledAs = (state: string) =>
    fromAgent({ event: { seq: 1, targetSettled: { process: 'web', verb: 'VERB_START', state } } });
  const settled = ['succeeded', 'failed', 'timed-out', 'indeterminate', 'skipped', 'cancelled'];
  for (const state of TARGET_STATES) {
    const name = `TARGET_STATE_${state.toUpperCase().replace('-', '_')}`;
    if (settled.includes(state)) settledAs(name)();
    else assertRefused(settledAs(name), new RegExp(`may not settle a target as ${state}`));
  }
});

test('what is withdrawn is cancelled or timed out, and an agent does not tell what never came', () => {
  const withdrawn = (because: string) => ({ withdraw: { verb: 1, because } });
  assertRefused(fromController(withdrawn('TARGET_STATE_FAILED')), /does not become failed/);
  assertRefused(fromController(withdrawn('TARGET_STATE_UNSPECIFIED')), /is not known/);
  assertRefused(fromAgent({ event: { seq: 1, eventsMissing: { untilSeq: 3 } } }), /to find out/);
  // What an older controller sent, and this one no longer does.
  assertRefused(() => decodeControllerFrame(controllerFrames.read(Buffer.from([0x22, 0]))), /body/);
});

test('numbers that JavaScript cannot count, and the database cannot hold, are refused', () => {
  for (const number of ['9223372036854775807', '-9223372036854775808', '9007199254740992']) {
    const body = { processChanged: { process: 'web', state: 'PROCESS_STATE_RUNNING' } };
    for (const field of ['seq', 'atMs', 'sessionEpoch']) {
      assertRefused(fromAgent({ event: { ...body, [field]: number } }), /beyond 2\^53/);
    }
    const settled = { verb: 1, state: 'TARGET_STATE_FAILED', durationMs: number };
    assertRefused(fromAgent({ event: { seq: 1, targetSettled: settled } }), /beyond/);
    assertRefused(
      fromAgent({ event: { seq: 1, targetAccepted: { verb: 1, generation: number } } }),
      /beyond/,
    );
    assertRefused(fromAgent({ snapshot: { seq: number } }), /beyond/);
    const answer = { reread: {} };
    assertRefused(fromAgent({ answer: { answer, questionId: number } }), /question id/);
    assertRefused(fromAgent({ answer: { answer, sessionEpoch: number } }), /session epoch/);
    assertRefused(fromController({ question: { question: 1, questionId: number } }), /beyond/);
    assertRefused(fromController({ acknowledgement: { seq: number } }), /beyond/);
    assertRefused(fromController({ welcome: { acknowledgedSeq: number } }), /beyond/);
    assertRefused(fromController({ command: { verb: 1, sessionEpoch: number } }), /beyond/);
  }
});

test('any bytes are either a message or an error that is thrown', () => {
  const readers: readonly ((bytes: Buffer) => unknown)[] = [
    (bytes) => decodeAgentFrame(agentFrames.read(bytes)),
    (bytes) => decodeControllerFrame(controllerFrames.read(bytes)),
  ];
  const honest = agentMessage.map((message) => agentFrames.write(encodeAgentMessage(message)));
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
    { numRuns: 150 },
  );
  assert.ok(understood > 0);
});

test('a label cannot reach the prototype of anything', () => {
  const hello = {
    hello: {
      labels: Object.fromEntries([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    },
  };
  const message = decodeAgentFrame(agentFrames.read(agentFrames.write(hello)));
  assert.equal(message.kind === 'hello' && message.labels['constructor'], 'y');
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

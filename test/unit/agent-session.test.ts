import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acknowledge, append, type Outbox, outboxOf, recordOf } from '../../agent/core/outbox.ts';
import type { AgentStep } from '../../agent/core/state.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { type AgentEvent, knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { aHost, aRunningHost, aWelcome, EPOCH } from '../fakes/agent-host.ts';
import { aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { EMPTY_OUTBOX } from '../fakes/empty-outbox.ts';

const web = aDefinition('web');

const sentIn = (step: AgentStep): readonly AgentMessage[] =>
  step.effects.flatMap((effect) => (effect.kind === 'send' ? effect.message : []));

const seqsIn = (messages: readonly AgentMessage[]) =>
  messages.flatMap((message) => (message.kind === 'event' ? message.seq : []));

const seqsOf = (outbox: Outbox): readonly number[] =>
  recordOf(outbox).pending.map(({ seq }) => seq);

test('without a session nothing is sent, and everything is kept', () => {
  const host = aHost([web]);
  host.spawned('web');
  assert.deepEqual(sentIn(host.booted), []);
  assert.deepEqual(seqsOf(host.state().outbox), [1, 2]);
});

test('after Welcome come the whole picture and then what was not confirmed, in order', () => {
  const host = aHost([web]);
  host.spawned('web');
  host.timer('web', 'stayedUp');
  const messages = sentIn(host.welcome(1));
  assert.deepEqual(
    messages.map(({ kind }) => kind),
    ['snapshot', 'event', 'event'],
  );
  const [snapshot] = messages;
  assert.ok(snapshot?.kind === 'snapshot');
  assert.deepEqual([snapshot.seq, snapshot.sessionEpoch, snapshot.last], [3, EPOCH, true]);
  assert.equal(snapshot.processes[0]?.state, 'RUNNING');
  assert.deepEqual(seqsIn(messages), [2, 3]);
});

test('the picture tells how long each process is waited for, as it is configured now', () => {
  const waits = { startMs: 3_000, stopWaitMs: 90_000, tierWaitMs: 0 };
  const host = aHost([aDefinition('web', waits)], { journal: aHost([web]).journal() });
  const [snapshot] = sentIn(host.welcome());
  assert.ok(snapshot?.kind === 'snapshot');
  const [status] = snapshot.processes;
  assert.ok(status);
  const { startMs, stopWaitMs, tierWaitMs } = status;
  assert.deepEqual({ startMs, stopWaitMs, tierWaitMs }, waits);
});

test('a snapshot is cut into chunks of 200, of which the last says so; an empty one is sent too', () => {
  const many = Array.from({ length: 401 }, (_, index) =>
    aDefinition(`p${String(index).padStart(3, '0')}`, { autostart: false }),
  );
  const chunks = (definitions: typeof many) =>
    sentIn(aHost(definitions).welcome()).map((message) =>
      message.kind === 'snapshot' ? [message.processes.length, message.last] : message.kind,
    );
  assert.deepEqual(chunks(many), [
    [200, false],
    [200, false],
    [1, true],
  ]);
  assert.deepEqual(chunks(many.slice(0, 200)), [[200, true]]);
  assert.deepEqual(chunks([]), [[0, true]]);
});

test('every change is sent as it happens, under the number of the session that is up', () => {
  const host = aRunningHost(web);
  const [event] = sentIn(host.exited('web'));
  assert.ok(event?.kind === 'event');
  assert.deepEqual([event.sessionEpoch, event.seq], [EPOCH, 4]);
  host.receive(aWelcome(EPOCH + 1, 0));
  const later = sentIn(host.spawned('web')).map(
    (sent) => sent.kind === 'event' && sent.sessionEpoch,
  );
  assert.deepEqual(later, [EPOCH + 1]);
  host.step({ kind: 'disconnected' });
  assert.deepEqual(sentIn(host.timer('web', 'stayedUp')), []);
});

test('what is acknowledged is forgotten, in memory and in the journal, and not sent again', () => {
  const host = aRunningHost(web);
  const step = host.receive({ kind: 'acknowledgement', sessionEpoch: EPOCH, seq: 2 });
  assert.deepEqual(step.writes, [{ kind: 'acknowledged', seq: 2 }]);
  assert.deepEqual(seqsIn(sentIn(host.receive(aWelcome(EPOCH + 1, 2)))), [3]);
  const stale = host.receive({ kind: 'acknowledgement', sessionEpoch: EPOCH, seq: 3 });
  assert.deepEqual([stale.writes, seqsOf(host.state().outbox)], [[], [3]]);
});

test('heartbeats that tell nothing new of the clock, and goodbyes, change nothing', () => {
  const host = aRunningHost(web);
  host.receive({ kind: 'heartbeat', atMs: -5, probe: 0 });
  const before = host.state();
  host.receive({ kind: 'heartbeat', atMs: -5, probe: 0 });
  host.receive({ kind: 'goodbye', reason: 'update', reconnectAfterMs: 0 });
  assert.equal(host.state(), before);
});

test('a controller that knows more than the agent does: its numbers are not given out again', () => {
  const host = aHost([web]);
  host.welcome(40);
  assert.deepEqual(recordOf(host.state().outbox), { nextSeq: 41, pending: [] });
  assert.deepEqual(seqsIn(sentIn(host.spawned('web'))), [41]);
});

const verdict: AgentEvent = {
  kind: 'targetAccepted',
  operationId: operationId('op-1'),
  process: knownProcessName('web'),
  verb: 'restart',
  generation: 1,
  oldPid: null,
};
const change = {
  kind: 'processChanged',
  process: { process: knownProcessName('web') },
} as AgentEvent;

/** 10,000 events: the oldest are a verdict, a change and a verdict; the rest is as told. */
function fullOutbox(rest: AgentEvent): Outbox {
  const events = [verdict, change, verdict, ...Array<AgentEvent>(9_997).fill(rest)];
  const pending = events.map((event, index) => ({ seq: index + 1, atMs: 0, event }));
  return outboxOf({ nextSeq: 10_001, pending });
}

test('a full outbox drops its oldest change of state, and no verdict ever', () => {
  const first = append(fullOutbox(change), change, 0);
  assert.deepEqual([first.droppedSeq, first.added.seq], [2, 10_001]);
  const second = append(first.outbox, verdict, 0);
  assert.equal(second.droppedSeq, 4);
  assert.deepEqual(seqsOf(second.outbox).slice(0, 3), [1, 3, 5]);
  assert.equal(seqsOf(second.outbox).length, 10_000);
});

test('an outbox full of verdicts keeps them all, and drops a new change of state instead', () => {
  const full = append(fullOutbox(verdict), verdict, 0).outbox;
  const more = append(full, verdict, 0);
  assert.deepEqual([more.droppedSeq, seqsOf(more.outbox).length], [null, 10_001]);
  assert.equal(append(more.outbox, change, 0).droppedSeq, 10_003);
});

test('what was ordered on the host is dropped when there is nothing else, so that a host without a controller stays small', () => {
  const full = append(fullOutbox(verdict), verdict, 0, true).outbox;
  assert.deepEqual(seqsOf(full).slice(0, 3), [1, 3, 4], 'the change went first');
  assert.equal(append(full, verdict, 0).droppedSeq, 10_001);
  const host = aRunningHost(web);
  host.step({ kind: 'disconnected' });
  const alice = aPerson(host, { kind: 'read', definitions: [web] });
  alice.order(control('signal', 'web'));
  const { kept, local } = host.state().outbox;
  assert.deepEqual([kept.size, local.size], [0, 2]);
  const after = aHost([web], { journal: host.journal(), sightings: { web: { kind: 'alive' } } });
  assert.deepEqual([after.state().outbox.kept.size, after.state().outbox.local.size], [0, 3]);
});

test('an acknowledgement of nothing new changes nothing, and one of everything empties the outbox', () => {
  const outbox = append(append(outboxOf(EMPTY_OUTBOX), verdict, 0).outbox, change, 0).outbox;
  assert.deepEqual(recordOf(acknowledge(outbox, 0)), recordOf(outbox));
  assert.deepEqual(recordOf(acknowledge(outbox, 2)), { nextSeq: 3, pending: [] });
});

test('a drop is written, so that the journal forgets the event as well', () => {
  const host = aHost([web], { journal: { outbox: recordOf(fullOutbox(change)) } });
  assert.deepEqual(
    host.booted.writes.filter(({ kind }) => kind === 'eventDropped'),
    [{ kind: 'eventDropped', seq: 2 }],
  );
});

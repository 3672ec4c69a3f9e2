import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostStatusOf, isConnected } from '../../controller/core/host.ts';
import type { FleetEffect } from '../../controller/core/state.ts';
import { type AgentEvent, hostId, type ProcessStatus } from '../../proto/vocabulary.ts';
import {
  aCertificate,
  accepted,
  aHello,
  anId,
  aRequest,
  aSnapshot,
  aStatus,
  type FleetScript,
  fleetScript,
  GRACE_MS,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const A = hostId('a');
const DB = aStatus('db', { groupPriority: 10 });
const WEB = aStatus('web', { groupPriority: 20 });

const changed = (process: ProcessStatus): AgentEvent => ({ kind: 'processChanged', process });

const pidOf = (script: FleetScript, process: string) =>
  [...script.host('a').processes.values()].find((status) => status.process === process)?.pid;

const kinds = (script: FleetScript) => ({
  writes: script.writes.map((write) => write.kind),
  effects: script.effects.map((effect) => effect.kind),
});

const nothing = { writes: [], effects: [] };

/** The effects that are messages, with whom they go to. */
function sent(script: FleetScript) {
  return script.effects.flatMap((effect: FleetEffect) =>
    effect.kind === 'send' ? [{ connection: effect.connection, ...effect.message }] : [],
  );
}

function end(script: FleetScript, connection: number, host = A): void {
  script.give({ kind: 'sessionEnded', host, connection });
}

function graceOver(script: FleetScript, lossCount: number, host = A): void {
  script.give({ kind: 'graceOver', host, lossCount });
}

test('a Hello opens a session with the next epoch, which is durable before it is told', () => {
  const script = fleetScript();
  script.hello('a', 1);
  assert.deepEqual(kinds(script), { writes: ['sessionEpoch', 'host'], effects: ['send'] });
  assert.deepEqual(sent(script), [
    {
      connection: 1,
      kind: 'welcome',
      protocolVersion: 1,
      sessionEpoch: 1,
      acknowledgedSeq: 0,
      reconnectSpreadMs: 1_000,
      heartbeatIntervalMs: 5_000,
    },
  ]);
  assert.equal(isConnected(script.host('a')), false);
  script.hello('b', 2);
  script.hello('a', 3);
  assert.deepEqual(
    sent(script).map((message) => message.kind === 'welcome' && message.sessionEpoch),
    [3],
  );
});

test('the spread of reconnects grows with the fleet, within its bounds', () => {
  const script = fleetScript();
  const spread = (count: number): unknown => {
    for (let index = script.state.hosts.size; index < count; index += 1) {
      script.hello(`host-${index}`, index);
    }
    const [welcome] = sent(script);
    return welcome?.kind === 'welcome' && welcome.reconnectSpreadMs;
  };
  assert.deepEqual([spread(125), spread(500)], [1_000, 4_000]);
});

test('a host is connected once its snapshot is whole, and shows what that contains', () => {
  const script = fleetScript();
  script.hello('a', 1);
  const part = { kind: 'snapshot', sessionEpoch: 1, seq: 7, configProblem: null } as const;
  script.hear('a', 1, { ...part, processes: [DB], last: false });
  assert.deepEqual(kinds(script), nothing);
  assert.equal(isConnected(script.host('a')), false);
  assert.equal(script.host('a').processes.size, 0);
  script.hear('a', 1, { ...part, processes: [WEB], last: true });
  assert.equal(isConnected(script.host('a')), true);
  assert.deepEqual([...script.host('a').processes.keys()], ['db', 'web']);
  assert.deepEqual(kinds(script).writes, ['snapshot']);
});

test('a host shows from where it connected last, and since when it is connected', () => {
  const script = fleetScript();
  const shown = () => {
    const { connected, address, connectedSinceMs } = hostStatusOf(script.host('a'));
    return [connected, address, connectedSinceMs];
  };
  script.connect('a', 1, [WEB]);
  assert.deepEqual(shown(), [true, '10.0.0.1', NOW_MS]);
  script.wallMs += 1_000;
  script.hear('a', 1, { kind: 'heartbeat', probe: 0 });
  assert.deepEqual(shown(), [true, '10.0.0.1', NOW_MS]);
  end(script, 1);
  assert.deepEqual(shown(), [false, '10.0.0.1', null]);
  script.wallMs += 1_000;
  script.hello('a', 2);
  assert.deepEqual(shown(), [false, '10.0.0.2', null]);
  script.hear('a', 2, aSnapshot({ sessionEpoch: 2 }));
  assert.deepEqual(shown(), [true, '10.0.0.2', NOW_MS + 2_000]);
});

test('a new snapshot replaces what was known; processes that are gone are gone', () => {
  const script = fleetScript();
  script.connect('a', 1, [DB, WEB]);
  script.connect('a', 2, [WEB]);
  assert.deepEqual([...script.host('a').processes.keys()], ['web']);
  script.connect('a', 3, []);
  assert.equal(script.host('a').processes.size, 0);
  assert.equal(isConnected(script.host('a')), true);
});

test('the second session of a host fences the first: it is closed and never listened to again', () => {
  const script = fleetScript();
  script.connect('a', 1, [WEB]);
  script.hello('a', 2);
  const [close] = script.effects;
  assert.equal(close?.kind === 'close' && close.connection, 1);
  assert.equal(close?.kind === 'close' && close.because.code, 'conflict');
  for (const sessionEpoch of [1, 2]) {
    const event = changed(aStatus('web', { pid: 999 }));
    script.hear('a', 1, { kind: 'event', sessionEpoch, seq: 1, atMs: NOW_MS, event });
    assert.deepEqual(kinds(script), nothing);
    const processes = [aStatus('evil')];
    script.hear('a', 1, aSnapshot({ sessionEpoch, seq: 1, processes }));
    assert.deepEqual(kinds(script), nothing);
  }
  script.hear('a', 1, { kind: 'goodbye', reason: 'late', reconnectAfterMs: 0 });
  end(script, 1);
  assert.deepEqual(kinds(script), nothing);
  assert.equal(script.host('a').session?.connection, 2);
});

test('messages of a stale epoch are ignored, on the right connection too', () => {
  const script = fleetScript();
  script.connect('a', 1, [WEB]);
  for (const sessionEpoch of [0, 2]) {
    const event = changed(aStatus('web', { pid: 999 }));
    script.hear('a', 1, { kind: 'event', sessionEpoch, seq: 1, atMs: NOW_MS, event });
    script.hear('a', 1, aSnapshot({ sessionEpoch, seq: 1 }));
    assert.deepEqual(kinds(script), nothing);
  }
  assert.equal(pidOf(script, 'web'), 100);
});

test('messages of unknown hosts, and before any Hello, are ignored', () => {
  const script = fleetScript();
  script.hear('nobody', 1, { kind: 'heartbeat', probe: 0 });
  end(script, 9, hostId('nobody'));
  graceOver(script, 0, hostId('nobody'));
  assert.equal(script.state.hosts.size, 0);
});

test('a second Hello in one session is out of turn', () => {
  const script = fleetScript();
  script.connect('a', 1, []);
  script.hear('a', 1, aHello());
  assert.deepEqual(kinds(script), { writes: [], effects: ['close'] });
});

test('an agent that is more than one protocol version away is turned away and changes nothing', () => {
  for (const version of [3, 99, -1]) {
    const script = fleetScript();
    script.give({
      kind: 'hello',
      host: A,
      connection: 1,
      hello: aHello('j', version),
      certificate: aCertificate('a'),
      address: null,
    });
    const [close] = script.effects;
    assert.equal(close?.kind === 'close' && close.because.code, 'version-skew');
    assert.match(close?.kind === 'close' ? (close.because.fix ?? '') : '', /upgrade the older/);
    assert.equal(script.state.hosts.size, 0);
    assert.equal(script.state.sessionEpoch, 0);
  }
  const script = fleetScript();
  const from = { connection: 1, certificate: aCertificate('a'), address: null };
  script.give({ kind: 'hello', host: A, hello: aHello('j', 2), ...from });
  assert.equal(sent(script).length, 1);
});

test('an event is stored, shown and acknowledged; the same again is only acknowledged', () => {
  const script = fleetScript();
  script.connect('a', 1, [WEB]);
  const event = changed(aStatus('web', { pid: 200 }));
  script.tell('a', 1, 1, event);
  assert.deepEqual(kinds(script), { writes: ['event', 'process'], effects: ['acknowledge'] });
  assert.equal(pidOf(script, 'web'), 200);
  script.tell('a', 1, 1, changed(aStatus('web', { pid: 300 })));
  assert.deepEqual(script.writes, []);
  assert.deepEqual(script.effects, [
    { kind: 'acknowledge', connection: 1, sessionEpoch: 1, seq: 1 },
  ]);
  assert.equal(pidOf(script, 'web'), 200);
});

test('a hole in the numbering is taken as it is: what follows counts', () => {
  const script = fleetScript();
  script.connect('a', 1, [WEB]);
  script.tell('a', 1, 5, changed(aStatus('web', { pid: 200 })));
  assert.equal(script.host('a').storedSeq, 5);
  script.tell('a', 1, 4, changed(aStatus('web', { pid: 300 })));
  assert.deepEqual(script.writes, []);
  assert.equal(pidOf(script, 'web'), 200);
});

test('changes that the snapshot contains already are stored but do not rewind it', () => {
  const script = fleetScript();
  script.hello('a', 1);
  const now = aStatus('web', { pid: 300 });
  script.hear('a', 1, aSnapshot({ seq: 2, processes: [now] }));
  for (const seq of [1, 2]) {
    script.tell('a', 1, seq, changed(aStatus('web', { pid: 100 * seq })));
    assert.deepEqual(kinds(script).writes, ['event']);
    assert.equal(pidOf(script, 'web'), 300);
  }
  script.tell('a', 1, 3, changed(aStatus('web', { pid: 400 })));
  assert.equal(pidOf(script, 'web'), 400);
});

test('a session goes on in the journal where the one before it was, a new journal begins at 0', () => {
  const script = fleetScript();
  script.connect('a', 1, [WEB]);
  script.tell('a', 1, 7, changed(WEB));
  script.hello('a', 2);
  const [again] = sent(script);
  assert.equal(again?.kind === 'welcome' && again.acknowledgedSeq, 7);
  script.hello('a', 3, 'journal-2');
  const [anew] = sent(script);
  assert.equal(anew?.kind === 'welcome' && anew.acknowledgedSeq, 0);
  assert.equal(script.host('a').storedSeq, 0);
  script.tell('a', 3, 1, changed(WEB));
  const [event] = script.writes;
  assert.equal(event?.kind === 'event' && event.journalId, 'journal-2');
});

test('a heartbeat moves only the time of the last sight', () => {
  const script = fleetScript();
  script.connect('a', 1, [WEB]);
  script.wallMs += 5_000;
  script.hear('a', 1, { kind: 'heartbeat', probe: 0 });
  assert.deepEqual(kinds(script), nothing);
  assert.equal(script.host('a').lastSeenAtMs, NOW_MS + 5_000);
});

/** `restart all` on hosts a and b, each with db before web; the db's are in flight. */
function restarting(): FleetScript {
  const script = fleetScript();
  script.connect('a', 1, [DB, WEB]);
  script.connect('b', 2, [DB, WEB]);
  script.submit(aRequest('restart', '@*', ['all']));
  return script;
}

const states = (script: FleetScript) =>
  script
    .operation()
    .targets.map((target) => target.state)
    .join(' ');

test('a wave is sent as one command to each host, and its end sends the next', () => {
  const script = restarting();
  assert.deepEqual(
    sent(script).map(
      (message) => message.kind === 'command' && [message.connection, ...message.processes],
    ),
    [
      [1, 'db'],
      [2, 'db'],
    ],
  );
  script.tell('a', 1, 1, accepted(anId(), 'db'));
  assert.equal(states(script), 'accepted dispatched pending pending');
  assert.deepEqual(kinds(script), {
    writes: ['event', 'operationChanged'],
    effects: ['publish', 'acknowledge'],
  });
  script.tell('a', 1, 2, settled(anId(), 'db'));
  script.tell('b', 2, 1, settled(anId(), 'db'));
  assert.deepEqual(
    sent(script).map((message) => message.connection),
    [1, 2],
  );
  script.tell('b', 2, 2, settled(anId(), 'web'));
  script.tell('a', 1, 3, settled(anId(), 'web'));
  assert.equal(script.operation().state, 'succeeded');
  const last = script.effects.findLast((effect) => effect.kind === 'publish');
  assert.equal(last?.kind === 'publish' && last.update.kind, 'ended');
});

/** What those who watch were told of targets in the last step. */
const observed = (script: FleetScript) =>
  script.effects.flatMap((effect) =>
    effect.kind === 'publish' && effect.update.kind === 'targets'
      ? effect.update.targets.map(
          ({ host, process, processState, hostConnected }) =>
            `${host}/${process} ${processState} ${hostConnected ? 'connected' : 'away'}`,
        )
      : [],
  );

test('whoever watches sees what the processes of open targets are doing', () => {
  const script = restarting();
  script.tell('a', 1, 1, changed({ ...WEB, state: 'STOPPING' }));
  assert.deepEqual(observed(script), ['a/web STOPPING connected']);
  script.tell('a', 1, 2, changed({ ...WEB, state: 'STOPPING', pid: 5 }));
  assert.deepEqual(observed(script), []);
  script.tell('a', 1, 3, changed(aStatus('other', { state: 'STOPPING' })));
  assert.deepEqual(observed(script), []);
  // What was said again after a reconnect, or is in the snapshot already, is older than it.
  script.tell('a', 1, 2, changed(WEB));
  assert.deepEqual(observed(script), []);
});

test('whoever watches sees when the host of an open target goes and comes back', () => {
  const script = restarting();
  end(script, 1);
  assert.deepEqual(observed(script), ['a/db RUNNING away', 'a/web RUNNING away']);
  script.hello('a', 3);
  assert.deepEqual(observed(script), []);
  script.hear('a', 3, aSnapshot({ sessionEpoch: 3, processes: [DB, WEB] }));
  assert.deepEqual(observed(script), ['a/db RUNNING connected', 'a/web RUNNING connected']);
  // The next session fences this one, which nobody has told the end of.
  script.hello('a', 4);
  assert.deepEqual(observed(script), ['a/db RUNNING away', 'a/web RUNNING away']);
});

test('an agent speaks only for the targets of its own host', () => {
  const script = restarting();
  script.tell('b', 2, 1, settled(anId(), 'db', 'failed'));
  assert.equal(states(script), 'dispatched failed pending pending');
  script.tell('b', 2, 2, settled(anId(7), 'db'));
  assert.deepEqual(kinds(script).writes, ['event']);
});

test('a host that is lost for less than the grace is told again, and nothing else happens', () => {
  const script = restarting();
  script.tell('a', 1, 1, accepted(anId(), 'db'));
  end(script, 1);
  assert.deepEqual(
    script.effects.filter(({ kind }) => kind !== 'publish'),
    [{ kind: 'graceTimer', host: 'a', lossCount: 1, delayMs: GRACE_MS }],
  );
  assert.equal(isConnected(script.host('a')), false);
  assert.equal(states(script), 'accepted dispatched pending pending');
  script.connect('a', 3, [DB, WEB]);
  const [command] = sent(script);
  assert.equal(command?.kind, 'command');
  assert.deepEqual(command?.kind === 'command' && command.processes, ['db']);
  assert.equal(command?.kind === 'command' && command.sessionEpoch, 3);
  graceOver(script, 1);
  assert.deepEqual(kinds(script), nothing);
  assert.equal(states(script), 'accepted dispatched pending pending');
});

test('a host is not told anything before its snapshot is whole', () => {
  const script = restarting();
  end(script, 1);
  script.hello('a', 3);
  script.tell('b', 2, 1, settled(anId(), 'db'));
  assert.deepEqual(sent(script), []);
  script.tell('a', 3, 1, settled(anId(), 'db'));
  // The next wave has begun; b is told at once, a when it is synced.
  assert.deepEqual(
    sent(script).map((message) => message.connection),
    [2],
  );
  script.hear('a', 3, aSnapshot({ sessionEpoch: 3, seq: 1, processes: [DB, WEB] }));
  assert.deepEqual(
    sent(script).map(
      (message) => message.kind === 'command' && [message.connection, ...message.processes],
    ),
    [[3, 'web']],
  );
});

test('the grace of an earlier loss says nothing of a later one', () => {
  const script = restarting();
  end(script, 1);
  script.connect('a', 3, [DB, WEB]);
  end(script, 3);
  graceOver(script, 1);
  assert.deepEqual(kinds(script), nothing);
  graceOver(script, 2);
  assert.equal(states(script), 'unreachable dispatched unreachable pending');
  assert.match(script.operation().targets[0]?.error ?? '', /did not come back/);
});

test('a host that is lost between the plan and its wave is waited for, then given up', () => {
  const script = restarting();
  script.tell('a', 1, 1, settled(anId(), 'db'));
  end(script, 1);
  script.tell('b', 2, 1, settled(anId(), 'db'));
  assert.equal(states(script), 'succeeded succeeded dispatched dispatched');
  assert.deepEqual(
    sent(script).map((message) => message.connection),
    [2],
  );
  script.tell('b', 2, 2, settled(anId(), 'web'));
  assert.equal(script.operation().state, 'running');
  graceOver(script, 1);
  assert.equal(states(script), 'succeeded succeeded unreachable succeeded');
  assert.equal(script.operation().state, 'failed');
});

test('a goodbye loses the host at once, without a grace', () => {
  const script = restarting();
  script.hear('a', 1, { kind: 'goodbye', reason: 'stopped', reconnectAfterMs: 0 });
  assert.equal(states(script), 'unreachable dispatched unreachable pending');
  assert.match(script.operation().targets[0]?.error ?? '', /its agent went away: stopped/);
  assert.ok(!kinds(script).effects.includes('graceTimer'));
  end(script, 1);
  assert.deepEqual(kinds(script), nothing);
});

test('an agent that hands over to the next one is waited for, as if it were lost', () => {
  const script = restarting();
  script.hear('a', 1, { kind: 'goodbye', reason: 'handing over', reconnectAfterMs: 1_000 });
  assert.equal(states(script), 'dispatched dispatched pending pending');
  assert.equal(script.host('a').session, null);
  assert.ok(kinds(script).effects.includes('graceTimer'));
  script.wallMs += GRACE_MS;
  graceOver(script, script.host('a').lossCount);
  assert.equal(states(script), 'unreachable dispatched unreachable pending');
});

test('a Hello tells what the agent took over and what it lost, until the next one does', () => {
  const script = fleetScript();
  const found = { adopted: 20, stateProblem: 'journal.db was damaged' };
  const hello = { ...aHello(), ...found };
  const from = { connection: 1, certificate: aCertificate('a'), address: null };
  script.give({ kind: 'hello', host: hostId('a'), hello, ...from });
  const { adopted, stateProblem } = hostStatusOf(script.host('a'));
  assert.deepEqual({ adopted, stateProblem }, found);
  const [, write] = script.writes;
  assert.ok(write?.kind === 'host');
  assert.equal(write.host.stateProblem, found.stateProblem);
  script.hello('a', 2);
  assert.equal(hostStatusOf(script.host('a')).adopted, 0);
  assert.equal(hostStatusOf(script.host('a')).stateProblem, null);
});

test('an agent that comes back with another journal is not told again what the old one was given', () => {
  const script = restarting();
  script.tell('a', 1, 1, accepted(anId(), 'db'));
  end(script, 1);
  script.hello('a', 3, 'journal-2');
  assert.equal(states(script), 'indeterminate dispatched pending pending');
  script.hear('a', 3, aSnapshot({ sessionEpoch: 3, seq: 0, processes: [DB, WEB] }));
  assert.deepEqual(sent(script), []);
  script.tell('b', 2, 1, settled(anId(), 'db'));
  assert.equal(script.operation().state, 'paused');
});

test('after its own restart the controller waits a grace for every host that has something to do', () => {
  const before = fleetScript();
  before.connect('a', 1, [DB, WEB]);
  before.connect('b', 2, [DB, WEB]);
  before.connect('done', 4, [DB]);
  before.submit(aRequest('restart', '@*', ['all']));
  before.tell('done', 4, 1, settled(anId(), 'db'));
  before.connect('idle', 5, [WEB]);
  const hosts = [...before.state.hosts].map(
    ([id, host]) => [id, { ...host, session: null }] as const,
  );
  let reloaded = before.state.hosts;
  for (const [id, host] of hosts) reloaded = reloaded.with(id, host);
  const script = fleetScript({ ...before.state, hosts: reloaded });
  script.give({ kind: 'boot' });
  assert.deepEqual(
    script.effects.flatMap((effect) => (effect.kind === 'graceTimer' ? [effect.host] : [])).sort(),
    ['a', 'b'],
  );
  script.connect('a', 1, [DB, WEB]);
  assert.deepEqual(
    sent(script).map((message) => message.kind),
    ['command'],
  );
  graceOver(script, 0);
  assert.deepEqual(kinds(script), nothing);
  graceOver(script, 0, hostId('b'));
  assert.equal(states(script), 'dispatched unreachable succeeded pending unreachable');
});

test('a host that is back but never says how things are is given a second grace, not a third', () => {
  const script = restarting();
  end(script, 1);
  script.hello('a', 3);
  graceOver(script, 1);
  assert.deepEqual(script.effects, [
    { kind: 'graceTimer', host: 'a', lossCount: 1, delayMs: GRACE_MS },
  ]);
  assert.equal(states(script), 'dispatched dispatched pending pending');
  script.wallMs += GRACE_MS;
  graceOver(script, 1);
  assert.equal(states(script), 'unreachable dispatched unreachable pending');
});

test('an agent that reports more processes than a host can have is cut off', () => {
  const script = fleetScript();
  script.hello('a', 1);
  const processes = Array.from({ length: 10_001 }, (_, index) => aStatus(`p${index}`));
  script.hear('a', 1, aSnapshot({ processes }));
  assert.deepEqual(kinds(script), { writes: [], effects: ['close'] });
  assert.equal(isConnected(script.host('a')), false);
});

test('a host with as many processes as it can have may change them, but have no other', () => {
  const script = fleetScript();
  const full = Array.from({ length: 10_000 }, (_, index) => aStatus(`p${index}`));
  script.connect('a', 1, full);
  script.tell('a', 1, 1, changed(aStatus('p9', { pid: 200 })));
  assert.deepEqual(kinds(script), { writes: ['event', 'process'], effects: ['acknowledge'] });
  script.tell('a', 1, 2, changed(aStatus('another')));
  assert.deepEqual(kinds(script), { writes: ['event'], effects: ['close', 'acknowledge'] });
  assert.equal(script.host('a').processes.size, 10_000);
});

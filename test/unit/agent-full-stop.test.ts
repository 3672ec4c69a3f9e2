/**
 * A restart with a full stop reaches the agent as a stop and, later, a start under one operation
 * id. Each is carried out once, however often and in whatever order its repeats come.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AgentStep, Sighting } from '../../agent/core/state.ts';
import {
  aCommand,
  acceptedIn,
  aHost,
  aRunningHost,
  deedsIn,
  type HostOptions,
  outcomesIn,
  type TestHost,
} from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const ALIVE: Sighting = { kind: 'alive' };

const stop = (host: TestHost): AgentStep =>
  host.receive({ ...aCommand('stop', 'op-1', ['web']), startFollows: true });
const start = (host: TestHost): AgentStep => host.command('start', 'op-1', 'web');

function nextAgent(host: TestHost, options: HostOptions = {}): TestHost {
  const next = aHost([web], { journal: host.journal(), startsAtMs: 5_000, ...options });
  next.welcome();
  return next;
}

/** The first half is done. */
function stoppedHost(): TestHost {
  const host = aRunningHost(web);
  stop(host);
  host.exited('web', exitCode(0));
  return host;
}

/** Both are. */
function startedHost(): TestHost {
  const host = stoppedHost();
  start(host);
  host.spawned('web', 202);
  host.timer('web', 'stayedUp');
  return host;
}

test('a stop and then a start under one id are two targets, each with its own events', () => {
  const host = aRunningHost(web);
  const about = { kind: 'targetAccepted', operationId: 'op-1', process: 'web', generation: 0 };
  assert.deepEqual(acceptedIn(stop(host)), [{ ...about, verb: 'stop', oldPid: 101 }]);
  host.pass(250);
  const [stopped] = outcomesIn(host.exited('web', exitCode(0)));
  assert.deepEqual(
    [stopped?.verb, stopped?.state, stopped?.durationMs],
    ['stop', 'succeeded', 250],
  );
  const begun = start(host);
  assert.deepEqual(acceptedIn(begun), [{ ...about, verb: 'start', oldPid: null }]);
  assert.deepEqual(deedsIn(begun), ['web spawn']);
  host.spawned('web', 202);
  const [started] = outcomesIn(host.timer('web', 'stayedUp'));
  assert.deepEqual([started?.verb, started?.state, started?.newPid], ['start', 'succeeded', 202]);
  assert.equal(host.process('web').generation, 0, 'only restarts are counted');
});

test('a repeat of the stop, once its start has come, is answered from the record of the stop', () => {
  for (const host of [stoppedHost(), startedHost()]) {
    start(host);
    const before = host.process('web');
    const repeat = stop(host);
    const answers = outcomesIn(repeat).map(({ verb, state, oldPid }) => [verb, state, oldPid]);
    assert.deepEqual(answers, [['stop', 'succeeded', 101]]);
    assert.deepEqual(deedsIn(repeat), []);
    assert.equal(host.process('web'), before);
    assert.equal(before.wanted, 'up');
  }
});

test('a start that comes while its stop is under way waits for it', () => {
  const host = aRunningHost(web);
  stop(host);
  assert.deepEqual(deedsIn(start(host)), []);
  assert.deepEqual(acceptedIn(stop(host)).length, 1);
  const stopped = host.exited('web');
  assert.deepEqual(
    outcomesIn(stopped).map(({ verb }) => verb),
    ['stop'],
  );
  assert.deepEqual(deedsIn(stopped), ['web spawn']);
});

test('both halves take their turns behind what was ordered before', () => {
  const host = aRunningHost(web);
  host.command('restart', 'op-0', 'web');
  stop(host);
  start(host);
  host.exited('web');
  host.spawned('web', 202);
  const restarted = host.timer('web', 'stayedUp');
  assert.deepEqual(deedsIn(restarted), ['web stop TERM']);
  assert.deepEqual(deedsIn(host.exited('web')), ['web spawn']);
  host.spawned('web', 303);
  const [last] = outcomesIn(host.timer('web', 'stayedUp'));
  assert.deepEqual([last?.operation, last?.verb, last?.newPid], ['op-1', 'start', 303]);
});

test('an agent killed between the halves leaves the process down until the start comes', () => {
  const host = nextAgent(stoppedHost());
  assert.deepEqual([deedsIn(host.booted), host.stateOf('web')], [[], 'STOPPED']);
  assert.deepEqual(deedsIn(stop(host)), []);
  assert.deepEqual(deedsIn(start(host)), ['web spawn']);
});

test('an agent killed while one half is under way and the other waits goes on with both', () => {
  const before = aRunningHost(web);
  stop(before);
  start(before);
  const alive = nextAgent(before, { sightings: { web: ALIVE } });
  assert.deepEqual(deedsIn(alive.booted), ['web stop TERM']);
  assert.deepEqual(deedsIn(alive.exited('web')), ['web spawn']);
  const exit = exitCode(0);
  const gone = nextAgent(before, { sightings: { web: { kind: 'ended', exit } } });
  assert.deepEqual(deedsIn(gone.booted), ['web spawn']);
  assert.equal(gone.target('op-1', 'web', 'stop')?.outcome?.state, 'succeeded');
  assert.equal(gone.target('op-1', 'web', 'start')?.phase, 'starting');
});

test('on a host that was rebooted between the halves it comes up, and not before', () => {
  const reboot = (host: TestHost) => deedsIn(nextAgent(host, { bootId: 'boot-2' }).booted);
  assert.deepEqual(reboot(stoppedHost()), ['web spawn']);
  assert.deepEqual(deedsIn(nextAgent(stoppedHost()).booted), [], 'its start is still to come');
  assert.deepEqual(reboot(startedHost()), ['web spawn']);
  const waiting = aRunningHost(web);
  stop(waiting);
  start(waiting);
  assert.deepEqual(reboot(waiting), ['web spawn']);
});

/** What may happen after the first stop; `start` also stands for its repeats. */
const DEEDS = ['repeat stop', 'start', 'go on', 'kill agent'] as const;

test('whatever is repeated and whenever the agent dies, one child is stopped and one started', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...DEEDS), { maxLength: 30 }), (deeds) => {
      let host = aRunningHost(web);
      let pid = 101;
      const signalled = new Set<number>();
      const released = new Set<number>();
      const note = ({ effects }: AgentStep): void => {
        for (const effect of effects) {
          if (effect.kind !== 'process') continue;
          if (effect.effect.kind === 'stop') signalled.add(effect.effect.child.pid);
          if (effect.effect.kind === 'release') released.add(effect.effect.child.pid);
        }
      };
      const goOn = (): void => {
        const { state, child } = host.process('web');
        if (state === 'STOPPING') return note(host.exited('web', exitCode(0)));
        if (state !== 'STARTING') return;
        if (child !== null) return note(host.timer('web', 'stayedUp'));
        pid += 1;
        note(host.spawned('web', pid));
      };
      const killAgent = (): void => {
        const sightings = host.process('web').child === null ? {} : { web: ALIVE };
        host = nextAgent(host, { sightings });
        note(host.booted);
      };
      note(stop(host));
      for (const deed of [...deeds, 'start', 'go on', 'go on', 'go on', 'repeat stop'] as const) {
        if (deed === 'repeat stop') note(stop(host));
        if (deed === 'start') note(start(host));
        if (deed === 'go on') goOn();
        if (deed === 'kill agent') killAgent();
      }
      assert.deepEqual([...signalled], [101]);
      assert.deepEqual([...released], [pid]);
      assert.equal(pid > 101, true);
      assert.deepEqual([host.stateOf('web'), host.process('web').wanted], ['RUNNING', 'up']);
      assert.equal(host.target('op-1', 'web', 'stop')?.outcome?.oldPid, 101);
      assert.equal(host.target('op-1', 'web', 'start')?.outcome?.newPid, pid);
    }),
  );
});

/**
 * Hosts that are lost: killed, frozen, or gone in the middle of an operation. Status must say so
 * soon, and no operation may wait for a host that does not come back.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import {
  createFleet,
  type Fleet,
  type OperationDocument,
  type ProcessListDocument,
  resultOf,
} from './fleet/harness.ts';
import { isAlive, sendSignal } from './fleet/processes.ts';

/** DESIGN §10: a heartbeat every 5 s, and a host that vanished is shown as such within 20 s. */
const SHOWN_LOST_WITHIN_MS = 20_000;

const HOSTS = ['killed-1', 'frozen-1', 'dying-1', 'orderly-1', 'steady-1'] as const;
let fleet: Fleet;
const agents = new Map<string, Daemon>();

before(async () => {
  fleet = await createFleet({ controller: 'unreachable_after = 4' });
  const stubborn = fleet.script('stubborn', `trap '' TERM\nwhile :; do sleep 0.2; done\n`);
  await fleet.startController();
  const programs = `
[program:web]
command = sleep 1000
startsecs = 0
[program:stubborn]
command = ${stubborn}
startsecs = 0
stopwaitsecs = 600
`;
  await Promise.all(
    HOSTS.map(async (host) => {
      agents.set(host, await fleet.startAgent(host, { programs }));
      await fleet.running(host, 'web');
      await fleet.running(host, 'stubborn');
    }),
  );
});

after(() => fleet?.[Symbol.dispose]());

function agentOf(host: (typeof HOSTS)[number]): Daemon {
  const agent = agents.get(host);
  assert.ok(agent);
  return agent;
}

function waitUntilLost(host: string): Promise<unknown> {
  return fleet.process(host, 'web', 'is lost', (entry) => !entry.hostConnected, {
    withinMs: SHOWN_LOST_WITHIN_MS,
  });
}

test('hosts that are lost', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test(
      'a killed agent: UNREACHABLE, while its processes live; operations end at once',
      async () => {
        const pid = await fleet.running('killed-1', 'web');
        await agentOf('killed-1').end('SIGKILL');
        await waitUntilLost('killed-1');
        const status = await fleet.fleetctl('status', 'web', '--hosts', 'killed-1', '-o', 'json');
        assert.equal(status.code, 3);
        assert.equal(status.json<ProcessListDocument>().items[0]?.state, 'UNREACHABLE');
        assert.ok(isAlive(pid), 'the program ended with its agent');
        const beganAtMs = performance.now();
        const result = await fleet.fleetctl('restart', 'web', '--hosts', 'killed-1', '-o', 'json');
        assert.equal(result.code, 11, result.stderr);
        assert.ok(performance.now() - beganAtMs < 3_900, 'it waited for the grace period');
        const target = result.json<OperationDocument>().targets[0];
        assert.equal(target?.state, 'unreachable');
        assert.equal(target.error, 'the host was not connected when the operation began');
      },
    ),

    t.test('a lost host does not keep the others from being restarted', async () => {
      await waitUntilLost('killed-1');
      const old = await fleet.running('steady-1', 'web');
      const result = await fleet.fleetctl(
        ...['restart', 'web', '--hosts', 'killed-1,steady-1', '-o', 'json'],
      );
      assert.equal(result.code, 11, result.stderr);
      const states = result
        .json<OperationDocument>()
        .targets.map(({ host, state }) => `${host} ${state}`);
      assert.deepEqual(states.toSorted(), ['killed-1 unreachable', 'steady-1 succeeded']);
      assert.notEqual(await fleet.running('steady-1', 'web'), old);
    }),

    t.test(
      'an operation on a host whose agent is killed meanwhile ends, with exit 11',
      async () => {
        const fleetctl = await fleet.startFleetctl(
          ...['restart', 'stubborn', '--hosts', 'dying-1', '-o', 'json'],
        );
        await fleet.process('dying-1', 'stubborn', 'is stopping', isStopping);
        await agentOf('dying-1').end('SIGKILL');
        const result = await resultOf(fleetctl);
        assert.equal(result.code, 11, result.stderr);
        const target = result.json<OperationDocument>().targets[0];
        assert.equal(target?.state, 'unreachable');
        assert.match(target.error ?? '', /connection to its agent was lost/);
      },
    ),

    t.test('an agent that is told to end says goodbye: its host is lost at once', async () => {
      const fleetctl = await fleet.startFleetctl(
        ...['restart', 'stubborn', '--hosts', 'orderly-1', '-o', 'json'],
      );
      const stopping = await fleet.process('orderly-1', 'stubborn', 'is stopping', isStopping);
      agentOf('orderly-1').signal('SIGTERM');
      await fleet.until('shutdown has begun', () =>
        agentOf('orderly-1')
          .log()
          .some(({ msg }) => msg === 'stopping every process in order'),
      );
      sendSignal(stopping.pid, 'SIGKILL');
      assert.deepEqual(await agentOf('orderly-1').ended(), { code: 0, signal: null });
      const result = await resultOf(fleetctl);
      assert.ok(result.code === 10 || result.code === 11, `exit ${result.code}`);
      assert.deepEqual((await fleet.processes()).get('orderly-1 stubborn')?.hostConnected, false);
      await fleet.until('nothing is left', () => fleet.leftOn('orderly-1').length === 0);
    }),

    t.test(
      'a frozen agent, whose connection stays open, is lost within 20 s all the same',
      async () => {
        agentOf('frozen-1').signal('SIGSTOP');
        await waitUntilLost('frozen-1');
        const result = await fleet.fleetctl('stop', 'web', '--hosts', 'frozen-1');
        assert.equal(result.code, 11, result.stderr);
        agentOf('frozen-1').signal('SIGCONT');
        await fleet.running('frozen-1', 'web');
      },
    ),
  ]);
});

const isStopping = ({ status }: { readonly status: { readonly state: string } }): boolean =>
  status.state === 'STOPPING';

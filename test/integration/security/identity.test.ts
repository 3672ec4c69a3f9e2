/**
 * Agents that are not what they say: one that speaks for another host, one that listens for what is
 * another's, one that has stolen a key, and one whose certificate is taken away in the middle.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { AgentLogMessage } from '../../../proto/log-messages.ts';
import type { AgentMessage } from '../../../proto/messages.ts';
import {
  knownProcessName,
  type OperationId,
  type ProcessStatus,
  type SequencedEvent,
} from '../../../proto/vocabulary.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet, operationRequest } from '../fleet/harness.ts';
import { begin, operationOf, target } from '../fleet/operations.ts';
import { readCredentials } from '../fleet/pki.ts';
import { isAlive } from '../fleet/processes.ts';
import { type AgentStream, dialAsAgent, helloOf } from './agent-stream.ts';
import { relayFrom } from './newcomers.ts';
import { dialHttp2 } from './raw-http2.ts';

const SENTINEL = 'kept-from-others';

let fleet: Fleet;
let web2: Daemon;
/** The start of `slow` on web-2, which goes on. */
let operation: OperationId;

before(async () => {
  fleet = await createFleet({ controller: '[operator:bob]\nroles = admin\n' });
  await fleet.startController();
  const printer = fleet.script('printer', `echo ${SENTINEL}-in-a-log\nexec sleep 1000\n`);
  web2 = await fleet.startAgent('web-2', {
    programs: `[program:web]
command = ${printer}
startsecs = 0
[program:slow]
command = sleep 1000
startsecs = 60
autostart = false
[program:${SENTINEL}]
command = sleep 1000
startsecs = 0
`,
  });
  await fleet.running('web-2', 'web');
  await fleet.running('web-2', SENTINEL);
  operation = await begin(fleet, { verb: 'start', hosts: 'web-2', processes: ['slow'] });
});

after(() => fleet?.[Symbol.dispose]());

async function agentOf(name: string, port = fleet.port): Promise<AgentStream> {
  const files = await fleet.pki.issue({ kind: 'agent', name });
  return dialAsAgent(port, readCredentials(files, 'agent'));
}

async function hostNamed(name: string) {
  const { hosts } = await (await fleet.client()).listProcesses({ hosts: name, processes: [] });
  return hosts[0] ?? assert.fail(name);
}

/** As `web-2` has it, but dead. */
async function deadOf(process: string): Promise<ProcessStatus> {
  const entry = (await fleet.processes()).get(`web-2 ${process}`) ?? assert.fail(process);
  return { ...entry.status, state: 'FATAL', pid: null, lastError: 'so says another' };
}

/** What an agent says of an operation. */
function settled(operationId: OperationId, process: string): SequencedEvent['event'] {
  const success = { state: 'succeeded', oldPid: null, newPid: 1, durationMs: 1 } as const;
  const outcome = { ...success, error: null, logTail: [], fault: null, note: null };
  return {
    kind: 'targetSettled',
    verb: 'start',
    ...{ operationId, process: knownProcessName(process), outcome },
  };
}

/** Everything that can be said, about what is another's. */
async function lies(
  sessionEpoch: number,
  operation: OperationId,
): Promise<readonly (AgentMessage | AgentLogMessage)[]> {
  const dead = [await deadOf('web'), await deadOf('slow')];
  const events: readonly SequencedEvent['event'][] = [
    { kind: 'processChanged', process: dead[0] ?? assert.fail() },
    { kind: 'processRemoved', process: knownProcessName('web') },
    settled(operation, 'slow'),
  ];
  const sequenced = events.map((event, index) => ({ seq: index + 10, atMs: Date.now(), event }));
  const about = { sessionEpoch, readerId: 1 };
  return [
    { kind: 'snapshot', sessionEpoch, seq: 9, processes: dead, configProblem: 'lie', last: true },
    ...sequenced.map((one) => ({ kind: 'event', sessionEpoch, ...one }) as const),
    { kind: 'events', sessionEpoch, events: sequenced },
    { kind: 'answer', sessionEpoch, questionId: 1, answer: { kind: 'failed', error: 'lie' } },
    { kind: 'heartbeat', probe: 1 },
    {
      ...{ kind: 'logBlock', process: knownProcessName('web'), channel: 'stdout', ...about },
      ...{ data: Buffer.from('lie\n'), skippedBytes: 0, skippedMore: false },
    },
    { kind: 'logsNote', note: 'lie', ...about },
    { kind: 'logsEnd', error: 'lie', ...about },
  ];
}

test('whatever an agent says in whichever session, it says of its own host alone', async () => {
  const slow = { id: operation, host: 'web-2', process: 'slow' };
  await target(fleet, slow, ({ state }) => state === 'accepted');
  await fleet.process('web-2', 'slow', 'has been started', ({ status }) => status.pid !== null);
  const before = await fleet.processes();
  using liar = await agentOf('web-1');
  liar.say(helloOf('liar'));
  const { sessionEpoch } = await liar.welcomed;
  // Of all sessions there were, that of web-2 among them, and of one to come.
  for (let epoch = 1; epoch <= sessionEpoch + 1; epoch += 1) {
    for (const lie of await lies(epoch, operation)) liar.say(lie);
  }
  const told = await fleet.until('it is believed of its own host', async () => {
    const seen = await fleet.processes();
    const isRemoved = seen.get('web-1 web') === undefined;
    return isRemoved && seen.get('web-1 slow')?.status.state === 'FATAL' && seen;
  });
  for (const process of ['web', 'slow', SENTINEL]) {
    const key = `web-2 ${process}`;
    assert.deepEqual(told.get(key)?.status, before.get(key)?.status, process);
  }
  const { targets, endedAtMs } = await operationOf(fleet, operation);
  assert.equal(endedAtMs, null);
  assert.deepEqual(
    targets.map(({ host, state }) => [host, state]),
    [['web-2', 'accepted']],
  );
  const { connected, configProblem } = await hostNamed('web-2');
  assert.deepEqual({ connected, configProblem }, { connected: true, configProblem: null });
  liar.say({ kind: 'goodbye', reason: 'lie', reconnectAfterMs: 60_000 });
  await fleet.until('it is gone itself', async () => !(await hostNamed('web-1')).connected);
  assert.ok((await hostNamed('web-2')).connected);
});

test('an agent hears nothing of another host, whatever is done there', async () => {
  using curious = await agentOf('web-1');
  curious.say(helloOf('curious'));
  const { sessionEpoch } = await curious.welcomed;
  const web = { ...(await deadOf('web')), state: 'STOPPED' } as const;
  const snapshot = { kind: 'snapshot', sessionEpoch, seq: 0, configProblem: null } as const;
  curious.say({ ...snapshot, processes: [web], last: true });
  await fleet.until('it is connected', async () => (await hostNamed('web-1')).connected);
  const client = await fleet.client();
  const processes = ['web', SENTINEL];
  const everything = { verb: 'restart', hosts: '@*', processes, reason: SENTINEL } as const;
  const { id } = await client.submitOperation(
    { kind: 'operation', request: operationRequest({ ...everything, order: 'host' }) },
    AbortSignal.timeout(10_000),
  );
  await target(fleet, { id, host: 'web-2', process: SENTINEL }, (one) => one.state === 'succeeded');
  const { stdout } = await fleet.fleetctl('logs', '*', '--hosts', 'web-2');
  assert.match(stdout, new RegExp(`${SENTINEL}-in-a-log`));
  await client.askHosts('avail', 'web-2');
  await fleet.until('it has been commanded', () =>
    curious.heard().some(({ kind }) => kind === 'command'),
  );
  const heard = JSON.stringify(curious.heard());
  assert.match(heard, /"restart"/);
  assert.doesNotMatch(heard, new RegExp(`${SENTINEL}|web-2`));
  await client.steerOperation({ operation: id, action: 'cancel', kill: true, reason: '' });
});

test('a stolen key lets nobody in beside its owner, and both are shown within a second', async () => {
  using elsewhere = await relayFrom('127.0.0.2', fleet.port);
  const before = await hostNamed('web-2');
  using thief = await agentOf('web-2', elsewhere.port);
  const atMs = Date.now();
  thief.say(helloOf('thief'));
  const refused = await thief.refused;
  assert.equal(refused.code, 'conflict');
  assert.ok(Date.now() - atMs < 3_000, `${Date.now() - atMs} ms`);
  assert.equal(thief.heard().length, 0, 'it has heard nothing');
  const flagged = await fleet.until('it is shown', async () => {
    const host = await hostNamed('web-2');
    return host.identityProblem !== null && host;
  });
  assert.match(flagged.identityProblem ?? '', /127\.0\.0\.1\b.*127\.0\.0\.2\b/);
  assert.equal(flagged.connectedSinceMs, before.connectedSinceMs, 'its session has not changed');
});

test('a certificate that is revoked ends what its holder has open within two seconds', async () => {
  const files = await fleet.pki.issue({ kind: 'operator', name: 'bob' });
  const idle = await dialHttp2(fleet.port, readCredentials(files, 'operator'));
  const bob = await fleet.dial({ kind: 'operator', name: 'bob' });
  let isWatching = false;
  const watching = assert.rejects(async () => {
    const updates = bob.watchOperation(operation, AbortSignal.timeout(20_000));
    for await (const _ of updates) isWatching = true;
  }, /revoked/);
  const pid = await fleet.running('web-2', 'web');
  const authority = await (await fleet.client()).authority();
  await fleet.until('bob watches', () => isWatching);
  const atMs = Date.now();
  const within = (what: string, limitMs = 2_000): void => {
    assert.ok(Date.now() - atMs < limitMs, `${what} after ${Date.now() - atMs} ms`);
  };
  for (const holder of [
    { kind: 'operator', name: 'bob' },
    { kind: 'agent', name: 'web-2' },
  ] as const) {
    await authority.revokeCertificates({ choice: { kind: 'holder', holder }, reason: 'stolen' });
  }
  await assert.rejects(bob.getOperation(operation), /revoked/);
  within('the next call is refused');
  await Promise.all([
    watching.then(() => within('the stream of the operator has ended')),
    fleet
      .until('the agent is out', async () => !(await hostNamed('web-2')).connected)
      .then(() => within('the session of the agent has ended')),
    // Nobody is told anything by it: it is looked for now and then.
    Promise.resolve(idle.closed || once(idle, 'close')).then(() =>
      within('what says nothing is closed', 3_500),
    ),
  ]);
  await fleet.until('the agent knows why', () => /revoked/.test(web2.stderr()));
  assert.equal((await fleet.processes()).get('web-2 web')?.status.pid, pid, 'its programs run on');
  assert.ok(isAlive(pid));
  bob[Symbol.dispose]();
});

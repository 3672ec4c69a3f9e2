/**
 * An agent that says far more than it may: it is read at the rate that it may have, loses nothing by
 * it and is not taken for dead, and what the others have to say is heard meanwhile.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AGENT_LIMITS } from '../../../controller/link/agent-limits.ts';
import type { Credentials } from '../../../proto/credentials.ts';
import { processName, type SequencedEvent } from '../../../proto/vocabulary.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { readCredentials } from '../fleet/pki.ts';
import { type AgentStream, dialAsAgent, helloOf } from './agent-stream.ts';

const BATCH = 500;
const EVENTS = AGENT_LIMITS.eventsAtOnce + 30_000;
/** As long as that many more than it may say at once have to wait at least. */
const WAITS_MS = ((EVENTS - AGENT_LIMITS.eventsAtOnce) / AGENT_LIMITS.eventsPerSecond) * 1_000;

let fleet: Fleet;
let controller: Daemon;
let web: Credentials;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  web = readCredentials(await fleet.pki.issue({ kind: 'agent', name: 'web-9' }), 'agent');
  await fleet.startAgent('web-1', { programs: '[program:web]\ncommand = sleep 1000\n' });
  await fleet.running('web-1', 'web');
});

after(() => fleet?.[Symbol.dispose]());

const process = processName('web', 'web');

function batchFrom(first: number): readonly SequencedEvent[] {
  return Array.from({ length: BATCH }, (_, index) => ({
    seq: first + index,
    atMs: Date.now(),
    event: { kind: 'processRemoved', process } as const,
  }));
}

function acknowledged(agent: AgentStream): number {
  return agent
    .heard()
    .reduce((most, message) => (message.kind === 'acknowledgement' ? message.seq : most), 0);
}

test('an agent that floods is slowed down and kept, and the others are served', async () => {
  using agent = dialAsAgent(fleet.port, web);
  agent.say(helloOf('flood'));
  const { sessionEpoch } = await agent.welcomed;
  const configProblem = null;
  agent.say({ kind: 'snapshot', sessionEpoch, seq: 0, processes: [], last: true, configProblem });
  const startedMs = performance.now();
  for (let first = 1; first <= EVENTS; first += BATCH) {
    agent.say({ kind: 'events', sessionEpoch, events: batchFrom(first) });
  }
  let slowestMs = 0;
  await fleet.until('every event is stored', async () => {
    const askedMs = performance.now();
    await fleet.processes();
    slowestMs = Math.max(slowestMs, performance.now() - askedMs);
    return acknowledged(agent) === EVENTS;
  });
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs >= WAITS_MS, `it was heard in ${Math.round(tookMs)} ms`);
  assert.ok(slowestMs < 5_000, `others were served after ${Math.round(slowestMs)} ms`);
  assert.ok(controller.log().some(({ msg }) => /says more than it may/.test(msg)));
  const host = (await (await fleet.client()).listHosts('web-9')).hosts[0];
  assert.equal(host?.connected, true);
});

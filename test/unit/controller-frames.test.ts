import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROCESSES_MAX } from '../../proto/text-limits.ts';
import {
  type AgentEvent,
  knownProcessName,
  PROCESS_STATES,
  type SequencedEvent,
} from '../../proto/vocabulary.ts';
import {
  accepted,
  anId,
  aRequest,
  aSnapshot,
  aStatus,
  type FleetScript,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';

const NAMES = ['web', 'db', 'cron'];
const name = fc.constantFrom(...NAMES);
const event: fc.Arbitrary<AgentEvent> = fc.oneof(
  fc.tuple(name, fc.constantFrom(...PROCESS_STATES), fc.nat(99)).map(
    ([process, state, pid]): AgentEvent => ({
      kind: 'processChanged',
      process: aStatus(process, { state, pid }),
    }),
  ),
  name.map(
    (process): AgentEvent => ({ kind: 'processRemoved', process: knownProcessName(process) }),
  ),
  fc
    .constantFrom(null, 'line 3 is wrong')
    .map((problem): AgentEvent => ({ kind: 'configJudged', problem })),
  name.map((process) => accepted(anId(), process)),
  fc
    .tuple(name, fc.constantFrom('succeeded' as const, 'failed' as const))
    .map(([process, state]) => settled(anId(), process, state)),
);

/** Some are told again, some are missing, and the first are in the snapshot already. */
const events: fc.Arbitrary<readonly SequencedEvent[]> = fc.array(
  fc.record({ seq: fc.integer({ min: 1, max: 20 }), atMs: fc.constant(NOW_MS), event }),
  { maxLength: 20 },
);

function operating(): FleetScript {
  const script = fleetScript();
  script.hello('a', 1);
  script.hear('a', 1, aSnapshot({ seq: 2, processes: [aStatus('web'), aStatus('db')] }));
  script.submit(aRequest('restart', 'a', ['web', 'db']));
  return script;
}

const hear = (script: FleetScript, frame: readonly SequencedEvent[]): void =>
  script.hear('a', 1, { kind: 'events', sessionEpoch: 1, events: frame });
const stored = (script: FleetScript) => script.writes.filter(({ kind }) => kind === 'event');
/** How the process looked meanwhile is shown as it is in the end, though the target be settled. */
const targets = (script: FleetScript) =>
  script.operation().targets.map(({ processState: _, ...target }) => target);

test('events in one frame leave what they leave one by one', () => {
  fc.assert(
    fc.property(events, (told) => {
      const [apart, together] = [operating(), operating()];
      const written = told.flatMap((one) => {
        apart.hear('a', 1, { kind: 'event', sessionEpoch: 1, ...one });
        return stored(apart);
      });
      hear(together, told);
      assert.deepEqual(together.host('a'), apart.host('a'));
      assert.deepEqual([...together.host('a').processes], [...apart.host('a').processes]);
      assert.deepEqual(stored(together), written);
      assert.deepEqual(targets(together), targets(apart));
      assert.equal(together.operation().state, apart.operation().state);
    }),
  );
});

test('a frame is acknowledged once, up to its last event', () => {
  const script = operating();
  const change: AgentEvent = { kind: 'processChanged', process: aStatus('web') };
  hear(
    script,
    [3, 4, 5].map((seq) => ({ seq, atMs: NOW_MS, event: change })),
  );
  assert.deepEqual(
    script.effects.filter(({ kind }) => kind === 'acknowledge'),
    [{ kind: 'acknowledge', connection: 1, sessionEpoch: 1, seq: 5 }],
  );
  hear(script, []);
  assert.deepEqual(script.writes, []);
});

test('the state before a frame is as it was', () => {
  const script = operating();
  const before = script.host('a');
  const names = [...before.processes.keys()];
  const remove = { kind: 'processRemoved', process: knownProcessName('web') } as const;
  hear(script, [{ seq: 3, atMs: NOW_MS, event: remove }]);
  assert.deepEqual([...before.processes.keys()], names);
  assert.deepEqual([...script.host('a').processes.keys()], ['db']);
});

test('a frame of another session says nothing', () => {
  const script = operating();
  const before = script.state;
  script.hear('a', 1, {
    kind: 'events',
    sessionEpoch: 99,
    events: [{ seq: 3, atMs: NOW_MS, event: { kind: 'configJudged', problem: 'x' } }],
  });
  assert.equal(script.state, before);
});

test('a host with too many processes is given up, within a frame too', () => {
  const script = fleetScript();
  const processes = Array.from({ length: PROCESSES_MAX - 1 }, (_, at) => aStatus(`p${at}`));
  script.connect('a', 1, processes);
  const added = ['new-1', 'new-2'].map((process) => aStatus(process));
  hear(
    script,
    added.map((process, at) => ({
      seq: at + 1,
      atMs: NOW_MS,
      event: { kind: 'processChanged', process },
    })),
  );
  assert.equal(script.host('a').processes.size, PROCESSES_MAX);
  assert.deepEqual(
    script.effects.flatMap((effect) => (effect.kind === 'close' ? [effect.because.code] : [])),
    ['exhausted'],
  );
});

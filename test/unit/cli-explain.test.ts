import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderExplanation, renderExplanationJson } from '../../cli/render/operation/explain.ts';
import { painter } from '../../cli/render/paint.ts';
import type { Explanation, OperationFacts, Target } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import {
  type AgentEvent,
  hostId,
  knownProcessName,
  type ProcessStatus,
  type StoredEvent,
  type TargetOutcome,
  WHOLE_HOST,
} from '../../proto/vocabulary.ts';
import { anOperation, aProcess, aTarget } from '../fakes/control-client.ts';
import { explanation as anyExplanation } from '../fakes/vocabulary.ts';

/** The clock of the host when it accepted; that of the controller is 1.2 s ahead. */
const ACCEPTED_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const LEAD_MS = 1_200;

const operationId = anOperation().id;
const web = knownProcessName('web');
const about = { operationId, process: web, verb: 'restart' } as const;
const OUTCOME: TargetOutcome = {
  state: 'succeeded',
  oldPid: 17,
  newPid: 23,
  durationMs: 1_230,
  error: null,
  fault: null,
  note: null,
  logTail: [],
};

/** @param offsetMs from the acceptance */
let seq = 0;
function told(offsetMs: number, event: AgentEvent): StoredEvent {
  seq += 1;
  const atMs = ACCEPTED_MS + offsetMs;
  return { host: hostId('prod-1'), seq, atMs, storedAtMs: atMs + LEAD_MS, event };
}
const accepted = told(0, { kind: 'targetAccepted', ...about, generation: 5, oldPid: 17 });
const changed = (offsetMs: number, rest: Partial<ProcessStatus>, process = 'web') =>
  told(offsetMs, {
    kind: 'processChanged',
    process: aProcess('prod-1', process, { pid: null, ...rest }).status,
  });
const settled = (offsetMs: number, outcome: Partial<TargetOutcome> = {}) =>
  told(offsetMs, { kind: 'targetSettled', ...about, outcome: { ...OUTCOME, ...outcome } });

const done = { oldPid: 17, newPid: 23, durationMs: 1_230, dispatchedAtMs: ACCEPTED_MS + 1_197 };

function explained(
  events: readonly StoredEvent[],
  target: Partial<Target> = done,
  facts: Partial<OperationFacts> = {},
): Explanation {
  const { targets: _, ...whole } = anOperation(facts);
  const targets = [aTarget('prod-1', 'web', target)];
  return { facts: whole, targets, events, clockLeadMs: events.length === 0 ? null : LEAD_MS };
}
const linesOf = (explanation: Explanation) =>
  renderExplanation(explanation, painter(false)).trimEnd().split('\n');

test('one restart, from the dispatch to the verdict, counted from its acceptance', () => {
  const events = [
    accepted,
    changed(1, { state: 'STOPPING', pid: 17 }),
    changed(212, { state: 'STOPPED', exitSignal: 'TERM' }),
    changed(212, { state: 'STARTING' }),
    changed(214, { state: 'STARTING', pid: 23 }),
    changed(1_216, { state: 'RUNNING', pid: 23, health: 'starting' }),
    changed(1_220, { state: 'RUNNING', pid: 23, health: 'unhealthy', healthError: 'status 503' }),
    changed(1_225, { state: 'RUNNING', pid: 23, health: 'healthy' }),
    told(1_225, { kind: 'targetVerifying', ...about }),
    settled(11_230),
  ];
  const strategy = { ...DEFAULT_STRATEGY, minHealthyMs: 10_000 };
  assert.deepEqual(linesOf(explained(events, done, { strategy })), [
    `operation ${operationId}: restart by alice, succeeded`,
    '',
    'web on prod-1: restarted   pid 17 → 23   1.2 s',
    "      -3 ms   dispatched   by the controller's clock",
    '      +0 ms   accepted     generation 5, pid 17',
    '      +1 ms   STOPPING     pid 17, its stop signal was sent',
    '    +212 ms   STOPPED      killed by SIGTERM',
    '    +212 ms   STARTING',
    '    +214 ms   spawned      pid 23',
    '   +1.216 s   RUNNING      pid 23, its health check has not passed yet',
    '   +1.220 s   unhealthy    status 503',
    '   +1.225 s   healthy',
    '   +1.225 s   verifying    up, watched for 10 s',
    '  +11.230 s   restarted    pid 17 → 23, 1.2 s',
    '  +0 ms is 2026-11-22T12:00:00.000Z by the clock of the host',
    '',
    "the host's clock is 1.200 s behind the controller's, or messages took that long",
  ]);
});

test('what was asked for twice was sent before it was accepted, and is accepted once', () => {
  const events = [
    accepted,
    changed(1, { state: 'STOPPING', pid: 17 }),
    told(6_000, { kind: 'targetAccepted', ...about, generation: 5, oldPid: 17 }),
    settled(15_056),
  ];
  assert.deepEqual(linesOf(explained(events)).slice(3, 8), [
    "      -3 ms   dispatched   by the controller's clock",
    '      +0 ms   accepted     generation 5, pid 17',
    '      +1 ms   STOPPING     pid 17, its stop signal was sent',
    '   +6.000 s   accepted     asked again: on record already',
    '  +15.056 s   restarted    pid 17 → 23, 1.2 s',
  ]);
});

test('attempts that failed, and what is missing, have their place', () => {
  const failure = { state: 'failed', error: 'Exited too quickly (exit status 3)' } as const;
  const events = [
    accepted,
    told(5, { kind: 'eventsMissing', untilSeq: 0 }),
    changed(20, {
      state: 'BACKOFF',
      lastError: 'Exited too quickly (exit status 3)',
      nextTryAtMs: ACCEPTED_MS + 1_020,
    }),
    settled(21, { ...failure, newPid: null }),
  ].map((event) =>
    event.event.kind === 'eventsMissing'
      ? { ...event, event: { ...event.event, untilSeq: event.seq + 2 } }
      : event,
  );
  assert.deepEqual(linesOf(explained(events, { ...done, ...failure })).slice(4, 8), [
    '   +0 ms   accepted     generation 5, pid 17',
    '           gap          3 events missing: the agent had no room for them',
    '  +20 ms   BACKOFF      Exited too quickly (exit status 3), next try after 1.0 s',
    '  +21 ms   FAILED       pid 17, 1.2 s, Exited too quickly (exit status 3)',
  ]);
});

test('a full stop is accepted twice; the dispatch that is known is that of the start', () => {
  const stop = { ...about, verb: 'stop' } as const;
  const start = { ...about, verb: 'start' } as const;
  const events = [
    told(0, { kind: 'targetAccepted', ...stop, generation: 4, oldPid: 17 }),
    changed(100, { state: 'STOPPED', exitCode: 0 }),
    told(100, { kind: 'targetSettled', ...stop, outcome: { ...OUTCOME, newPid: null } }),
    told(5_000, { kind: 'targetAccepted', ...start, generation: 4, oldPid: null }),
  ];
  const target = {
    state: 'accepted',
    processState: 'STARTING',
    stopped: true,
    stopWave: 0,
    wave: 1,
    dispatchedAtMs: ACCEPTED_MS + LEAD_MS + 4_990,
  } as const;
  const running = { state: 'running', endedAtMs: null, fullStop: true } as const;
  assert.deepEqual(linesOf(explained(events, target, running)).slice(2, -3), [
    'web on prod-1: starting   must stay up for its startsecs',
    '     +0 ms   accepted     to stop, pid 17',
    '   +100 ms   STOPPED      exit status 0',
    '   +100 ms   stopped      pid 17, 1.2 s',
    "  +4.990 s   dispatched   by the controller's clock",
    '  +5.000 s   accepted     to start',
  ]);
});

const unknownOf = (explanation: Explanation) => linesOf(explanation).slice(2, -2);

test('what is not known is said', () => {
  const open = (rest: Partial<Target>, events: readonly StoredEvent[] = []) =>
    unknownOf(explained(events, rest, { state: 'running', endedAtMs: null })).at(-1);
  const sent = { state: 'dispatched', dispatchedAtMs: ACCEPTED_MS } as const;
  assert.equal(open({ state: 'pending' }), '  nothing was sent to its agent yet');
  assert.deepEqual(unknownOf(explained([], sent, { state: 'running' })), [
    'web on prod-1: sent   its agent has not answered yet',
    "     dispatched   by the controller's clock",
    '  its agent has not told of it yet',
    '  it was sent at 2026-11-22T12:00:00.000Z by the clock of the controller',
  ]);
  const away = unknownOf(explained([], { ...sent, hostConnected: false }, { state: 'running' }));
  assert.equal(away[2], '  its host is not connected: what has happened there since is not known');
  const skipped = unknownOf(explained([], { state: 'skipped', error: 'held by alice' }));
  assert.deepEqual(skipped, [
    'web on prod-1: skipped   held by alice',
    '  nothing was sent to its agent',
  ]);
  assert.equal(
    unknownOf(explained([], { ...done, state: 'succeeded' }))[2],
    '  its agent told nothing of it, or that is not kept any more',
  );
  const lost = { ...done, state: 'unreachable', error: 'gone for 15 s' } as const;
  assert.equal(
    unknownOf(explained([accepted], lost))[3],
    '  its agent gave no verdict; that it is unreachable is what the controller concluded: gone for 15 s',
  );
  assert.match(linesOf(explained([], done)).at(-1) ?? '', /differ is not known: no event tells$/);
});

test('without its acceptance a timeline says from where it counts', () => {
  const lines = linesOf(explained([changed(7, { state: 'RUNNING', pid: 23 }), settled(9)]));
  assert.equal(
    lines.at(-3),
    '  +0 ms is 2026-11-22T11:59:59.997Z by the clock of the host, the first that is known: its acceptance is not',
  );
});

test('a clock that is ahead, and one that agrees, are told apart', () => {
  const skew = (clockLeadMs: number) => linesOf({ ...explained([accepted]), clockLeadMs }).at(-1);
  assert.equal(
    skew(-250),
    "the host's clock is 250 ms ahead of the controller's, or more by what messages took",
  );
  assert.equal(skew(0), 'the clocks of host and controller agree');
});

test('of an update each process of the host is named', () => {
  const update = { ...about, process: WHOLE_HOST, verb: 'update' } as const;
  const events = [
    told(0, { kind: 'targetAccepted', ...update, generation: 0, oldPid: null }),
    changed(3, { state: 'STARTING' }, 'queue'),
    told(4, { kind: 'processRemoved', process: knownProcessName('old') }),
  ];
  const { targets: _, ...facts } = anOperation({ verb: 'update' });
  const targets = [aTarget('prod-1', WHOLE_HOST, { state: 'accepted' })];
  assert.deepEqual(linesOf({ facts, targets, events, clockLeadMs: 0 }).slice(2, 6), [
    'prod-1: updating   takes up its configuration',
    '  +0 ms   accepted',
    '  +3 ms   STARTING   queue',
    '  +4 ms   removed    old, no longer configured',
  ]);
});

test('several targets of one host have a timeline each, of their own events', () => {
  const { targets: _, ...facts } = anOperation();
  const targets = [aTarget('prod-1', 'db'), aTarget('prod-1', 'web', done)];
  const lines = linesOf({ facts, targets, events: [accepted, settled(9)], clockLeadMs: LEAD_MS });
  assert.deepEqual(
    lines.filter((line) => / on prod-1|accepted/.test(line)),
    [
      'db on prod-1: restarted',
      'web on prod-1: restarted   pid 17 → 23   1.2 s',
      '  +0 ms   accepted     generation 5, pid 17',
    ],
  );
});

test('the document has every event with its distance from the acceptance', () => {
  const gap = told(2, { kind: 'eventsMissing', untilSeq: 99 });
  const document = JSON.parse(
    renderExplanationJson(explained([accepted, gap, changed(12, { state: 'STOPPING', pid: 17 })])),
  );
  assert.equal(document.kind, 'Explanation');
  assert.equal(document.clockLeadMs, LEAD_MS);
  assert.equal(document.operation.id, operationId);
  assert.equal(document.targets[0].dispatchedAt, '2026-11-22T12:00:01.197Z');
  assert.deepEqual(
    document.events.map(({ event, offsetMs, storedAt }: Record<string, unknown>) => ({
      event,
      offsetMs,
      storedAt,
    })),
    [
      { event: 'targetAccepted', offsetMs: 0, storedAt: '2026-11-22T12:00:01.200Z' },
      { event: 'eventsMissing', offsetMs: null, storedAt: '2026-11-22T12:00:01.202Z' },
      { event: 'processChanged', offsetMs: 12, storedAt: '2026-11-22T12:00:01.212Z' },
    ],
  );
});

test('whatever agents told, nothing of it steers the terminal, and it is always a document', () => {
  fc.assert(
    fc.property(anyExplanation, (explanation) => {
      const shown = renderExplanation(explanation, painter(false));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      JSON.parse(renderExplanationJson(explanation));
    }),
    { numRuns: 50 },
  );
});

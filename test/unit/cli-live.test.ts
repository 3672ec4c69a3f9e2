import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLiveModel } from '../../cli/render/live/model.ts';
import { type LivePhase, renderLive } from '../../cli/render/live/view.ts';
import { painter } from '../../cli/render/paint.ts';
import { displayWidth } from '../../cli/render/text.ts';
import type { Operation, OperationUpdate, Target } from '../../proto/operation.ts';
import { anOperation, aTarget, aWave, whole } from '../fakes/control-client.ts';
import { operation as anyOperation } from '../fakes/vocabulary.ts';

interface Seen {
  readonly atMs: number;
  readonly update: OperationUpdate | 'lost';
}

interface Look {
  readonly columns?: number;
  readonly rows?: number;
  readonly nowMs?: number;
  readonly phase?: LivePhase;
}

/** What is shown after these updates. The wall clock runs beside the monotonic one. */
function shown(
  updates: readonly Seen[],
  { columns = 80, rows = 24, nowMs = updates.at(-1)?.atMs ?? 0, phase = 'running' }: Look = {},
) {
  const model = createLiveModel();
  for (const { atMs, update } of updates) {
    const at = { monotonicMs: atMs, wallMs: 1_000 + atMs };
    if (update === 'lost') model.loseSight(at);
    else model.note(update, at);
  }
  const picture = model.picture() ?? assert.fail('nothing was seen');
  const screen = { columns, rows, nowMs, fleetctl: 'fleetctl' };
  return renderLive(picture, screen, painter(false), phase);
}

const begin = (operation: Operation): Seen => ({ atMs: 0, update: whole(operation) });
const later = (atMs: number, ...targets: readonly Target[]): Seen => ({
  atMs,
  update: { kind: 'targets', targets },
});

const HINT = 'Ctrl-C stops watching, not the operation';
const planned = { state: 'pending' } as const;
const stopping = { state: 'accepted', processState: 'STOPPING' } as const;
const starting = { state: 'accepted', processState: 'STARTING' } as const;
const running = { state: 'running', endedAtMs: null } as const;
const logTail = ['one', 'two', 'three', 'four', 'five', "Error: Cannot find module 'web.mjs'"];
const failed = { state: 'failed', error: 'Exited too quickly', oldPid: 17, logTail } as const;

/** Three hosts: db first, then web. */
const few = anOperation({
  ...running,
  processes: ['db', 'web'],
  waves: [aWave(0, { groupPriority: 10, targets: 1 }), aWave(1, { targets: 2 })],
  targets: [
    aTarget('prod-1', 'db', planned),
    aTarget('prod-2', 'web', { ...planned, wave: 1 }),
    aTarget('prod-10', 'web', { ...planned, wave: 1 }),
  ],
});
const [db, web2, web10] = few.targets as readonly [Target, Target, Target];

test('few targets have a row each, with what they do, for how long, and what they wait for', () => {
  const lines = shown([begin(few), later(200, { ...db, ...stopping })], { nowMs: 3_300 });
  assert.deepEqual(lines, [
    'restart db, web: 3 targets on 3 hosts, 3 s',
    'wave 1 of 2 (group priority 10, priority 999): 0 of 1 finished',
    'prod-1    db    stopping      3 s   until it exits or is killed',
    'prod-2    web   waiting       for wave 2',
    'prod-10   web   waiting       for wave 2',
    'waiting for 1 target of wave 1 (at most 26 s more): 1 stopping on prod-1',
    HINT,
  ]);
});

test('the next wave, and what is done, are seen to follow', () => {
  const lines = shown([
    begin(few),
    later(1_000, { ...db, state: 'succeeded', oldPid: 17, newPid: 23, durationMs: 1_100 }),
    later(1_000, { ...web2, ...starting }, { ...web10, state: 'dispatched' }),
  ]);
  assert.deepEqual(lines.slice(1, -1), [
    'wave 2 of 2 (group priority 999, priority 999): 0 of 2 finished',
    'prod-1    db    restarted     pid 17 → 23   1.1 s',
    'prod-2    web   starting      0 s   must stay up for its startsecs',
    'prod-10   web   sent          0 s   its agent has not answered yet',
    'waiting for 2 targets of wave 2: 1 starting on prod-2, 1 sent to prod-10',
  ]);
});

test('problems go to the top, and those alike share their last log lines', () => {
  const lines = shown([
    begin(few),
    later(9, { ...db, state: 'succeeded' }, { ...web2, ...failed }, { ...web10, ...failed }),
  ]);
  assert.deepEqual(lines.slice(2, -2), [
    'prod-2    web   FAILED        Exited too quickly   pid 17',
    'prod-10   web   FAILED        Exited too quickly   pid 17',
    '    two',
    '    three',
    '    four',
    '    five',
    "    Error: Cannot find module 'web.mjs'",
    'prod-1    db    restarted',
  ]);
});

test('what is worst stands first, and a log of several is not repeated', () => {
  const short = { ...failed, logTail: ['bind: address in use'] };
  const lines = shown([
    begin(few),
    later(
      9,
      { ...db, state: 'unreachable', error: 'gone' },
      { ...web2, ...short },
      { ...web10, ...short },
    ),
  ]);
  assert.deepEqual(lines.slice(2, -2), [
    'prod-2    web   FAILED        Exited too quickly   pid 17',
    'prod-10   web   FAILED        Exited too quickly   pid 17',
    '    bind: address in use',
    'prod-1    db    UNREACHABLE   gone',
  ]);
});

test('a host that is not connected, and a wave that went on, are said to be what is waited for', () => {
  const lines = shown(
    [
      begin(few),
      later(0, { ...db, ...stopping }),
      later(31_000, { ...db, ...stopping, overdue: true }, { ...web2, ...stopping }),
      later(32_000, { ...web10, ...stopping, hostConnected: false }),
    ],
    { nowMs: 33_000, columns: 120 },
  );
  assert.deepEqual(lines.slice(1, -1), [
    'wave 2 of 2 (group priority 999, priority 999): 0 of 2 finished',
    'prod-1    db    OVERDUE       33 s   stopping: until it exits or is killed',
    'prod-10   web   host away     1 s   not connected; given up unless it returns',
    'prod-2    web   stopping      2 s   until it exits or is killed',
    'waiting for 2 targets of wave 2: 1 stopping on prod-2, 1 on prod-10, whose host is not connected; still going on: 1',
    'overdue target of wave 1: 1 stopping on prod-1',
  ]);
});

test('an overdue target is waited for when nothing else is', () => {
  const updates = [
    begin(few),
    later(0, { ...db, ...stopping, overdue: true }, { ...web2, ...failed, logTail: [] }),
  ];
  assert.equal(
    shown(updates).at(-2),
    'waiting for 1 overdue target of wave 1: 1 stopping on prod-1',
  );
});

test('a wait that should be over is not counted below nothing', () => {
  const lines = shown([begin(few), later(0, { ...db, ...stopping })], { nowMs: 31_000 });
  assert.equal(lines.at(-2), 'waiting for 1 target of wave 1: 1 stopping on prod-1');
});

test('many processes with long names leave the extent and the time in sight', () => {
  const processes = ['a', 'b', 'c', 'd'].map((name) => name.repeat(40));
  assert.match(
    shown([begin({ ...few, processes })])[0] ?? '',
    /^restart a{40}, b+…: 3 targets on 3 hosts, 0 s$/,
  );
});

test('between the halves of a full stop a target is stopped, and its start has a wave', () => {
  const halves = { stopWave: 0, wave: 1 } as const;
  const targets = ['a', 'b'].map((host) => aTarget(host, 'web', { ...planned, ...halves }));
  const [a, b] = targets as [Target, Target];
  const waves = [
    aWave(0, { action: 'stop', targets: 2 }),
    aWave(1, { action: 'start', targets: 2 }),
  ];
  const operation = anOperation({ ...running, fullStop: true, waves, targets });
  const lines = shown([
    begin(operation),
    later(1, { ...b, ...stopping }),
    later(1, { ...a, stopped: true, durationMs: 300 }),
  ]);
  assert.deepEqual(lines.slice(0, 4), [
    'restart (full stop) web: 2 targets on 2 hosts, 0 s',
    'wave 1 of 2 (stop, group priority 999, priority 999): 1 of 2 finished',
    'a   web   stopped       to be started in wave 2',
    'b   web   stopping      0 s   until it exits or is killed',
  ]);
});

/** As many targets as no screen has rows: one process on 500 hosts, in two waves. */
const hostName = (n: number) => `prod-${String(n).padStart(3, '0')}`;
const many = anOperation({
  ...running,
  waves: [aWave(0, { targets: 300 }), aWave(1, { targets: 200 })],
  targets: Array.from({ length: 500 }, (_, n) =>
    aTarget(hostName(n), 'web', { ...planned, wave: n < 300 ? 0 : 1 }),
  ),
});
const targetsFrom = (from: number, to: number, rest: Partial<Target>) =>
  many.targets.slice(from, to).map((target) => ({ ...target, ...rest }));

test('many targets are counted by what they do, problems first and by reason', () => {
  const updates = [
    begin(many),
    later(
      1_000,
      ...targetsFrom(0, 150, { state: 'succeeded' }),
      ...targetsFrom(150, 151, { ...failed, error: 'not executable', logTail: [] }),
      ...targetsFrom(151, 153, { ...failed, logTail: ['bind: address in use'] }),
      ...targetsFrom(153, 154, { ...starting, overdue: true }),
      ...targetsFrom(154, 289, stopping),
      ...targetsFrom(290, 300, { ...stopping, hostConnected: false }),
    ),
    later(2_000, ...targetsFrom(289, 290, stopping)),
  ];
  assert.deepEqual(shown(updates, { nowMs: 5_000, columns: 100 }), [
    'restart web: 500 targets on 500 hosts, 5 s',
    '[#################!..........................................] 153/500',
    'wave 1 of 2 (group priority 999, priority 999): 153 of 300 finished',
    'FAILED          2   Exited too quickly',
    '                    web on prod-[151-152]',
    '    bind: address in use',
    'FAILED          1   not executable',
    '                    web on prod-150',
    'OVERDUE         1   on prod-153, up to 4 s, starting: must stay up for its startsecs',
    'host away      10   on prod-[290-299], up to 4 s, not connected; given up unless it returns',
    'stopping      136   on 136 hosts, up to 4 s, until it exits or is killed',
    'waiting       200   for wave 2',
    'restarted     150',
    'waiting for 146 targets of wave 1 (at most 26 s more): 136 stopping on 136 hosts, 10 on',
    'prod-[290-299], whose hosts are not connected; still going on: 1 overdue target of wave 1: 1',
    'starting on prod-153',
    HINT,
  ]);
});

test('on a small screen problems and what is waited for are the last to go', () => {
  const updates = [
    begin(many),
    later(
      0,
      ...targetsFrom(0, 1, { ...failed, error: 'first' }),
      ...targetsFrom(1, 2, { ...failed, error: 'second' }),
      ...targetsFrom(2, 300, stopping),
    ),
  ];
  assert.deepEqual(shown(updates, { columns: 60, rows: 6 }), [
    'FAILED          1   first',
    'FAILED          1   second',
    '… and 2 more rows',
    'waiting for 298 targets of wave 1 (at most 30 s more): 298',
    'stopping on 298 hosts',
  ]);
  assert.equal(shown(updates, { columns: 60, rows: 1 }).length, 0);
});

test('a different error everywhere leaves the time and the progress in sight', () => {
  const each = many.targets.map((target, n) => ({ ...target, ...failed, error: `error ${n}` }));
  const lines = shown([begin(many), later(0, ...each)]);
  assert.match(lines[0] ?? '', /^restart web: 500 targets on 500 hosts, 0 s$/);
  assert.match(lines[1] ?? '', /^\[!+\] 500\/500$/);
  assert.equal(lines.length, 23);
  assert.equal(lines.at(-3), '… and 483 more rows');
});

test('log lines and details take only the room that is left, the last lines first', () => {
  const operation = anOperation({ ...running, targets: many.targets });
  const updates = [begin(operation), later(0, ...targetsFrom(0, 500, failed))];
  assert.deepEqual(shown(updates, { rows: 9 }).slice(2, -2), [
    'FAILED        500   Exited too quickly',
    '                    web on 500 hosts',
    '    five',
    "    Error: Cannot find module 'web.mjs'",
  ]);
});

test('with each host by itself several waves are under way', () => {
  const lines = shown([
    begin({ ...few, order: 'host', waves: [...few.waves, aWave(2)] }),
    later(0, { ...db, ...stopping }, { ...web2, ...stopping }),
  ]);
  assert.equal(lines[1], 'waves 1-2 of 3, each host by itself');
  assert.equal(lines.at(-2), 'waiting for 2 targets of waves 1-2: 2 stopping on prod-[1-2]');
});

test('what began before we looked has no duration, and the operation its age by the clock', () => {
  const old = { ...few, startedAtMs: -64_000, targets: [{ ...db, ...stopping }, web2, web10] };
  const seen = [{ atMs: 50, update: whole(old) }];
  const lines = shown(seen);
  assert.match(lines[0] ?? '', /, 1 min 5 s$/);
  assert.equal(lines[2], 'prod-1    db    stopping      until it exits or is killed');
  assert.equal(lines.at(-2), 'waiting for 1 target of wave 1: 1 stopping on prod-1');
  assert.equal(
    shown([...seen, later(2_050, { ...db, ...starting })])[2],
    'prod-1    db    starting      0 s   must stay up for its startsecs',
  );
});

test('what its agent began between submitting and watching counts as seen', () => {
  const young = { ...few, startedAtMs: 500, targets: [{ ...db, ...stopping }, web2, web10] };
  const lines = shown([begin(young)], { nowMs: 1_600 });
  assert.match(lines[0] ?? '', /, 2 s$/);
  assert.equal(lines[2], 'prod-1    db    stopping      1 s   until it exits or is killed');
});

test('a clock that is wrong does not make an operation old that we saw begin', () => {
  const lines = shown([begin({ ...few, startedAtMs: -3_600_000 })], { nowMs: 2_000 });
  assert.match(lines[0] ?? '', /, 2 s$/);
});

test('a broken stream is told where one looks for what is waited for, until it is back', () => {
  const sent = { ...db, ...stopping };
  const updates = [begin(few), later(0, sent), { atMs: 3_000, update: 'lost' } as const];
  assert.deepEqual(shown(updates, { nowMs: 8_000, columns: 60 }).slice(-3, -1), [
    'lost sight of the operation, which goes on; looking for the',
    'controller for 5 s',
  ]);
  const again = { atMs: 9_000, update: whole({ ...few, targets: [sent, web2, web10] }) };
  const lines = shown([...updates, again], { nowMs: 9_500 });
  assert.equal(lines[2], 'prod-1    db    stopping      9 s   until it exits or is killed');
  // The controller may be another, which waits for the wave from the beginning.
  assert.equal(lines.at(-2), 'waiting for 1 target of wave 1: 1 stopping on prod-1');
});

test('behind an error there is a pid only where it fits, since one that is cut is another one', () => {
  const row = (error: string) =>
    shown([begin(few), later(0, { ...db, ...failed, error })], { phase: 'ended' })[0];
  const fits = 'x'.repeat(79 - 'prod-1    db    FAILED           pid 17'.length);
  assert.equal(row(fits), `prod-1    db    FAILED        ${fits}   pid 17`);
  assert.equal(row(`${fits}x`), `prod-1    db    FAILED        ${fits}x`);
});

test('at the end the rows stay, whole, and without the logs that the sentence brings', () => {
  const error = `Exited too quickly ${'x'.repeat(80)}`;
  const updates = [begin(few), later(0, { ...db, ...failed, error })];
  assert.deepEqual(shown(updates, { phase: 'ended' }), [
    `prod-1    db    FAILED        ${error}`,
    'prod-2    web   waiting       for wave 2',
    'prod-10   web   waiting       for wave 2',
  ]);
  const ofMany = [begin(many), later(0, ...targetsFrom(0, 500, { state: 'succeeded' }))];
  assert.deepEqual(shown(ofMany, { phase: 'ended' }), ['restarted     500']);
  assert.ok(!shown(updates, { phase: 'left' }).includes(HINT));
});

test('long names leave room for what happens', () => {
  const names = { host: 'h'.repeat(70), process: 'p'.repeat(70) };
  const operation = anOperation({
    ...running,
    targets: [aTarget(names.host, names.process, stopping)],
  });
  assert.match(
    shown([begin(operation)])[1] ?? '',
    /^h+… {3}p+… {3}stopping {6}0 s {3}until it ex…$/,
  );
});

test('whatever the operation and the screen, nothing is too wide, too high, or steers the terminal', () => {
  fc.assert(
    fc.property(
      anyOperation,
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 1, max: 30 }),
      (operation, columns, rows) => {
        const lines = shown([begin(operation), { atMs: 5, update: whole(operation) }], {
          columns,
          rows,
        });
        assert.ok(lines.length <= rows - 1);
        for (const line of lines) {
          assert.ok(displayWidth(line) < columns || columns === 1, line);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
          assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
        }
      },
    ),
    { numRuns: 20 },
  );
});

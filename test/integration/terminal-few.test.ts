/**
 * What a person sees who watches five real agents on a real terminal of 80 columns and 24 rows. It
 * takes a tmux (`.ci/run` installs it); where there is none, these tests fail and say so.
 */
// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what is tested
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, pidOf } from './fleet/harness.ts';
import { ended, operationOf, running } from './fleet/operations.ts';
import { HeldPrograms } from './terminal/held-programs.ts';
import { belowCommand, openTerminal } from './terminal/operator-terminal.ts';
import { readRecording } from './terminal/recording.ts';
import { drawn, type Sight } from './terminal/tmux.ts';

const HOSTS = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'] as const;
/** One process on the first host goes before all others. */
const RESTART_ALL = "fleetctl restart all --hosts='@*'";
const HEAD = /^restart all: 6 targets on 5 hosts, (?:(\d+) min )?(\d+) s$/;
const HINT = 'Ctrl-C stops watching, not the operation';

/** Moving up and down, erasing a line, erasing below the frame, hiding the cursor, colours. */
const NEEDED_CONTROL = /^\u001b\[(?:\d+A|B|2K|J|\?25[lh]|[\d;]*m)$/;
const IDLE_UPDATE = /^restart all: .*, \d+ s\n*web-2 .* stopping {6}\d+ s .*\n*$/;

let fleet: Fleet;
let controller: Daemon;
let programs: HeldPrograms;

before(async () => {
  fleet = await createFleet();
  programs = new HeldPrograms(fleet);
  controller = await fleet.startController();
  await Promise.all(
    HOSTS.map(async (host) => {
      const sections = [programs.section(host, 'web')];
      if (host === 'web-1') sections.push(programs.section(host, 'db', 'priority = 1\n'));
      await fleet.startAgent(host, { programs: sections.join('') });
    }),
  );
  await allRun();
});

afterEach(async () => {
  for (const host of HOSTS) programs.mend(host);
  programs.letGo(...HOSTS);
  await allRun();
});

after(() => fleet?.[Symbol.dispose]());

async function allRun(): Promise<void> {
  await Promise.all(HOSTS.map((host) => fleet.running(host, 'web')));
  await fleet.running('web-1', 'db');
}

/** The frame below the command, if it is just these lines and nothing else ever was there. */
function shows(sight: Sight, ...expected: readonly RegExp[]): boolean {
  const lines = belowCommand(sight);
  return (
    lines?.length === expected.length &&
    expected.every((pattern, index) => pattern.test(lines[index] ?? ''))
  );
}

function elapsedSeconds(sight: Sight): number {
  const head = sight.rows.find((row) => HEAD.test(row)) ?? assert.fail(drawn(sight));
  const [, minutes = '0', seconds] = HEAD.exec(head) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}

/** The shell waits in the row below the last line, for anybody to see. */
function assertAtPrompt(sight: Sight, exitCode: number): void {
  const { rows, cursor } = sight;
  assert.equal(rows[cursor.row], `[${exitCode}] $`, drawn(sight));
  assert.ok(cursor.isVisible, 'the cursor is visible');
  assert.notEqual(rows[cursor.row - 1], '', `nothing between:\n${drawn(sight)}`);
  assert.ok(
    rows.slice(cursor.row + 1).every((row) => row === ''),
    drawn(sight),
  );
}

function withoutControls(text: string): string {
  return text.replaceAll(/\u001b\[[^A-Za-z]*.|\r/g, '');
}

const row = (host: string, process: string, rest: string) =>
  new RegExp(`^${host}   ${process.padEnd(5)} ${rest}`);
const stopping = (host: string) =>
  row(host, 'web', String.raw`stopping      \d+ s   until it exits or is killed$`);
/** Where the operation may have been too old when it was first seen, on a busy machine. */
const stoppingSince = (host: string, process = 'web') =>
  row(host, process, String.raw`stopping      (?:\d+ s   )?until it exits or is killed$`);
const restarted = (host: string, process = 'web') =>
  row(host, process, String.raw`restarted     pid \d+ → \d+   \d+\.\d s$`);

test('every target has a row with what is waited for, problems come first, the time grows', async () => {
  await using terminal = await openTerminal(fleet);
  programs.hold(...HOSTS);
  programs.break('web-3');
  await terminal.run(RESTART_ALL);
  const first = await terminal.until('db is stopped, the others wait for it', (sight) =>
    shows(
      sight,
      HEAD,
      /^wave 1 of 2 \(group priority 1, priority 1\): 0 of 1 finished$/,
      stoppingSince('web-1', 'db'),
      ...HOSTS.map((host) => row(host, 'web', 'waiting       for wave 2$')),
      /^waiting for 1 target of wave 1(?: \(at most .* more\))?: 1 stopping on web-1$/,
      new RegExp(`^${HINT}$`),
    ),
  );
  await terminal.until(
    'the time grows while nothing else happens',
    (sight) => elapsedSeconds(sight) > elapsedSeconds(first),
  );
  programs.letGo('web-1');
  await terminal.until('db is up, wave 2 begins, web-1 starts', (sight) =>
    shows(
      sight,
      HEAD,
      /^wave 2 of 2 \(group priority 999, priority 999\): 0 of 5 finished$/,
      restarted('web-1', 'db'),
      row('web-1', 'web', String.raw`starting      \d+ s   must stay up for its startsecs$`),
      ...HOSTS.slice(1).map(stopping),
      /^waiting for 5 targets of wave 2: 4 stopping on web-\[2-5\], 1 starting on web-1$/,
      new RegExp(`^${HINT}$`),
    ),
  );
  programs.letGo('web-3', 'web-4');
  await terminal.until('a problem moves to the top, with its log', (sight) =>
    shows(
      sight,
      HEAD,
      /^wave 2 of 2 \(group priority 999, priority 999\): 3 of 5 finished$/,
      row('web-3', 'web', String.raw`FAILED        Exited too quickly \(exit status 1\)   `),
      /^ {4}web on web-3: reading \/etc\/web.conf$/,
      /^ {4}error: cannot bind 0.0.0.0:8080: address already in use$/,
      restarted('web-1', 'db'),
      restarted('web-1'),
      stopping('web-2'),
      restarted('web-4'),
      stopping('web-5'),
      /^waiting for 2 targets of wave 2: 2 stopping on web-\[2,5\]$/,
      new RegExp(`^${HINT}$`),
    ),
  );
  programs.letGo(...HOSTS);
  const end = await terminal.ended();
  assertAtPrompt(end, 10);
  assert.ok(
    shows(
      end,
      row('web-3', 'web', 'FAILED        Exited too quickly'),
      restarted('web-1', 'db'),
      ...['web-1', 'web-2', 'web-4', 'web-5'].map((host) => restarted(host)),
      /^restarted 5 of 6 targets; 1 failed: web on web-3: Exited too quickly \(exit statu$/,
      /^s 1\)$/,
      /^log of web on web-3:$/,
      /^ {4}web on web-3: reading \/etc\/web.conf$/,
      /^ {4}error: cannot bind/,
      /^look: {2}fleetctl status web --hosts web-3$/,
      /^why: {3}fleetctl op explain [0-9a-f-]{36} web-3$/,
      /^retry: fleetctl op retry [0-9a-f-]{36}$/,
      /^\[10\] \$$/,
    ),
    drawn(end),
  );
});

test('a terminal that changes its size shows one right frame, and a right end', async () => {
  await using terminal = await openTerminal(fleet);
  programs.hold('web-2');
  await terminal.run(RESTART_ALL);
  const steady = (sight: Sight) =>
    shows(
      sight,
      HEAD,
      /^wave 2 of 2 \(group priority 999, priorit(y 999\)|[^:]*…): 4 of 5 finished$/,
      restarted('web-1', 'db'),
      restarted('web-1'),
      row('web-2', 'web', String.raw`stopping      \d+ s   until it exits or is kil(led|…)$`),
      ...['web-3', 'web-4', 'web-5'].map((host) => restarted(host)),
      /^waiting for 1 target of wave 2: 1 stopping on web-2$/,
      new RegExp(`^${HINT}$`),
    );
  const cut = ({ rows }: Sight) => rows.some((line) => line.endsWith('is kil…'));
  await terminal.until('only web-2 is waited for', steady);
  await terminal.resize(60, 24);
  await terminal.until('narrower: cut, not wrapped', (sight) => steady(sight) && cut(sight));
  await terminal.resize(100, 24);
  await terminal.until('wider: whole again', (sight) => steady(sight) && !cut(sight));
  await terminal.resize(100, 16);
  await terminal.until('shorter: as before', (sight) => sight.rows.length === 16 && steady(sight));
  await terminal.resize(100, 12);
  await terminal.until('too short for rows: counted', (sight) =>
    shows(
      sight,
      HEAD,
      /^\[#{50}\.{10}\] 5\/6$/,
      /^wave 2 of 2 /,
      /^stopping {6}1 {3}on web-2, up to \d+ s, until it exits or is killed$/,
      /^restarted {5}5$/,
      /^waiting for 1 target of wave 2: 1 stopping on web-2$/,
      new RegExp(`^${HINT}$`),
    ),
  );
  await terminal.resize(80, 6);
  await terminal.until('shorter still: what is waited for stays', ({ rows }) =>
    [/^restart all: 6 targets/, /^waiting for 1 target .* on web-2$/].every(
      (pattern) => rows.filter((line) => pattern.test(line)).length === 1,
    ),
  );
  await terminal.resize(80, 24);
  programs.letGo('web-2');
  const end = await terminal.ended();
  assertAtPrompt(end, 0);
  assert.match(
    end.rows[end.cursor.row - 1] ?? '',
    /^restarted 6 of 6 targets on 5 hosts in \d+\.\d s$/,
  );
  const lines = end.rows.slice(end.cursor.row - 7, end.cursor.row - 1);
  assert.equal(lines.length, 6);
  for (const [index, line] of lines.entries()) {
    assert.match(line, restarted(HOSTS[Math.max(0, index - 1)] ?? '', index === 0 ? 'db' : 'web'));
  }
});

test('Ctrl-C stops watching and not the operation, and what it prints watches again', async () => {
  await using terminal = await openTerminal(fleet);
  programs.hold('web-2');
  await terminal.run('fleetctl restart web --hosts=web-2');
  await terminal.until('web-2 stops', ({ rows }) =>
    rows.some((line) => stoppingSince('web-2').test(line)),
  );
  const id = await running(fleet);
  await terminal.press('C-c');
  const left = await terminal.ended();
  assertAtPrompt(left, 130);
  assert.deepEqual((await terminal.lines()).slice(-3), [
    `interrupted: operation ${id} goes on at the controller`,
    `next: fleetctl op watch ${id}`,
    '[130] $',
  ]);
  assert.ok(!left.rows.some((line) => line.includes('^C') || line === HINT), drawn(left));
  assert.equal((await operationOf(fleet, id)).state, 'running');

  await terminal.run(`fleetctl op watch ${id}`);
  await terminal.until('it is watched again', ({ rows }) => rows.includes(HINT));
  programs.letGo('web-2');
  const end = await terminal.ended();
  assertAtPrompt(end, 0);
  assert.match(end.rows[end.cursor.row - 1] ?? '', /^restarted 1 of 1 target on 1 host in /);
  assert.equal((await operationOf(fleet, id)).state, 'succeeded');
});

test('a second Ctrl-C leaves at once, also while the controller says nothing', async () => {
  await using terminal = await openTerminal(fleet);
  programs.hold('web-2');
  await terminal.run('fleetctl restart web --hosts=web-2');
  await terminal.until('it is watched', ({ rows }) => rows.includes(HINT));
  const id = await running(fleet);
  controller.signal('SIGSTOP');
  try {
    await terminal.press('C-c', 'C-c');
    const left = await terminal.ended({ withinMs: 2_000 });
    assertAtPrompt(left, 130);
  } finally {
    controller.signal('SIGCONT');
  }
  programs.letGo('web-2');
  assert.equal((await ended(fleet, id)).state, 'succeeded');
});

test('nothing flickers: what changed is rewritten in one update, and nothing is ever cleared', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.record(fleet.path('flicker'));
  programs.hold('web-2');
  programs.break('web-3');
  await terminal.run(RESTART_ALL);
  const held = await terminal.until('only web-2 is waited for', ({ rows }) =>
    rows.includes('waiting for 1 target of wave 2: 1 stopping on web-2'),
  );
  const later = (seconds: number) =>
    terminal.until(
      'time passes',
      (sight) => elapsedSeconds(sight) >= elapsedSeconds(held) + seconds,
    );
  await later(1);
  const idleFrom = fleet.read('flicker').length;
  await later(3);
  const idle = readRecording(fleet.read('flicker').slice(idleFrom));
  programs.letGo('web-2');
  await terminal.ended();
  const { updates, between } = readRecording(fleet.read('flicker'));
  assert.ok(updates.length > 5, `${updates.length} updates`);
  for (const update of updates) {
    assert.match(update, /^\u001b\[\?25l[\s\S]*\u001b\[\?25h$/, 'the cursor is hidden meanwhile');
    for (const [control] of update.matchAll(/\u001b(?:\[[^A-Za-z]*.|[^[])/g)) {
      assert.match(control, NEEDED_CONTROL, JSON.stringify(update));
    }
  }
  assert.deepEqual(
    between.filter((text) => text !== ''),
    [],
  );
  assert.match(updates.join(''), /\u001b\[31mFAILED\u001b\[0m/);
  assert.ok(idle.updates.length >= 1);
  // The head and the row of web-2 have a time.
  for (const update of idle.updates) assert.match(withoutControls(update), IDLE_UPDATE);
});

test('with NO_COLOR nothing has a colour', async () => {
  await using terminal = await openTerminal(fleet, { NO_COLOR: '1' });
  await terminal.record(fleet.path('no-color'));
  programs.break('web-3');
  await terminal.run('fleetctl restart web --hosts=web-3');
  await terminal.ended();
  await terminal.run('fleetctl status');
  const end = await terminal.ended();
  assert.ok(
    end.rows.some((line) => /^web-3 +web +(BACKOFF|STARTING|FATAL)/.test(line)),
    drawn(end),
  );
  assert.doesNotMatch(fleet.read('no-color'), /\u001b\[[\d;]*m/);
});

test('status --watch marks the process that was killed, and Ctrl-C leaves the last picture', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.run('fleetctl status --watch');
  const quiet = await terminal.until('all run', ({ rows }) =>
    rows.some((line) => line.endsWith('6 processes on 5 hosts: 6 RUNNING')),
  );
  const pid = pidOf(
    await fleet.process('web-4', 'web', 'runs', ({ status }) => status.pid !== null),
  );
  const rowOf = ({ rows }: Sight, host: string) =>
    rows.find((line) => new RegExp(`^[* ] ${host}   web  `).test(line)) ?? '';
  assert.match(rowOf(quiet, 'web-4'), new RegExp(`^  web-4 {3}web {7}RUNNING {3}${pid} `));
  process.kill(pid, 'SIGKILL');
  const marked = await terminal.until('it runs again, marked', (sight) =>
    /^\* web-4 {3}web +(STARTING|RUNNING) +\d+ .* \d+ +exited unexp/.test(rowOf(sight, 'web-4')),
  );
  assert.doesNotMatch(rowOf(marked, 'web-4'), new RegExp(` ${pid} `));
  assert.match(rowOf(marked, 'web-5'), /^ {2}web-5/);
  await terminal.press('C-c');
  const left = await terminal.ended();
  assertAtPrompt(left, left.rows.some((line) => line.endsWith(': 6 RUNNING')) ? 0 : 3);
  assert.ok(!left.rows.some((line) => line.includes('^C')), drawn(left));
  assert.equal(belowCommand(left)?.filter((line) => line.includes(' UTC ')).length, 1, drawn(left));
});

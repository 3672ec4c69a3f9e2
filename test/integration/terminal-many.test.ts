/**
 * What a person sees who watches 2,000 hosts on a real terminal of 80 columns and 24 rows: a few
 * fail, one is away, two do not answer. The agents are simulated, controller and fleetctl real.
 * It takes a tmux (`.ci/run` installs it); where there is none, these tests fail and say so.
 */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { childrenOf, processorMs } from '../bench/proc.ts';
import { type Behaviour, OBEDIENT } from '../swarm/behaviour.ts';
import { issueIdentities } from '../swarm/identities.ts';
import { type Swarm, startSwarm } from '../swarm/swarm.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument } from './fleet/harness.ts';
import { belowCommand, openTerminal } from './terminal/operator-terminal.ts';
import { drawn, type Sight, type Terminal } from './terminal/tmux.ts';

const HOSTS = Array.from({ length: 2_000 }, (_, at) => `web-${`${at + 1}`.padStart(4, '0')}`);
const CRASHING = ['web-0100', 'web-0101', 'web-0102', 'web-0103', 'web-0104', 'web-1500'];
const AWAY = ['web-0800'];
const SILENT = ['web-1998', 'web-1999'];
const LOG = ['binding to 0.0.0.0:8080', 'error: address already in use'];
const RESTART = "fleetctl restart web --hosts='@*'";
const QUESTION = 'restart 2000 targets on 2000 hosts (web-[0001-2000])? [y/N]';
const HEAD = /^restart web: 2000 targets on 2000 hosts, .*\d s$/;
const BAR = /^\[[#!.]{60}\] +\d+\/2000$/;
const SENT =
  /^sent {13}2 {3}on web-\[1998-1999\], (up to .*\d s, )?its agent has not answere(…|d yet)$/;
const WAITING = /^waiting for 2 targets: 2 sent to web-\[1998-1999\]$/;
/** On a busy machine all of it takes its time. */
const WITHIN = { withinMs: 60_000 };

let fleet: Fleet;
let controller: Daemon;
/** Of the same authority and programs, each in a process of its own, which can be ended. */
let swarmOf: (hosts: readonly string[], behaviour: Behaviour) => Promise<Swarm>;
let swarms: readonly Swarm[] = [];
let away: Swarm;
let silent: Swarm;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  const { authority } = fleet.pki;
  const identities = await issueIdentities(authority, HOSTS);
  const endpoint = { host: '127.0.0.1', port: fleet.port };
  // A slow machine is not to make anything overdue.
  const processes = [{ name: 'web', startMs: 1_000, tierWaitMs: 300_000 }];
  swarmOf = async (hosts, behaviour) => {
    const options = { controller: endpoint, authority, identities, processes, hosts, behaviour };
    const swarm = await startSwarm(options);
    swarms = [...swarms, swarm];
    return swarm;
  };
  const special = [...CRASHING, ...AWAY, ...SILENT];
  const others = HOSTS.filter((host) => !special.includes(host));
  [, , away, silent] = await Promise.all([
    swarmOf(others, { ...OBEDIENT, stop: { minMs: 100, maxMs: 3_000 } }),
    // Not among all the others, who keep one another waiting: a crash is to come in time.
    swarmOf(CRASHING, { ...OBEDIENT, lastLines: LOG, shares: { crashes: 1 } }),
    swarmOf(AWAY, OBEDIENT),
    swarmOf(SILENT, { ...OBEDIENT, shares: { mute: 1 } }),
  ]);
});

after(async () => {
  await Promise.all(swarms.map((swarm) => swarm[Symbol.asyncDispose]()));
  fleet?.[Symbol.dispose]();
});

test('before 2,000 hosts are touched a person is asked, and only yes is yes', async () => {
  await using terminal = await openTerminal(fleet);
  for (const answer of ['Enter', 'C-c', 'C-d']) {
    await terminal.run(RESTART);
    await terminal.until('it asks', isAsking, WITHIN);
    await terminal.press(answer);
    const { exitCode, rows, cursor } = await terminal.ended();
    assert.equal(exitCode, 130);
    assert.deepEqual(rows.slice(cursor.row - 3, cursor.row), [
      QUESTION,
      'interrupted: nothing was done',
      'next: --yes does it without asking',
    ]);
  }
  const client = await fleet.client();
  assert.deepEqual(await client.listOperations({ runningOnly: false, limit: 0 }), []);
});

test('a fleet in which all is well is one row of status', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.run('fleetctl status');
  const { exitCode, ...sight } = await terminal.ended(WITHIN);
  assert.equal(exitCode, 0);
  assertLines(sight, [
    /^STATE +COUNT +FOR +PROCESS +HOSTS/,
    /^RUNNING +2000 .* web +web-\[0001-2000\]$/,
    /^2,000 processes on 2,000 hosts: 2,000 RUNNING$/,
    /^\[0\] \$$/,
  ]);
});

test('a restart of all is one screen from its beginning to its end', async (context) => {
  await using terminal = await openTerminal(fleet);
  await away[Symbol.asyncDispose]();
  await fleet.process('web-0800', 'web', 'is away', ({ hostConnected }) => !hostConnected);
  const usage = await processorUsage(terminal);
  await terminal.run(RESTART);
  await terminal.until('it asks', isAsking, WITHIN);
  await terminal.press('y', 'Enter');
  await terminal.until(
    'every target is counted by what it does',
    (sight) => {
      const [head = '', bar = '', ...groups] = frameOf(sight);
      const busy = groups.filter((row) =>
        /^st(?:opp|art)ing +\d+ {3}on \d+ hosts, up to /.test(row),
      );
      const isCounted = sumOfCounts(groups) === HOSTS.length;
      return HEAD.test(head) && BAR.test(bar) && busy.length === 2 && isCounted;
    },
    WITHIN,
  );
  const settled = [
    HEAD,
    /^\[#{58}!\.\] 1998\/2000$/,
    /^FAILED {11}6 {3}Exited too quickly \(exit status 1\)$/,
    /^ {21}web on web-\[0100-0104,1500\]$/,
    ...LOG.map((line) => new RegExp(`^ {4}${line}$`)),
    /^UNREACHABLE {6}1 {3}the host was not connected when the operation began$/,
    /^ {21}web on web-0800$/,
    SENT,
    /^restarted {5}1991$/,
    WAITING,
    /^Ctrl-C stops watching, not the operation$/,
  ];
  const isSettled = (sight: Sight) => matches(frameOf(sight), settled);
  await terminal.until('all that answer are done', isSettled, WITHIN);
  await usage.measure();
  await terminal.resize(100, 24);
  await terminal.until('wider', (sight) => isSettled(sight) && hasRow(sight, / answered yet$/));
  await terminal.resize(80, 24);
  await terminal.until('as before', (sight) => isSettled(sight) && hasRow(sight, / answere…$/));

  await silent[Symbol.asyncDispose]();
  const withoutThem = settled.map((pattern) => {
    if (pattern === SENT) return /^host away {8}2 {3}on web-\[1998-1999\], /;
    return pattern === WAITING ? /^waiting for 2 targets: 2 on .*, whose hosts are not / : pattern;
  });
  await terminal.until('they are gone', (sight) => matches(frameOf(sight), withoutThem));
  await swarmOf(SILENT, OBEDIENT);
  const end = await terminal.ended(WITHIN);
  usage.report(context);
  assert.equal(end.exitCode, 10);
  assert.ok(end.cursor.isVisible);
  await assertTrueEnd(terminal);
});

/** What stands at the end against what the controller has stored. */
async function assertTrueEnd(terminal: Terminal): Promise<void> {
  const client = await fleet.client();
  const [summary] = await client.listOperations({ runningOnly: false, limit: 1 });
  const id = summary?.id ?? '';
  const lines = await terminal.lines();
  assert.deepEqual(lines.slice(lines.indexOf(`${QUESTION} y`) + 1), [
    'FAILED           6   Exited too quickly (exit status 1)',
    'UNREACHABLE      1   the host was not connected when the operation began',
    'restarted     1993',
    'restarted 1993 of 2000 targets; ' +
      '6 failed: web on web-[0100-0104,1500]: Exited too quickly (exit status 1); ' +
      '1 unreachable: web on web-0800: the host was not connected when the operation began',
    'log of web on web-[0100-0104,1500]:',
    ...LOG.map((line) => `    ${line}`),
    "look:  fleetctl status web --hosts 'web-[0100-0104,0800,1500]'",
    `why:   fleetctl op explain ${id} web-0100`,
    `retry: fleetctl op retry ${id}`,
    '[10] $',
  ]);
  const shown = await fleet.fleetctl('op', 'show', id, '-o', 'json');
  const { state, targets } = shown.json<OperationDocument>();
  assert.equal(state, 'failed');
  assert.equal(targets.length, HOSTS.length);
  const hostsIn = (wanted: string) =>
    targets
      .filter((target) => target.state === wanted)
      .map(({ host }) => host)
      .sort();
  assert.deepEqual(hostsIn('failed'), CRASHING);
  assert.deepEqual(hostsIn('unreachable'), AWAY);
  assert.equal(hostsIn('succeeded').length, 1_993);
}

test('after trouble status shows it first, on one screen', async () => {
  await using terminal = await openTerminal(fleet);
  const client = await fleet.client();
  await fleet.until('the failed ones have been given up', async () => {
    const selection = { hosts: CRASHING.join(','), processes: [] };
    const { processes } = await client.listProcesses(selection);
    return processes.every(({ status }) => status.state === 'FATAL');
  });
  await terminal.run('fleetctl status');
  const { exitCode, ...sight } = await terminal.ended(WITHIN);
  assert.equal(exitCode, 3);
  assertLines(sight, [
    /^STATE +COUNT +FOR +PROCESS +HOSTS$/,
    /^FATAL +6 .* web +web-\[0100-0104,1500\]$/,
    /^ {4}Exited too quickly \(exit status 1\)$/,
    /^UNREACHABLE +1 .* web +web-0800$/,
    /^RUNNING +1993 .* web +web-\[0001-0099.* and \d+ more$/,
    /^2,000 processes on 2,000 hosts: 1,993 RUNNING, 6 FATAL, 1 UNREACHABLE$/,
    /^\[3\] \$$/,
  ]);
});

function isAsking({ rows, cursor }: Sight): boolean {
  return rows[cursor.row] === QUESTION;
}

/** The live view, if there is one below the question and nothing else ever was there. */
function frameOf(sight: Sight): readonly string[] {
  const [question, ...frame] = belowCommand(sight) ?? [];
  return question === `${QUESTION} y` ? frame : [];
}

function sumOfCounts(groups: readonly string[]): number {
  const counts = groups.map((row) => /^[A-Za-z ]{11} +(\d+)(?: {3}|$)/.exec(row)?.[1] ?? '0');
  return counts.reduce((sum, count) => sum + Number(count), 0);
}

function hasRow({ rows }: Sight, pattern: RegExp): boolean {
  return rows.some((row) => pattern.test(row));
}

function matches(lines: readonly string[], patterns: readonly RegExp[]): boolean {
  return (
    lines.length === patterns.length &&
    patterns.every((pattern, index) => pattern.test(lines[index] ?? ''))
  );
}

function assertLines(sight: Sight, patterns: readonly RegExp[]): void {
  const lines = belowCommand(sight);
  assert.ok(lines !== null && matches(lines, patterns), drawn(sight));
}

interface ProcessorUsage {
  /** While fleetctl is still there. */
  readonly measure: () => Promise<void>;
  /** For people to compare; how much it may be, the benches say. */
  readonly report: (context: TestContext) => void;
}

async function processorUsage(terminal: Terminal): Promise<ProcessorUsage> {
  const shell = await terminal.shellPid();
  const controllerBeforeMs = processorMs(controller.pid);
  let text = 'not measured';
  return {
    measure: async () => {
      const [fleetctl] = childrenOf(shell);
      const controllerMs = processorMs(controller.pid) - controllerBeforeMs;
      const fleetctlMs = fleetctl === undefined ? Number.NaN : processorMs(fleetctl);
      text = `fleetctl ${fleetctlMs.toFixed(0)} ms, controller ${controllerMs.toFixed(0)} ms`;
    },
    report: (context) => context.diagnostic(`processor time of a restart of 2,000: ${text}`),
  };
}

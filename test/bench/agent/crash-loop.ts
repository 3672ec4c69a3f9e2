/**
 * A program that starts well and fails at once, with `startsecs = 0` and `autorestart = true`: how
 * often each daemon starts it in one second and in ten. Supervisor restarts it as fast as it dies; our
 * agent at most 10 times in 10 s, and from then on after 1, 2, 4 … s, or by its `restart_pause`. The
 * program counts: each of its runs adds a line to a file.
 *
 * Beside it another program prints, as on most hosts: supervisord looks after its processes whenever
 * something happens, and once a second where nothing does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchTools, Finding } from '../bench.ts';
import { runCommand, tryCommand } from '../command.ts';
import { spreadOf } from '../spread.ts';
import { startSupervisor } from '../supervisor.ts';
import { startLoneAgent } from './lone-agent.ts';

const SHORT_MS = 1_000;
const LONG_MS = 10_000;
const FIRST_RUN_WAIT_MS = 10_000;
const POLL_MS = 5;

/** The first start and 10 restarts; then, within ten seconds, those after 1, 2 and 4 s. */
const DAMPED_SHORT_MAX = 11;
const DAMPED_LONG_MAX = 14;

const PAUSE_S = 2;
const PAUSED_SHORT_MAX = 1;
/** At 0, 2, 4, 6 and 8 s, and perhaps as the last one is counted. */
const PAUSED_LONG_MAX = 6;

const PRINTER = `[program:printer]
command = /bin/sh -c 'while :; do echo line; sleep 0.01; done'
startsecs = 0
`;

export const crashLoop: Bench = {
  name: 'agent-crash-loop',
  summary: `starts of a failing program in ${SHORT_MS / 1_000} and in ${LONG_MS / 1_000} s`,
  run,
};

/** How often it was started. */
interface Starts {
  readonly short: number;
  readonly long: number;
}

type Control = (...words: readonly string[]) => readonly string[];

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const script = join(tools.directory, 'fails.sh');
  writeFileSync(script, 'echo >> "$1"\nexit 1\n');
  const counts = (name: string) => join(tools.directory, `${name}.runs`);
  const programs = (name: string, more = '') =>
    `${PRINTER}${failing(`/bin/sh ${script} ${counts(name)}`, more)}`;
  const agent = async (name: string, more?: string): Promise<Starts> => {
    const options = { name, processes: 1, programs: programs(name, more) };
    const { fleetctl } = await startLoneAgent(tools, options);
    const starts = await countStarts(fleetctl, counts(name));
    assertTellsNextTry(fleetctl);
    runCommand(fleetctl('stop', 'fails'));
    return starts;
  };
  const damped = await agent('agent');
  const paused = await agent('agent-paused', `restart_pause = ${PAUSE_S}\n`);
  const peer = tools.hasSupervisor ? await underSupervisor(tools, programs, counts) : null;
  return [
    ...findings('crash loop', damped, peer, { short: DAMPED_SHORT_MAX, long: DAMPED_LONG_MAX }),
    ...findings(`… restart_pause=${PAUSE_S}`, paused, peer, {
      short: PAUSED_SHORT_MAX,
      long: PAUSED_LONG_MAX,
    }),
  ];
}

async function underSupervisor(
  tools: BenchTools,
  programs: (name: string) => string,
  counts: (name: string) => string,
): Promise<Starts> {
  const name = 'supervisor';
  const options = { name, processes: 1, programs: programs(name) };
  const { supervisorctl } = await startSupervisor(tools, options);
  const starts = await countStarts(supervisorctl, counts(name));
  // It may have ended at this moment, and be started by the time anybody asks.
  tryCommand(supervisorctl('stop', 'fails'));
  return starts;
}

function failing(command: string, more: string): string {
  return `[program:fails]
command = ${command}
startsecs = 0
autostart = false
autorestart = true
${more}`;
}

async function countStarts(control: Control, path: string): Promise<Starts> {
  writeFileSync(path, '');
  const runs = () => readFileSync(path, 'latin1').length;
  // Either may say that it failed: it has ended by then.
  tryCommand(control('start', 'fails'));
  const deadlineMs = performance.now() + FIRST_RUN_WAIT_MS;
  while (runs() === 0) {
    if (performance.now() > deadlineMs) throw new Error('it was never started');
    await delay(POLL_MS);
  }
  await delay(SHORT_MS);
  const short = runs();
  await delay(LONG_MS - SHORT_MS);
  return { short, long: runs() };
}

/** @throws Error where nobody who waits for it learns how long */
function assertTellsNextTry(fleetctl: Control): void {
  const { stdout } = tryCommand(fleetctl('status', 'fails', '-o', 'json'));
  if (!/"nextTryAt": ?"/.test(stdout)) throw new Error(`no next try in:\n${stdout}`);
}

function findings(
  what: string,
  ours: Starts,
  peer: Starts | null,
  most: Starts,
): readonly Finding[] {
  return (['short', 'long'] as const).map((span) => ({
    what: `${what}, ${(span === 'short' ? SHORT_MS : LONG_MS) / 1_000} s`,
    unit: 'starts',
    ours: spreadOf([ours[span]]),
    peer: peer === null ? null : { name: 'supervisord', spread: spreadOf([peer[span]]) },
    budget: { kind: 'atMost', value: most[span] },
  }));
}

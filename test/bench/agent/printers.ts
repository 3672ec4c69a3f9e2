/**
 * Programs that print when the bench says so, under our agent or under supervisord: one that prints
 * a file at once, twenty that pass on what they are fed, and twenty that flood. The fed ones are
 * `cat`, so that no contender pays for the pacing.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BenchTools } from '../bench.ts';
import { sum } from '../proc.ts';
import { startSupervisor } from '../supervisor.ts';
import { agentQuestion, type DirectQuestion, supervisorQuestion } from './direct-orders.ts';
import { startLoneAgent } from './lone-agent.ts';

export const MANY = 20;
/** Of each word that a flooding program is told. */
export const FLOOD_BYTES = 20_000_000;

const FLOOD_LOG_BYTES = 10_000_000;

/** A daemon with 41 programs, all of them silent. */
export interface Printers extends Disposable {
  readonly pid: number;
  readonly ask: DirectQuestion;
  /** How much of a program, or of all that begin so, has been logged; what was dropped not counted. */
  readonly loggedBytes: (program: string) => number;
  /** How many of the processes have printed what they were told; they are told anew after that. */
  readonly done: (processes: readonly string[]) => number;
  /** @returns how much of it there was room for: a program reads as fast as its daemon lets it */
  readonly feed: (process: string, bytes: Uint8Array) => number;
}

/** @param atOnce the file that `lines` prints at each word that it is fed */
export async function ourPrinters(tools: BenchTools, atOnce: string): Promise<Printers> {
  const directory = makeDirectory(tools, 'agent-printers');
  const programs = programsIn(directory, atOnce);
  const { pid, socket } = await startLoneAgent(tools, { name: 'agent', ...programs });
  return printers(directory, pid, await agentQuestion(socket));
}

export async function supervisorsPrinters(tools: BenchTools, atOnce: string): Promise<Printers> {
  const directory = makeDirectory(tools, 'supervisor-printers');
  const programs = programsIn(directory, atOnce);
  const { pid, socket } = await startSupervisor(tools, { name: 'supervisor', ...programs });
  return printers(directory, pid, supervisorQuestion(socket));
}

const numbered = (program: string): readonly string[] =>
  Array.from({ length: MANY }, (_, index) => `${program}_${String(index).padStart(2, '0')}`);

export const LINES = 'lines_00';
export const STEADY = numbered('steady');
export const FLOODS = numbered('flood');

function makeDirectory(tools: BenchTools, name: string): string {
  const directory = join(tools.directory, name);
  mkdirSync(directory);
  execFileSync(
    'mkfifo',
    [LINES, ...STEADY, ...FLOODS].map((process) => feedOf(directory, process)),
  );
  return directory;
}

const feedOf = (directory: string, process: string): string => join(directory, `${process}.feed`);

function programsIn(directory: string, atOnce: string) {
  const section = (program: string, command: string, settings: string): string =>
    `[program:${program}]
command = ${command}
startsecs = 0
stdout_logfile = ${directory}/%(program_name)s_%(process_num)02d.log
process_name = %(program_name)s_%(process_num)02d
${settings}
`;
  const told = (program: string, print: string): string => {
    const feed = feedOf(directory, `${program}_%(process_num)02d`);
    return `/bin/sh -c 'exec 3<>${feed}; while read -r word <&3; do ${print}; : >${feed}.done; done'`;
  };
  const unlimited = 'stdout_logfile_maxbytes = 0';
  const limited = `stdout_logfile_maxbytes = ${FLOOD_LOG_BYTES}\nstdout_logfile_backups = 1`;
  const many = `numprocs = ${MANY}`;
  const programs = [
    section('lines', told('lines', `cat ${atOnce}`), unlimited),
    section(
      'steady',
      `cat ${feedOf(directory, 'steady_%(process_num)02d')}`,
      `${unlimited}\n${many}`,
    ),
    section('flood', told('flood', `head -c ${FLOOD_BYTES} /dev/$word`), `${limited}\n${many}`),
  ];
  return { processes: 1 + 2 * MANY, programs: programs.join('') };
}

function printers(directory: string, pid: number, ask: DirectQuestion): Printers {
  const feeds = new Map<string, number>();
  const feedFor = (process: string): number => {
    const flags = constants.O_RDWR | constants.O_NONBLOCK;
    const feed = feeds.get(process) ?? openSync(feedOf(directory, process), flags);
    feeds.set(process, feed);
    return feed;
  };
  return {
    pid,
    ask,
    loggedBytes: (program) => {
      const logs = readdirSync(directory).filter(
        (name) => name.startsWith(`${program}_`) && name.includes('.log'),
      );
      return sum(logs.map((name) => statSync(join(directory, name)).size));
    },
    done: (processes) => {
      return processes.filter((process) => existsSync(`${feedOf(directory, process)}.done`)).length;
    },
    feed: (process, bytes) => {
      rmSync(`${feedOf(directory, process)}.done`, { force: true });
      try {
        return writeSync(feedFor(process), bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
    [Symbol.dispose]: () => {
      for (const feed of feeds.values()) closeSync(feed);
    },
  };
}

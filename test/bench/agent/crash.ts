/**
 * From the crash of a program to its next exec. The program's first act is to write its pid into a
 * FIFO that the bench reads, so both sides carry the same shell and the same wake-up of the bench;
 * how much that is, the floor tells: the same shell, spawned by the bench itself.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchTools, Finding } from '../bench.ts';
import { startFleet } from '../fleet.ts';
import { inTurn, type Spread } from '../spread.ts';
import { startSupervisor } from '../supervisor.ts';

const KILLS = 12;

/** More than 10 restarts within 10 s would be a crash loop, which the agent slows down. */
const PAUSE_MS = 1_200;
const RESTART_WAIT_MS = 30_000;

export const crash: Bench = {
  name: 'agent-crash',
  summary: `SIGKILL to new exec, ${KILLS} times`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const script = join(tools.directory, 'program.sh');
  writeFileSync(script, 'echo $$ > "$1"\nexec sleep 100000\n');
  tools.note('startsecs=0 on both sides; floor: the same shell, spawned by the bench itself');

  using ours = new Announcements(join(tools.directory, 'ours.fifo'));
  const programs = programSection(script, ours.path);
  await startFleet(tools, { name: 'fleet', hosts: 1, programs });
  using spawned = new Announcements(join(tools.directory, 'floor.fifo'));
  const own = async () => {
    await delay(PAUSE_MS);
    return killMs(ours);
  };
  const floor = () => spawnMs(script, spawned);
  if (!tools.hasSupervisor) {
    const spreads = await inTurn(KILLS, { own, floor });
    return [finding(spreads.own, 'bare spawn', spreads.floor)];
  }
  using theirs = new Announcements(join(tools.directory, 'theirs.fifo'));
  await startSupervisor(tools, {
    name: 'supervisor',
    processes: 1,
    programs: programSection(script, theirs.path),
  });
  const spreads = await inTurn(KILLS, { own, floor, peer: () => killMs(theirs) });
  return [
    finding(spreads.own, 'Supervisor', spreads.peer),
    finding(spreads.own, 'bare spawn', spreads.floor),
  ];
}

function finding(ours: Spread, name: string, spread: Spread): Finding {
  const budget = { kind: 'atMost', value: 10 } as const;
  return { what: 'crash to new exec', unit: 'ms', ours, peer: { name, spread }, budget };
}

function programSection(script: string, fifo: string): string {
  return `[program:web]
command = /bin/sh ${script} ${fifo}
startsecs = 0
autorestart = true
`;
}

/** The program that announced itself last dies; how long until its successor does so? */
async function killMs(announcements: Announcements): Promise<number> {
  const next = announcements.next();
  const startedMs = performance.now();
  process.kill(announcements.lastPid, 'SIGKILL');
  return (await next) - startedMs;
}

async function spawnMs(script: string, announcements: Announcements): Promise<number> {
  const next = announcements.next();
  const startedMs = performance.now();
  const child: ChildProcess = spawn('/bin/sh', [script, announcements.path], { stdio: 'ignore' });
  const spawnedMs = (await next) - startedMs;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return spawnedMs;
}

/** The pids that come out of a FIFO, one a line, each as its program starts. */
class Announcements implements Disposable {
  readonly path: string;
  lastPid = 0;
  readonly #descriptor: number;
  readonly #socket: Socket;

  constructor(path: string) {
    this.path = path;
    execFileSync('mkfifo', [path]);
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: this.#descriptor, readable: true, writable: false });
    this.#socket.on('data', (line: Buffer) => {
      this.lastPid = Number.parseInt(line.toString('latin1'), 10);
    });
  }

  /** @returns `performance.now()` of when it was read */
  async next(): Promise<number> {
    await once(this.#socket, 'data', { signal: AbortSignal.timeout(RESTART_WAIT_MS) });
    return performance.now();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

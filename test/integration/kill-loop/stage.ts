/**
 * One host for the kill loop: the agent as it is installed (bundled), started, killed and started
 * again, and what the kernel, the programs and the agent itself say of its processes.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChildRecord,
  readChildRecord,
} from '../../../agent/adapters/children/child-record.ts';
import type { LocalOrder } from '../../../proto/local-orders.ts';
import { keptDatabase } from '../../../proto/sqlite.ts';
import type { AgentEvent, ProcessStatus, SequencedEvent } from '../../../proto/vocabulary.ts';
import { type Daemon, startProgram } from '../fleet/daemon.ts';
import { environmentOf, killAllOf, MARK, processesOf } from '../fleet/processes.ts';
import { copyPrograms } from '../fleet/programs.ts';
import { eventually } from '../fleet/wait.ts';
import { give, list } from '../local/host.ts';
import { type LoopFolders, writePrograms } from './programs.ts';

export interface Stage extends Disposable {
  readonly folders: LoopFolders;
  readonly stateDir: string;
  readonly runDir: string;
  /** Resolves when it supervises. */
  start(): Promise<Daemon>;
  /** Has been executed, and that is all that is known of it. */
  launch(): Daemon;
  /** Of a process that runs, by what lies in `run_dir`; null: nothing is there. */
  child(process: string): ChildRecord | null;
  status(): Promise<readonly ProcessStatus[]>;
  /** Rejects where the agent ends before the order is carried out. */
  order(order: LocalOrder): Promise<unknown>;
  /** The programs' own processes, by the name in their environment; no keepers, no children. */
  mains(): ReadonlyMap<string, readonly number[]>;
  /** Processes of which the agent has something on record that it has not carried out yet. */
  openTargets(): ReadonlySet<string>;
  /** All changes of state that the agent has recorded since it was asked last. */
  newChanges(): readonly ProcessStatus[];
}

export function makeStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'fleetvisor-kill-loop-'));
  // Others pass through it to the place where they prove who they are.
  chmodSync(folder, 0o711);
  const folders = { folder, books: join(folder, 'books'), logs: join(folder, 'logs') };
  for (const path of [folders.books, folders.logs]) mkdirSync(path);
  const { agent } = copyPrograms(join(folder, 'programs'));
  const socket = join(folder, 'agent.sock');
  const config = join(folder, 'agent.conf');
  const [stateDir, runDir] = [join(folder, 'state'), join(folder, 'run')];
  const own = `[agent]\nstate_dir = ${stateDir}\nrun_dir = ${runDir}\nsocket = ${socket}\n`;
  writeFileSync(config, own + writePrograms(folders));
  const launch = (): Daemon => {
    const env = { PATH: process.env['PATH'] ?? '', [MARK]: folder };
    return startProgram({
      name: 'fleet-agent',
      words: [agent, '-c', config],
      env,
      directory: folder,
    });
  };
  let lastSeq = 0;
  return {
    ...{ folders, stateDir, runDir, launch },
    child: (name) => readChildRecord(join(runDir, `${name}.child`)),
    async start() {
      const daemon = launch();
      const isUp = () => daemon.log().some(({ msg }) => msg === 'supervising');
      await eventually('the agent supervises', () => daemon.hasEnded() || isUp(), {
        explain: daemon.stderr,
        askEveryMs: 10,
      });
      if (daemon.hasEnded()) throw new Error(`the agent ended:\n${daemon.stderr()}`);
      return daemon;
    },
    status: async () => (await list(socket)).processes,
    order: (order) => give(socket, order),
    mains: () => mainsIn(folder),
    openTargets: () => openTargetsIn(join(stateDir, 'journal.db')),
    newChanges: () => {
      const events = eventsAfter(join(stateDir, 'journal.db'), lastSeq);
      lastSeq = events.at(-1)?.seq ?? lastSeq;
      return events.flatMap(({ event }) => changeIn(event));
    },
    [Symbol.dispose]() {
      killAllOf(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const changeIn = (event: AgentEvent): readonly ProcessStatus[] =>
  event.kind === 'processChanged' ? [event.process] : [];

/** Without a controller they all stay there. */
function eventsAfter(journal: string, seq: number): readonly SequencedEvent[] {
  const database = keptDatabase(journal, 1_000);
  try {
    const query = database.prepare('SELECT record FROM events WHERE seq > ? ORDER BY seq').pluck();
    return (query.all(seq) as string[]).map((text) => JSON.parse(text) as SequencedEvent);
  } finally {
    database.close();
  }
}

function openTargetsIn(journal: string): ReadonlySet<string> {
  const database = keptDatabase(journal, 1_000);
  try {
    const query = database.prepare('SELECT process FROM targets WHERE is_settled = 0').pluck();
    return new Set(query.all() as string[]);
  } finally {
    database.close();
  }
}

/** A program leads a session of its own, as its keeper does, which calls itself one. */
function mainsIn(folder: string): ReadonlyMap<string, readonly number[]> {
  const mains = new Map<string, number[]>();
  for (const { pid, words } of processesOf(folder)) {
    const isLeader = sessionOf(pid) === pid;
    const name = environmentOf(pid)['SUPERVISOR_PROCESS_NAME'];
    if (!isLeader || name === undefined || words.some((word) => word.startsWith('keeper of ')))
      continue;
    mains.set(name, [...(mains.get(name) ?? []), pid]);
  }
  return mains;
}

/** proc(5): the sixth field of stat; the second is a name in parentheses. */
function sessionOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  } catch {
    return null;
  }
}

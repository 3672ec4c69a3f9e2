/** A host's processes as a test says they are. */
import type { ProcessEntry, ProcessTable } from '../../agent/adapters/host/process-table.ts';

/**
 * `[pid, parent, session]`; unless more is said, the token of each is its pid as `t7`, and its group is
 * that of the number of its session.
 */
type Line = readonly [
  pid: number,
  parentPid: number,
  session: number,
  startToken?: string,
  group?: number,
];

export function entriesOf(...lines: readonly Line[]): readonly ProcessEntry[] {
  return lines.map(([pid, parentPid, session, startToken = `t${pid}`, group = session]) => {
    return { pid, parentPid, session, startToken, group, isDead: false };
  });
}

export class PaperProcesses {
  readonly #entries = new Map<number, ProcessEntry>();
  readonly #residentBytes = new Map<number, number>();
  /** Nothing can be told while this is set. */
  isBlind = false;
  snapshots = 0;

  add(...lines: readonly Line[]): void {
    for (const entry of entriesOf(...lines)) this.#entries.set(entry.pid, entry);
  }

  /** Its children become init's. */
  end(...pids: readonly number[]): void {
    for (const pid of pids) this.#entries.delete(pid);
    for (const [pid, entry] of this.#entries) {
      if (pids.includes(entry.parentPid)) this.#entries.set(pid, { ...entry, parentPid: 1 });
    }
  }

  /** As `end`, but nobody has reaped them. */
  die(...pids: readonly number[]): void {
    const dead = pids.flatMap((pid) => this.#entries.get(pid) ?? []);
    this.end(...pids);
    for (const entry of dead) this.#entries.set(entry.pid, { ...entry, isDead: true });
  }

  has(pid: number): boolean {
    return this.#entries.has(pid);
  }

  /** As kill(2) has it, to which the dead count. */
  isAnyoneIn(wanted: number): boolean {
    return [...this.#entries.values()].some(({ group }) => group === wanted);
  }

  giveMemory(pid: number, bytes: number): void {
    this.#residentBytes.set(pid, bytes);
  }

  table(): ProcessTable {
    const look = (pid: number): ProcessEntry | undefined => {
      if (this.isBlind) throw new Error('EMFILE: too many open files');
      const entry = this.#entries.get(pid);
      return entry?.isDead === true ? undefined : entry;
    };
    return {
      bootId: 'boot-1',
      selfPath: null,
      startTokenOf: (pid) => look(pid)?.startToken ?? null,
      isAlive: ({ pid, startToken }) => look(pid)?.startToken === startToken,
      residentBytesOf: (pid) =>
        look(pid) === undefined ? null : (this.#residentBytes.get(pid) ?? null),
      snapshot: () => {
        look(0);
        this.snapshots += 1;
        return [...this.#entries.values()];
      },
    };
  }
}

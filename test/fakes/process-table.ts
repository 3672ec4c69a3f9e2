/** A host's processes as a test says they are. */
import type { ProcessEntry, ProcessTable } from '../../agent/adapters/host/process-table.ts';

/** `[pid, parent, session]`; the token of each is its pid as `t7`, unless a fourth says otherwise. */
type Line = readonly [pid: number, parentPid: number, session: number, startToken?: string];

export function entriesOf(...lines: readonly Line[]): readonly ProcessEntry[] {
  return lines.map(([pid, parentPid, session, startToken = `t${pid}`]) => {
    return { pid, parentPid, session, startToken };
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

  has(pid: number): boolean {
    return this.#entries.has(pid);
  }

  giveMemory(pid: number, bytes: number): void {
    this.#residentBytes.set(pid, bytes);
  }

  table(): ProcessTable {
    const look = (pid: number): ProcessEntry | undefined => {
      if (this.isBlind) throw new Error('EMFILE: too many open files');
      return this.#entries.get(pid);
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

/**
 * Who descends from a program: its children and theirs, and whoever is in a session that began
 * among them. The second finds the orphans of a daemon that forked twice: their parent is init by
 * now, but they have not left the session. One that left both before anybody looked is not found,
 * nor is it on a system where somebody has to look (Linux' cgroups would tell, and need rights that
 * an agent does not always have).
 *
 * What is not to be found, although it may stand below a program: the agent and its other programs
 * with their keepers, as where a program starts the agent that later adopts it.
 */
import { groupBy } from '../../../proto/group-by.ts';
import type { ProcessEntry, ProcessIdentity } from '../host/process-table.ts';

/** A table as it was at one time, to be walked many times. */
export interface ProcessForest {
  readonly byPid: ReadonlyMap<number, ProcessEntry>;
  readonly byParent: ReadonlyMap<number, readonly ProcessEntry[]>;
  readonly bySession: ReadonlyMap<number, readonly ProcessEntry[]>;
}

/** Of one program, as it was found last. */
export interface Family {
  /** By pid; all of them were alive. */
  readonly members: ReadonlyMap<number, ProcessIdentity>;
  /** Those that began within the family, each as long as somebody is in it. */
  readonly sessions: ReadonlySet<number>;
}

type Numbers = Pick<ReadonlySet<number>, 'has'>;

export interface Strangers {
  /** Never found, nor is anything through them. */
  readonly pids: Numbers;
  /** Of strangers: to be in one of them makes nobody a descendant. */
  readonly sessions: Numbers;
}

export function forestOf(entries: readonly ProcessEntry[]): ProcessForest {
  return {
    byPid: new Map(entries.map((entry) => [entry.pid, entry])),
    byParent: groupBy(entries, ({ parentPid }) => parentPid),
    bySession: groupBy(entries, ({ session }) => session),
  };
}

/** Of a program that nobody has looked at yet; it began a session, unless there is no setsid(1). */
export function familyOf({ pid, startToken }: ProcessIdentity): Family {
  return { members: new Map([[pid, { pid, startToken }]]), sessions: new Set([pid]) };
}

/** @returns who of the family still lives, and who has joined it; a member that is dead is gone */
export function findFamily(forest: ProcessForest, known: Family, strangers: Strangers): Family {
  const members = new Map<number, ProcessIdentity>();
  const sessions = new Set<number>();
  const found: ProcessEntry[] = [];
  const follow = (session: number): void => {
    if (sessions.has(session) || !mayBegin(session, strangers)) return;
    const inIt = forest.bySession.get(session) ?? [];
    if (inIt.length > 0) sessions.add(session);
    found.push(...inIt);
  };
  for (const { pid, startToken } of known.members.values()) {
    const entry = forest.byPid.get(pid);
    if (entry?.startToken === startToken) found.push(entry);
  }
  // Its number is in use for as long as it has members. If a process has that number as its pid and
  // is not one of ours, the session had ended, and this one leads another.
  for (const session of known.sessions) if (!forest.byPid.has(session)) follow(session);
  for (const entry of found) {
    const { pid, startToken, session } = entry;
    if (members.has(pid) || strangers.pids.has(pid)) continue;
    members.set(pid, { pid, startToken });
    follow(session);
    found.push(...(forest.byParent.get(pid) ?? []));
  }
  return { members, sessions };
}

/** 0: led from outside the container; 1: init's own. */
function mayBegin(session: number, strangers: Strangers): boolean {
  return session > 1 && !strangers.sessions.has(session);
}

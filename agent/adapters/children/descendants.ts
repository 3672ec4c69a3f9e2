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

type Entries = ReadonlyMap<number, readonly ProcessEntry[]>;

/** A table as it was at one time, to be walked many times. */
export interface ProcessForest {
  /** These three of the living alone. */
  readonly byPid: ReadonlyMap<number, ProcessEntry>;
  readonly byParent: Entries;
  readonly bySession: Entries;
  readonly deadBySession: Entries;
  /** Of all. */
  readonly byGroup: Entries;
}

/** Of one program, as it was found last. */
export interface Family {
  /** By pid; all of them were alive. */
  readonly members: ReadonlyMap<number, ProcessIdentity>;
  /** Those that began within the family, each as long as somebody is in it. */
  readonly sessions: ReadonlySet<number>;
  /** Process groups within these sessions, in each of which one of the family is and no stranger. */
  readonly groups: ReadonlySet<number>;
  /** Earlier ones, in which the table shows nobody any more. */
  readonly emptyGroups: ReadonlySet<number>;
  /** Pids of those in these sessions that are dead and not reaped yet. */
  readonly dead: ReadonlySet<number>;
}

type Numbers = Pick<ReadonlySet<number>, 'has'>;

export interface Strangers {
  /** Never found, nor is anything through them. */
  readonly pids: Numbers;
  /** Of strangers: to be in one of them makes nobody a descendant. */
  readonly sessions: Numbers;
}

export function forestOf(entries: readonly ProcessEntry[]): ProcessForest {
  const living = entries.filter(({ isDead }) => !isDead);
  const dead = entries.filter(({ isDead }) => isDead);
  return {
    byPid: new Map(living.map((entry) => [entry.pid, entry])),
    byParent: groupBy(living, ({ parentPid }) => parentPid),
    bySession: groupBy(living, ({ session }) => session),
    deadBySession: groupBy(dead, ({ session }) => session),
    byGroup: groupBy(entries, ({ group }) => group),
  };
}

/** Of a program that nobody has looked at yet; it began a session, unless there is no setsid(1). */
export function familyOf({ pid, startToken }: ProcessIdentity): Family {
  return {
    members: new Map([[pid, { pid, startToken }]]),
    sessions: new Set([pid]),
    groups: new Set([pid]),
    emptyGroups: new Set(),
    dead: new Set(),
  };
}

/** @returns who of the family still lives, and who has joined it; a member that is dead is gone */
export function findFamily(forest: ProcessForest, known: Family, strangers: Strangers): Family {
  const members = new Map<number, ProcessIdentity>();
  const sessions = new Set<number>();
  const found: ProcessEntry[] = [];
  const follow = (session: number): void => {
    if (sessions.has(session) || !mayBegin(session, strangers)) return;
    const inIt = forest.bySession.get(session) ?? [];
    if (inIt.length > 0 || forest.deadBySession.has(session)) sessions.add(session);
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
  const dead = [...sessions]
    .flatMap((session) => forest.deadBySession.get(session) ?? [])
    .filter(({ pid }) => !strangers.pids.has(pid));
  const witnesses = [...found.filter(({ pid }) => members.has(pid)), ...dead];
  const groups = witnesses
    .filter(({ session, group }) => sessions.has(session) && isOurs(group, forest, strangers))
    .map(({ group }) => group);
  return {
    members,
    sessions,
    groups: new Set(groups),
    emptyGroups: new Set(
      [...known.groups, ...known.emptyGroups].filter((group) => !forest.byGroup.has(group)),
    ),
    dead: new Set(dead.map(({ pid }) => pid)),
  };
}

/** To kill(2), -1 is everybody, and -0 the agent's own group. */
function isOurs(group: number, { byGroup }: ProcessForest, { pids }: Strangers): boolean {
  if (group <= 1 || pids.has(group)) return false;
  return (byGroup.get(group) ?? []).every(({ pid }) => !pids.has(pid));
}

/** 0: led from outside the container; 1: init's own. */
function mayBegin(session: number, strangers: Strangers): boolean {
  return session > 1 && !strangers.sessions.has(session);
}

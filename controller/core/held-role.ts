/**
 * One role of somebody, held against the hosts and processes that there are now. What that comes to is
 * remembered as long as one question takes, which may be about every process of the fleet.
 */
import type { Role } from '../../proto/authority.ts';
import { processMatcher } from '../../proto/process-pattern.ts';
import type { HostId, ProcessName, ProcessStatus } from '../../proto/vocabulary.ts';
import { type Host, statusesOf } from './host.ts';
import type { FleetView } from './selector/fleet-view.ts';
import { membersOf } from './selector/members.ts';

export interface HeldRole {
  readonly role: Role;
  /**
   * Null: every host. Looked up when it is first asked: of a fleet that takes long, and whether
   * somebody may do a thing anywhere is asked of each call, and of each stream every second.
   */
  readonly hosts: () => ReadonlySet<HostId> | null;
  /** What its `processes` mean on a host; read once for all hosts. */
  readonly matching: () => ReturnType<typeof processMatcher>;
  /** Of each host that was asked about, what the role is about there. */
  readonly processes: Map<HostId, ReadonlySet<ProcessName>>;
}

/** @param fleet as it is now; looked at only where the role has hosts */
export function heldRole(role: Role, fleet: () => FleetView): HeldRole {
  const { hosts } = role;
  const members = once(() => (hosts === null ? null : membersOf(hosts.selector, fleet())));
  const matching = once(() => processMatcher(role.processes));
  return { role, hosts: members, matching, processes: new Map() };
}

export function isAbout({ hosts }: HeldRole, { host }: Host): boolean {
  const members = hosts();
  return members === null || members.has(host);
}

/**
 * What a role with `processes` is about on one host. Processes that are not there (any more, or yet)
 * are judged by their name.
 */
export function processesOf(
  held: HeldRole,
  host: Host,
  about: readonly ProcessStatus[] | null,
): ReadonlySet<ProcessName> {
  const known = held.processes.get(host.host);
  const isKnown =
    known !== undefined && (about ?? []).every(({ process }) => host.processes.has(process));
  if (isKnown) return known;
  const strangers = (about ?? []).filter(({ process }) => !host.processes.has(process));
  const statuses = [...statusesOf(host), ...strangers];
  const names = new Set<ProcessName>();
  for (const { process } of held.matching()(statuses)) names.add(process);
  if (strangers.length === 0) held.processes.set(host.host, names);
  return names;
}

export function once<Value>(find: () => Value): () => Value {
  let found: { readonly value: Value } | null = null;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

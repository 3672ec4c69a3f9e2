/**
 * Cuts what was found down to what somebody may do it to. One target that is not allowed refuses all
 * of it, unless those were to be left out: half of what was asked for is seldom what was meant.
 */
import type { Refusal } from '../../proto/errors.ts';
import type { OperationRequest } from '../../proto/operation.ts';
import { matchProcesses } from '../../proto/process-pattern.ts';
import { type HostId, type ProcessStatus, WHOLE_HOST } from '../../proto/vocabulary.ts';
import { type Access, type Act, judge, maySee, type Verdict } from './access.ts';
import { type Denied, deniedRefusal } from './denied.ts';
import { type Host, statusesOf } from './host.ts';
import { statusOfName } from './visible.ts';

/** A host with what is to be done there; none: nothing is, and the host is only mentioned. */
export interface Found {
  readonly host: Host;
  readonly statuses: readonly ProcessStatus[];
}

export interface Allowed {
  readonly found: readonly Found[];
  /** How many targets were left out. */
  readonly notAllowed: number;
}

/** What is judged: an operation, or the reading of logs. */
export interface Judged {
  readonly act: Act;
  readonly allowedOnly: boolean;
}

export function judgedOf({ verb, signal, reason, allowedOnly }: OperationRequest): Judged {
  return { act: { action: verb, signal, hasReason: reason.trim() !== '' }, allowedOnly };
}

/** Process by process. */
export function allowedProcesses(
  access: Access,
  judged: Judged,
  found: readonly Found[],
): Allowed | Refusal {
  const tally = new Tally(access);
  const kept = found.map(({ host, statuses }): Found => {
    const isAllowed = (status: ProcessStatus): boolean =>
      tally.count(judge(access, judged.act, host, [status]), host, status);
    return { host, statuses: statuses.filter(isAllowed) };
  });
  const limited = tally.limited();
  const within = kept.map(
    ({ host, statuses }): Found => ({
      host,
      statuses: statuses.filter((status) => tally.isWithin(limited, host, status)),
    }),
  );
  // A host of which nothing is left is not mentioned: that it has such processes is not untrue.
  const mentioned = within.filter(
    ({ statuses }, index) => statuses.length > 0 || found[index]?.statuses.length === 0,
  );
  return outcome(judged, tally, mentioned);
}

/** Host by host, as for an update: each of these groups there, or whatever runs there. */
export function allowedHosts(
  access: Access,
  judged: Judged,
  hosts: readonly Host[],
  groups: readonly string[],
): Allowed | Refusal {
  const tally = new Tally(access);
  const kept = hosts.filter((host) => {
    const about = aboutGroups(host, groups);
    return tally.count(judge(access, judged.act, host, about), host, null);
  });
  const limited = tally.limited();
  const within = kept.filter((host) => tally.isWithin(limited, host, null));
  return outcome(
    judged,
    tally,
    within.map((host) => ({ host, statuses: [] })),
  );
}

/**
 * Processes of these groups, to be judged together; one that is not there yet counts as a process of
 * its name. None named: the host as a whole, which is null.
 */
export function aboutGroups(
  host: Host,
  groups: readonly string[],
): readonly ProcessStatus[] | null {
  if (groups.length === 0) return null;
  const statuses = statusesOf(host);
  return groups.flatMap((group) => {
    const [members = []] = matchProcesses([`${group}:*`], [statuses]).byHost;
    return members.length > 0 ? members : [statusOfName(group)];
  });
}

function outcome(judged: Judged, tally: Tally, found: readonly Found[]): Allowed | Refusal {
  const { denied, total } = tally;
  const isAll = denied.length === total;
  if (denied.length === 0 || (judged.allowedOnly && !isAll)) {
    return { found, notAllowed: denied.length };
  }
  return deniedRefusal(judged.act.action, denied, total);
}

/** Verdicts, and how many hosts each role is what allows it on. Lives as long as one judgement. */
class Tally {
  readonly denied: Denied[] = [];
  total = 0;
  readonly #access: Access;
  readonly #hostsOf = new Map<string, { readonly max: number; readonly hosts: Set<HostId> }>();
  readonly #roleOf = new Map<string, string>();

  constructor(access: Access) {
    this.#access = access;
  }

  /** @returns whether it is allowed, as far as one target goes */
  count(verdict: Verdict, host: Host, status: ProcessStatus | null): boolean {
    this.total += 1;
    if (!verdict.isAllowed) {
      this.#deny(host, status, verdict.because);
      return false;
    }
    const { name, maxHosts } = verdict.role;
    if (maxHosts === null) return true;
    const entry = this.#hostsOf.get(name) ?? { max: maxHosts, hosts: new Set() };
    this.#hostsOf.set(name, { ...entry, hosts: entry.hosts.add(host.host) });
    this.#roleOf.set(keyOf(host, status), name);
    return true;
  }

  /** The roles that more hosts lean on than they allow, and what is to be said of that. */
  limited(): ReadonlyMap<string, string> {
    const over = [...this.#hostsOf].filter(([, { max, hosts }]) => hosts.size > max);
    return new Map(
      over.map(([name, { max, hosts }]) => [
        name,
        `role "${name}" allows at most ${max} hosts at once (max_hosts), and these are ${hosts.size}`,
      ]),
    );
  }

  isWithin(
    limited: ReadonlyMap<string, string>,
    host: Host,
    status: ProcessStatus | null,
  ): boolean {
    const because = limited.get(this.#roleOf.get(keyOf(host, status)) ?? '');
    if (because === undefined) return true;
    this.#deny(host, status, because);
    return false;
  }

  #deny(host: Host, status: ProcessStatus | null, because: string): void {
    const isSeen = maySee(this.#access, host, status);
    const process = status?.process ?? WHOLE_HOST;
    this.denied.push({ host: host.host, process, because, isSeen });
  }
}

const keyOf = ({ host }: Host, status: ProcessStatus | null): string =>
  JSON.stringify([host, status?.process ?? null]);

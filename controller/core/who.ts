/** What the controller answers who asks what they may, or what somebody else may. */
import type {
  AccessDecision,
  AccessQuery,
  AccessReport,
  Role,
  RoleSummary,
  WhoIAm,
} from '../../proto/authority.ts';
import { ACTIONS, BUILT_IN_ROLES, isFleetAction } from '../../proto/authority.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { WHOLE_HOST } from '../../proto/vocabulary.ts';
import { type Access, type Act, accessOf, judge, judgeFleetAction } from './access.ts';
import { aboutGroups } from './allowed.ts';
import type { Host } from './host.ts';
import { listProcesses } from './queries.ts';
import { noHostsNamed, selectHosts } from './select.ts';
import type { FleetState } from './state.ts';
import { seesTarget, sightOf } from './visible.ts';

/** Whoever makes the call, as the door found out. */
export interface Asker {
  readonly fleet: string;
  readonly name: string;
  readonly fingerprint256: string;
  readonly notAfterMs: number;
  readonly actor: { readonly address: string | null };
}

export function whoAmI(state: FleetState, asker: Asker): WhoIAm {
  const { fleet, name, fingerprint256: fingerprint, notAfterMs, actor } = asker;
  const roles = (state.operators.get(name) ?? []).flatMap((role) => state.roles.get(role) ?? []);
  return {
    ...{ fleet, name, fingerprint, certificateEndsAtMs: notAfterMs, address: actor.address },
    roles: roles.map(summaryOf),
  };
}

/** One that is not refused may still say of every target that it is not allowed. */
export function checkAccess(
  state: FleetState,
  query: AccessQuery,
  asker: Pick<Asker, 'name'>,
  wallMs: number,
): AccessReport | Refusal {
  const operator = query.as ?? asker.name;
  const own = accessOf(state, asker.name, wallMs);
  if (operator !== asker.name) {
    const mayAsk = judgeFleetAction(own, 'audit');
    if (!mayAsk.isAllowed) return notYours(operator, mayAsk.because);
    if (!state.operators.has(operator)) return noSuchOperator(operator);
  }
  const access = accessOf(state, operator, wallMs);
  const { action, hosts } = query;
  if (isFleetAction(action)) {
    const verdict = judgeFleetAction(access, action);
    const because = verdict.isAllowed ? `role "${verdict.role.name}"` : verdict.because;
    return { operator, isAllowed: verdict.isAllowed, because, decisions: [], withheld: 0 };
  }
  if (hosts.trim() === '') return noHostsNamed('what may be done depends on where');
  const decisions =
    action === 'update'
      ? forHosts(state, access, query, wallMs)
      : forProcesses(state, access, query, wallMs);
  if (isRefusal(decisions)) return decisions;
  const isAllowed = decisions.every((decision) => decision.isAllowed);
  const sight = sightOf(state, asker.name, wallMs);
  // What somebody may do something to, they may know of.
  const told = decisions.filter((one) => one.isAllowed || seesTarget(sight, one));
  const withheld = decisions.length - told.length;
  return { operator, isAllowed, because: '', decisions: told, withheld };
}

function forProcesses(
  state: FleetState,
  access: Access,
  query: AccessQuery,
  wallMs: number,
): readonly AccessDecision[] | Refusal {
  const listing = listProcesses(state, { selector: query.hosts, wallMs }, query.processes);
  if (isRefusal(listing)) return listing;
  const sorted = sortNaturally(
    listing.processes,
    ({ host }) => host,
    ({ status }) => status.process,
  );
  return sorted.flatMap(({ host: id, status }) => {
    const host = state.hosts.get(id);
    return host === undefined ? [] : decisionOn(access, query, host, [status]);
  });
}

/** An update is about a host: these groups of it, or whatever its configuration says. */
function forHosts(
  state: FleetState,
  access: Access,
  query: AccessQuery,
  wallMs: number,
): readonly AccessDecision[] | Refusal {
  const hosts = selectHosts(state, query.hosts, wallMs);
  if (isRefusal(hosts)) return hosts;
  return sortNaturally(hosts, ({ host }) => host).map((host) =>
    decisionOn(access, query, host, aboutGroups(host, query.processes)),
  );
}

function decisionOn(
  access: Access,
  { action, signal }: AccessQuery,
  host: Host,
  about: Parameters<typeof judge>[3],
): AccessDecision {
  // That a reason is wanted would be told where one is missing.
  const act: Act = { action, signal, hasReason: true };
  const verdict = judge(access, act, host, about);
  const [only, other] = about ?? [];
  const process = only === undefined || other !== undefined ? WHOLE_HOST : only.process;
  const because = verdict.isAllowed ? `role "${verdict.role.name}"` : verdict.because;
  return { host: host.host, process, isAllowed: verdict.isAllowed, because };
}

function summaryOf(role: Role): RoleSummary {
  const { name, hosts, processes, signals, maxHosts, reasonRequired, runbooks } = role;
  const isBuiltIn = BUILT_IN_ROLES.some((one) => one.name === name);
  return {
    ...{ name, isBuiltIn, processes, signals, maxHosts, reasonRequired, runbooks },
    allow: ACTIONS.filter((action) => role.allow.has(action)),
    deny: ACTIONS.filter((action) => role.deny.has(action)),
    hosts: hosts === null ? null : hosts.text,
  };
}

function notYours(operator: string, because: string): Refusal {
  return refusal('denied', `what "${operator}" may do is not yours to know`, {
    cause: because,
    fix: 'ask about yourself: leave --as out',
  });
}

function noSuchOperator(name: string): Refusal {
  return refusal('nothing-matched', `no operator is called ${JSON.stringify(name.slice(0, 60))}`, {
    cause: 'controller.conf has no such section [operator:NAME]',
  });
}

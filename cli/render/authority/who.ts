/** Whom the controller takes one for, and one's roles in words. */
import type { RoleSummary, WhoIAm } from '../../../proto/authority.ts';
import { fieldLines, momentText } from '../describe/fields.ts';
import { escapeUnsafe, plural } from '../text.ts';
import { formatTimestamp } from '../time.ts';

export function renderWhoIAm(who: WhoIAm, nowMs: number): string {
  const ends = momentText(who.certificateEndsAtMs, nowMs);
  const facts = fieldLines([
    ['operator', who.name],
    ['fleet', who.fleet],
    ['from', who.address],
    ['certificate', ends === null ? who.fingerprint : `${who.fingerprint}, ends ${ends}`],
  ]);
  const roles = who.roles.map((role) => `${escapeUnsafe(roleText(role))}\n`);
  return facts + (roles.length === 0 ? noRole(who) : roles.join(''));
}

export function whoIAmFields(who: WhoIAm): object {
  return {
    fleet: who.fleet,
    name: who.name,
    fingerprint: who.fingerprint,
    certificateEndsAt: formatTimestamp(who.certificateEndsAtMs),
    address: who.address,
    roles: who.roles.map(roleFields),
  };
}

/** `role web-oncall: status, logs, restart, on prod-*, of web:*, on at most 5 hosts at once`. */
function roleText(role: RoleSummary): string {
  const { allow, deny, hosts, processes, signals, maxHosts, runbooks } = role;
  const parts = [
    allow.length === 0 ? 'allows no verb' : `allows ${allow.join(', ')}`,
    hosts === null ? null : `on ${hosts}`,
    processes.length === 0 ? null : `of ${processes.join(' ')}`,
    signals.length === 0 ? null : `only the ${signalNoun(signals)} ${signals.join(', ')}`,
    maxHosts === null ? null : `on at most ${plural(maxHosts, 'host')} at once`,
    role.reasonRequired ? 'changes only with --reason' : null,
    runbooks.length === 0 ? null : `runbooks ${runbooks.join(' ')}`,
    deny.length === 0 ? null : `never ${deny.join(', ')}, whatever other roles allow`,
  ];
  return `role ${role.name}: ${parts.filter((part) => part !== null).join('; ')}`;
}

function signalNoun(signals: readonly string[]): string {
  return signals.length === 1 ? 'signal' : 'signals';
}

function noRole({ name }: WhoIAm): string {
  const operator = escapeUnsafe(name);
  return `no role: nothing is allowed; roles stand under [operator:${operator}] in the configuration of the controller\n`;
}

function roleFields(role: RoleSummary): object {
  const { name, isBuiltIn, allow, deny, hosts, processes, signals, maxHosts } = role;
  const { reasonRequired, runbooks } = role;
  const where = { hosts, processes, signals, maxHosts };
  return { name, builtIn: isBuiltIn, allow, deny, ...where, reasonRequired, runbooks };
}

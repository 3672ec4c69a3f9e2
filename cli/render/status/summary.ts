/** The line under a folded table: how many there are, and how many are in which state. */
import { groupBy } from '../../../proto/group-by.ts';
import { STATES_BY_SEVERITY, type StatusEntry } from './entry.ts';

/** `2,000 processes on 500 hosts: 1,997 RUNNING, 2 FATAL, 1 UNREACHABLE` */
export function summaryLine(entries: readonly StatusEntry[], hosts: number): string {
  const processes = entries.filter(({ status }) => status !== null);
  const lost = entries.length - processes.length;
  const line = `${counted(processes.length, 'process', 'processes')} on ${counted(hosts, 'host', 'hosts')}`;
  const states = stateCounts(processes);
  return [
    states === '' ? line : `${line}: ${states}`,
    lost === 0 ? '' : `${counted(lost, 'host', 'hosts')} UNREACHABLE, processes not known`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** What is well first, then the worst: the order in which people ask. */
export function stateCounts(entries: readonly StatusEntry[]): string {
  const byState = groupBy(entries, ({ state }) => state);
  return (['RUNNING', ...STATES_BY_SEVERITY.slice(0, -1)] as const)
    .map((state) => ({ state, count: byState.get(state)?.length ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${grouped(count)} ${state}`)
    .join(', ');
}

export function counted(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** By thousands, the same in every locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

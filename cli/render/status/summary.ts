/** The line under a folded table: how many there are, and how many are in which state. */
import { groupBy } from '../../../proto/group-by.ts';
import { type ShownState, STATES_BY_SEVERITY, type StatusEntry } from './entry.ts';

/** `2,000 processes on 500 hosts: 1,997 RUNNING (3 unhealthy), 2 FATAL, 1 UNREACHABLE` */
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
  const countOf = (state: ShownState) => byState.get(state)?.length ?? 0;
  const running = RUNNING.reduce((sum, state) => sum + countOf(state), 0);
  const doubtful = (['unhealthy', 'starting'] as const)
    .map((health) => ({ health, count: countOf(`RUNNING (${health})`) }))
    .filter(({ count }) => count > 0)
    .map(({ health, count }) => `${grouped(count)} ${health}`)
    .join(', ');
  return [
    running === 0 ? '' : `${grouped(running)} RUNNING${doubtful === '' ? '' : ` (${doubtful})`}`,
    ...STATES_BY_SEVERITY.filter((state) => !RUNNING.includes(state)).map((state) =>
      countOf(state) === 0 ? '' : `${grouped(countOf(state))} ${state}`,
    ),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const RUNNING: readonly ShownState[] = STATES_BY_SEVERITY.filter((state) =>
  state.startsWith('RUNNING'),
);

export function counted(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** By thousands, the same in every locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

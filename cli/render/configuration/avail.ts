/**
 * What hosts are configured to run: a row for the processes that are configured alike on the same
 * hosts. The words of its columns are supervisorctl's.
 */
import { groupBy } from '../../../proto/group-by.ts';
import type { ConfiguredProcess, HostReport } from '../../../proto/host-questions.ts';
import { sortNaturally } from '../../../proto/natural-order.ts';
import { foldToParts } from '../../../proto/selector/fold.ts';
import type { HostId } from '../../../proto/vocabulary.ts';
import { fitNames } from '../hosts/fitted.ts';
import { foldedHosts } from '../operation/places.ts';
import type { Paint } from '../paint.ts';
import { type Cell, cell, renderTable, wholeCell } from '../table.ts';
import { troubleLines } from './trouble.ts';

const HEADER = ['PROCESS', 'STATE', 'START', 'TIER', 'HOSTS'];
/** Beyond it processes are counted, on a screen. */
const PROCESSES_WIDTH = 40;
/** What the columns before the hosts take where names are not long, and what hosts always have. */
const OTHER_COLUMNS_WIDTH = PROCESSES_WIDTH + 35;
const HOSTS_WIDTH_MIN = 20;

/** @param columns of the terminal; null: off a terminal, where nothing is cut */
export function renderAvail(
  reports: readonly HostReport[],
  paint: Paint,
  columns: number | null,
): string {
  const rows = foldProcesses(reports).map((folded) => cellsOf(folded, columns));
  const without = reports.flatMap(({ host, answer }) =>
    answer.kind === 'avail' && answer.processes.length === 0 ? [host] : [],
  );
  const lines = [
    ...(without.length === 0 ? [] : [`${foldedHosts(without)}: no process is configured`]),
    ...troubleLines(reports, paint),
  ];
  const table = rows.length === 0 ? '' : renderTable(HEADER, rows, paint);
  return table + lines.map((line) => `${line}\n`).join('');
}

/** Each of the processes on each of the hosts, and all configured alike. */
interface FoldedProcesses {
  readonly processes: readonly string[];
  readonly hosts: readonly HostId[];
  readonly configured: ConfiguredProcess;
}

interface OnHost {
  readonly host: HostId;
  readonly configured: ConfiguredProcess;
}

function foldProcesses(reports: readonly HostReport[]): readonly FoldedProcesses[] {
  const all = reports.flatMap(({ host, answer }): readonly OnHost[] =>
    answer.kind === 'avail' ? answer.processes.map((configured) => ({ host, configured })) : [],
  );
  const byProcess = groupBy(all, ({ configured }) => `${configured.process} ${manner(configured)}`);
  const sharing = groupBy([...byProcess.values()], (members) =>
    JSON.stringify([members[0] && manner(members[0].configured), members.map(({ host }) => host)]),
  );
  const folded = [...sharing.values()].flatMap((groups): readonly FoldedProcesses[] => {
    const [first] = groups;
    const configured = first?.[0]?.configured;
    if (first === undefined || configured === undefined) return [];
    const processes = groups.flatMap((members) => members[0]?.configured.process ?? []);
    return [{ processes, hosts: first.map(({ host }) => host), configured }];
  });
  return sortNaturally(folded, ({ processes }) => processes[0] ?? '');
}

function manner({ inUse, autostart, groupPriority, priority }: ConfiguredProcess): string {
  return `${inUse} ${autostart} ${groupPriority}:${priority}`;
}

function cellsOf(
  { processes, hosts, configured }: FoldedProcesses,
  columns: number | null,
): readonly Cell[] {
  const { inUse, autostart, groupPriority, priority } = configured;
  const isCut = columns !== null;
  const hostsWidth = isCut ? Math.max(HOSTS_WIDTH_MIN, columns - OTHER_COLUMNS_WIDTH) : Infinity;
  const processesWidth = isCut ? PROCESSES_WIDTH : Infinity;
  return [
    wholeCell(fitNames(foldToParts(processes), processesWidth, 'processes')),
    cell(inUse ? 'in use' : 'avail', inUse ? null : 'busy'),
    cell(autostart ? 'auto' : 'manual'),
    cell(`${groupPriority}:${priority}`),
    wholeCell(fitNames(foldToParts(hosts), hostsWidth, 'hosts')),
  ];
}

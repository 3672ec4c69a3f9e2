/** What is different between two pictures of the fleet, process by process. */
import type { HostProcess } from '../../../proto/vocabulary.ts';
import { GAP } from '../table.ts';
import { displayWidth, neutralise, padToWidth } from '../text.ts';
import { formatTimestamp } from '../time.ts';
import { fullDetail, type StatusEntry } from './entry.ts';
import { goneItem, processItem } from './json.ts';
import { processContent, processKey } from './status.ts';

export type Picture = ReadonlyMap<string, StatusEntry>;

export interface StatusChange {
  /** Null: it was not there. */
  readonly before: StatusEntry | null;
  /** Null: it is gone. */
  readonly after: StatusEntry | null;
}

export function pictureOf(entries: readonly StatusEntry[]): Picture {
  return new Map(entries.map((entry) => [processKey(entry), entry]));
}

export function changesBetween(before: Picture, after: Picture): readonly StatusChange[] {
  const changes: StatusChange[] = [];
  for (const [key, entry] of after) {
    const old = before.get(key) ?? null;
    if (old === null || processContent(old) !== processContent(entry)) {
      changes.push({ before: old, after: entry });
    }
  }
  for (const [key, entry] of before) {
    if (!after.has(key)) changes.push({ before: entry, after: null });
  }
  return changes;
}

/** One line each, `TIME   HOST   PROCESS   RUNNING → FATAL   DETAIL`, in columns. */
export function changeLines(changes: readonly StatusChange[], nowMs: number): readonly string[] {
  const rows = changes.map(({ before, after }) => {
    const { host, status } = (after ?? before) as StatusEntry;
    return {
      host: neutralise(host),
      process: neutralise(status?.process ?? '-'),
      what: whatHappened(before, after),
      detail: after === null ? '' : neutralise(fullDetail(after, nowMs)),
    };
  });
  const hostWidth = columnWidth(rows.map(({ host }) => host));
  const processWidth = columnWidth(rows.map(({ process }) => process));
  return rows.map(({ host, process, what, detail }) =>
    [
      formatTimestamp(nowMs),
      padToWidth(host, hostWidth),
      padToWidth(process, processWidth),
      what,
      detail,
    ]
      .join(GAP)
      .trimEnd(),
  );
}

/** What is true of each process now; of one that is gone, that it is. */
export function changeItems(changes: readonly StatusChange[], nowMs: number): readonly object[] {
  return changes.flatMap(({ before, after }) => {
    const entry = hostProcess((after ?? before) as StatusEntry);
    if (entry === null) return [];
    return [after === null ? goneItem(entry, nowMs) : processItem(entry, nowMs)];
  });
}

function whatHappened(before: StatusEntry | null, after: StatusEntry | null): string {
  if (before === null || after === null)
    return `${before?.state ?? 'new'} → ${after?.state ?? 'gone'}`;
  if (before.state !== after.state) return `${before.state} → ${after.state}`;
  const [oldPid, newPid] = [before.status?.pid ?? null, after.status?.pid ?? null];
  return oldPid === newPid
    ? after.state
    : `${after.state}, pid ${oldPid ?? '-'} → ${newPid ?? '-'}`;
}

function hostProcess({ host, state, status }: StatusEntry): HostProcess | null {
  return status === null ? null : { host, hostConnected: state !== 'UNREACHABLE', status };
}

/** A few overlong names must not push all lines apart. */
const COLUMN_WIDTH_MAX = 40;

function columnWidth(names: readonly string[]): number {
  const widest = names.reduce((width, name) => Math.max(width, displayWidth(name)), 0);
  return Math.min(widest, COLUMN_WIDTH_MAX);
}

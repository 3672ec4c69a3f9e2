/** Rows of the record, and whether it is whole. What stands in them came from anywhere. */
import type { Actor, AuditHead, AuditRow, AuditVerdict } from '../../../proto/audit.ts';
import type { Paint, Tone } from '../paint.ts';
import { cell, renderTable } from '../table.ts';
import { neutralise, oneLine } from '../text.ts';
import { formatTimestamp } from '../time.ts';

export interface AuditView {
  readonly paint: Paint;
  /** With selections as typed, operations and fingerprints. */
  readonly isWide: boolean;
}

const TONES: Readonly<Record<AuditRow['outcome'], Tone | null>> = {
  done: 'good',
  refused: 'bad',
  ended: null,
};

export function renderAudit(rows: readonly AuditRow[], { paint, isWide }: AuditView): string {
  if (rows.length === 0) return 'nothing is on record\n';
  const wide = ['SELECTION', 'OPERATION', 'CERTIFICATE'];
  const header = ['SEQ', 'AT', 'OUTCOME', 'WHO', 'ACTION', 'TARGETS'];
  const cells = rows.map((row) => [
    cell(row.seq),
    cell(formatTimestamp(row.atMs)?.replace(/\.\d+Z$/, 'Z') ?? null),
    cell(row.outcome, TONES[row.outcome]),
    cell(whoText(row.actor)),
    cell(row.action),
    cell(targetsText(row)),
    ...(isWide
      ? [cell(selectionText(row) || null), cell(row.operation), cell(row.actor.fingerprint)]
      : []),
  ]);
  const [heading, ...lines] = renderTable([...header, ...(isWide ? wide : [])], cells, paint).split(
    '\n',
  );
  const told = rows.flatMap((row, index) => [lines[index] ?? '', ...detailLines(row)]);
  return `${[heading, ...told].join('\n')}\n`;
}

/** Below its row: it is a sentence, and would push every column apart. */
function detailLines(row: AuditRow): readonly string[] {
  const detail = detailText(row);
  return detail === '' ? [] : [`      ${neutralise(detail)}`];
}

/** Field by field, so that what comes to the vocabulary does not come out unasked. */
export function auditItem(row: AuditRow): object {
  const { kind, name, fingerprint, address } = row.actor;
  return {
    seq: row.seq,
    at: formatTimestamp(row.atMs),
    actor: { kind, name, fingerprint, address },
    action: row.action,
    hosts: row.hosts,
    processes: row.processes,
    targets: row.targets,
    targetCount: row.targetCount,
    operation: row.operation,
    reason: row.reason,
    outcome: row.outcome,
    detail: row.detail,
    previousHash: row.previousHash,
    hash: row.hash,
  };
}

/** @param known that was written down elsewhere, and is covered */
export function renderVerdict(verdict: AuditVerdict, known: AuditHead | null): string {
  if (verdict.kind === 'broken') {
    return `BROKEN at row ${verdict.seq}: ${neutralise(oneLine(verdict.why))}\n`;
  }
  const { firstSeq, head } = verdict;
  if (head === null) return 'sound: there is no row yet\n';
  const told = known === null ? '' : `, and row ${known.seq} is as it was written down`;
  return [
    `sound: rows ${firstSeq} to ${head.seq} belong together${told}`,
    `head: ${headText(head)}`,
    'write the head down elsewhere: with --head it shows that nothing was cut off since',
    '',
  ].join('\n');
}

export function verdictFields(verdict: AuditVerdict): object {
  if (verdict.kind === 'broken') {
    const { seq, why } = verdict;
    return { sound: false, brokenSeq: seq, why, firstSeq: null, head: null };
  }
  const head = verdict.head === null ? null : headText(verdict.head);
  return { sound: true, brokenSeq: null, why: null, firstSeq: verdict.firstSeq, head };
}

function headText({ seq, hash }: AuditHead): string {
  return `${seq}:${neutralise(hash)}`;
}

/** `alice from 192.0.2.9`, `agent/web-1`, `controller`. */
function whoText({ kind, name, address }: Actor): string {
  const who = { operator: name, agent: `agent/${name}`, controller: 'controller' };
  const text = kind === 'nobody' ? 'nobody' : who[kind];
  return address === null ? text : `${text} from ${address}`;
}

function targetsText({ targets, targetCount }: AuditRow): string | null {
  if (targets === '') return targetCount === 0 ? null : String(targetCount);
  return targetCount > 1 ? `${targets} (${targetCount})` : targets;
}

function detailText({ reason, detail }: AuditRow): string {
  return [detail, reason === '' ? '' : `reason: ${reason}`]
    .filter((part) => part !== '')
    .map(oneLine)
    .join('; ');
}

function selectionText({ hosts, processes }: AuditRow): string {
  return [processes.join(' '), hosts === '' ? '' : `on ${hosts}`]
    .filter((part) => part !== '')
    .join(' ');
}

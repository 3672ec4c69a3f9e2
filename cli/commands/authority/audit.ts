/** `fleetctl audit`: who did what, who was refused what, and whether the record of it is whole. */
import type { AuditHead, AuditQuery, AuditRow } from '../../../proto/audit.ts';
import { FleetError, refusal } from '../../../proto/errors.ts';
import type { ConnectionOptions, ControlClient, Environment } from '../../ports.ts';
import {
  auditItem,
  renderAudit,
  renderVerdict,
  verdictFields,
} from '../../render/authority/audit.ts';
import { renderDocument, renderList } from '../../render/json.ts';
import { painter } from '../../render/paint.ts';
import { type Since, timeOf } from '../../since.ts';

export interface ListAuditOptions extends ConnectionOptions {
  /** Null: every actor, every action. */
  readonly actor: string | null;
  readonly action: string | null;
  readonly refusedOnly: boolean;
  readonly since: Since | null;
  /** 0: all, oldest first; else the newest so many, newest first. */
  readonly limit: number;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl';
}

/** None is an answer, too: exit code 0. */
export async function listAudit(
  environment: Environment,
  { actor, action, refusedOnly, since, limit, output, ...connection }: ListAuditOptions,
): Promise<number> {
  const { stdout, clock } = environment;
  const outcome = refusedOnly ? 'refused' : null;
  const query = { actor, action, outcome, sinceMs: timeOf(since, clock), limit } as const;
  using client = await environment.dial(connection);
  if (output === 'jsonl') return await printRows(environment, client, query);
  const rows: AuditRow[] = [];
  for await (const packet of packetsOf(environment, client, query)) rows.push(...packet);
  stdout.write(
    output === 'json'
      ? renderList('AuditList', rows.map(auditItem), 'json')
      : renderAudit(rows, { paint: painter(stdout.colours), isWide: output === 'wide' }),
  );
  return 0;
}

export interface ExportAuditOptions extends ConnectionOptions {
  readonly since: Since | null;
}

/** All of it, oldest first, one JSON object a line; as fast as it is taken. */
export async function exportAudit(
  environment: Environment,
  { since, ...connection }: ExportAuditOptions,
): Promise<number> {
  const sinceMs = timeOf(since, environment.clock);
  using client = await environment.dial(connection);
  const all = { actor: null, action: null, outcome: null, sinceMs, limit: 0 };
  return await printRows(environment, client, all);
}

export interface VerifyAuditOptions extends ConnectionOptions {
  /** `SEQ:HASH`, as typed; null: not given. */
  readonly head: string | null;
  readonly output: 'table' | 'json';
}

const EXIT_BROKEN = 1;

/** Exit code 1 if it is broken. */
export async function verifyAudit(
  environment: Environment,
  { head, output, ...connection }: VerifyAuditOptions,
): Promise<number> {
  const known = head === null ? null : parseHead(head);
  using client = await environment.dial(connection);
  const verdict = await (await client.authority()).verifyAudit(known);
  environment.stdout.write(
    output === 'json'
      ? renderDocument('AuditVerdict', verdictFields(verdict))
      : renderVerdict(verdict, known),
  );
  return verdict.kind === 'sound' ? 0 : EXIT_BROKEN;
}

async function printRows(
  environment: Environment,
  client: ControlClient,
  query: AuditQuery,
): Promise<number> {
  for await (const rows of packetsOf(environment, client, query)) {
    const lines = renderList('AuditList', rows.map(auditItem), 'jsonl');
    await environment.logOutput.write(Buffer.from(lines));
  }
  return 0;
}

async function* packetsOf(
  { onInterrupt }: Environment,
  client: ControlClient,
  query: AuditQuery,
): AsyncGenerator<readonly AuditRow[]> {
  const left = new AbortController();
  const because = refusal('interrupted', 'not all of it was shown');
  using _listening = onInterrupt(() => left.abort());
  try {
    yield* (await client.authority()).readAudit(query, left.signal);
  } catch (caught) {
    throw left.signal.aborted ? new FleetError(because) : caught;
  }
}

/** As `verify` prints it, and the log of the controller. */
function parseHead(text: string): AuditHead {
  const [, seq = '', hash = ''] = /^([1-9]\d{0,14}):([\da-f]{64})$/i.exec(text.trim()) ?? [];
  if (seq !== '') return { seq: Number(seq), hash: hash.toLowerCase() };
  throw new FleetError(
    refusal('usage', `--head ${JSON.stringify(text.slice(0, 100))} is not understood`, {
      cause: 'expected is SEQ:HASH, a number and 64 digits from 0 to f',
      fix: 'as fleetctl audit verify prints it, or the log of the controller',
    }),
  );
}

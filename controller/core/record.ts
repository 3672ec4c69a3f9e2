/**
 * What goes on record, in the turn that decides it, so that it is stored with the act or not at all.
 * The same refusal again and again is one row a minute: nobody fills the disk by knocking.
 */
import type { Actor, AuditEntry } from '../../proto/audit.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Turn } from './state.ts';

/** What is to be said of an act; what is left out is empty. */
export type Recorded = Pick<AuditEntry, 'actor' | 'action' | 'outcome'> &
  Partial<Omit<AuditEntry, 'atMs'>>;

export function putOnRecord(turn: Turn, recorded: Recorded): void {
  const entry: AuditEntry = { atMs: turn.at.wallMs, ...NOTHING, ...recorded };
  if (entry.outcome === 'refused' && isRepeat(turn, entry)) return;
  turn.writes.push({ kind: 'audit', entry });
}

/** How something that somebody asked for came out. */
export function recordAnswer(
  turn: Turn,
  recorded: Omit<Recorded, 'outcome'>,
  answer: object,
): void {
  if (!isRefusal(answer)) return putOnRecord(turn, { ...recorded, outcome: 'done' });
  putOnRecord(turn, { ...recorded, outcome: 'refused', detail: refusalText(answer) });
}

/** The controller itself. */
export const CONTROLLER: Actor = {
  kind: 'controller',
  name: 'controller',
  fingerprint: null,
  address: null,
};

const NOTHING = {
  hosts: '',
  processes: [],
  targets: '',
  targetCount: 0,
  operation: null,
  reason: '',
  detail: '',
} as const;

const REPEAT_MS = 60_000;

/** Different refusals that are remembered for that time. */
const REMEMBERED_MAX = 1_000;

/** A list of targets that are not allowed may be long; which rule stands against them is at its head. */
const DETAIL_MAX = 2_000;

function refusalText({ code, message, cause }: Refusal): string {
  const text = `${code}: ${message}${cause === null ? '' : `: ${cause}`}`;
  return text.length > DETAIL_MAX ? `${text.slice(0, DETAIL_MAX)}…` : text;
}

function isRepeat(turn: Turn, { actor, action, detail, atMs }: AuditEntry): boolean {
  const key = JSON.stringify([actor.kind, actor.name, actor.fingerprint, action, detail]);
  const before = turn.state.refusals.get(key);
  if (before !== undefined && atMs >= before && atMs - before < REPEAT_MS) return true;
  const kept = [...turn.state.refusals].filter(([, at]) => atMs - at < REPEAT_MS);
  const refusals = new Map([...kept.slice(-REMEMBERED_MAX + 1), [key, atMs]]);
  turn.state = { ...turn.state, refusals };
  return false;
}

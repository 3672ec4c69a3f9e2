/**
 * What goes on record, in the turn that decides it, so that it is stored with the act or not at all.
 * The same refusal again and again is one row a minute: nobody fills the disk by knocking.
 */
import type { Actor, AuditEntry } from '../../proto/audit.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import type { Turn } from './state.ts';

/** What is to be said of an act; what is left out is empty. */
export type Recorded = Pick<AuditEntry, 'actor' | 'action' | 'outcome'> &
  Partial<Omit<AuditEntry, 'atMs'>>;

export function putOnRecord(turn: Turn, recorded: Recorded): void {
  const entry = bounded({ atMs: turn.at.wallMs, ...entryOf(recorded) });
  if (entry.outcome !== 'refused') return void turn.writes.push({ kind: 'audit', entry });
  const noted = noteRefusal(turn, entry);
  if (noted === 'known' || noted === 'too many') return;
  const detail = noted === 'last' ? `${entry.detail} (${AND_MORE})` : entry.detail;
  turn.writes.push({ kind: 'audit', entry: { ...entry, detail } });
}

/** How something that somebody asked for came out. */
export function recordAnswer(
  turn: Turn,
  recorded: Omit<Recorded, 'outcome'>,
  answer: object,
): void {
  const entry = isRefusal(answer)
    ? refusedEntry(recorded, answer)
    : entryOf({ ...recorded, outcome: 'done' });
  putOnRecord(turn, entry);
}

/** As it stands on record, except for when. */
export function entryOf(recorded: Recorded): Omit<AuditEntry, 'atMs'> {
  return { ...NOTHING, ...recorded };
}

/** The same of what was refused; also for whoever refuses before the core is asked. */
export function refusedEntry(
  recorded: Omit<Recorded, 'outcome'>,
  { code, message, cause }: Refusal,
): Omit<AuditEntry, 'atMs'> {
  const detail = `${code}: ${message}${cause === null ? '' : `: ${cause}`}`;
  return entryOf({ ...recorded, outcome: 'refused', detail });
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

/** A list of targets that are not allowed may be long; which rule stands against them is at its head. */
const DETAIL_MAX = 2_000;
/** What was typed may have a megabyte, each time, whether it is allowed or not. */
const SELECTOR_MAX = 2_000;
const PATTERNS_MAX = 50;
const PATTERN_MAX = 100;

/** `targets` is whole: it says what was done, and is the controller's own words. */
function bounded(entry: AuditEntry): AuditEntry {
  const { hosts, processes, reason, detail, action } = entry;
  const shown = processes.slice(0, PATTERNS_MAX).map((one) => clippedTo(PATTERN_MAX, one));
  return {
    ...entry,
    action: clippedTo(REMARK_LENGTH_MAX, action),
    hosts: clippedTo(SELECTOR_MAX, hosts),
    processes: processes.length > PATTERNS_MAX ? [...shown, '…'] : shown,
    reason: clippedTo(REMARK_LENGTH_MAX, reason),
    detail: clippedTo(DETAIL_MAX, detail),
  };
}

const REPEAT_MS = 60_000;

/** Different refusals of one actor that are on record within that time; the last of them says so. */
const PER_ACTOR_MAX = 30;

/** Different refusals that are remembered for that time. */
const REMEMBERED_MAX = 1_000;

const AND_MORE = 'what else is refused within this minute is not written down';

type Noted = 'new' | 'last' | 'known' | 'too many';

/** Remembers it for a while. */
function noteRefusal(turn: Turn, { actor, action, detail, atMs }: AuditEntry): Noted {
  const ofActor = JSON.stringify([actor.kind, actor.name]);
  const key = `${ofActor}${JSON.stringify([actor.fingerprint, action, detail])}`;
  const { refusals } = turn.state;
  const isRecent = (at: number | undefined) => at !== undefined && Math.abs(atMs - at) < REPEAT_MS;
  if (isRecent(refusals.get(key))) return 'known';
  const kept = [...refusals].filter(([, at]) => isRecent(at));
  const own = kept.filter(([one]) => one.startsWith(ofActor)).length;
  if (own >= PER_ACTOR_MAX) return 'too many';
  const remembered = new Map([...kept.slice(-REMEMBERED_MAX + 1), [key, atMs]]);
  turn.state = { ...turn.state, refusals: remembered };
  return own + 1 === PER_ACTOR_MAX ? 'last' : 'new';
}

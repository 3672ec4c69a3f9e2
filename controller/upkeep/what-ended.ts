/**
 * What a backup of the database must not undo when it is restored: who counts no more, and since when
 * somebody counts again. These writes go into the ledger (`ledger.ts`), and from there into a database
 * that is older than they are.
 */
import { holderText } from '../../proto/identity-name.ts';
import type { Identities } from '../core/identities.ts';
import type { FleetWrite } from '../core/state.ts';

const KINDS = [
  'certificate',
  'token',
  'bar',
  'hostRemoved',
  'readmitted',
] as const satisfies readonly FleetWrite['kind'][];

export type LedgerWrite = Extract<FleetWrite, { readonly kind: (typeof KINDS)[number] }>;

/** In their order. What the ledger says first is on the safe side if the commit then fails. */
export interface Endings {
  /** Somebody or something counts no more: to be kept before it is committed. */
  readonly before: readonly LedgerWrite[];
  /** Counts again: to be kept once it is committed. */
  readonly after: readonly LedgerWrite[];
}

export function endingsIn(writes: readonly FleetWrite[]): Endings | null {
  const found = writes.filter(isEnding);
  if (found.length === 0) return null;
  // A batch may bar somebody and let him in again, or the other way round; what was last counts.
  const last = new Map(found.map((write) => [subjectOf(write), write]));
  const counting = [...last.values()];
  return {
    before: counting.filter((write) => !isAllowing(write)).map(slim),
    after: counting.filter(isAllowing),
  };
}

/** As if all of it had been committed just now: for a ledger that begins later than its database. */
export function endingsOf({ certificates, tokens, bars, readmitted }: Identities): FleetWrite[] {
  const writes: FleetWrite[] = [
    ...[...certificates].map(([, certificate]) => ({ kind: 'certificate', certificate }) as const),
    ...[...tokens].map(([, token]) => ({ kind: 'token', token }) as const),
    ...[...bars].map(([, bar]) => ({ kind: 'bar', bar }) as const),
    ...[...readmitted].map(([host, untilMs]) => ({ kind: 'readmitted', host, untilMs }) as const),
  ];
  return writes;
}

const isOfLedger = (write: FleetWrite): write is LedgerWrite =>
  (KINDS as readonly FleetWrite['kind'][]).includes(write.kind);

function isEnding(write: FleetWrite): write is LedgerWrite {
  if (!isOfLedger(write)) return false;
  switch (write.kind) {
    case 'certificate':
      return write.certificate.ended !== null;
    case 'token':
      return write.token.used !== null || write.token.revokedBy !== null;
    default:
      return true;
  }
}

const isAllowing = (write: LedgerWrite): boolean =>
  write.kind === 'readmitted' && write.untilMs !== null;

/** What it is about: later lines about the same count for more. */
export function subjectOf(write: LedgerWrite): string {
  switch (write.kind) {
    case 'certificate':
      return `certificate ${write.certificate.fingerprint}`;
    case 'token':
      return `token ${write.token.secretHash}`;
    case 'bar':
      return `bar ${holderText(write.bar)}`;
    case 'hostRemoved':
      return `removed ${write.host}`;
    case 'readmitted':
      return `readmitted ${write.host}`;
  }
}

/** When it was decided (wall clock), as far as it says so. */
export function toldAtMs(write: LedgerWrite): number | null {
  switch (write.kind) {
    case 'certificate':
      return write.certificate.ended?.atMs ?? null;
    case 'token':
      return write.token.used?.atMs ?? null;
    case 'bar':
      return write.bar.atMs;
    case 'hostRemoved':
    case 'readmitted':
      return null;
  }
}

/** The text of a certificate that counts no more is of no use to anybody. */
const slim = (write: LedgerWrite): LedgerWrite =>
  write.kind === 'certificate'
    ? { ...write, certificate: { ...write.certificate, pem: null } }
    : write;

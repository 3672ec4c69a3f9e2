/**
 * What ends certificates before their time: one is revoked by its fingerprint, all of a holder by the
 * holder's name. The latter also bars what was never shown here, because it was issued elsewhere.
 */
import type { Actor } from '../../proto/audit.ts';
import type { CertificateRecord } from '../../proto/certificates.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { type Holder, holderText, isIdentityName } from '../../proto/identity-name.ts';
import { REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { barRefusal, counts, issuedAtMs, RENEWAL } from './admission.ts';
import { certificatesOf } from './certificate-index.ts';
import type { IdentityAnswer, IdentityRequest } from './identities.ts';
import { endPending, putBar, putCertificate, putToken } from './identity-changes.ts';
import { pendingOf } from './pending-index.ts';
import type { Turn } from './state.ts';
import { isOpenToken } from './tokens.ts';

interface Doing {
  readonly by: string;
  readonly reason: string;
}

/** Digits of a fingerprint; fewer may be those of another one tomorrow. */
const DIGITS_MIN = 8;

export function revokeCertificates(
  turn: Turn,
  { choice, reason }: Extract<IdentityRequest, { readonly kind: 'revokeCertificates' }>,
  by: Actor,
): IdentityAnswer | Refusal {
  const problem = reasonProblem(reason);
  if (problem !== null) return problem;
  const doing = { by: by.name, reason };
  switch (choice.kind) {
    case 'fingerprint':
      return revokeOne(turn, choice.beginning, doing);
    case 'holder':
      return revokeHolder(turn, choice.holder, doing);
  }
}

/** Nothing of this holder that was issued until now counts, known or not, nor what it asked for. */
export function endAllOf(turn: Turn, holder: Holder, doing: Doing): readonly CertificateRecord[] {
  const { kind, name } = holder;
  const { wallMs } = turn.at;
  const before = turn.state.identities.bars.get(holderText(holder));
  // A host that was removed stays so.
  const issuedUntilMs =
    before?.issuedUntilMs === null ? null : Math.max(wallMs, before?.issuedUntilMs ?? 0);
  putBar(turn, { kind, name, issuedUntilMs, atMs: wallMs, ...doing });
  return endWhatIsKnown(turn, holder, doing);
}

/** What is on record of this holder is revoked, and its session is over for the reason of its bar. */
export function endWhatIsKnown(
  turn: Turn,
  holder: Holder,
  doing: Doing,
): readonly CertificateRecord[] {
  const revoked = certificatesOf(turn.state.identities, holder).map((record) =>
    revoke(turn, record, doing),
  );
  dropPending(turn, holder);
  if (holder.kind === 'agent') closeSession(turn, holder, null);
  return revoked;
}

export function reasonProblem(reason: string): Refusal | null {
  if (reason.length <= REMARK_LENGTH_MAX) return null;
  return refusal('usage', `the reason has ${reason.length} characters`, {
    cause: `at most ${REMARK_LENGTH_MAX} are kept`,
    fix: 'say where the rest is to be read',
  });
}

function revokeOne(turn: Turn, typed: string, doing: Doing): IdentityAnswer | Refusal {
  const beginning = typed.replaceAll(':', '').trim().toUpperCase();
  if (!/^[0-9A-F]{8,64}$/.test(beginning)) {
    return refusal('usage', `${JSON.stringify(typed.slice(0, 100))} is no fingerprint`, {
      cause: `it is (the beginning of) 64 hexadecimal digits, at least ${DIGITS_MIN} of them`,
      fix: 'fleetctl cert list shows them; or name the holder, for example agent/web-1',
    });
  }
  const found = [...turn.state.identities.certificates.values()].filter(({ fingerprint }) =>
    fingerprint.replaceAll(':', '').startsWith(beginning),
  );
  const [record, another] = found;
  if (record === undefined) {
    return refusal('nothing-matched', `no certificate here begins with ${typed}`, {
      cause: 'one that was issued elsewhere is known once it has been used',
      fix: 'name the holder instead, for example agent/web-1: that ends all it has',
    });
  }
  if (another !== undefined) {
    return refusal('usage', `${typed} means ${found.length} certificates`, {
      cause: found
        .slice(0, 5)
        .map((one) => `${one.fingerprint} of ${holderText(one)}`)
        .join(', '),
      fix: 'give more digits',
    });
  }
  const revoked = revoke(turn, record, doing);
  const all = [revoked];
  if (revoked !== record) {
    // Whoever has its key may have asked for the next one, or have it up the sleeve.
    dropPending(turn, record);
    all.push(...nextOf(turn, record).map((next) => revoke(turn, next, doing)));
    if (record.kind === 'agent') closeSession(turn, record, record.notAfterMs);
    else revokeTokensOf(turn, record.name, doing.by);
  }
  return { kind: 'certificates', certificates: all };
}

/** What it was renewed to, and what nobody has shown yet. */
function nextOf(turn: Turn, record: CertificateRecord): readonly CertificateRecord[] {
  return certificatesOf(turn.state.identities, record).filter(
    (next) =>
      next.issued?.because === RENEWAL &&
      next.firstSeenAtMs === null &&
      issuedAtMs(next) > issuedAtMs(record) &&
      counts(next, turn.at.wallMs),
  );
}

function revokeHolder(turn: Turn, holder: Holder, doing: Doing): IdentityAnswer | Refusal {
  if (holder.kind === 'controller') {
    return refusal('usage', 'the certificates of controllers are not revoked here', {
      cause: 'agents and fleetctl trust what the authority has signed until it ends',
      fix: 'give the controller a new key and certificate; they live for days',
    });
  }
  if (!isIdentityName(holder.name)) {
    return refusal('usage', `${JSON.stringify(holder.name.slice(0, 70))} is no name`);
  }
  const certificates = endAllOf(turn, holder, doing);
  if (holder.kind === 'operator') revokeTokensOf(turn, holder.name, doing.by);
  return { kind: 'certificates', certificates };
}

/** Who acted in the name of somebody else may have made some to come back by. */
function revokeTokensOf(turn: Turn, operator: string, by: string): void {
  for (const token of turn.state.identities.tokens.values()) {
    if (token.createdBy !== operator || !isOpenToken(token, turn.at.wallMs)) continue;
    putToken(turn, { ...token, revokedBy: by });
  }
}

/** What was revoked before stays as it was; one that was replaced is revoked all the same. */
function revoke(turn: Turn, record: CertificateRecord, { by, reason }: Doing): CertificateRecord {
  if (record.ended?.kind === 'revoked') return record;
  const ended = { kind: 'revoked', atMs: turn.at.wallMs, by, reason } as const;
  const revoked: CertificateRecord = { ...record, ended };
  putCertificate(turn, revoked);
  return revoked;
}

export function dropPending(turn: Turn, holder: Holder): void {
  for (const { keyHash } of pendingOf(turn.state.identities, holder)) endPending(turn, keyHash);
}

/** @param endsAtMs only a session by a certificate that ends then; null: whichever it is */
function closeSession(turn: Turn, holder: Holder, endsAtMs: number | null): void {
  const host = turn.state.hosts.get(hostId(holder.name));
  if (host?.session == null) return;
  const isBySame = endsAtMs === null || host.certificateEndsAtMs === endsAtMs;
  if (!isBySame) return;
  const { connection } = host.session;
  const bar = turn.state.identities.bars.get(holderText(holder));
  const because =
    endsAtMs === null && bar !== undefined
      ? barRefusal(bar)
      : refusal('denied', `the certificate of ${holderText(holder)} was revoked`);
  turn.effects.push({ kind: 'close', connection, because });
}

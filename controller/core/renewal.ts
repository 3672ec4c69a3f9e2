/**
 * The next certificate of somebody who has one: a renewal while it counts, by the certificate itself;
 * a return once it has expired, by its key and the word of somebody who may revoke.
 */
import type { Actor } from '../../proto/audit.ts';
import type { CertificateRecord } from '../../proto/certificates.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import { type HostId, hostId } from '../../proto/vocabulary.ts';
import {
  counts,
  endedRefusal,
  isOf,
  issuedAtMs,
  RENEWAL,
  replacedRefusal,
  timeText,
} from './admission.ts';
import { certificatesByKey, certificatesOf } from './certificate-index.ts';
import type { Identities, IdentityAnswer, IdentityRequest, SeenCertificate } from './identities.ts';
import { putReadmitted } from './identity-changes.ts';
import { type Allowance, grant } from './issue.ts';
import { pendingOf } from './pending-index.ts';
import { type FleetState, putHost, type Turn } from './state.ts';

/** Agents renew once in days. One that asks again and again has gone wrong, or is not one. */
export const RENEWAL_REST_MS = 60_000;

type Known = Pick<FleetState, 'identities' | 'lives'>;

/**
 * What the holder of a certificate may have instead of it.
 * @param nowMs wall clock
 */
export function renewalOf(
  state: Known,
  { kind, name, fingerprint }: Pick<Actor, 'kind' | 'name' | 'fingerprint'>,
  nowMs: number,
): Allowance | Refusal {
  if (kind !== 'agent' && kind !== 'operator') {
    return refusal('denied', `nothing is renewed here for a ${kind}`);
  }
  const holder: Holder = { kind, name };
  const { identities, lives } = state;
  const current = fingerprint === null ? undefined : identities.certificates.get(fingerprint);
  if (current === undefined || !isOf(holder, current)) {
    return refusal('denied', `no certificate of ${holderText(holder)} is on record that asks`, {
      fix: 'try again',
    });
  }
  const ended = endedRefusal(identities, current);
  if (ended !== null) return ended;
  if (nowMs > current.notAfterMs) return overAlready(current);
  const next = certificatesOf(identities, holder).filter(
    (record) => isNext(record, current) && counts(record, nowMs),
  );
  return {
    holder,
    days: kind === 'agent' ? lives.agentDays : lives.operatorDays,
    because: RENEWAL,
    alreadyIssued: next[0] ?? null,
    mayChangeKey: RENEWAL_REST_MS <= sinceLastMs(identities, holder, nowMs),
  };
}

/** A repeat with the same key gets the same; with another key it has to wait. */
export function renew(
  turn: Turn,
  { wanted }: Extract<IdentityRequest, { readonly kind: 'renew' }>,
  by: Actor,
): IdentityAnswer | Refusal {
  const allowed = renewalOf(turn.state, by, turn.at.wallMs);
  if (isRefusal(allowed)) return allowed;
  const { keyHash } = wanted;
  const isRepeat =
    allowed.alreadyIssued?.keyHash === keyHash ||
    turn.state.identities.pending.get(keyHash) !== undefined;
  if (!isRepeat) {
    if (certificatesByKey(turn.state.identities, keyHash).length > 0) return sameKey();
    const waitMs =
      RENEWAL_REST_MS - sinceLastMs(turn.state.identities, allowed.holder, turn.at.wallMs);
    if (waitMs > 0) return tooSoon(waitMs);
  }
  return grant(turn, allowed, { wanted, address: by.address, replacing: null });
}

/**
 * What the agent whose certificate has expired may have: nothing, until its host is admitted again.
 * @param nowMs wall clock
 */
export function returnOf(
  state: Known,
  expired: SeenCertificate,
  nowMs: number,
): Allowance | Refusal {
  const { identities, lives } = state;
  if (expired.kind !== 'agent') {
    return refusal('denied', 'only agents come back with a certificate that has expired', {
      fix: `ask for a token: fleetctl token create --operator ${expired.name}`,
    });
  }
  const ended = endedRefusal(identities, expired);
  if (ended !== null) return ended;
  if (nowMs <= expired.notAfterMs) {
    return refusal('wrong-state', 'the certificate has not expired', {
      cause: `it is good until ${timeText(expired.notAfterMs)}`,
      fix: 'compare the clocks of the two machines; agents renew by themselves',
    });
  }
  const later = certificatesOf(identities, expired).filter((record) => isLater(record, expired));
  const inUse = later.find(({ firstSeenAtMs }) => firstSeenAtMs !== null);
  if (inUse?.firstSeenAtMs != null) {
    return replacedRefusal(expired, { atMs: inUse.firstSeenAtMs, reason: '' });
  }
  const alreadyIssued =
    later.find((record) => record.issued?.because === RETURN && counts(record, nowMs)) ?? null;
  const id = hostId(expired.name);
  const isAwaited = pendingOf(identities, expired).some(({ because }) => because === RETURN);
  if (alreadyIssued === null && !isAwaited && !isReadmitted(state, id, nowMs)) {
    return notReadmitted(id, expired);
  }
  const { kind, name } = expired;
  return {
    holder: { kind, name },
    days: lives.agentDays,
    because: RETURN,
    alreadyIssued,
    mayChangeKey: false,
  };
}

/** Whoever asks in vain is shown to those who can let him in. */
export function comeBack(
  turn: Turn,
  { expired, wanted }: Extract<IdentityRequest, { readonly kind: 'return' }>,
  by: Actor,
): IdentityAnswer | Refusal {
  const { wallMs } = turn.at;
  const id = hostId(expired.name);
  const allowed = returnOf(turn.state, expired, wallMs);
  if (isRefusal(allowed)) {
    if (allowed.code === 'wrong-state' && wallMs > expired.notAfterMs) flag(turn, id, expired);
    return allowed;
  }
  const { keyHash } = wanted;
  const isRepeat =
    allowed.alreadyIssued?.keyHash === keyHash ||
    turn.state.identities.pending.get(keyHash) !== undefined;
  if (!isRepeat && !isReadmitted(turn.state, id, wallMs)) return notReadmitted(id, expired);
  const answer = grant(turn, allowed, { wanted, address: by.address, replacing: null });
  if (isRefusal(answer) || isRepeat) return answer;
  putReadmitted(turn, id, null);
  unflag(turn, id);
  return answer;
}

function isReadmitted({ identities }: Known, host: HostId, nowMs: number): boolean {
  return nowMs < (identities.readmitted.get(host) ?? 0);
}

/** What a host was flagged with is settled. */
export function unflag(turn: Turn, id: HostId): void {
  const host = turn.state.hosts.get(id);
  if (host === undefined || host.identityProblem === null) return;
  const settled = { ...host, identityProblem: null };
  putHost(turn, settled);
  turn.writes.push({ kind: 'host', host: settled });
}

const RETURN = 'return';

/** Issued here after the one that is current, and not shown yet. */
function isNext(record: CertificateRecord, current: CertificateRecord): boolean {
  return record.pem !== null && record.firstSeenAtMs === null && isLater(record, current);
}

function isLater(record: CertificateRecord, than: SeenCertificate | CertificateRecord): boolean {
  return record.fingerprint !== than.fingerprint && issuedAtMs(record) > issuedAtMs(than);
}

/** However the clock was set meanwhile. */
function sinceLastMs(identities: Identities, holder: Holder, nowMs: number): number {
  const issued = certificatesOf(identities, holder).flatMap((record) =>
    record.issued?.because === RENEWAL ? record.issued.atMs : [],
  );
  const asked = pendingOf(identities, holder).flatMap(({ because, requestedAtMs }) =>
    because === RENEWAL ? requestedAtMs : [],
  );
  const times = [...issued, ...asked];
  return Math.min(...times.map((ms) => Math.abs(nowMs - ms)));
}

/** Once: who asks every few seconds would write as often. */
function flag(turn: Turn, id: HostId, { notAfterMs }: SeenCertificate): void {
  const host = turn.state.hosts.get(id);
  if (host === undefined || host.identityProblem !== null) return;
  const identityProblem = `asks to come back with a certificate that expired at ${timeText(notAfterMs)}: fleetctl host readmit ${id}`;
  const flagged = { ...host, identityProblem };
  putHost(turn, flagged);
  turn.writes.push({ kind: 'host', host: flagged });
}

function notReadmitted(id: HostId, { notAfterMs }: SeenCertificate): Refusal {
  return refusal('wrong-state', `the certificate of ${id} has expired`, {
    cause: `at ${timeText(notAfterMs)}; somebody has to say that it may come back`,
    fix: `fleetctl host readmit ${id}, or a new token`,
  });
}

function overAlready({ kind, name, notAfterMs }: CertificateRecord): Refusal {
  const again = kind === 'operator' ? `--operator ${name}` : `--hosts ${name} --replace`;
  return refusal('denied', `the certificate expired at ${timeText(notAfterMs)}`, {
    fix: `ask for a token: fleetctl token create ${again}`,
  });
}

function sameKey(): Refusal {
  return refusal('denied', 'a renewal is for a new key', {
    cause: 'this one is in a certificate already',
  });
}

function tooSoon(waitMs: number): Refusal {
  return refusal('exhausted', 'a certificate was asked for a moment ago', {
    cause: `one holder gets a new one every ${RENEWAL_REST_MS / 1_000} s at most`,
    fix: `try again in ${Math.ceil(waitMs / 1_000)} s`,
  });
}

/**
 * What a token is good for at this moment: whose certificate its bearer may have, and for how long.
 * Asked before anything is signed, and once more in the turn that records the certificate, so that of
 * fifty who come with one token at the same time one gets in.
 */

import type { Actor } from '../../proto/audit.ts';
import type { Bar, CertificateRecord, Token } from '../../proto/certificates.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import {
  type Holder,
  holderText,
  IDENTITY_NAME_RULE,
  isIdentityName,
} from '../../proto/identity-name.ts';
import { hostId, type Labels } from '../../proto/vocabulary.ts';
import { hasWildcard, matchesWildcard } from '../../proto/wildcard.ts';
import { barOn, barRefusal, counts, issuedAtMs, timeText } from './admission.ts';
import { certificatesOf } from './certificate-index.ts';
import type { Identities, IdentityAnswer, IdentityRequest } from './identities.ts';
import { putGivenLabels, putToken } from './identity-changes.ts';
import { type Allowance, grant } from './issue.ts';
import { pendingOf } from './pending-index.ts';
import type { FleetState, Turn } from './state.ts';
import { alreadyUsed, tokenLifeRefusal, tokenWords, unknownToken } from './tokens.ts';

interface Enrolment extends Allowance {
  /** What the controller is to say of the host. */
  readonly labels: Labels;
}

interface Bearer {
  /** SHA-256 of what the bearer showed, 64 hexadecimal digits. */
  readonly secretHash: string;
  /** What the bearer wants to be called; empty: as the token says. */
  readonly name: string;
}

/** @param nowMs wall clock */
export function enrolmentOf(
  state: Pick<FleetState, 'identities' | 'hosts' | 'lives'>,
  { secretHash, name }: Bearer,
  nowMs: number,
): Enrolment | Refusal {
  const { identities, lives } = state;
  const token = identities.tokens.get(secretHash);
  if (token === undefined) return unknownToken();
  const holder = token.used === null ? holderFor(token, name) : holderBefore(token, name);
  if (isRefusal(holder)) return holder;
  const alreadyIssued = issuedFor(identities, token, nowMs);
  const stands =
    token.used === null
      ? unusedRefusal(state, token, holder, nowMs)
      : useRefusal(identities, token, alreadyIssued);
  if (stands !== null) return stands;
  return {
    holder,
    days: token.kind === 'agent' ? lives.agentDays : lives.operatorDays,
    because: tokenWords(token),
    labels: token.labels,
    alreadyIssued,
    mayChangeKey: false,
  };
}

/** Consumes the token and records what it led to, in one turn. */
export function enrol(
  turn: Turn,
  request: Extract<IdentityRequest, { readonly kind: 'enrol' }>,
  by: Actor,
): IdentityAnswer | Refusal {
  const { wanted } = request;
  const { wallMs } = turn.at;
  const enrolment = enrolmentOf(turn.state, request, wallMs);
  if (isRefusal(enrolment)) return enrolment;
  const token = turn.state.identities.tokens.get(request.secretHash);
  if (token === undefined) return unknownToken();
  if (token.used !== null && token.used.keyHash !== wanted.keyHash) return alreadyUsed(token);
  const { kind, name } = enrolment.holder;
  const { address } = by;
  const replacing = token.replaces ? token : null;
  const answer = grant(turn, enrolment, { wanted, address, replacing });
  if (isRefusal(answer) || token.used !== null) return answer;
  putToken(turn, { ...token, used: { atMs: wallMs, name, address, keyHash: wanted.keyHash } });
  if (kind === 'agent') putGivenLabels(turn, hostId(name), enrolment.labels);
  return answer;
}

/** The holder that an unused token would make of its bearer. */
function holderFor({ kind, names, id }: Token, name: string): Holder | Refusal {
  if (name === '' && hasWildcard(names)) {
    return refusal('usage', `token ${id} is for hosts ${names}`, {
      cause: 'so whoever comes with it says which of them it is',
      fix: 'name the host in agent.conf ([agent] host), or with --host',
    });
  }
  const wanted = name === '' ? names : name;
  if (!isIdentityName(wanted)) {
    return refusal('usage', `${JSON.stringify(wanted.slice(0, 70))} is no name`, {
      cause: `names are ${IDENTITY_NAME_RULE}`,
    });
  }
  const isMeant = kind === 'agent' ? matchesWildcard(names, wanted) : wanted === names;
  if (isMeant) return { kind, name: wanted };
  return refusal('denied', `token ${id} is not for ${holderText({ kind, name: wanted })}`, {
    cause: `it is for ${kind === 'agent' ? 'hosts' : 'operator'} ${names}`,
    fix: 'ask for one for this name: fleetctl token create',
  });
}

/** The holder that a used token has made of its bearer. */
function holderBefore(token: Token, name: string): Holder | Refusal {
  const { kind, used } = token;
  if (used === null || (name !== '' && name !== used.name)) return alreadyUsed(token);
  return { kind, name: used.name };
}

function issuedFor(
  identities: Identities,
  { kind, used }: Token,
  nowMs: number,
): CertificateRecord | null {
  if (used === null) return null;
  const found = certificatesOf(identities, { kind, name: used.name }).filter(
    (record) =>
      record.keyHash === used.keyHash &&
      record.pem !== null &&
      counts(record, nowMs) &&
      barOn(identities, record, record.issued?.atMs ?? 0) === null,
  );
  return found[0] ?? null;
}

/** A used token leads to what it was used for, as long as there is that, and to nothing else. */
function useRefusal(
  { pending }: Identities,
  token: Token,
  alreadyIssued: CertificateRecord | null,
): Refusal | null {
  const isAwaited = pending.get(token.used?.keyHash ?? '') !== undefined;
  return alreadyIssued !== null || isAwaited ? null : alreadyUsed(token);
}

function unusedRefusal(
  state: Pick<FleetState, 'identities' | 'hosts'>,
  token: Token,
  holder: Holder,
  nowMs: number,
): Refusal | null {
  const dead = tokenLifeRefusal(token, nowMs);
  if (dead !== null) return dead;
  const bar = state.identities.bars.get(holderText(holder));
  if (bar !== undefined && bar.issuedUntilMs === null) return barRefusal(bar);
  // Whoever had the key that was revoked may have had a token made in time.
  if (bar !== undefined && token.createdAtMs <= bar.atMs) return olderThanBar(bar);
  return nameRefusal(state, token, holder, nowMs);
}

function nameRefusal(
  { identities, hosts }: Pick<FleetState, 'identities' | 'hosts'>,
  { replaces }: Token,
  holder: Holder,
  nowMs: number,
): Refusal | null {
  if (replaces) return null;
  const isHost = holder.kind === 'agent' && hosts.get(hostId(holder.name)) !== undefined;
  if (!isHost && !isTaken(identities, holder, nowMs)) return null;
  const whom = holder.kind === 'agent' ? `--hosts ${holder.name}` : `--operator ${holder.name}`;
  return refusal('conflict', `${holderText(holder)} is in the fleet already`, {
    cause: 'another certificate for its name would make two of it',
    fix: `for a new machine or key: fleetctl token create ${whom} --replace, which ends the old one`,
  });
}

function isTaken(identities: Identities, holder: Holder, nowMs: number): boolean {
  if (pendingOf(identities, holder).length > 0) return true;
  return certificatesOf(identities, holder).some(
    (record) => counts(record, nowMs) && barOn(identities, record, issuedAtMs(record)) === null,
  );
}

function olderThanBar(bar: Bar): Refusal {
  return refusal('denied', `the token is older than the revocation of ${holderText(bar)}`, {
    cause: `which was at ${timeText(bar.atMs)}`,
    fix: 'ask for a new one: fleetctl token create',
  });
}

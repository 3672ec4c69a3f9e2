/**
 * Tokens: what may be made, how one is withdrawn, and why one is good for nothing. A token names who
 * may come with it before anybody does, lives for days at most, and lets one in.
 */
import type { Actor } from '../../proto/audit.ts';
import type { Token, TokenRequest } from '../../proto/certificates.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { holderText, IDENTITY_NAME_RULE, isIdentityName } from '../../proto/identity-name.ts';
import { LABEL_LENGTH_MAX, LABELS_MAX } from '../../proto/text-limits.ts';
import { timeText } from './admission.ts';
import { forgetOldIdentities } from './forget-identities.ts';
import type { IdentityAnswer, IdentityRequest } from './identities.ts';
import { forgetToken, putToken } from './identity-changes.ts';
import { enrolmentDenied } from './may-enrol.ts';
import type { Turn } from './state.ts';

const TTL_MIN_MS = 1_000;
export const TTL_MAX_MS = 7 * 24 * 60 * 60 * 1_000;

/** As many machines as anybody installs at once. */
export const OPEN_TOKENS_MAX = 1_000;

/** With those that were used or are over, which are kept for `token list --all`. */
export const TOKENS_MAX = 10_000;

/** Fewer digits of an id are a slip of the keyboard. */
const ID_LENGTH_MIN = 4;
const ID_LENGTH = 8;

export function createToken(
  turn: Turn,
  { token: wanted, secretHash }: Extract<IdentityRequest, { readonly kind: 'createToken' }>,
  by: Actor,
): IdentityAnswer | Refusal {
  const problem = tokenProblem(wanted) ?? hashProblem(secretHash);
  if (problem !== null) return problem;
  const { wallMs } = turn.at;
  const denied = enrolmentDenied(turn.state, by.name, wanted, wallMs);
  if (denied !== null) return denied;
  const tokens = [...turn.state.identities.tokens.values()];
  const id = secretHash.slice(0, ID_LENGTH);
  if (tokens.some((token) => token.id === id)) {
    return refusal('conflict', `there is a token ${id} already`, { fix: 'try again' });
  }
  if (tokens.filter((token) => isOpenToken(token, wallMs)).length >= OPEN_TOKENS_MAX) {
    return refusal('exhausted', `${OPEN_TOKENS_MAX} tokens can be used already`, {
      cause: 'no more are made until some are used, over, or revoked',
      fix: 'fleetctl token list, fleetctl token revoke ID',
    });
  }
  forgetOldIdentities(turn);
  makeRoom(turn);
  const { kind, names, labels, replaces, ttlMs } = wanted;
  const token: Token = {
    ...{ id, secretHash, kind, names, labels, replaces, createdBy: by.name },
    ...{ createdAtMs: wallMs, expiresAtMs: wallMs + ttlMs, used: null, revokedBy: null },
  };
  putToken(turn, token);
  return { kind: 'token', token };
}

/** One that is revoked already stays as it is; one that was used cannot be, its certificate can. */
export function revokeToken(
  turn: Turn,
  { id }: Extract<IdentityRequest, { readonly kind: 'revokeToken' }>,
  by: Actor,
): IdentityAnswer | Refusal {
  const beginning = id.trim().toLowerCase();
  if (!/^[0-9a-f]+$/.test(beginning) || beginning.length < ID_LENGTH_MIN) {
    return refusal('usage', `${JSON.stringify(id.slice(0, 70))} is no id of a token`, {
      cause: `an id is (the beginning of) ${ID_LENGTH} digits, at least ${ID_LENGTH_MIN} of them`,
      fix: 'fleetctl token list shows them',
    });
  }
  const all = [...turn.state.identities.tokens.values()];
  const found = all.filter(({ secretHash }) => secretHash.startsWith(beginning));
  const [token, another] = found;
  if (token === undefined) {
    return refusal('nothing-matched', `there is no token ${beginning}`, {
      fix: 'fleetctl token list --all shows those that are known',
    });
  }
  if (another !== undefined) {
    return refusal('usage', `${beginning} means ${found.length} tokens`, {
      cause: found
        .slice(0, 5)
        .map((one) => one.id)
        .join(', '),
      fix: 'give more digits',
    });
  }
  if (token.revokedBy !== null) return { kind: 'token', token };
  if (token.used !== null) return { ...alreadyUsed(token), code: 'wrong-state' };
  const revoked = { ...token, revokedBy: by.name };
  putToken(turn, revoked);
  return { kind: 'token', token: revoked };
}

export function isOpenToken(token: Token, nowMs: number): boolean {
  return token.used === null && tokenLifeRefusal(token, nowMs) === null;
}

/** As what led to a certificate, on record. */
export function tokenWords({ id, createdBy }: Token): string {
  return `token ${id} of ${createdBy}`;
}

export function unknownToken(): Refusal {
  return refusal('denied', 'the token is not known here', {
    cause: 'it was made for another controller, or too long ago, or not read as a whole',
    fix: NEW_TOKEN,
  });
}

/** @param nowMs wall clock */
export function tokenLifeRefusal(token: Token, nowMs: number): Refusal | null {
  const { id, revokedBy, expiresAtMs } = token;
  if (revokedBy !== null) {
    return refusal('denied', `token ${id} was revoked by ${revokedBy}`, { fix: NEW_TOKEN });
  }
  if (nowMs < expiresAtMs) return null;
  return refusal('denied', `token ${id} expired at ${timeText(expiresAtMs)}`, { fix: NEW_TOKEN });
}

export function alreadyUsed({ id, kind, used }: Token): Refusal {
  const by = used === null ? '' : ` by ${holderText({ kind, name: used.name })}`;
  const from = used?.address == null ? '' : ` from ${used.address}`;
  const when = used === null ? '' : ` at ${timeText(used.atMs)}`;
  return refusal('denied', `token ${id} was used already`, {
    cause: `each lets one in, once; it was used${by}${from}${when}`,
    fix: 'if that was not you, revoke what it got (fleetctl cert revoke); ask for a new token',
  });
}

const NEW_TOKEN = 'ask for a new one: fleetctl token create';

function tokenProblem({ kind, names, labels, replaces, ttlMs }: TokenRequest): Refusal | null {
  if (!Number.isInteger(ttlMs) || ttlMs < TTL_MIN_MS || ttlMs > TTL_MAX_MS) {
    return refusal('usage', `a token cannot live for ${ttlMs / 1_000} s`, {
      cause: 'tokens live for 1 s to 7 days',
      fix: 'use for example --ttl 1h',
    });
  }
  if (kind === 'operator') {
    if (Object.keys(labels).length > 0) {
      return refusal('usage', 'labels are of hosts, and this token is for an operator');
    }
    return isIdentityName(names) ? null : notAName('an operator', names, 'is no name');
  }
  if (!isHostGlob(names)) return notAName('hosts', names, 'can be the name of no host');
  if (replaces && /^[*?]+$/.test(names)) {
    return refusal('usage', 'a token that replaces hosts says which', {
      cause: `${names} would let its bearer take the place of any host`,
      fix: 'name the host, or a narrower pattern',
    });
  }
  return labelsProblem(labels);
}

/** As `isIdentityName`, with wildcards in it. */
function isHostGlob(glob: string): boolean {
  return /^[a-z0-9*?][a-z0-9._*?-]{0,62}$/.test(glob);
}

function notAName(whom: string, names: string, fault: string): Refusal {
  const shown = JSON.stringify(names.slice(0, 70));
  const globs = whom === 'hosts' ? '; * and ? stand for what differs' : '';
  return refusal('usage', `a token for ${whom}: ${shown} ${fault}`, {
    cause: `names are ${IDENTITY_NAME_RULE}${globs}`,
  });
}

function labelsProblem(labels: TokenRequest['labels']): Refusal | null {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    return refusal('usage', `${entries.length} labels are too many`, {
      cause: `a host has at most ${LABELS_MAX}`,
    });
  }
  const bad = entries.find(
    ([name, value]) =>
      !LABEL_NAME.test(name) || !LABEL_VALUE.test(value) || value.length > LABEL_LENGTH_MAX,
  );
  if (bad === undefined) return null;
  return refusal('usage', `the label ${JSON.stringify(bad[0].slice(0, 70))} is not usable`, {
    cause: `names begin with a letter and have at most 63 letters, digits and _ . / -; values are one line of at most ${LABEL_LENGTH_MAX} characters`,
    fix: 'use for example --labels env=prod,role=web',
  });
}

/** As in `agent.conf`. */
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_./-]{0,62}$/;
const LABEL_VALUE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;

function hashProblem(secretHash: string): Refusal | null {
  return /^[0-9a-f]{64}$/.test(secretHash)
    ? null
    : refusal('internal', 'the hash of a secret has 64 hexadecimal digits');
}

/** The oldest that are good for nothing any more. What is forgotten lets nobody in either. */
function makeRoom(turn: Turn): void {
  const { tokens } = turn.state.identities;
  const surplus = tokens.size - TOKENS_MAX + 1;
  if (surplus <= 0) return;
  const dead = [...tokens.values()].filter((token) => !isOpenToken(token, turn.at.wallMs));
  dead.sort((a, b) => a.createdAtMs - b.createdAtMs);
  for (const { secretHash } of dead.slice(0, surplus)) forgetToken(turn, secretHash);
}

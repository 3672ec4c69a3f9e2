/** Tokens of enrolment in the `Authority` service ⇄ the vocabulary. Their secret is in none of it. */
import type { NewToken, TokenRequest, TokenSummary } from '../certificates.ts';
import type {
  CreateTokenRequest as WireTokenRequest,
  CreateTokenRequest__Output as WireTokenRequestOutput,
} from '../gen/fleet/v1/CreateTokenRequest.ts';
import type {
  CreateTokenResponse as WireNewToken,
  CreateTokenResponse__Output as WireNewTokenOutput,
} from '../gen/fleet/v1/CreateTokenResponse.ts';
import type {
  Token as WireToken,
  Token__Output as WireTokenOutput,
} from '../gen/fleet/v1/Token.ts';
import { LABEL_LENGTH_MAX, LABELS_MAX } from '../text-limits.ts';
import type { Labels } from '../vocabulary.ts';
import { exact, malformed, oneOf, orNull, present, short } from './fields.ts';

/** Whom a token can let in. */
const KINDS = ['agent', 'operator'] as const satisfies readonly TokenRequest['kind'][];

export function encodeTokenRequest({ labels, ...request }: TokenRequest): WireTokenRequest {
  return { ...request, labels: { ...labels } };
}

export function decodeTokenRequest(wire: WireTokenRequestOutput): TokenRequest {
  return {
    kind: oneOf('kind of a token', KINDS, wire.kind),
    names: short('a pattern of names', wire.names),
    labels: decodeLabels(wire.labels),
    replaces: wire.replaces,
    ttlMs: exact('life of a token', wire.ttlMs),
  };
}

export function encodeNewToken({ token, joinString }: NewToken): WireNewToken {
  return { token: encodeToken(token), joinString };
}

export function decodeNewToken({ token, joinString }: WireNewTokenOutput): NewToken {
  if (!token) throw malformed('a join string without its token');
  return { token: decodeToken(token), joinString };
}

export function encodeToken(token: TokenSummary): WireToken {
  const { used } = token;
  return {
    id: token.id,
    kind: token.kind,
    names: token.names,
    labels: { ...token.labels },
    replaces: token.replaces,
    createdBy: token.createdBy,
    createdAtMs: token.createdAtMs,
    expiresAtMs: token.expiresAtMs,
    ...(used === null
      ? {}
      : { usedAtMs: used.atMs, usedBy: used.name, ...present('usedFrom', used.address) }),
    ...present('revokedBy', token.revokedBy),
  };
}

export function decodeToken(wire: WireTokenOutput): TokenSummary {
  return {
    id: wire.id,
    kind: oneOf('kind of a token', KINDS, wire.kind),
    names: wire.names,
    labels: wire.labels,
    replaces: wire.replaces,
    createdBy: wire.createdBy,
    createdAtMs: exact('time', wire.createdAtMs),
    expiresAtMs: exact('time', wire.expiresAtMs),
    used: decodeUse(wire),
    revokedBy: orNull(wire.revokedBy),
  };
}

function decodeUse({ usedAtMs, usedBy, usedFrom }: WireTokenOutput): TokenSummary['used'] {
  if (usedAtMs === undefined) return null;
  if (usedBy === undefined) throw malformed('a used token that does not say by whom');
  return { atMs: exact('time', usedAtMs), name: usedBy, address: orNull(usedFrom) };
}

function decodeLabels(labels: Labels): Labels {
  const pairs = Object.entries(labels);
  if (pairs.length > LABELS_MAX) {
    throw malformed(`${pairs.length} labels; at most ${LABELS_MAX} are taken`);
  }
  for (const text of pairs.flat()) short('a label', text, LABEL_LENGTH_MAX);
  return labels;
}

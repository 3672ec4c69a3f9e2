/** Everything that the `Authority` and `Enrollment` services can say, for property tests. */
import fc from 'fast-check';
import type { AuditQuery, AuditRow, AuditVerdict } from '../../proto/audit.ts';
import {
  ACTIONS,
  type AccessQuery,
  type AccessReport,
  type WhoIAm,
} from '../../proto/authority.ts';
import type {
  CertificateAnswer,
  CertificateChoice,
  CertificateSummary,
  PendingRequest,
  TokenRequest,
  TokenSummary,
} from '../../proto/certificates.ts';
import { IDENTITY_KINDS } from '../../proto/identity-name.ts';
import { hostId, knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { anyText } from './any-text.ts';

const record = <Value>(fields: { [Key in keyof Value]: fc.Arbitrary<Value[Key]> }) =>
  fc.record(fields, { noNullPrototype: true });
const text = anyText(30);
const texts = fc.array(text, { maxLength: 3 });
const maybe = fc.option(text);
const time = fc.maxSafeInteger();
const count = fc.nat(2 ** 31 - 1);
const actions = fc.subarray([...ACTIONS]);
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const labels = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 10 }).filter((key) => key !== '__proto__'),
  text,
  { maxKeys: 3, noNullPrototype: true },
);

export const whoIAm: fc.Arbitrary<WhoIAm> = record<WhoIAm>({
  fleet: text,
  name: text,
  fingerprint: text,
  certificateEndsAtMs: time,
  address: maybe,
  roles: fc.array(
    record<WhoIAm['roles'][number]>({
      name: text,
      isBuiltIn: fc.boolean(),
      allow: actions,
      deny: actions,
      hosts: maybe,
      processes: texts,
      signals: texts,
      maxHosts: fc.option(count),
      reasonRequired: fc.boolean(),
      runbooks: texts,
    }),
    { maxLength: 3 },
  ),
});

export const accessQuery = record<AccessQuery>({
  action: fc.constantFrom(...ACTIONS),
  signal: fc.option(anyText(16).filter((name) => name.length <= 16)),
  hosts: text,
  processes: texts,
  as: maybe,
});

export const accessReport = record<AccessReport>({
  operator: text,
  isAllowed: fc.boolean(),
  because: text,
  decisions: fc.array(
    record<AccessReport['decisions'][number]>({
      host: text.map(hostId),
      process: text.map(knownProcessName),
      isAllowed: fc.boolean(),
      because: text,
    }),
    { maxLength: 3 },
  ),
  withheld: fc.nat({ max: 1_000 }),
});

const tokenKind = fc.constantFrom('agent' as const, 'operator' as const);
export const tokenRequest = record<TokenRequest>({
  kind: tokenKind,
  names: text,
  labels,
  replaces: fc.boolean(),
  ttlMs: time,
});
export const tokenSummary = record<TokenSummary>({
  id: text,
  kind: tokenKind,
  names: text,
  labels,
  replaces: fc.boolean(),
  createdBy: text,
  createdAtMs: time,
  expiresAtMs: time,
  used: fc.option(record({ atMs: time, name: text, address: maybe })),
  revokedBy: maybe,
});

export const newToken = record({ token: tokenSummary, joinString: text });

const holder = { kind: fc.constantFrom(...IDENTITY_KINDS), name: text };
export const certificateSummary = record<CertificateSummary>({
  ...holder,
  fingerprint: text,
  notBeforeMs: time,
  notAfterMs: time,
  issued: fc.option(record({ atMs: time, because: text })),
  firstSeenAtMs: fc.option(time),
  ended: fc.option(
    record({
      kind: fc.constantFrom('revoked' as const, 'replaced' as const),
      atMs: time,
      by: maybe,
      reason: text,
    }),
  ),
});
export const certificateChoice: fc.Arbitrary<CertificateChoice> = fc.oneof(
  record({ kind: fc.constant('fingerprint' as const), beginning: text }),
  record({ kind: fc.constant('holder' as const), holder: record(holder) }),
);
export const pendingRequest = record<PendingRequest>({
  ...holder,
  keyHash: text,
  csrPem: text,
  days: count,
  because: text,
  address: maybe,
  requestedAtMs: time,
});
export const certificateAnswer = record<CertificateAnswer>({
  certificatePem: maybe,
  retryAfterMs: time,
  authoritiesPem: text,
  controllers: texts,
  name: text,
});

export const auditRow = record<AuditRow>({
  seq: time,
  atMs: time,
  actor: record({
    kind: fc.constantFrom('operator', 'agent', 'controller', 'nobody'),
    name: text,
    fingerprint: maybe,
    address: maybe,
  }),
  action: text,
  hosts: text,
  processes: texts,
  targets: text,
  targetCount: count,
  operation: fc.option(text.map(operationId)),
  reason: text,
  outcome: fc.constantFrom('done', 'refused', 'ended'),
  detail: text,
  previousHash: text,
  hash: text,
});
export const auditQuery = record<AuditQuery>({
  actor: maybe,
  action: maybe,
  outcome: fc.option(fc.constantFrom('done', 'refused', 'ended')),
  sinceMs: fc.option(time),
  limit: count,
});
export const auditHead = record({
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  hash,
});
export const auditVerdict: fc.Arbitrary<AuditVerdict> = fc.oneof(
  record({ kind: fc.constant('sound' as const), firstSeq: time, head: fc.option(auditHead) }),
  record({ kind: fc.constant('broken' as const), seq: time, why: text }),
);

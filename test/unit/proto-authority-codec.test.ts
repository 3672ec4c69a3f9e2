import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeAuditQuery,
  decodeAuditRow,
  decodeAuditVerdict,
  decodeKnownHead,
  encodeAuditQuery,
  encodeAuditRow,
  encodeAuditVerdict,
  encodeKnownHead,
} from '../../proto/codec/audit.ts';
import {
  decodeAccessQuery,
  decodeAccessReport,
  decodeWhoIAm,
  encodeAccessQuery,
  encodeAccessReport,
  encodeWhoIAm,
} from '../../proto/codec/authority.ts';
import {
  decodeCertificate,
  decodeCertificateAnswer,
  decodeCertificateChoice,
  decodeCertificateChoiceOrAll,
  decodePendingRequest,
  encodeCertificate,
  encodeCertificateAnswer,
  encodeCertificateChoice,
  encodePendingRequest,
} from '../../proto/codec/certificates.ts';
import {
  decodeNewToken,
  decodeToken,
  decodeTokenRequest,
  encodeNewToken,
  encodeToken,
  encodeTokenRequest,
} from '../../proto/codec/tokens.ts';
import { FleetError } from '../../proto/errors.ts';
import { authorityService, enrollmentService } from '../../proto/load-authority.ts';
import { LABELS_MAX, NAME_LENGTH_MAX } from '../../proto/text-limits.ts';
import {
  accessQuery,
  accessReport,
  auditHead,
  auditQuery,
  auditRow,
  auditVerdict,
  certificateAnswer,
  certificateChoice,
  certificateSummary,
  newToken,
  pendingRequest,
  tokenRequest,
  tokenSummary,
  whoIAm,
} from '../fakes/authority.ts';
import { survives, wireOf } from '../fakes/wire.ts';

const requests = (method: string) => wireOf(authorityService, method, 'request');
const responses = (method: string) => wireOf(authorityService, method, 'response');

/** Through the real bytes of protobuf. */
const asked = (method: string, message: object) =>
  requests(method).read(requests(method).write(message));
const answered = (method: string, message: object) =>
  responses(method).read(responses(method).write(message));

// ── what is said survives the wire ──────────────────────────────────────────────────────────────

test('who one is, and what one may do, survives the wire', () => {
  survives(whoIAm, (given) => decodeWhoIAm(answered('WhoAmI', encodeWhoIAm(given))));
  survives(accessQuery, (given) =>
    decodeAccessQuery(asked('CheckAccess', encodeAccessQuery(given))),
  );
  survives(accessReport, (given) =>
    decodeAccessReport(answered('CheckAccess', encodeAccessReport(given))),
  );
});

test('tokens survive the wire', () => {
  survives(tokenRequest, (given) =>
    decodeTokenRequest(asked('CreateToken', encodeTokenRequest(given))),
  );
  survives(tokenSummary, (given) => decodeToken(answered('RevokeToken', encodeToken(given))));
  survives(newToken, (given) => decodeNewToken(answered('CreateToken', encodeNewToken(given))));
});

test('certificates, and who wants one, survive the wire', () => {
  survives(certificateSummary, (given) => {
    const listed = answered('ListCertificates', { certificates: [encodeCertificate(given)] });
    return decodeCertificate(listed.certificates[0]);
  });
  survives(certificateChoice, (given) => {
    const message = { choice: encodeCertificateChoice(given), reason: '' };
    return decodeCertificateChoice(asked('RevokeCertificates', message).choice);
  });
  survives(pendingRequest, (given) => {
    const listed = answered('ListCertificateRequests', { requests: [encodePendingRequest(given)] });
    return decodePendingRequest(listed.requests[0]);
  });
  const answers = wireOf(enrollmentService, 'Enrol', 'response');
  survives(certificateAnswer, (given) =>
    decodeCertificateAnswer(answers.read(answers.write(encodeCertificateAnswer(given)))),
  );
});

test('what is on record survives the wire', () => {
  survives(auditRow, (given) =>
    decodeAuditRow(answered('ReadAudit', { rows: [encodeAuditRow(given)] }).rows[0]),
  );
  survives(auditQuery, (given) => decodeAuditQuery(asked('ReadAudit', encodeAuditQuery(given))));
  survives(fc.option(auditHead), (given) =>
    decodeKnownHead(asked('VerifyAudit', encodeKnownHead(given))),
  );
  survives(auditVerdict, (given) =>
    decodeAuditVerdict(answered('VerifyAudit', encodeAuditVerdict(given))),
  );
});

// ── what nobody should have sent ────────────────────────────────────────────────────────────────

const TOKEN = { kind: 'agent', names: 'web-*', labels: {}, replaces: false, ttlMs: 1 };
const ROW = { seq: 1, actorKind: 'operator', outcome: 'done' };

const REFUSED: readonly (readonly [what: string, read: () => unknown])[] = [
  ['an action', () => decodeAccessQuery(asked('CheckAccess', { action: 'reboot' }))],
  ['no action', () => decodeAccessQuery(asked('CheckAccess', {}))],
  [
    'a signal without end',
    () => decodeAccessQuery(asked('CheckAccess', { action: 'signal', signal: 'X'.repeat(17) })),
  ],
  [
    'an action of a role',
    () => decodeWhoIAm(answered('WhoAmI', { roles: [{ deny: ['STATUS'] }] })),
  ],
  [
    'a token for a controller',
    () => decodeTokenRequest(asked('CreateToken', { ...TOKEN, kind: 'controller' })),
  ],
  [
    'a pattern without end',
    () =>
      decodeTokenRequest(
        asked('CreateToken', { ...TOKEN, names: 'x'.repeat(NAME_LENGTH_MAX + 1) }),
      ),
  ],
  [
    'labels without end',
    () => {
      const many = Array.from({ length: LABELS_MAX + 1 }, (_none, index) => [`k${index}`, '']);
      return decodeTokenRequest(
        asked('CreateToken', { ...TOKEN, labels: Object.fromEntries(many) }),
      );
    },
  ],
  [
    'a life beyond counting',
    () => decodeTokenRequest(asked('CreateToken', { ...TOKEN, ttlMs: 2 ** 60 })),
  ],
  ['a join string alone', () => decodeNewToken(answered('CreateToken', { joinString: 'x' }))],
  ['a use by nobody', () => decodeToken(answered('RevokeToken', { kind: 'agent', usedAtMs: 1 }))],
  [
    'no choice of what to revoke',
    () => decodeCertificateChoice(asked('RevokeCertificates', {}).choice),
  ],
  [
    'an empty choice',
    () => decodeCertificateChoice(asked('RevokeCertificates', { choice: {} }).choice),
  ],
  [
    'a kind of holder',
    () =>
      decodeCertificateChoice(
        asked('RevokeCertificates', { choice: { holder: { kind: 'root', name: 'x' } } }).choice,
      ),
  ],
  [
    'an end of a certificate',
    () => {
      const certificates = [{ kind: 'agent', ended: 'lost' }];
      return decodeCertificate(answered('ListCertificates', { certificates }).certificates[0]);
    },
  ],
  [
    'a kind of actor',
    () => decodeAuditRow(answered('ReadAudit', { rows: [{ ...ROW, actorKind: '' }] }).rows[0]),
  ],
  [
    'an outcome',
    () => decodeAuditRow(answered('ReadAudit', { rows: [{ ...ROW, outcome: 'Done' }] }).rows[0]),
  ],
  ['an outcome to look for', () => decodeAuditQuery(asked('ReadAudit', { outcome: '' }))],
  ['a negative limit', () => decodeAuditQuery(asked('ReadAudit', { limit: -1 }))],
  ['a head without a hash', () => decodeKnownHead(asked('VerifyAudit', { headSeq: 1 }))],
  [
    'a head before the first row',
    () => decodeKnownHead(asked('VerifyAudit', { headSeq: 0, headHash: 'a'.repeat(64) })),
  ],
];

test('what this version does not know is refused, and nothing is guessed', () => {
  for (const [what, read] of REFUSED) {
    assert.throws(read, (caught: unknown) => {
      assert.ok(caught instanceof FleetError, what);
      assert.equal(caught.refusal.code, 'usage', what);
      return true;
    });
  }
});

test('no choice of certificates at all is a question about every one', () => {
  assert.equal(decodeCertificateChoiceOrAll(asked('ListCertificates', {}).choice), null);
});

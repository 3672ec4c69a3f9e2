/** The `Authority` service from a script, and values to script it with. */
import type { AuthorityClient } from '../../cli/authority-ports.ts';
import type { AuditRow } from '../../proto/audit.ts';
import type { RoleSummary, WhoIAm } from '../../proto/authority.ts';
import type { CertificateSummary, TokenSummary } from '../../proto/certificates.ts';
import { FleetError } from '../../proto/errors.ts';

type Methods = Omit<AuthorityClient, 'readAudit'>;

/** One answer for every call of a method. */
export type AuthorityAnswers = {
  readonly [Method in keyof Methods]?: Awaited<ReturnType<Methods[Method]>> | FleetError;
} & {
  /** Packets of rows as they come; where it ends in an error, that breaks the stream. */
  readonly readAudit?: readonly (readonly AuditRow[] | FleetError)[];
};

export interface AuthorityCall {
  readonly method: keyof AuthorityClient;
  readonly asked: unknown;
}

export function scriptedAuthority(answers: AuthorityAnswers) {
  const calls: AuthorityCall[] = [];
  const scripted =
    <Method extends keyof Methods>(method: Method) =>
    async (asked?: unknown): Promise<Awaited<ReturnType<Methods[Method]>>> => {
      calls.push({ method, asked });
      const answer: unknown = answers[method];
      if (answer === undefined) throw new Error(`the test did not say what ${method} answers`);
      if (answer instanceof FleetError) throw answer;
      return answer as Awaited<ReturnType<Methods[Method]>>;
    };
  const client: AuthorityClient = {
    whoAmI: scripted('whoAmI'),
    checkAccess: scripted('checkAccess'),
    createToken: scripted('createToken'),
    listTokens: scripted('listTokens'),
    revokeToken: scripted('revokeToken'),
    listCertificates: scripted('listCertificates'),
    revokeCertificates: scripted('revokeCertificates'),
    listRequests: scripted('listRequests'),
    addCertificates: scripted('addCertificates'),
    removeHost: scripted('removeHost'),
    readmitHost: scripted('readmitHost'),
    verifyAudit: scripted('verifyAudit'),
    readAudit: async function* (asked) {
      await null;
      calls.push({ method: 'readAudit', asked });
      for (const packet of answers.readAudit ?? []) {
        if (packet instanceof FleetError) throw packet;
        yield packet;
      }
    },
  };
  return { client, calls };
}

export function aRole(name: string, rest: Partial<Omit<RoleSummary, 'name'>> = {}): RoleSummary {
  return {
    name,
    isBuiltIn: false,
    allow: ['status'],
    deny: [],
    hosts: null,
    processes: [],
    signals: [],
    maxHosts: null,
    reasonRequired: false,
    runbooks: [],
    ...rest,
  };
}

export function whoIAm(rest: Partial<WhoIAm> = {}): WhoIAm {
  return {
    fleet: 'prod',
    name: 'alice',
    fingerprint: 'AB:CD:EF',
    certificateEndsAtMs: 0,
    address: '192.0.2.9',
    roles: [],
    ...rest,
  };
}

export function aToken(rest: Partial<TokenSummary> = {}): TokenSummary {
  return {
    id: '1a2b3c4d',
    kind: 'agent',
    names: 'web-*',
    labels: {},
    replaces: false,
    createdBy: 'alice',
    createdAtMs: 0,
    expiresAtMs: 0,
    used: null,
    revokedBy: null,
    ...rest,
  };
}

export function aCertificate(rest: Partial<CertificateSummary> = {}): CertificateSummary {
  return {
    kind: 'agent',
    name: 'web-1',
    fingerprint: `AB:CD:EF:01${':00'.repeat(28)}`,
    notBeforeMs: 0,
    notAfterMs: 0,
    issued: null,
    firstSeenAtMs: null,
    ended: null,
    ...rest,
  };
}

export function anAuditRow(seq: number, rest: Partial<Omit<AuditRow, 'seq'>> = {}): AuditRow {
  return {
    seq,
    atMs: 0,
    actor: { kind: 'operator', name: 'alice', fingerprint: 'AB:CD', address: '192.0.2.9' },
    action: 'restart',
    hosts: 'web-*',
    processes: ['web'],
    targets: 'web-[1-40]: web',
    targetCount: 40,
    operation: null,
    reason: '',
    outcome: 'done',
    detail: '',
    previousHash: '0'.repeat(64),
    hash: 'a'.repeat(64),
    ...rest,
  };
}

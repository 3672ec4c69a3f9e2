/**
 * The controller's `Authority` service as fleetctl sees it: who may do what, who is in the fleet,
 * and what is on record. Every failure is a `FleetError`.
 */
import type { AuditHead, AuditQuery, AuditRow, AuditVerdict } from '../proto/audit.ts';
import type { AccessQuery, AccessReport, WhoIAm } from '../proto/authority.ts';
import type {
  CertificateChoice,
  CertificateSummary,
  PendingRequest,
  TokenRequest,
  TokenSummary,
} from '../proto/certificates.ts';

export interface AuthorityClient {
  readonly whoAmI: () => Promise<WhoIAm>;
  readonly checkAccess: (query: AccessQuery) => Promise<AccessReport>;
  readonly createToken: (request: TokenRequest) => Promise<MadeToken>;
  /** @param all also those that cannot be used any more */
  readonly listTokens: (all: boolean) => Promise<readonly TokenSummary[]>;
  readonly revokeToken: (id: string) => Promise<TokenSummary>;
  readonly listCertificates: (which: CertificateListing) => Promise<readonly CertificateSummary[]>;
  /** @returns those that do not count any more */
  readonly revokeCertificates: (what: Revocation) => Promise<readonly CertificateSummary[]>;
  readonly listRequests: () => Promise<readonly PendingRequest[]>;
  /** @returns what was taken */
  readonly addCertificates: (pems: readonly string[]) => Promise<readonly CertificateSummary[]>;
  readonly removeHost: (which: HostAndReason) => Promise<RemovedHost>;
  /** @returns what stood against it: `removed`, `expired`, `cloned`; empty: nothing did */
  readonly readmitHost: (which: HostAndReason) => Promise<string>;
  readonly readAudit: (
    query: AuditQuery,
    signal: AbortSignal,
  ) => AsyncIterable<readonly AuditRow[]>;
  /** @param known written down elsewhere; null: what is stored must do */
  readonly verifyAudit: (known: AuditHead | null) => Promise<AuditVerdict>;
}

/** The join string can be read this once. */
export interface MadeToken {
  readonly token: TokenSummary;
  readonly joinString: string;
}

interface CertificateListing {
  /** Null: every certificate. */
  readonly choice: CertificateChoice | null;
  /** Also those that do not count any more. */
  readonly all: boolean;
}

interface Revocation {
  readonly choice: CertificateChoice;
  readonly reason: string;
}

export interface HostAndReason {
  readonly host: string;
  readonly reason: string;
}

export interface RemovedHost {
  /** That were known of it. */
  readonly processes: number;
  readonly wasConnected: boolean;
}

/** Who is in the fleet, as `core/identities.ts` has it: a table for each part, a row for each entry. */
import type {
  Bar,
  CertificateEnd,
  CertificateRecord,
  PendingRequest,
  Token,
  TokenUse,
} from '../../proto/certificates.ts';
import { holderText, type IdentityKind } from '../../proto/identity-name.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import { hostId, type Labels } from '../../proto/vocabulary.ts';
import type { Identities, IdentityWrite } from '../core/identities.ts';

export function identityWrites(database: SqliteDatabase): (write: IdentityWrite) => void {
  const tokens = tokenWrites(database);
  const certificates = certificateWrites(database);
  const bars = barWrites(database);
  const pending = pendingWrites(database);
  const hosts = hostNoteWrites(database);
  return (write) => {
    switch (write.kind) {
      case 'token':
        return tokens.put(write.token);
      case 'tokenForgotten':
        return tokens.forget(write.secretHash);
      case 'certificate':
        return certificates.put(write.certificate);
      case 'certificateForgotten':
        return certificates.forget(write.fingerprint);
      case 'bar':
        return bars.put(write.bar);
      case 'pending':
        return pending.put(write.request);
      case 'pendingEnded':
        return pending.end(write.keyHash);
      case 'givenLabels':
        return hosts.putLabels(write.host, write.labels);
      case 'readmitted':
        return hosts.putReadmitted(write.host, write.untilMs);
    }
  };
}

export function readIdentities(database: SqliteDatabase): Identities {
  const tokens = rowsOf<TokenRow>(database, 'tokens').map(tokenOf);
  const certificates = rowsOf<CertificateRow>(database, 'certificates').map(certificateOf);
  const bars = rowsOf<BarRow>(database, 'bars').map(barOf);
  const pending = rowsOf<PendingRow>(database, 'pending_requests').map(pendingOf);
  const given = rowsOf<{ host: string; labels: string }>(database, 'given_labels');
  const readmitted = rowsOf<{ host: string; until_ms: number }>(database, 'readmissions');
  return {
    tokens: PersistentMap.of(tokens.map((token) => [token.secretHash, token])),
    certificates: PersistentMap.of(certificates.map((record) => [record.fingerprint, record])),
    bars: PersistentMap.of(bars.map((bar) => [holderText(bar), bar])),
    pending: PersistentMap.of(pending.map((request) => [request.keyHash, request])),
    givenLabels: PersistentMap.of(
      given.map(({ host, labels }) => [hostId(host), JSON.parse(labels) as Labels]),
    ),
    readmitted: PersistentMap.of(
      readmitted.map(({ host, until_ms: untilMs }) => [hostId(host), untilMs]),
    ),
  };
}

function rowsOf<Row>(database: SqliteDatabase, table: string): readonly Row[] {
  return database.prepare(`SELECT * FROM ${table}`).all() as readonly Row[];
}

interface TokenRow {
  readonly secret_hash: string;
  readonly kind: Token['kind'];
  readonly names: string;
  readonly labels: string;
  readonly replaces: number;
  readonly created_by: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  readonly used: string | null;
  readonly revoked_by: string | null;
}

function tokenWrites(database: SqliteDatabase) {
  const put = database.prepare(
    `INSERT OR REPLACE INTO tokens (secret_hash, kind, names, labels, replaces, created_by,
       created_at_ms, expires_at_ms, used, revoked_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const forget = database.prepare('DELETE FROM tokens WHERE secret_hash = ?');
  return {
    put(token: Token): void {
      const { secretHash, kind, names, createdBy, createdAtMs, expiresAtMs, revokedBy } = token;
      const who = [secretHash, kind, names, JSON.stringify(token.labels), Number(token.replaces)];
      put.run(...who, createdBy, createdAtMs, expiresAtMs, jsonOrNull(token.used), revokedBy);
    },
    forget(secretHash: string): void {
      forget.run(secretHash);
    },
  };
}

function tokenOf(row: TokenRow): Token {
  const { secret_hash: secretHash, kind, names } = row;
  return {
    id: secretHash.slice(0, TOKEN_ID_LENGTH),
    ...{ secretHash, kind, names },
    labels: JSON.parse(row.labels) as Labels,
    replaces: row.replaces !== 0,
    createdBy: row.created_by,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    used: parsedOrNull<TokenUse>(row.used),
    revokedBy: row.revoked_by,
  };
}

interface CertificateRow {
  readonly fingerprint: string;
  readonly kind: IdentityKind;
  readonly name: string;
  readonly not_before_ms: number;
  readonly not_after_ms: number;
  readonly key_hash: string;
  readonly issued: string | null;
  readonly first_seen_at_ms: number | null;
  readonly ended: string | null;
  readonly pem: string | null;
}

function certificateWrites(database: SqliteDatabase) {
  const put = database.prepare(
    `INSERT OR REPLACE INTO certificates (fingerprint, kind, name, not_before_ms, not_after_ms,
       key_hash, issued, first_seen_at_ms, ended, pem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const forget = database.prepare('DELETE FROM certificates WHERE fingerprint = ?');
  return {
    put(record: CertificateRecord): void {
      const { fingerprint, kind, name, notBeforeMs, notAfterMs, keyHash } = record;
      const { issued, firstSeenAtMs, ended, pem } = record;
      const what = [fingerprint, kind, name, notBeforeMs, notAfterMs, keyHash];
      put.run(...what, jsonOrNull(issued), firstSeenAtMs, jsonOrNull(ended), pem);
    },
    forget(fingerprint: string): void {
      forget.run(fingerprint);
    },
  };
}

function certificateOf(row: CertificateRow): CertificateRecord {
  const { fingerprint, kind, name, pem } = row;
  return {
    ...{ fingerprint, kind, name, pem },
    notBeforeMs: row.not_before_ms,
    notAfterMs: row.not_after_ms,
    keyHash: row.key_hash,
    issued: parsedOrNull<NonNullable<CertificateRecord['issued']>>(row.issued),
    firstSeenAtMs: row.first_seen_at_ms,
    ended: parsedOrNull<CertificateEnd>(row.ended),
  };
}

interface BarRow {
  readonly kind: IdentityKind;
  readonly name: string;
  readonly issued_until_ms: number | null;
  readonly at_ms: number;
  readonly barred_by: string;
  readonly reason: string;
}

function barWrites(database: SqliteDatabase) {
  const put = database.prepare(
    `INSERT OR REPLACE INTO bars (kind, name, issued_until_ms, at_ms, barred_by, reason)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  return {
    put({ kind, name, issuedUntilMs, atMs, by, reason }: Bar): void {
      put.run(kind, name, issuedUntilMs, atMs, by, reason);
    },
  };
}

function barOf(row: BarRow): Bar {
  const { kind, name, reason, issued_until_ms: issuedUntilMs } = row;
  return { kind, name, issuedUntilMs, atMs: row.at_ms, by: row.barred_by, reason };
}

interface PendingRow {
  readonly key_hash: string;
  readonly kind: IdentityKind;
  readonly name: string;
  readonly csr_pem: string;
  readonly days: number;
  readonly because: string;
  readonly address: string | null;
  readonly requested_at_ms: number;
}

function pendingWrites(database: SqliteDatabase) {
  const put = database.prepare(
    `INSERT OR REPLACE INTO pending_requests (key_hash, kind, name, csr_pem, days, because, address,
       requested_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const end = database.prepare('DELETE FROM pending_requests WHERE key_hash = ?');
  return {
    put(request: PendingRequest): void {
      const { keyHash, kind, name, csrPem, days, because, address, requestedAtMs } = request;
      put.run(keyHash, kind, name, csrPem, days, because, address, requestedAtMs);
    },
    end(keyHash: string): void {
      end.run(keyHash);
    },
  };
}

function pendingOf(row: PendingRow): PendingRequest {
  const { kind, name, days, because, address } = row;
  return {
    ...{ kind, name, days, because, address },
    keyHash: row.key_hash,
    csrPem: row.csr_pem,
    requestedAtMs: row.requested_at_ms,
  };
}

function hostNoteWrites(database: SqliteDatabase) {
  const putLabels = database.prepare(
    'INSERT OR REPLACE INTO given_labels (host, labels) VALUES (?, ?)',
  );
  const dropLabels = database.prepare('DELETE FROM given_labels WHERE host = ?');
  const readmit = database.prepare(
    'INSERT OR REPLACE INTO readmissions (host, until_ms) VALUES (?, ?)',
  );
  const forget = database.prepare('DELETE FROM readmissions WHERE host = ?');
  return {
    putLabels(host: string, labels: Labels): void {
      if (Object.keys(labels).length === 0) dropLabels.run(host);
      else putLabels.run(host, JSON.stringify(labels));
    },
    putReadmitted(host: string, untilMs: number | null): void {
      if (untilMs === null) forget.run(host);
      else readmit.run(host, untilMs);
    },
  };
}

/** As the core gives them. */
const TOKEN_ID_LENGTH = 8;

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function parsedOrNull<Value>(text: string | null): Value | null {
  return text === null ? null : (JSON.parse(text) as Value);
}

/**
 * Whether what stands in a line of the ledger is all there and of the right kind. A person may have
 * edited or copied the file, and what is wrong with it shall be said before a restore begins.
 */
import { IDENTITY_KINDS } from '../../proto/identity-name.ts';
import type { LedgerWrite } from './what-ended.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => Number.isFinite(value);

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const oneOf =
  (...texts: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && texts.includes(value);

/** What has more is accepted: a later version may have said it. */
const having =
  (parts: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(parts).every(([name, check]) => check(value[name]));

const isTexts: Check = (value) => isObject(value) && Object.values(value).every(isText);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const HOLDER = { kind: oneOf(...IDENTITY_KINDS), name: isText };

/** As `proto/certificates.ts` has them. */
const isCertificate = having({
  ...HOLDER,
  fingerprint: isText,
  notBeforeMs: isNumber,
  notAfterMs: isNumber,
  keyHash: isText,
  issued: orNull(having({ atMs: isNumber, because: isText })),
  firstSeenAtMs: orNull(isNumber),
  // One that still counts has no place here.
  ended: having({
    kind: oneOf('revoked', 'replaced'),
    atMs: isNumber,
    by: orNull(isText),
    reason: isText,
  }),
  pem: orNull(isText),
});

const isToken = having({
  id: isText,
  secretHash: isText,
  kind: oneOf('agent', 'operator'),
  names: isText,
  labels: isTexts,
  replaces: isFlag,
  createdBy: isText,
  createdAtMs: isNumber,
  expiresAtMs: isNumber,
  used: orNull(having({ atMs: isNumber, name: isText, address: orNull(isText), keyHash: isText })),
  revokedBy: orNull(isText),
});

const isBar = having({
  ...HOLDER,
  issuedUntilMs: orNull(isNumber),
  atMs: isNumber,
  by: isText,
  reason: isText,
});

const LINES: Readonly<Record<LedgerWrite['kind'], Check>> = {
  certificate: having({ certificate: isCertificate }),
  token: having({ token: isToken }),
  bar: having({ bar: isBar }),
  hostRemoved: having({ host: isText }),
  readmitted: having({ host: isText, untilMs: orNull(isNumber) }),
};

/** @param value as it came out of JSON */
export function isLedgerWrite(value: unknown): value is LedgerWrite {
  const kinds = Object.keys(LINES) as readonly LedgerWrite['kind'][];
  return kinds.some((kind) => isObject(value) && value['kind'] === kind && LINES[kind](value));
}

/**
 * What makes the audit record one chain: each row is hashed together with the hash of the row before
 * it, over a text that is the same whoever writes it. So a row cannot be changed, taken out or moved
 * without every later one changing too.
 */
import { createHash } from 'node:crypto';
import type { AuditEntry, AuditHead } from '../../proto/audit.ts';

/** Where a record begins: before its first row. */
export const BEFORE_THE_FIRST: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/** What is stored of an entry, and hashed: JSON without white space, keys in the order of their code units. */
export function rowText(seq: number, entry: AuditEntry): string {
  return canonicalJson({ ...entry, seq });
}

/** @returns 64 hexadecimal digits */
export function rowHash(previousHash: string, text: string): string {
  return createHash('sha256').update(previousHash).update(text).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join()}}`;
}

/**
 * Certificates by holder and by key. Thousands of agents ask for theirs every few seconds while they
 * wait for a signature, so looking through all of them each time is out of the question. An index is
 * worked out from the certificates themselves and remembered with them: it can never contradict them.
 */
import type { CertificateRecord } from '../../proto/certificates.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { Identities } from './identities.ts';

type Certificates = Identities['certificates'];
type Grouped = PersistentMap<string, readonly CertificateRecord[]>;

interface Index {
  /** By `holderText`. */
  readonly byHolder: Grouped;
  /** By the hash of their key, as far as that is known. */
  readonly byKey: Grouped;
}

/** All on record of one holder, whether they count or not. */
export function certificatesOf(
  { certificates }: Pick<Identities, 'certificates'>,
  holder: Holder,
): readonly CertificateRecord[] {
  return indexOf(certificates).byHolder.get(holderText(holder)) ?? [];
}

export function certificatesByKey(
  { certificates }: Pick<Identities, 'certificates'>,
  keyHash: string,
): readonly CertificateRecord[] {
  return indexOf(certificates).byKey.get(keyHash) ?? [];
}

/** With one more, or another in its place; its index is made of the one before. */
export function withCertificate(before: Certificates, record: CertificateRecord): Certificates {
  const after = before.with(record.fingerprint, record);
  const rest = leftOut(indexOf(before), before.get(record.fingerprint));
  remembered.set(after, {
    byHolder: added(rest.byHolder, holderText(record), record),
    byKey: record.keyHash === '' ? rest.byKey : added(rest.byKey, record.keyHash, record),
  });
  return after;
}

export function withoutCertificate(before: Certificates, fingerprint: string): Certificates {
  const after = before.without(fingerprint);
  remembered.set(after, leftOut(indexOf(before), before.get(fingerprint)));
  return after;
}

const remembered = new WeakMap<Certificates, Index>();

function indexOf(certificates: Certificates): Index {
  const known = remembered.get(certificates);
  if (known !== undefined) return known;
  const byHolder = new Map<string, CertificateRecord[]>();
  const byKey = new Map<string, CertificateRecord[]>();
  for (const record of certificates.values()) {
    push(byHolder, holderText(record), record);
    if (record.keyHash !== '') push(byKey, record.keyHash, record);
  }
  const index = { byHolder: PersistentMap.of(byHolder), byKey: PersistentMap.of(byKey) };
  remembered.set(certificates, index);
  return index;
}

function push(
  groups: Map<string, CertificateRecord[]>,
  key: string,
  record: CertificateRecord,
): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [record]);
  else group.push(record);
}

function added(groups: Grouped, key: string, record: CertificateRecord): Grouped {
  // Concatenated, which takes no room for more: almost every holder has one certificate.
  return groups.with(key, (groups.get(key) ?? []).concat(record));
}

function leftOut({ byHolder, byKey }: Index, record: CertificateRecord | undefined): Index {
  if (record === undefined) return { byHolder, byKey };
  return {
    byHolder: removed(byHolder, holderText(record), record),
    byKey: removed(byKey, record.keyHash, record),
  };
}

function removed(groups: Grouped, key: string, { fingerprint }: CertificateRecord): Grouped {
  const group = groups.get(key);
  if (group === undefined) return groups;
  const rest = group.filter((record) => record.fingerprint !== fingerprint);
  return rest.length === 0 ? groups.without(key) : groups.with(key, rest);
}

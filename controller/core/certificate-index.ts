/**
 * Certificates by holder and by key. Thousands of agents ask for theirs every few seconds while they
 * wait for a signature, so looking through all of them each time is out of the question. An index is
 * worked out from the certificates themselves and remembered with them: it can never contradict them.
 */
import type { CertificateRecord } from '../../proto/certificates.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import { added, type Grouped, groupedBy, removed } from './grouped.ts';
import type { Identities } from './identities.ts';

type Certificates = Identities['certificates'];

interface Index {
  /** By `holderText`. */
  readonly byHolder: Grouped<CertificateRecord>;
  /** By the hash of their key, as far as that is known. */
  readonly byKey: Grouped<CertificateRecord>;
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
  const all = [...certificates.values()];
  const withKey = all.filter(({ keyHash }) => keyHash !== '');
  const index = {
    byHolder: groupedBy(all, holderText),
    byKey: groupedBy(withKey, ({ keyHash }) => keyHash),
  };
  remembered.set(certificates, index);
  return index;
}

function leftOut({ byHolder, byKey }: Index, record: CertificateRecord | undefined): Index {
  if (record === undefined) return { byHolder, byKey };
  return {
    byHolder: removed(byHolder, holderText(record), record),
    byKey: removed(byKey, record.keyHash, record),
  };
}

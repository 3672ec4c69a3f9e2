/**
 * The words after a success: which files there are now, until when they are valid, and the command
 * that comes next on the way to a running fleet.
 */
import { quote } from 'shlex';
import type { IdentityKind, Subject } from '../proto/identity-name.ts';
import type { Authority, CertificatePair } from './issue.ts';
import { authorityPaths, type PairPaths } from './store.ts';

export function authorityNextSteps(made: {
  readonly authority: Authority;
  readonly paths: PairPaths;
  readonly directory: string;
  /** Null: the key is not encrypted. */
  readonly passphraseFile: string | null;
}): string {
  const { authority, paths, directory, passphraseFile } = made;
  const passphrase = passphraseFile === null ? '' : ` --passphrase-file ${quote(passphraseFile)}`;
  return [
    `fleet "${authority.fleet}": certificate authority made, valid until ${dayOf(authority.notAfterMs)}`,
    `  ${paths.certificate}  goes to every host and operator`,
    `  ${paths.key}  SECRET: stays here; keep a backup, whoever has it owns the fleet`,
    'next, for the host that will run the controller:',
    `  fleet-certs issue controller NAME --dir ${quote(directory)}${passphrase} --san DNS:host.example.com,IP:10.0.0.7`,
    '',
  ].join('\n');
}

export function leafNextSteps(issued: {
  readonly subject: Subject;
  readonly pair: CertificatePair;
  readonly paths: PairPaths;
  readonly directory: string;
}): string {
  const { subject, pair, paths, directory } = issued;
  const trusted = authorityPaths(directory).certificate;
  return [
    `  ${paths.certificate}  until ${new Date(pair.notAfterMs).toISOString()}`,
    `  ${paths.key}  SECRET`,
    `next, with ${trusted} as ca, the files above as cert and key:`,
    `  ${NEXT[subject.kind]({ trusted, paths, name: subject.name })}`,
    '',
  ].join('\n');
}

interface Place {
  readonly trusted: string;
  readonly paths: PairPaths;
  readonly name: string;
}

const NEXT = {
  controller: () => 'fleet-controller -c controller.conf --check',
  agent: (place: Place) =>
    `scp ${[place.trusted, place.paths.certificate, place.paths.key].map(quote).join(' ')} root@${place.name}:/etc/fleetvisor/pki/`,
  operator: () => 'fleetctl status',
} as const satisfies Record<IdentityKind, (place: Place) => string>;

const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

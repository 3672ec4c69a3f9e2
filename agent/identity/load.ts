/**
 * What an agent finds at its start where its certificate should be. An earlier one may have died
 * while it put a new certificate in place, or before it knew whether the new one works; and the
 * certificate may have expired while the host was off, which is no reason not to supervise.
 */
import {
  type CredentialFiles,
  type Credentials,
  loadInPlace,
  usablePairs,
} from '../../proto/credentials.ts';
import type { AgentSettings } from '../config/load.ts';

export interface StartingIdentity {
  readonly inPlace: Credentials;
  /** Newer, staged, and not known to work; null: there is none. */
  readonly onTrial: Credentials | null;
}

export type FoundIdentity =
  | ({ readonly kind: 'found' } & StartingIdentity)
  | { readonly kind: 'unusable'; readonly problems: readonly string[] };

export function loadIdentity(files: CredentialFiles, nowMs: number): FoundIdentity {
  const wanted = { kind: 'agent', nowMs, mayHaveEnded: true } as const;
  const [newest] = usablePairs(files, wanted);
  const found = loadInPlace(files, wanted);
  if (found.kind === 'loaded') {
    const inPlace = found.credentials;
    const isSame =
      newest === undefined ||
      newest.identity.fingerprint256 === inPlace.identity.fingerprint256 ||
      newest.identity.name !== inPlace.identity.name;
    return { kind: 'found', inPlace, onTrial: isSame ? null : newest };
  }
  return newest === undefined ? found : { kind: 'found', inPlace: newest, onTrial: null };
}

/** Null where no controller is named: there is nobody to show a certificate to. */
export function credentialFilesOf(
  agent: Pick<AgentSettings, 'controllers' | 'ca' | 'cert' | 'key'>,
): CredentialFiles | null {
  const { controllers, ca, cert, key } = agent;
  // The configuration has them all where it has controllers.
  return controllers.length === 0 ? null : ({ ca, cert, key } as CredentialFiles);
}

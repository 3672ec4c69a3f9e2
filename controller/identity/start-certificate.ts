/**
 * The certificates with which the controller starts, and the authority's key where it has that one.
 * One that has ended while the controller was away is renewed first, if it can do so itself.
 */
import { type Credentials, loadCredentials } from '../../proto/credentials.ts';
import { acceptCredentials, unusableCredentials } from '../../proto/daemon/start.ts';
import { FleetError, isRefusal } from '../../proto/errors.ts';
import { loadSigningAuthority, type SigningAuthority } from '../../proto/pki/authority.ts';
import type { ControllerConfig } from '../config/config.ts';
import { renewFiles } from './own-certificate.ts';

export interface StartCertificate {
  readonly credentials: Credentials;
  /** Null: the authority's key is elsewhere. */
  readonly authority: SigningAuthority | null;
}

/** @throws FleetError `configuration` with what is wrong with the files */
export function acceptCertificate(config: ControllerConfig, nowMs: number): StartCertificate {
  if (config.caKey === null) {
    return { credentials: acceptCredentials(config, 'controller', nowMs), authority: null };
  }
  const loaded = loadCredentials(config, { kind: 'controller', nowMs, mayHaveEnded: true });
  if (loaded.kind === 'unusable') throw unusableCredentials(loaded.problems);
  const { key, passphraseFile } = config.caKey;
  const authority = loadSigningAuthority({ certificate: config.ca, key, passphraseFile });
  if (isRefusal(authority)) throw new FleetError(authority);
  return { credentials: loaded.credentials, authority };
}

/** @throws FleetError where it has ended and cannot be renewed */
export async function renewIfEnded(
  config: ControllerConfig,
  { credentials, authority }: StartCertificate,
  nowMs: number,
): Promise<Credentials> {
  if (authority === null || nowMs <= credentials.identity.notAfterMs) return credentials;
  const days = config.lives.controllerDays;
  const refused = await renewFiles(config, credentials, { authority, days, nowMs });
  if (refused !== null) throw new FleetError(refused);
  return acceptCredentials(config, 'controller', nowMs);
}

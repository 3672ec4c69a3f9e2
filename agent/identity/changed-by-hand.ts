/**
 * Whether what somebody has put in the place of the certificate is taken up. Half of a pair is none:
 * it is, once the other half is there.
 */
import type { Credentials, LoadedCredentials } from '../../proto/credentials.ts';
import type { Log } from '../ports.ts';
import { endOf } from './life-notices.ts';
import type { PresentIdentity } from './present.ts';

/** @returns what is to be used from now on; null: what is in use goes on */
export function replacement(
  loaded: LoadedCredentials,
  { inPlace, onTrial }: Pick<PresentIdentity, 'inPlace' | 'onTrial'>,
  log: Log,
): Credentials | null {
  if (loaded.kind === 'unusable') {
    const text = 'the certificate files have changed, and cannot be used; those read before go on';
    log.warn({ problems: loaded.problems }, text);
    return null;
  }
  const found = loaded.credentials;
  const isSame = found.cert === inPlace.cert && found.ca === inPlace.ca;
  if (isSame || found.cert === onTrial?.cert) return null;
  if (found.identity.name !== inPlace.identity.name) {
    const holder = found.identity.name;
    const fix = 'if this host is to have another name, restart this agent';
    log.error({ holder, fix }, 'the certificate files are now those of another host');
    return null;
  }
  log.info({ endsAt: endOf(found) }, 'the certificate was replaced by hand');
  return found;
}

/** What people are told of the life of a certificate, as long as it is so. */
import type { Credentials } from '../../proto/credentials.ts';
import type { Reminders } from './reminders.ts';

export function tellOfWaiting(reminders: Reminders): void {
  const fix = 'whoever has its key: fleetctl cert requests, fleet-certs sign, fleetctl cert add';
  reminders.warn('waiting', { fix }, "a new certificate waits for the authority's key");
}

export function warnOfEnd(reminders: Reminders, inPlace: Credentials): void {
  const { name } = inPlace.identity;
  const fix = `see above why it is not renewed; or issue one with fleet-certs issue agent ${name}`;
  reminders.warn('end', { endsAt: endOf(inPlace), fix }, 'the certificate ends soon');
}

export function tellOfEnd(reminders: Reminders, ended: Credentials): void {
  const fix = `let an administrator run: fleetctl host readmit ${ended.identity.name}`;
  const text =
    'the certificate has expired; every process runs on, and this host asks to come back';
  reminders.warn('ended', { endedAt: endOf(ended), fix }, text);
}

export const endOf = ({ identity }: Pick<Credentials, 'identity'>): string =>
  new Date(identity.notAfterMs).toISOString();

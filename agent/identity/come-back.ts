/** One more certificate for a host that was away past the end of its own, once it is readmitted. */
import type { Credentials } from '../../proto/credentials.ts';
import type { Log } from '../ports.ts';
import type { CertificateSource } from './certificate-source.ts';
import { endOf, tellOfEnd, tellOfWaiting } from './life-notices.ts';
import type { OneRequest } from './one-request.ts';
import { detailsOf } from './reasons.ts';
import type { Reminders } from './reminders.ts';

export interface ComeBack {
  readonly source: CertificateSource;
  readonly request: OneRequest;
  readonly reminders: Reminders;
  readonly log: Log;
  /** For the key of the one that has ended. */
  readonly readmitted: (issued: Credentials) => void;
}

/** Once; whoever is refused asks again later. */
export function askToComeBack(
  ended: Credentials,
  { source, request, reminders, log, readmitted }: ComeBack,
): void {
  tellOfEnd(reminders, ended);
  const onWaiting = (): void => tellOfWaiting(reminders);
  request.begin('return', (signal) => source.comeBack(ended, { signal, onWaiting }), {
    succeeded: (issued) => {
      log.info({ endsAt: endOf(issued) }, 'this host was readmitted');
      readmitted({ ...ended, cert: issued.certificatePem, identity: issued.identity });
    },
    failed: (because) => {
      const what = `${because.code} ${because.message}`;
      reminders.warn(what, detailsOf(because), 'this host cannot come back yet');
    },
  });
}

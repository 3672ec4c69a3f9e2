/**
 * Writes the end of the audit record into the log, which is kept elsewhere: whoever can change the
 * database can make a whole new chain, but not one that ends in what was written down before.
 */
import type { AuditHead } from '../../proto/audit.ts';
import type { Clock, Log } from '../ports.ts';

export interface AuditHeadPorts {
  readonly head: () => AuditHead | null;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'info'>;
}

const INTERVAL_MS = 60_000;

/** Each minute, if it has moved since; the first time at once. */
export function logAuditHead({ head, clock, log }: AuditHeadPorts): void {
  let logged = 0;
  const look = (): void => {
    const now = head();
    if (now !== null && now.seq !== logged) {
      log.info({ seq: now.seq, hash: now.hash }, 'audit head');
      logged = now.seq;
    }
    clock.after(INTERVAL_MS, look);
  };
  look();
}

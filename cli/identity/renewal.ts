/**
 * Operators' certificates renew themselves: past two thirds of its life, whoever uses one gets the
 * next, after the command has done its work. It must never be in anybody's way: at most one try an
 * hour, with little time, and without a word until the end is near.
 */
import { FleetError } from '../../proto/errors.ts';
import { type Life, renewalDueMs, warningDueMs } from '../../proto/pki/renewal.ts';

/** Operators come at times of their own, so that nothing has to be spread. */
const NO_SPREAD = 0.5;

export const RENEWAL_LIMIT_MS = 3_000;

export interface RenewalPorts {
  readonly nowMs: () => number;
  /** Certificate and key are files of this person, in a folder of this person. */
  readonly mayWrite: () => boolean;
  /** False where somebody has tried within the hour. */
  readonly claim: () => boolean;
  /** Rejects with a `FleetError`; the certificate in use stays then. */
  readonly renew: (signal: AbortSignal) => Promise<void>;
}

/** Whether it is worth loading what renews. One that has ended renews nothing any more. */
export function isRenewalDue(life: Life, nowMs: number): boolean {
  return nowMs >= renewalDueMs(life, NO_SPREAD) && nowMs < life.notAfterMs;
}

/** @returns what its holder must hear; null: nothing */
export async function keepCertificate(
  life: Life,
  ports: RenewalPorts,
  signal: AbortSignal,
): Promise<string | null> {
  if (!isRenewalDue(life, ports.nowMs())) return null;
  const why = await whyNotRenewed(ports, signal);
  if (why === null || ports.nowMs() < warningDueMs(life)) return null;
  const end = new Date(life.notAfterMs).toISOString();
  return `your certificate ends at ${end} and was not renewed: ${why}; a token of your fleet gets you a new one: fleetctl login --token-file FILE`;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function whyNotRenewed(ports: RenewalPorts, signal: AbortSignal): Promise<string | null> {
  if (!ports.mayWrite()) return 'its files are not yours to write';
  try {
    if (!ports.claim()) return 'it was tried within the last hour';
    // Not everything on the way hears of the signal.
    await Promise.race([ports.renew(signal), aborted(signal)]);
    return null;
  } catch (caught) {
    if (signal.aborted) return 'there was not enough time';
    const { message, cause } = FleetError.refusalFrom(caught);
    return cause === null ? message : `${message}: ${cause}`;
  }
}

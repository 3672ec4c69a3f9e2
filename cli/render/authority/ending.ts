/** When the end of a certificate is near enough that somebody should hear of it. */

/** As `proto/pki/renewal.ts` warns; whatever renews by itself has done so long before. */
const WARNED_BEFORE_MS = 2 * 86_400_000;

/** It has ended, or will within two days. */
export function isEnding(endsAtMs: number, nowMs: number): boolean {
  return endsAtMs - nowMs <= WARNED_BEFORE_MS;
}

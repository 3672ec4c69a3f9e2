/** Why there is no session with a controller, for the log, and whether asking often can change that. */
import type { ErrorCode, Refusal } from '../proto/errors.ts';
import { explainTlsFailure } from '../proto/tls-failures.ts';

/** Of a host that was removed or revoked, or is there twice: only people can change that. */
const OVER_IDENTITY: readonly ErrorCode[] = ['conflict', 'denied', 'unauthenticated'];

export function isOverIdentity({ code }: Refusal): boolean {
  return OVER_IDENTITY.includes(code);
}

/** What grpc-js says itself names times and retries, so the same trouble would look new each time. */
export function whyLost(because: Refusal, target: string): string {
  const { code, message, cause } = because;
  if (!isOverIdentity(because)) {
    return `${target}: ${cause ?? explainTlsFailure(message)?.cause ?? message}`;
  }
  const told = cause === null ? message : `${message}: ${cause}`;
  const isUnexplained = code === 'conflict' && cause === null;
  return `${target}: ${isUnexplained ? `${told}; ${TWO_AGENTS}` : told}`;
}

const TWO_AGENTS = 'is there a second agent, on a copy of this machine, with the same certificate?';

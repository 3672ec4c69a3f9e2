/**
 * One look at a program, whatever it is looked at with: what `health-probes.ts` needs to know of it
 * to keep its promises, that each look has one answer in time and leaves nothing behind.
 */
import type { ProbeResult } from '../../core/observe.ts';

/** Takes the answer; only the first one counts, and none after `giveUp`. */
export type Answer = (result: ProbeResult) => void;

export interface Look {
  /** Ends it now. @returns why nothing came of it, completed by " within 30 s" */
  readonly giveUp: () => string;
  /** False where something of it cannot be ended, as what hangs in the kernel. */
  readonly isOver: () => boolean;
}

export const PASSED: ProbeResult = { isPassing: true };

export const failed = (error: string): ProbeResult => ({ isPassing: false, error });

/** @param caught what a socket or a spawn failed with, which may be several failures in one */
export function reasonOf(caught: unknown): string {
  // Of a name with several addresses each has failed, and the whole says nothing.
  const first = caught instanceof AggregateError ? caught.errors[0] : caught;
  const { message, code } = first as { readonly message?: string; readonly code?: string };
  const text = message || code || String(first);
  const [, library, reason] = OPENSSL.exec(text) ?? [];
  return reason === undefined ? text : `${library}: ${reason}`;
}

/** `write EPROTO 80FC…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:FILE:350:` */
const OPENSSL = /:error:[\dA-F]+:([^:]*):[^:]*:([^:]+):/;

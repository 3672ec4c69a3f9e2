/**
 * What is to be said of a process beside its state, because it was configured to be looked at more
 * closely, or because something that should not happen did. Each is null where there is nothing to
 * say; what agents found out is not yet safe to print.
 */
import { heldText } from '../../../proto/hold-text.ts';
import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import { formatBytes } from '../bytes.ts';
import { oneLine } from '../text.ts';

/** Somebody on its host keeps the fleet's operations off it. */
export function holdText({ hold }: ProcessStatus): string | null {
  return hold === null ? null : oneLine(heldText(hold));
}

export function waitingText({ waitsFor }: ProcessStatus): string | null {
  return waitsFor === null ? null : `waits for ${oneLine(waitsFor)}`;
}

/** Of a check that has failed; one that passes complains of nothing. */
export function healthComplaint({ health, healthError }: ProcessStatus): string | null {
  return health === null || healthError === null ? null : oneLine(healthError);
}

export function leftBehindText({ leftBehind }: ProcessStatus): string | null {
  if (leftBehind <= 0) return null;
  return `${leftBehind === 1 ? '1 process' : `${leftBehind} processes`} left behind`;
}

export function lostOutputText({ lostOutputBytes }: ProcessStatus): string | null {
  return lostOutputBytes <= 0 ? null : `${formatBytes(lostOutputBytes)} of output lost`;
}

/** `612 MB of 512 MB`, of a process that runs and has a limit. */
export function memoryText({ residentBytes, memoryMaxBytes }: ProcessStatus): string | null {
  if (residentBytes === null || memoryMaxBytes === null) return null;
  return `${formatBytes(residentBytes)} of ${formatBytes(memoryMaxBytes)}`;
}

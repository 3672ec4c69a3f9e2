/** Why a certificate could not be had or put in place, as a refusal that says what mends it. */
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';

export function reasonFor(caught: unknown): Refusal {
  if (!isOfFiles(caught)) return FleetError.refusalFrom(caught);
  const user = process.geteuid?.();
  return refusal('configuration', 'the certificate files could not be written', {
    cause: caught.message,
    fix: `give their directory to the user that runs this program (user id ${user}), and make room on its disk`,
  });
}

/** For a log line. */
export function detailsOf({ message, cause, fix }: Refusal): object {
  return { why: message, ...(cause && { cause }), ...(fix && { fix }) };
}

function isOfFiles(caught: unknown): caught is NodeJS.ErrnoException {
  if (!(caught instanceof Error && 'syscall' in caught)) return false;
  return 'path' in caught || OF_OPEN_FILES.includes(String(caught.syscall));
}

/** Which name no path when they fail, as on a full disk. Networks have others. */
const OF_OPEN_FILES = ['write', 'fsync', 'fchmod', 'fchown'];

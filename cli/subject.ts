/** One host, or one process on it, as commands take it that want one answer: `HOST[/PROCESS]`. */
import { FleetError, refusal } from '../proto/errors.ts';

export interface Subject {
  readonly host: string;
  /** Null: the host itself, or all on it. */
  readonly process: string | null;
}

/**
 * A host's name has no `/`, whatever a process is called. Throws a `FleetError`.
 *
 * @param command that wants it, for the refusal
 */
export function parseSubject(text: string, command: string): Subject {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const process = slash < 0 ? null : text.slice(slash + 1);
  if (/^[A-Za-z0-9][\w.-]*$/.test(host) && process !== '') return { host, process };
  throw new FleetError(
    refusal(
      'usage',
      `${JSON.stringify(text)} is not the name of one host, or of one process on it`,
      {
        cause: `${command} takes HOST or HOST/PROCESS, and no expressions`,
        fix: 'fleetctl hosts and fleetctl status take expressions, and show the names',
      },
    ),
  );
}

/** What is not shown because whoever asks may not see it: that there is something must be said. */
import type { Withheld } from '../ports.ts';
import { counted } from './status/summary.ts';

export const NOTHING_WITHHELD: Withheld = { hosts: 0, processes: 0 };

/**
 * `3 hosts and 12 processes are not shown: your roles do not allow status on them`; null where
 * nothing is withheld.
 */
export function withheldText({ hosts, processes }: Withheld): string | null {
  const parts = [
    hosts === 0 ? null : counted(hosts, 'host', 'hosts'),
    processes === 0 ? null : counted(processes, 'process', 'processes'),
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  const isOne = hosts + processes === 1;
  const [are, them] = isOne ? ['is', 'it'] : ['are', 'them'];
  return `${parts.join(' and ')} ${are} not shown: your roles do not allow status on ${them}`;
}

/** Of a document; the items of `jsonl` have no place for it. */
export function withheldFields({ hosts, processes }: Withheld): object {
  return { withheldHosts: hosts, withheldProcesses: processes };
}

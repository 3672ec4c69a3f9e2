/**
 * Which of two bars on the same holder is the later word, and whether a host that a backup has was
 * removed after the backup was taken: it may have been let in again, before it or since. Pure.
 */
import type { Bar } from '../../proto/certificates.ts';
import { holderText } from '../../proto/identity-name.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import type { FleetState } from '../core/state.ts';
import type { LedgerWrite } from './what-ended.ts';

/**
 * Whether the ledger's last bar takes the place of the backup's. The ledger may be an older copy, or
 * a clock may have been set back: then the one counts that bars more.
 */
export function outranks(bar: Bar, known: Bar | undefined): boolean {
  if (known === undefined || bar.atMs > known.atMs) return true;
  if (bar.atMs < known.atMs) return reachOf(bar) > reachOf(known);
  // The same, except that a readmission (`core/removal.ts`) ends what was without an end.
  return (bar.issuedUntilMs ?? NOT_READMITTED) > (known.issuedUntilMs ?? NOT_READMITTED);
}

const NOT_READMITTED = Number.NEGATIVE_INFINITY;

const reachOf = ({ issuedUntilMs }: Bar): number => issuedUntilMs ?? Number.POSITIVE_INFINITY;

/** Of the backup's hosts. */
export function removedSince(
  ledger: readonly LedgerWrite[],
  { hosts, identities }: Pick<FleetState, 'hosts' | 'identities'>,
): ReadonlySet<HostId> {
  const lastBars = new Map<string, Bar>();
  /** As each was barred by its last removal; undefined in a ledger that was written anew since. */
  const removals = new Map<HostId, Bar | undefined>();
  for (const write of ledger) {
    if (write.kind === 'bar') lastBars.set(holderText(write.bar), write.bar);
    if (write.kind === 'hostRemoved') removals.set(write.host, lastBars.get(agentText(write.host)));
  }
  const removed = [...removals].filter(([host, bar]) => {
    const last = lastBars.get(agentText(host));
    const known = identities.bars.get(agentText(host));
    return hosts.get(host) !== undefined && wasRemovedSince({ bar: bar ?? last, last }, known);
  });
  return new Set(removed.map(([host]) => host));
}

const agentText = (name: HostId): string => holderText({ kind: 'agent', name });

interface Removal {
  readonly bar: Bar | undefined;
  /** The ledger's last word. */
  readonly last: Bar | undefined;
}

function wasRemovedSince({ bar, last }: Removal, known: Bar | undefined): boolean {
  if (bar === undefined || last === undefined || known === undefined) return true;
  const lastWord = outranks(last, known) ? last : known;
  return lastWord.issuedUntilMs === null || bar.atMs > known.atMs;
}

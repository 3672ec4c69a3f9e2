/**
 * Takes a host out of the fleet, and admits one again: what was removed may join with a new token,
 * what has been away past the end of its certificate may come back by its key, and of what looked
 * like two it is said that it is settled.
 */
import type { Actor } from '../../proto/audit.ts';
import { didYouMean } from '../../proto/dialect/did-you-mean.ts';
import { type Refusal, refusal } from '../../proto/errors.ts';
import { type Holder, holderText } from '../../proto/identity-name.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { certificatesOf } from './certificate-index.ts';
import { endWhatIsKnown, reasonProblem } from './ended.ts';
import { isConnected } from './host.ts';
import type { IdentityAnswer, IdentityRequest } from './identities.ts';
import { putBar, putGivenLabels, putReadmitted } from './identity-changes.ts';
import { loseHostEverywhere } from './operations.ts';
import { pendingOf } from './pending-index.ts';
import { loseAnswersOf } from './questions.ts';
import { unflag } from './renewal.ts';
import type { Turn } from './state.ts';

/** Time for a machine to be repaired and started. */
const READMITTED_MS = 24 * 60 * 60 * 1_000;

export function removeHost(
  turn: Turn,
  { host: id, reason }: Extract<IdentityRequest, { readonly kind: 'removeHost' }>,
  { name: by }: Actor,
): IdentityAnswer | Refusal {
  const problem = reasonProblem(reason);
  if (problem !== null) return problem;
  const holder = agentOf(id);
  const host = turn.state.hosts.get(id);
  const bar = turn.state.identities.bars.get(holderText(holder));
  if (host === undefined && bar?.issuedUntilMs === null) {
    return { kind: 'removed', processes: 0, wasConnected: false };
  }
  if (host === undefined && !isKnown(turn, holder)) return noSuchHost(turn, id);
  putBar(turn, { ...holder, issuedUntilMs: null, atMs: turn.at.wallMs, by, reason });
  endWhatIsKnown(turn, holder, { by, reason: reason === '' ? 'the host was removed' : reason });
  putReadmitted(turn, id, null);
  putGivenLabels(turn, id, {});
  const processes = host?.processes.size ?? 0;
  const wasConnected = host !== undefined && isConnected(host);
  if (host !== undefined) forgetHost(turn, id, by);
  return { kind: 'removed', processes, wasConnected };
}

export function readmitHost(
  turn: Turn,
  { host: id, reason }: Extract<IdentityRequest, { readonly kind: 'readmitHost' }>,
): IdentityAnswer | Refusal {
  const problem = reasonProblem(reason);
  if (problem !== null) return problem;
  const { wallMs } = turn.at;
  const holder = agentOf(id);
  const bar = turn.state.identities.bars.get(holderText(holder));
  if (bar?.issuedUntilMs === null) {
    // The name is free again. What was issued for it before counts no more than it did.
    putBar(turn, { ...bar, issuedUntilMs: Math.max(bar.atMs, wallMs) });
    return { kind: 'readmitted', was: 'removed' };
  }
  const host = turn.state.hosts.get(id);
  if (host === undefined && !isKnown(turn, holder)) return noSuchHost(turn, id);
  const known = certificatesOf(turn.state.identities, holder).filter(({ ended }) => ended === null);
  const ends = [...known.map(({ notAfterMs }) => notAfterMs), host?.certificateEndsAtMs ?? 0];
  if (wallMs > Math.max(...ends)) {
    putReadmitted(turn, id, wallMs + READMITTED_MS);
    unflag(turn, id);
    return { kind: 'readmitted', was: 'expired' };
  }
  const was = host === undefined || host.identityProblem === null ? '' : 'cloned';
  unflag(turn, id);
  return { kind: 'readmitted', was };
}

const agentOf = (name: HostId): Holder => ({ kind: 'agent', name });

function isKnown(turn: Turn, holder: Holder): boolean {
  const { identities } = turn.state;
  return certificatesOf(identities, holder).length + pendingOf(identities, holder).length > 0;
}

/** The row of the host, and all that hangs on it. What it has done stays on record. */
function forgetHost(turn: Turn, id: HostId, by: string): void {
  const rival = turn.state.rivals.get(id);
  const rivals = new Map(turn.state.rivals);
  rivals.delete(id);
  const because = refusal('denied', `${id} was removed from the fleet`);
  if (rival !== undefined) {
    turn.effects.push({ kind: 'close', connection: rival.hello.connection, because });
  }
  turn.state = { ...turn.state, hosts: turn.state.hosts.without(id), rivals };
  turn.writes.push({ kind: 'hostRemoved', host: id });
  loseAnswersOf(turn, id);
  loseHostEverywhere(turn, id, `the host was removed from the fleet by ${by}`, true);
}

function noSuchHost(turn: Turn, id: HostId): Refusal {
  const hint = didYouMean(
    id,
    [...turn.state.hosts].map(([known]) => known),
  );
  return refusal('nothing-matched', `no host ${JSON.stringify(id.slice(0, 70))} is known`, {
    fix: hint ?? 'fleetctl hosts lists them; it takes one name, as it is',
  });
}

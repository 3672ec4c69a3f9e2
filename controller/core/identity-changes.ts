/** What changes in who is in the fleet: each change of the state together with what makes it durable. */
import type { Bar, CertificateRecord, PendingRequest, Token } from '../../proto/certificates.ts';
import { holderText } from '../../proto/identity-name.ts';
import type { HostId, Labels } from '../../proto/vocabulary.ts';
import { withCertificate, withoutCertificate } from './certificate-index.ts';
import type { Identities, IdentityWrite } from './identities.ts';
import { withoutPending, withPending } from './pending-index.ts';
import type { Turn } from './state.ts';

export function putToken(turn: Turn, token: Token): void {
  const tokens = turn.state.identities.tokens.with(token.secretHash, token);
  change(turn, { tokens }, { kind: 'token', token });
}

export function forgetToken(turn: Turn, secretHash: string): void {
  const tokens = turn.state.identities.tokens.without(secretHash);
  change(turn, { tokens }, { kind: 'tokenForgotten', secretHash });
}

export function putCertificate(turn: Turn, certificate: CertificateRecord): void {
  const certificates = withCertificate(turn.state.identities.certificates, certificate);
  change(turn, { certificates }, { kind: 'certificate', certificate });
}

export function forgetCertificate(turn: Turn, fingerprint: string): void {
  const certificates = withoutCertificate(turn.state.identities.certificates, fingerprint);
  change(turn, { certificates }, { kind: 'certificateForgotten', fingerprint });
}

export function putBar(turn: Turn, bar: Bar): void {
  const bars = turn.state.identities.bars.with(holderText(bar), bar);
  change(turn, { bars }, { kind: 'bar', bar });
}

export function putPending(turn: Turn, request: PendingRequest): void {
  const pending = withPending(turn.state.identities.pending, request);
  change(turn, { pending }, { kind: 'pending', request });
}

export function endPending(turn: Turn, keyHash: string): void {
  const { identities } = turn.state;
  if (identities.pending.get(keyHash) === undefined) return;
  const pending = withoutPending(identities.pending, keyHash);
  change(turn, { pending }, { kind: 'pendingEnded', keyHash });
}

/** None, where a token says nothing of the host: what one before it said counts no more either. */
export function putGivenLabels(turn: Turn, host: HostId, labels: Labels): void {
  const given = turn.state.identities.givenLabels;
  const isNothing = Object.keys(labels).length === 0;
  if (isNothing && given.get(host) === undefined) return;
  const givenLabels = isNothing ? given.without(host) : given.with(host, labels);
  change(turn, { givenLabels }, { kind: 'givenLabels', host, labels });
}

/** @param untilMs null: not any more */
export function putReadmitted(turn: Turn, host: HostId, untilMs: number | null): void {
  const before = turn.state.identities.readmitted;
  if (untilMs === null && before.get(host) === undefined) return;
  const readmitted = untilMs === null ? before.without(host) : before.with(host, untilMs);
  change(turn, { readmitted }, { kind: 'readmitted', host, untilMs });
}

function change(turn: Turn, changed: Partial<Identities>, write: IdentityWrite): void {
  turn.state = { ...turn.state, identities: { ...turn.state.identities, ...changed } };
  turn.writes.push(write);
}

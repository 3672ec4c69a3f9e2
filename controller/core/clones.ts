/**
 * Two agents that say they are the same host: a restarted one, whose earlier connection nobody has seen
 * end yet, or a clone with a copy of the key. Which of the two it is only the earlier one can tell: it
 * is asked, and the newcomer waits. An answer proves that both live, so the newcomer is turned away; the
 * end of the connection, which silence leads to, lets it in.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import type { ConnectionId, Host } from './host.ts';
import { recordAnswer } from './record.ts';
import { type FleetInput, putHost, type Rival, type Turn } from './state.ts';

/** How `identityProblem` begins then. */
export const CLONED = 'a second agent uses this name';

type Hello = Extract<FleetInput, { readonly kind: 'hello' }>;

/** A connection that is up, of another agent than the one that says hello. */
export function isRival(before: Host | undefined, { hello }: Hello): boolean {
  return before?.session != null && before.instanceId !== hello.instanceId;
}

export function keepWaiting(turn: Turn, before: Host, hello: Hello): void {
  const earlier = turn.state.rivals.get(before.host);
  if (earlier !== undefined) {
    const because = refusal(
      'conflict',
      `another agent of ${before.host} waits to be let in already`,
    );
    turn.effects.push({ kind: 'close', connection: earlier.hello.connection, because });
  }
  // The number of the newcomer's connection is never given twice.
  const probe = hello.connection;
  putRival(turn, before.host, { hello, probe });
  const { session } = before;
  if (session === null) return;
  const atMs = Math.floor(turn.at.monotonicMs);
  const message = { kind: 'heartbeat', atMs, probe } as const;
  turn.effects.push({ kind: 'send', connection: session.connection, message });
}

/** The agent that is connected has answered: there are two. */
export function noteProbe(turn: Turn, host: Host, probe: number): void {
  const rival = turn.state.rivals.get(host.host);
  if (rival === undefined || rival.probe !== probe) return;
  putRival(turn, host.host, null);
  const problem = `${CLONED} and its certificate: one at ${host.address ?? 'an unknown address'}, one at ${rival.hello.address ?? 'an unknown address'}`;
  const because = cloned(host);
  turn.effects.push({ kind: 'close', connection: rival.hello.connection, because });
  // It comes again and again.
  if (host.identityProblem === problem) return;
  const flagged = { ...host, identityProblem: problem };
  putHost(turn, flagged);
  turn.writes.push({ kind: 'host', host: flagged });
  const { certificate, address } = rival.hello;
  const { fingerprint } = certificate;
  const actor = { kind: 'agent', name: host.host, fingerprint, address } as const;
  recordAnswer(turn, { actor, action: 'connect' }, because);
  const details = { host: host.host, connected: host.address, refused: rival.hello.address };
  turn.effects.push({ kind: 'log', level: 'warn', details, text: 'a second agent of this name' });
}

/** @returns the hello of whoever waited for this host to be free; they wait no more */
export function takeRival(turn: Turn, host: HostId): Hello | null {
  const rival = turn.state.rivals.get(host);
  if (rival === undefined) return null;
  putRival(turn, host, null);
  return rival.hello;
}

/** @returns whether it was one that waited */
export function dropRival(turn: Turn, host: HostId, connection: ConnectionId): boolean {
  if (turn.state.rivals.get(host)?.hello.connection !== connection) return false;
  putRival(turn, host, null);
  return true;
}

function putRival(turn: Turn, host: HostId, rival: Rival | null): void {
  const rivals = new Map(turn.state.rivals);
  if (rival === null) rivals.delete(host);
  else rivals.set(host, rival);
  turn.state = { ...turn.state, rivals };
}

function cloned({ host, address }: Host): Refusal {
  return refusal(
    'conflict',
    `another agent is connected as ${host}, from ${address ?? 'elsewhere'}`,
    {
      cause: 'both have the same certificate and key: one machine is a copy of the other',
      fix: `on the copy, remove certificate and key and let it join under a name of its own; if it is the other that is the copy: fleetctl cert revoke agent/${host}`,
    },
  );
}

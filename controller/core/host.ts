/**
 * What the controller knows of one host: who is connected, what was last observed, and how much of
 * the host's journal is stored. A host is reachable only while it has a synced session; that is
 * what status shows, at once and without guessing.
 */
import type {
  HostId,
  HostStatus,
  JournalId,
  Labels,
  ProcessName,
  ProcessStatus,
} from '../../proto/vocabulary.ts';

/** One accepted stream; numbered by the link adapter, unique while the controller runs. */
export type ConnectionId = number;

export interface Session {
  readonly connection: ConnectionId;
  readonly epoch: number;
  /** Monotonic. */
  readonly openedAtMs: number;
  readonly openedWallMs: number;
  /** Null once the snapshot is complete; until then what has arrived of it. */
  readonly arriving: readonly ProcessStatus[] | null;
  /** Changes up to this event are in the snapshot already. */
  readonly snapshotSeq: number;
}

export interface Host {
  readonly host: HostId;
  readonly labels: Labels;
  /** IP address that its agent connected from last. */
  readonly address: string | null;
  readonly agentVersion: string;
  readonly journalId: JournalId;
  /** Events of this journal that are stored, cumulatively. */
  readonly storedSeq: number;
  readonly session: Session | null;
  readonly lastSeenAtMs: number;
  /** Counts the sessions lost, so that a grace period that is over knows whether it still counts. */
  readonly lossCount: number;
  readonly processes: ReadonlyMap<ProcessName, ProcessStatus>;
  /** Why its agent refused the configuration that it found; null where it goes by it. */
  readonly configProblem: string | null;
  /** Running processes that its agent took over when it was started; null: it did not say. */
  readonly adopted: number | null;
  /** What its agent lost of its own state, and where it put it; null: nothing. */
  readonly stateProblem: string | null;
  /** Of the agent that is or was connected last. */
  readonly instanceId: string;
  /** When the certificate ends by which its agent connected last; null: not known. */
  readonly certificateEndsAtMs: number | null;
  /** A second agent under its name, an expired certificate that asks to come back; null: nothing. */
  readonly identityProblem: string | null;
}

export function isConnected(host: Host): boolean {
  return host.session !== null && host.session.arriving === null;
}

export function hostStatusOf(host: Host): HostStatus {
  const connected = isConnected(host);
  return {
    host: host.host,
    connected,
    labels: host.labels,
    agentVersion: host.agentVersion,
    lastSeenAtMs: host.lastSeenAtMs,
    address: host.address,
    connectedSinceMs: connected ? (host.session?.openedWallMs ?? null) : null,
    configProblem: host.configProblem,
    adopted: host.adopted,
    stateProblem: host.stateProblem,
    certificateEndsAtMs: host.certificateEndsAtMs,
    identityProblem: host.identityProblem,
  };
}

export function statusesOf(host: Host): readonly ProcessStatus[] {
  return [...host.processes.values()];
}

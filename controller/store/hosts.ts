/** Hosts, what runs on them, and the number of the last session. */
import type { SqliteDatabase } from '../../proto/sqlite.ts';
import {
  type HostId,
  hostId,
  journalId,
  type Labels,
  type ProcessName,
  type ProcessStatus,
} from '../../proto/vocabulary.ts';
import type { Host } from '../core/host.ts';

export function hostWrites(database: SqliteDatabase) {
  const putHost = database.prepare(
    `INSERT INTO hosts (host, labels, address, agent_version, journal_id, stored_seq,
       last_seen_at_ms, config_problem, adopted, state_problem, instance_id,
       certificate_ends_at_ms, identity_problem)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (host) DO UPDATE SET labels = excluded.labels,
       address = excluded.address, agent_version = excluded.agent_version,
       journal_id = excluded.journal_id, stored_seq = excluded.stored_seq,
       last_seen_at_ms = excluded.last_seen_at_ms, config_problem = excluded.config_problem,
       adopted = excluded.adopted, state_problem = excluded.state_problem,
       instance_id = excluded.instance_id,
       certificate_ends_at_ms = excluded.certificate_ends_at_ms,
       identity_problem = excluded.identity_problem`,
  );
  const deleteHost = database.prepare('DELETE FROM hosts WHERE host = ?');
  const deleteProcesses = database.prepare('DELETE FROM processes WHERE host = ?');
  const putProcess = database.prepare(
    'INSERT OR REPLACE INTO processes (host, process, status) VALUES (?, ?, ?)',
  );
  const deleteProcess = database.prepare('DELETE FROM processes WHERE host = ? AND process = ?');
  const putCounter = database.prepare(
    'INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)',
  );
  return {
    putHost(host: Host): void {
      const labels = JSON.stringify(host.labels);
      const { host: id, address, agentVersion, journalId: journal, storedSeq } = host;
      const { lastSeenAtMs, configProblem, adopted, stateProblem } = host;
      const columns = [address, agentVersion, journal, storedSeq, lastSeenAtMs, configProblem];
      const { instanceId, certificateEndsAtMs, identityProblem } = host;
      const identity = [instanceId, certificateEndsAtMs, identityProblem];
      putHost.run(id, labels, ...columns, adopted, stateProblem, ...identity);
    },
    /** What runs on it goes with it; what a token said of it stays, as do its events. */
    removeHost(host: HostId): void {
      deleteProcesses.run(host);
      deleteHost.run(host);
    },
    putSnapshot(host: Host): void {
      deleteProcesses.run(host.host);
      for (const status of host.processes.values()) {
        putProcess.run(host.host, status.process, JSON.stringify(status));
      }
    },
    putProcess(host: HostId, status: ProcessStatus): void {
      putProcess.run(host, status.process, JSON.stringify(status));
    },
    removeProcess(host: HostId, process: ProcessName): void {
      deleteProcess.run(host, process);
    },
    putSessionEpoch(epoch: number): void {
      putCounter.run('session_epoch', epoch);
    },
  };
}

export function readSessionEpoch(database: SqliteDatabase): number {
  const select = database.prepare("SELECT value FROM counters WHERE name = 'session_epoch'");
  return (select.pluck().get() as number | undefined) ?? 0;
}

interface HostRow {
  readonly host: string;
  readonly labels: string;
  readonly address: string | null;
  readonly agent_version: string;
  readonly journal_id: string;
  readonly stored_seq: number;
  readonly last_seen_at_ms: number;
  readonly config_problem: string | null;
  readonly adopted: number | null;
  readonly state_problem: string | null;
  readonly instance_id: string;
  readonly certificate_ends_at_ms: number | null;
  readonly identity_problem: string | null;
}

export function readHosts(database: SqliteDatabase): readonly (readonly [HostId, Host])[] {
  const statuses = database.prepare('SELECT status FROM processes WHERE host = ?').pluck();
  const rows = database.prepare('SELECT * FROM hosts').all() as readonly HostRow[];
  return rows.map((row) => {
    const processes = new Map<ProcessName, ProcessStatus>();
    for (const text of statuses.all(row.host) as readonly string[]) {
      const status = JSON.parse(text) as ProcessStatus;
      processes.set(status.process, status);
    }
    const host: Host = {
      host: hostId(row.host),
      labels: JSON.parse(row.labels) as Labels,
      address: row.address,
      agentVersion: row.agent_version,
      journalId: journalId(row.journal_id),
      storedSeq: row.stored_seq,
      session: null,
      lastSeenAtMs: row.last_seen_at_ms,
      lossCount: 0,
      processes,
      configProblem: row.config_problem,
      adopted: row.adopted,
      stateProblem: row.state_problem,
      instanceId: row.instance_id,
      certificateEndsAtMs: row.certificate_ends_at_ms,
      identityProblem: row.identity_problem,
    };
    return [host.host, host];
  });
}

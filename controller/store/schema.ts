/**
 * The schema's history. A released step is never edited; a change is a new one at the end. The copy
 * that `openDatabase` takes before a step is what a failed upgrade goes back to.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;

   CREATE TABLE hosts (
     host TEXT PRIMARY KEY,
     labels TEXT NOT NULL,
     agent_version TEXT NOT NULL,
     journal_id TEXT NOT NULL,
     stored_seq INTEGER NOT NULL,
     last_seen_at_ms INTEGER NOT NULL
   ) STRICT;

   CREATE TABLE processes (
     host TEXT NOT NULL REFERENCES hosts (host) ON DELETE CASCADE,
     process TEXT NOT NULL,
     status TEXT NOT NULL,
     PRIMARY KEY (host, process)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE events (
     host TEXT NOT NULL,
     journal_id TEXT NOT NULL,
     seq INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     stored_at_ms INTEGER NOT NULL,
     event TEXT NOT NULL,
     PRIMARY KEY (host, journal_id, seq)
   ) STRICT;
   CREATE INDEX events_by_time ON events (stored_at_ms);

   CREATE TABLE operations (
     id TEXT PRIMARY KEY,
     verb TEXT NOT NULL,
     signal TEXT,
     hosts TEXT NOT NULL,
     processes TEXT NOT NULL,
     reason TEXT NOT NULL,
     requested_by TEXT NOT NULL,
     state TEXT NOT NULL,
     must_stop INTEGER NOT NULL,
     started_at_ms INTEGER NOT NULL,
     ended_at_ms INTEGER,
     waves TEXT NOT NULL
   ) STRICT;

   CREATE TABLE targets (
     operation TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
     host TEXT NOT NULL,
     process TEXT NOT NULL,
     position INTEGER NOT NULL,
     wave INTEGER NOT NULL,
     state TEXT NOT NULL,
     old_pid INTEGER,
     new_pid INTEGER,
     duration_ms INTEGER,
     error TEXT,
     log_tail TEXT NOT NULL,
     PRIMARY KEY (operation, host, process)
   ) STRICT, WITHOUT ROWID;`,

  // Hosts have addresses; operations an order, a full stop and what is waited for; events a verb.
  `ALTER TABLE hosts ADD COLUMN address TEXT;
   UPDATE processes SET status =
     json_set(status, '$.startMs', 1000, '$.stopWaitMs', 10000, '$.tierWaitMs', 30000);
   UPDATE events SET event = json_set(event, '$.process.startMs', 1000,
       '$.process.stopWaitMs', 10000, '$.process.tierWaitMs', 30000)
     WHERE json_extract(event, '$.kind') = 'processChanged';
   UPDATE events SET event = json_set(event, '$.verb', coalesce(
       (SELECT verb FROM operations WHERE id = json_extract(event, '$.operationId')), 'restart'))
     WHERE json_extract(event, '$.kind') <> 'processChanged';

   ALTER TABLE operations ADD COLUMN host_order TEXT NOT NULL DEFAULT 'tier';
   ALTER TABLE operations ADD COLUMN full_stop INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE operations ADD COLUMN expect_hosts INTEGER;
   ALTER TABLE operations ADD COLUMN left_out TEXT NOT NULL DEFAULT '[]';
   UPDATE operations SET waves =
     (SELECT json_group_array(json_set(value, '$.action', verb, '$.waitMs', 30000))
      FROM json_each(waves));

   ALTER TABLE targets ADD COLUMN stop_wave INTEGER;
   ALTER TABLE targets ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE targets ADD COLUMN overdue INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE targets ADD COLUMN process_state TEXT NOT NULL DEFAULT 'UNKNOWN';`,

  // Hosts say why they refused a configuration; targets what there is to say of a success.
  `ALTER TABLE hosts ADD COLUMN config_problem TEXT;
   ALTER TABLE targets ADD COLUMN note TEXT;
   UPDATE events SET event = json_set(event, '$.outcome.fault', NULL, '$.outcome.note', NULL)
     WHERE json_extract(event, '$.kind') = 'targetSettled';`,

  // Processes have health and more to tell of themselves; hosts say what their agent took over.
  `ALTER TABLE hosts ADD COLUMN adopted INTEGER;
   ALTER TABLE hosts ADD COLUMN state_problem TEXT;
   UPDATE processes SET status = json_set(status, '$.health', NULL, '$.healthError', NULL,
       '$.waitsFor', NULL, '$.lostOutputBytes', 0, '$.leftBehind', 0, '$.residentBytes', NULL,
       '$.memoryMaxBytes', NULL);
   UPDATE events SET event = json_set(event, '$.process.health', NULL,
       '$.process.healthError', NULL, '$.process.waitsFor', NULL, '$.process.lostOutputBytes', 0,
       '$.process.leftBehind', 0, '$.process.residentBytes', NULL,
       '$.process.memoryMaxBytes', NULL)
     WHERE json_extract(event, '$.kind') = 'processChanged';`,

  // Operations have a strategy, and what went wrong is counted; processes may be held.
  `ALTER TABLE operations ADD COLUMN strategy TEXT NOT NULL DEFAULT
     '{"batch":[{"kind":"percent","percent":100}],"canary":0,"batchWaitMs":0,
       "maxErrors":{"kind":"count","count":0},"maxUnreachable":{"kind":"count","count":0},
       "minHealthyMs":0,"onError":"pause","offline":{"kind":"fail"},"deadlineMs":null,
       "lockWaitMs":0}';
   ALTER TABLE operations ADD COLUMN runbook TEXT;
   ALTER TABLE operations ADD COLUMN retry_of TEXT;
   ALTER TABLE operations ADD COLUMN halt TEXT;
   ALTER TABLE operations ADD COLUMN errors INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE operations ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE operations ADD COLUMN canaries INTEGER NOT NULL DEFAULT 0;
   UPDATE operations SET errors = must_stop;
   ALTER TABLE operations DROP COLUMN must_stop;
   UPDATE operations SET waves = (SELECT json_group_array(
       json_set(value, '$.batch', 0, '$.batches', 1, '$.isCanary', json('false')))
     FROM json_each(waves));

   ALTER TABLE targets ADD COLUMN dispatched_at_ms INTEGER;
   UPDATE targets SET dispatched_at_ms =
       (SELECT started_at_ms FROM operations WHERE id = targets.operation)
     WHERE state IN ('dispatched', 'accepted', 'succeeded', 'failed', 'indeterminate');
   UPDATE processes SET status = json_set(status, '$.hold', NULL);
   UPDATE events SET event = json_set(event, '$.process.hold', NULL)
     WHERE json_extract(event, '$.kind') = 'processChanged';`,

  // Events name their journal by number; `events` is for who looks into the file, and for tests.
  `CREATE TABLE journals (
     number INTEGER PRIMARY KEY,
     host TEXT NOT NULL,
     journal_id TEXT NOT NULL,
     UNIQUE (host, journal_id)
   ) STRICT;
   INSERT INTO journals (host, journal_id) SELECT host, journal_id FROM events
     GROUP BY host, journal_id ORDER BY min(rowid);
   CREATE TABLE event_rows (
     position INTEGER PRIMARY KEY,
     journal INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     stored_at_ms INTEGER NOT NULL,
     event TEXT NOT NULL,
     UNIQUE (journal, seq)
   ) STRICT;
   INSERT INTO event_rows (position, journal, seq, at_ms, stored_at_ms, event)
     SELECT events.rowid, number, seq, at_ms, stored_at_ms, event
       FROM events JOIN journals USING (host, journal_id) ORDER BY events.rowid;
   DROP TABLE events;
   CREATE INDEX event_rows_by_time ON event_rows (stored_at_ms);
   CREATE VIEW events AS
     SELECT position, host, journal_id, seq, at_ms, stored_at_ms, event
       FROM event_rows JOIN journals ON number = journal;`,

  // Who is in the fleet and who is not any more, and what is on record of who did what.
  `CREATE TABLE tokens (
     secret_hash TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     names TEXT NOT NULL,
     labels TEXT NOT NULL,
     replaces INTEGER NOT NULL,
     created_by TEXT NOT NULL,
     created_at_ms INTEGER NOT NULL,
     expires_at_ms INTEGER NOT NULL,
     used TEXT,
     revoked_by TEXT
   ) STRICT;
   CREATE TABLE certificates (
     fingerprint TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     not_before_ms INTEGER NOT NULL,
     not_after_ms INTEGER NOT NULL,
     key_hash TEXT NOT NULL,
     issued TEXT,
     first_seen_at_ms INTEGER,
     ended TEXT,
     pem TEXT
   ) STRICT;
   CREATE TABLE bars (
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     issued_until_ms INTEGER,
     at_ms INTEGER NOT NULL,
     barred_by TEXT NOT NULL,
     reason TEXT NOT NULL,
     PRIMARY KEY (kind, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE pending_requests (
     key_hash TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     csr_pem TEXT NOT NULL,
     days INTEGER NOT NULL,
     because TEXT NOT NULL,
     address TEXT,
     requested_at_ms INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE given_labels (host TEXT PRIMARY KEY, labels TEXT NOT NULL) STRICT;
   CREATE TABLE readmissions (host TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT;

   CREATE TABLE audit (
     seq INTEGER PRIMARY KEY,
     at_ms INTEGER NOT NULL,
     entry TEXT NOT NULL,
     previous_hash TEXT NOT NULL,
     hash TEXT NOT NULL
   ) STRICT;
   CREATE INDEX audit_by_time ON audit (at_ms);
   CREATE TABLE audit_edges (
     name TEXT PRIMARY KEY,
     seq INTEGER NOT NULL,
     hash TEXT NOT NULL
   ) STRICT;

   ALTER TABLE hosts ADD COLUMN instance_id TEXT NOT NULL DEFAULT '';
   ALTER TABLE hosts ADD COLUMN certificate_ends_at_ms INTEGER;
   ALTER TABLE hosts ADD COLUMN identity_problem TEXT;
   ALTER TABLE operations ADD COLUMN allowed_only INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE operations ADD COLUMN not_allowed INTEGER NOT NULL DEFAULT 0;`,
];

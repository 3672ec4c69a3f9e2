/**
 * The tables of the agent's journal, from one version to the next. Records are JSON, so a migration
 * must also give old ones what later code expects to find in them.
 */

const FIRST = `
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE processes (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE targets (
    operation TEXT NOT NULL, process TEXT NOT NULL, accepted_at_ms INTEGER NOT NULL,
    is_settled INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (operation, process)
  ) STRICT;
  CREATE TABLE events (seq INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;`;

/**
 * One operation may command a stop and, later, a start of one process (a full stop), and events say
 * which of them they are about. An event whose target was forgotten is taken for a restart's: that
 * is what most are, and its operation has long ended.
 */
const TARGETS_BY_VERB = `
  UPDATE events SET record = json_set(record, '$.event.verb', coalesce(
    (SELECT json_extract(targets.record, '$.verb') FROM targets
     WHERE targets.operation = json_extract(events.record, '$.event.operationId')
       AND targets.process = json_extract(events.record, '$.event.process')),
    'restart'))
  WHERE json_extract(record, '$.event.kind') IN ('targetAccepted', 'targetSettled');

  CREATE TABLE targets_by_verb (
    operation TEXT NOT NULL, verb TEXT NOT NULL, process TEXT NOT NULL,
    accepted_at_ms INTEGER NOT NULL, is_settled INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (operation, verb, process)
  ) STRICT;
  INSERT INTO targets_by_verb
    SELECT operation, json_extract(record, '$.verb'), process, accepted_at_ms, is_settled, record
    FROM targets ORDER BY accepted_at_ms, rowid;
  DROP TABLE targets;
  ALTER TABLE targets_by_verb RENAME TO targets;`;

/** Every status tells how long its process is waited for; so far all tiers were waited for 30 s. */
const CONFIGURED_WAITS = `
  UPDATE processes SET record = json_set(record, '$.definition.tierWaitMs', 30000);
  UPDATE events SET record = json_set(record,
    '$.event.process.startMs', coalesce(
      (SELECT json_extract(processes.record, '$.definition.startMs') FROM processes
       WHERE name = json_extract(events.record, '$.event.process.process')), 1000),
    '$.event.process.stopWaitMs', coalesce(
      (SELECT json_extract(processes.record, '$.definition.stopWaitMs') FROM processes
       WHERE name = json_extract(events.record, '$.event.process.process')), 10000),
    '$.event.process.tierWaitMs', 30000)
  WHERE json_extract(record, '$.event.kind') = 'processChanged';`;

/**
 * Definitions say more of users and logs, processes what their child was started with, and targets
 * who wanted them and why they were not simply done. So far only the controller wanted any.
 */
const WIDER_DEFINITIONS = `
  UPDATE processes SET record = json_set(record,
    '$.launchedAs', NULL,
    '$.definition.user', NULL,
    '$.definition.serverUrl', NULL,
    '$.definition.stripAnsi', json('false'),
    '$.definition.stdoutLog.syslog', json('false'),
    '$.definition.stderrLog.syslog', json('false'));
  UPDATE targets SET record = json_set(record, '$.groups', json('[]'), '$.origin', 'controller');
  UPDATE targets SET record = json_set(record, '$.outcome.fault', NULL, '$.outcome.note', NULL)
  WHERE json_extract(record, '$.outcome') IS NOT NULL;
  UPDATE events SET record =
    json_set(record, '$.event.outcome.fault', NULL, '$.event.outcome.note', NULL)
  WHERE json_extract(record, '$.event.kind') = 'targetSettled';`;

/**
 * Definitions say what a process needs and how much it may take; processes, how they are and what was
 * lost of theirs. So far none had any of it.
 */
const HEALTH_AND_LIMITS = `
  UPDATE processes SET record = json_set(record,
    '$.health', NULL, '$.waitsFor', NULL, '$.lostOutputBytes', 0, '$.leftBehind', 0,
    '$.residentBytes', NULL,
    '$.definition.stopDescendants', json('false'), '$.definition.dependsOn', json('[]'),
    '$.definition.healthCheck', NULL, '$.definition.restartPauseMs', 0,
    '$.definition.memoryMaxBytes', NULL,
    '$.definition.stdoutLog.timestamps', json('false'),
    '$.definition.stderrLog.timestamps', json('false'));
  UPDATE events SET record = json_set(record,
    '$.event.process.health', NULL, '$.event.process.healthError', NULL,
    '$.event.process.waitsFor', NULL, '$.event.process.lostOutputBytes', 0,
    '$.event.process.leftBehind', 0, '$.event.process.residentBytes', NULL,
    '$.event.process.memoryMaxBytes', NULL)
  WHERE json_extract(record, '$.event.kind') = 'processChanged';`;

/**
 * Processes may be held against the fleet's operations; targets have deadlines, may have to hold for
 * a while, and say what people wanted before them. So far none of it was. What was wanted before a
 * target that still waits nobody knows: it counts as what is wanted now.
 */
const HOLDS_AND_DEADLINES = `
  UPDATE processes SET record = json_set(record, '$.hold', NULL);
  UPDATE events SET record = json_set(record, '$.event.process.hold', NULL)
  WHERE json_extract(record, '$.event.kind') = 'processChanged';
  UPDATE targets SET record = json_set(record,
    '$.expiresAfterMs', NULL, '$.startFollows', json('false'), '$.minHealthyMs', 0,
    '$.watch', NULL, '$.givenUp', NULL,
    '$.wantedBefore', (SELECT json_extract(processes.record, '$.wanted') FROM processes
                       WHERE name = targets.process));`;

/** Index i takes a journal from version i to i + 1. */
export const JOURNAL_MIGRATIONS: readonly string[] = [
  FIRST,
  TARGETS_BY_VERB,
  CONFIGURED_WAITS,
  WIDER_DEFINITIONS,
  HEALTH_AND_LIMITS,
  HOLDS_AND_DEADLINES,
];

/**
 * By which configuration the agent goes: the one on disk or, where that cannot be used, the one
 * that it accepted last. An agent that was running before must not leave its host alone because
 * somebody mistyped a line while it was away (Supervisor does not start then).
 *
 * What the agent's own settings were is kept in the journal, as text; the processes are there in
 * any case.
 */
import { existsSync, lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exposedAbove, isStrangers } from '../../proto/daemon/exposed-path.ts';
import { formatProblems, type Problem } from '../../proto/dialect/problem.ts';
import { DEFAULT_SOCKET } from '../../proto/local-socket.ts';
import { keptDatabase } from '../../proto/sqlite.ts';
import type { AgentConfigResult, AgentSettings } from '../config/load.ts';
import type { ProcessUser } from '../core/definition.ts';
import type { ConfigReading } from '../core/state.ts';
import type { ConfigSource, Log } from '../ports.ts';

export interface StartingConfig {
  readonly agent: AgentSettings;
  readonly reading: ConfigReading;
}

export const journalPath = (stateDir: string): string => join(stateDir, 'journal.db');

export interface Earlier {
  /** As far as the file on disk still tells. */
  readonly stateDir: string | null;
  readonly findUser: (uid: string) => ProcessUser | null;
}

/**
 * @returns null where there is nothing to go by
 */
export function lastAccepted(
  loaded: AgentConfigResult,
  configPath: string,
  { stateDir, findUser }: Earlier,
): StartingConfig | null {
  const path = journalPath(stateDir ?? DEFAULT_STATE_DIRECTORY);
  if (!existsSync(path)) return null;
  const author = authorOf(path);
  if (author === null) return null;
  const kept = readKept(path);
  // Another file's would surprise whoever has only mistyped its name.
  if (kept?.configPath !== configPath) return null;
  const agent = isStrangers({ uid: author }) ? boundTo(author, kept.agent, findUser) : kept.agent;
  return agent === null ? null : { agent, reading: readingOf(loaded) };
}

/**
 * Who can have written the journal, by uid: where root starts an agent that goes on as a user, its
 * directory is that user's. Null: more than one.
 */
function authorOf(path: string): number | null {
  const directory = lstatSync(dirname(path));
  const exposed = exposedAbove(path);
  if (exposed === null) return lstatSync(path).uid;
  const isItsOwners = exposed === dirname(path) && (directory.mode & WRITABLE_BY_OTHERS) === 0;
  return isItsOwners ? directory.uid : null;
}

const WRITABLE_BY_OTHERS = 0o022;

/** What a user wrote lets the agent go on as that user, and never as root. */
function boundTo(
  uid: number,
  agent: AgentSettings,
  findUser: Earlier['findUser'],
): AgentSettings | null {
  const runAs = agent.runAs?.uid === uid ? findUser(String(uid)) : null;
  if (runAs?.uid !== uid) return null;
  // Of the default socket, root makes the directory.
  const { socket } = agent;
  return {
    ...agent,
    runAs,
    socket: socket.isDefault ? { ...socket, path: DEFAULT_SOCKET } : socket,
  };
}

/** For the next start, which may find the file unusable. */
export function textToKeep(configPath: string, agent: AgentSettings): string {
  return JSON.stringify({ format: FORMAT, configPath, agent } satisfies Kept);
}

/** The file on disk, as it is when somebody asks for it. What it says of the agent itself waits. */
export function configSource(
  load: () => AgentConfigResult,
  current: AgentSettings,
  log: Log,
): ConfigSource {
  let toldOf = '';
  function tellOnce(warnings: readonly Problem[], text: string): void {
    if (text === toldOf) return;
    toldOf = text;
    if (warnings.length > 0) log.warn({ warnings: text }, 'the configuration has warnings');
  }
  return {
    read() {
      const loaded = load();
      const { config, warnings } = loaded;
      tellOnce(warnings, formatProblems({ warnings }));
      if (config !== null && JSON.stringify(config.agent) !== JSON.stringify(current)) {
        log.warn({}, 'what has changed about the agent itself counts when it is started again');
      }
      return readingOf(loaded);
    },
  };
}

function readingOf({ config, problems }: AgentConfigResult): ConfigReading {
  if (config !== null) return { kind: 'read', definitions: config.processes };
  return { kind: 'rejected', problem: formatProblems({ errors: problems }) };
}

interface Kept {
  readonly format: number;
  readonly configPath: string;
  readonly agent: AgentSettings;
}

/** Counts up with every change of `AgentSettings`: of another form, nothing is known. */
const FORMAT = 1;

const DEFAULT_STATE_DIRECTORY = '/var/lib/fleetvisor/agent';
const BUSY_TIMEOUT_MS = 250;

/**
 * Before the journal is opened, because it is among what is kept as whom to open it. SQLite gives
 * what it makes beside the file to the file's owner.
 */
function readKept(path: string): Kept | null {
  const database = keptDatabase(path, BUSY_TIMEOUT_MS);
  try {
    const text = database.prepare("SELECT value FROM facts WHERE name = 'settings'").pluck().get();
    const kept = typeof text === 'string' ? (JSON.parse(text) as Kept) : null;
    return kept?.format === FORMAT ? kept : null;
  } catch {
    // Damaged, or of an agent that kept none: then there is nothing to go by.
    return null;
  } finally {
    database.close();
  }
}

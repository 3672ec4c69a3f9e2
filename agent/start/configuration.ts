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
import { NO_RULES } from '../core/host-rules.ts';
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
  return keptText({ format: FORMAT, configPath, agent } satisfies Kept);
}

/**
 * The file on disk, as it is when somebody asks for it. What it says of the agent itself waits, but
 * for the rules of who may do what: those are handed on with the definitions.
 */
export function configSource(
  load: () => AgentConfigResult,
  current: AgentSettings,
  { keep, log }: { readonly keep: (agent: AgentSettings) => void; readonly log: Log },
): ConfigSource {
  let rulesInForce = keptText(current.rules);
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
      if (config !== null && textWithoutRules(config.agent) !== textWithoutRules(current)) {
        log.warn({}, 'what has changed about the agent itself counts when it is started again');
      }
      return readingOf(loaded);
    },
    keepRules(rules) {
      const text = keptText(rules);
      if (text === rulesInForce) return;
      rulesInForce = text;
      keep({ ...current, rules });
      log.info({}, 'who may do what has changed ([policy], [role:NAME], [operator:NAME])');
    },
  };
}

const textWithoutRules = ({ rules: _, ...others }: AgentSettings): string => JSON.stringify(others);

function readingOf({ config, problems }: AgentConfigResult): ConfigReading {
  if (config !== null) {
    return { kind: 'read', definitions: config.processes, rules: config.agent.rules };
  }
  return { kind: 'rejected', problem: formatProblems({ errors: problems }) };
}

interface Kept {
  readonly format: number;
  readonly configPath: string;
  readonly agent: AgentSettings;
}

/** Counts up with every change of `AgentSettings`: of another form, nothing is known. */
const FORMAT = 2;

/** As 2, but nothing could be said of enrolment, and of who may do what. */
const FORMAT_WITHOUT_RULES = 1;

/** JSON has no sets, of which roles are full; nothing else that is kept has a list named `set`. */
function keptText(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (one instanceof Set ? { set: [...one] } : one));
}

function parseKept(text: string): Kept {
  const kept = JSON.parse(text, (_, one) =>
    Array.isArray(one?.set) ? new Set(one.set) : one,
  ) as Kept;
  if (kept.format !== FORMAT_WITHOUT_RULES) return kept;
  const { agent } = kept;
  const ownUid = agent.runAs?.uid ?? process.geteuid?.() ?? NO_RULES.ownUid;
  return {
    ...kept,
    format: FORMAT,
    agent: { ...agent, enroll: null, rules: { ...NO_RULES, ownUid } },
  };
}

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
    const kept = typeof text === 'string' ? parseKept(text) : null;
    return kept?.format === FORMAT ? kept : null;
  } catch {
    // Damaged, or of an agent that kept none: then there is nothing to go by.
    return null;
  } finally {
    database.close();
  }
}

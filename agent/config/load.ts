/**
 * From the agent's configuration file to what the agent needs to know: itself, and the processes
 * that it supervises. Any `supervisord.conf` is such a file; what it asks for and we do not do yet
 * is told and no error, because a working file must keep working.
 *
 * Everything wrong is told at once, and a configuration with an error gives none at all.
 */
import { constants } from 'node:os';
import { join } from 'node:path/posix';
import { environmentVariables, UNREAD_ENVIRONMENT } from '../../proto/dialect/expand.ts';
import { readWithIncludes } from '../../proto/dialect/include.ts';
import type { IniDocument } from '../../proto/dialect/ini.ts';
import type { Problem } from '../../proto/dialect/problem.ts';
import {
  beginReading,
  type Reading,
  readContext,
  type Surroundings,
} from '../../proto/dialect/read-document.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import type { HostRules } from '../core/host-rules.ts';
import { type AgentSection, readAgentSection, readStateDirectory } from './agent-section.ts';
import { createEnvFiles } from './env-files.ts';
import { type GivenSettings, layOver, NOTHING_GIVEN } from './flags.ts';
import { readProcesses } from './group.ts';
import { readLocalAccess, warnOfClosedSocket } from './local-access.ts';
import { pathFinder } from './paths.ts';
import { type PolicySurroundings, readPolicy } from './policy.ts';
import { type ProgramContext, programKeys } from './program-table.ts';
import { checkSections } from './sections.ts';
import { automaticServerUrl } from './server-url.ts';
import { readSupervisord, type SupervisordSettings } from './supervisord.ts';
import { type Accounts, rememberedAccounts } from './user.ts';

/** What `[agent]` says, and what `[supervisord]` says that concerns the agent itself. */
export interface AgentSettings
  extends Omit<AgentSection, 'runDir' | 'logDir'>,
    Pick<SupervisordSettings, 'minFds' | 'minProcs' | 'mainLog' | 'pidFile' | 'runAs'> {
  readonly runDir: string;
  /** For the output of processes that name no file (`AUTO`). */
  readonly logDir: string;
  /** What counts of them is what was taken up last (`core/host-rules.ts`). */
  readonly rules: HostRules;
}

export interface AgentConfig {
  readonly agent: AgentSettings;
  readonly processes: readonly ProcessDefinition[];
}

export interface AgentConfigResult {
  /** Null if and only if there are problems. */
  readonly config: AgentConfig | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly notices: readonly Problem[];
}

export interface AgentSurroundings
  extends Surroundings,
    Accounts,
    Pick<PolicySurroundings, 'realPath'> {}

/** @param given what the agent's command line says in place of `[supervisord]` */
export function loadAgentConfig(
  file: string,
  surroundings: AgentSurroundings,
  given: GivenSettings = NOTHING_GIVEN,
): AgentConfigResult {
  const reading = beginReading(surroundings);
  const files = readWithIncludes(file, reading);
  const document = files && layOver(files, given, surroundings.workingDirectory);
  const { realPath } = surroundings;
  const around = { accounts: rememberedAccounts(surroundings), realPath };
  const config = document && readConfig(file, document, reading, around);
  const { errors, warnings, notices } = reading.findings;
  return { config: errors.length === 0 ? config : null, problems: errors, warnings, notices };
}

/**
 * Where the agent that used this file remembers things, as far as a broken file still tells; null
 * where it does not. For the agent that goes on with the configuration it accepted last.
 */
export function findStateDirectory(file: string, surroundings: Surroundings): string | null {
  const reading = beginReading(surroundings);
  const document = readWithIncludes(file, reading);
  return document && readStateDirectory(file, document, readContext(reading, document));
}

function readConfig(
  file: string,
  document: IniDocument,
  reading: Reading,
  outside: PolicySurroundings,
): AgentConfig | null {
  const context = readContext(reading, document);
  const { accounts } = outside;
  const supervisord = readSupervisord(document, { context, accounts, reading });
  const agent = readAgentSection(file, document, { context, accounts });
  const { environment } = supervisord;
  const added = environment === null ? UNREAD_ENVIRONMENT : environmentVariables(environment);
  const around: ProgramContext = {
    context: { ...context, variables: [added, ...context.variables] },
    environment: environment ?? new Map(),
    umask: supervisord.umask,
    stripAnsi: supervisord.stripAnsi,
    serverUrl: automaticServerUrl(document, context, reading),
    accounts: { ...accounts, user: supervisord.runAs ?? accounts.user },
    signals: constants.signals,
    finder: pathFinder(reading),
    envFiles: createEnvFiles(reading),
  };
  checkSections(document, programKeys(around), reading.findings);
  const processes = readProcesses(document, around);
  const policy = readPolicy(document, outside, context);
  const access = readLocalAccess(document, accounts, context);
  if (agent === null || policy === null) return null;
  warnOfClosedSocket(document, agent.socket, context);
  const { minFds, minProcs, mainLog, pidFile, runAs, childLogDir } = supervisord;
  const { runDir, logDir, ...same } = agent;
  const settings = {
    ...same,
    runDir: runDir ?? join(agent.stateDir, 'run'),
    logDir: logDir ?? childLogDir ?? join(agent.stateDir, 'log'),
    ...{ minFds, minProcs, mainLog, pidFile, runAs },
    rules: { ownUid: (runAs ?? accounts.user).uid, policy, access },
  };
  return { agent: settings, processes };
}

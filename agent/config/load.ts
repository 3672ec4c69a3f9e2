/**
 * From the agent's configuration file to what the agent needs to know: itself, and the processes
 * that it supervises. A `supervisord.conf` with an `[agent]` section is such a file; what it asks
 * for and we do not do yet is a warning, because a working file must keep working.
 *
 * Everything wrong is told at once, and a configuration with an error gives none at all.
 */
import { constants } from 'node:os';
import { join } from 'node:path/posix';
import { environmentVariables } from '../../proto/dialect/expand.ts';
import { readWithIncludes } from '../../proto/dialect/include.ts';
import type { IniDocument } from '../../proto/dialect/ini.ts';
import type { Problem } from '../../proto/dialect/problem.ts';
import {
  beginReading,
  type Reading,
  readContext,
  type Surroundings,
} from '../../proto/dialect/read-document.ts';
import {
  checkKeys,
  optional,
  type Parser,
  type ReadContext,
  readValues,
  required,
  type Values,
} from '../../proto/dialect/settings.ts';
import { type Address, address, labels, listOf, path } from '../../proto/dialect/values.ts';
import type { ProcessDefinition } from '../core/definition.ts';
import { readProcesses } from './group.ts';
import { checkSections, readSupervisord } from './supervisord.ts';
import type { AgentUser } from './values.ts';

interface AgentSettings {
  /** Tried in order; at least one. */
  readonly controllers: readonly Address[];
  /** Before enrolment only; afterwards the certificate decides. */
  readonly host: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Absolute, like the other paths here. */
  readonly stateDir: string;
  readonly runDir: string;
  /** For the output of processes that name no file (`AUTO`). */
  readonly logDir: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** How many descriptors a child must be able to open. */
  readonly minFds: number;
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
}

export interface AgentSurroundings extends Surroundings {
  /** As whom the agent runs. */
  readonly user: AgentUser;
}

export function loadAgentConfig(file: string, surroundings: AgentSurroundings): AgentConfigResult {
  const reading = beginReading(surroundings);
  const document = readWithIncludes(file, reading);
  const config = document && readConfig(file, document, reading, surroundings.user);
  const { errors, warnings } = reading.findings;
  return { config: errors.length === 0 ? config : null, problems: errors, warnings };
}

function readConfig(
  file: string,
  document: IniDocument,
  reading: Reading,
  user: AgentUser,
): AgentConfig | null {
  const context = readContext(reading, document);
  checkSections(document, reading.findings);
  const agent = readAgentSection(file, document, context);
  const supervisord = readSupervisord(document, { context, user, reading });
  const processes = readProcesses(document, {
    context: {
      ...context,
      variables: [environmentVariables(supervisord.environment), ...context.variables],
    },
    environment: supervisord.environment,
    umask: supervisord.umask,
    user,
    signals: constants.signals,
    directoryExists: (directory) => reading.files.isDirectory(reading.absolute(directory)),
  });
  if (agent === null) return null;
  const { state_dir: stateDir, run_dir: runDir, log_dir: logDir, ...same } = agent;
  const settings = {
    ...same,
    stateDir,
    runDir: runDir ?? join(stateDir, 'run'),
    logDir: logDir ?? supervisord.childLogDir ?? join(stateDir, 'log'),
    minFds: supervisord.minFds,
  };
  return { agent: settings, processes };
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

const hostName: Parser<string> = {
  expected: 'the name of this host (letters, digits, dots and hyphens)',
  parse: (text) => (HOST.test(text) ? { ok: true, value: text } : { ok: false }),
};

const AGENT = {
  controllers: required(listOf(address)),
  host: optional(hostName, null),
  labels: optional(labels, {}),
  state_dir: required(path('a directory for what the agent must remember')),
  run_dir: optional(path('a directory'), null),
  log_dir: optional(path('a directory'), null),
  ca: required(path('the file of the certificate authority')),
  cert: required(path("the file of the agent's certificate")),
  key: required(path("the file of the agent's private key")),
};

const EXAMPLE = `add a section like this (fleet-certs makes the three files):
[agent]
controllers = controller.example.com:7460
state_dir = /var/lib/fleetvisor/agent
ca = /etc/fleetvisor/pki/ca.crt
cert = /etc/fleetvisor/pki/agent.crt
key = /etc/fleetvisor/pki/agent.key`;

function readAgentSection(
  file: string,
  document: IniDocument,
  context: ReadContext,
): Values<typeof AGENT> | null {
  const section = document.sections.get('agent');
  if (section === undefined) {
    const place = { source: { file, directory: '/' }, line: 0 };
    const message = 'has no [agent] section, which says where the controller is';
    context.findings.error({ place, section: null, key: null }, message, EXAMPLE);
    return null;
  }
  const notYet = ['socket', 'socket_mode', 'socket_owner'];
  checkKeys(section, { known: Object.keys(AGENT), notYet, unknownIs: 'error' }, context.findings);
  return readValues(section, AGENT, context);
}

/**
 * `[agent]`: the agent itself. The section may be missing, and then a plain `supervisord.conf` is an
 * agent's configuration; but an agent without a controller obeys this host alone, which is told.
 */

import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import type { Subject } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  findEntry,
  isWhole,
  optional,
  type Parser,
  type ReadContext,
  readPartly,
  readValues,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import { type Address, address, labels, listOf, path } from '../../proto/dialect/values.ts';
import { DEFAULT_SOCKET } from '../../proto/local-socket.ts';
import { type LocalSocket, socketTable } from './local-socket.ts';
import type { Accounts } from './user.ts';

export interface AgentSection {
  /** Tried in order; none: only this host can give orders. */
  readonly controllers: readonly Address[];
  /** Files; none of the three is null where there are controllers. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Before enrolment only; afterwards the certificate decides. */
  readonly host: string | null;
  /** Where to ask to come back; null: where this host was enrolled. */
  readonly enroll: Address | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Absolute, like the other paths here. */
  readonly stateDir: string;
  readonly runDir: string | null;
  readonly logDir: string | null;
  readonly socket: LocalSocket;
}

/** Null where the section has an error. */
export function readAgentSection(
  file: string,
  document: IniDocument,
  around: { readonly context: ReadContext; readonly accounts: Accounts },
): AgentSection | null {
  const { section, context } = findSection(file, document, around.context);
  if (!isForAgent(section, document, context)) return null;
  const table = { ...AGENT, ...socketTable(around.accounts) };
  const known = { known: Object.keys(table), notYet: [], unknownIs: 'error' } as const;
  checkKeys(section, known, context.findings);
  const values = readPartly(section, table, context);
  const isCertified = checkController(section, values, context);
  if (!isCertified || !isWhole(values, table)) return null;
  const { state_dir: stateDir, run_dir: runDir, log_dir: logDir } = values;
  const { controllers, ca, cert, key, host, enroll, labels: labelled } = values;
  return {
    ...{ controllers, ca, cert, key, host, enroll, labels: labelled, stateDir, runDir, logDir },
    socket: {
      path: values.socket ?? DEFAULT_SOCKET,
      isDefault: values.socket === null,
      mode: values.socket_mode,
      owner: values.socket_owner,
    },
  };
}

/** `state_dir` alone, from a file that may be wrong everywhere else; null where it is wrong itself. */
export function readStateDirectory(
  file: string,
  document: IniDocument,
  around: ReadContext,
): string | null {
  const { section, context } = findSection(file, document, around);
  return readValues(section, STATE, context)?.state_dir ?? null;
}

/** Where there is none, an empty one about the file as a whole, for which `[DEFAULT]` says nothing. */
function findSection(
  file: string,
  document: IniDocument,
  context: ReadContext,
): { readonly section: IniSection; readonly context: ReadContext } {
  const section = document.sections.get('agent');
  if (section !== undefined) return { section, context };
  const place = { source: { file, directory: '/' }, line: 0 };
  const empty = { name: 'agent', place, entries: new Map(), settledDefaults: new Map() };
  return { section: empty, context: { ...context, defaults: new Map() } };
}

/**
 * supervisord refuses a file without `[supervisord]` as well. What an empty or half written file asks
 * for, taken at its word, is to stop everything.
 */
function isForAgent(
  section: IniSection,
  document: IniDocument,
  { findings }: ReadContext,
): boolean {
  if (document.sections.has('agent') || document.sections.has('supervisord')) return true;
  const message = 'has no [agent] section, and no [supervisord] section either';
  findings.error({ ...subjectOf(section, null), section: null }, message, EXAMPLE);
  return false;
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

const hostName: Parser<string> = {
  expected: 'the name of this host (letters, digits, dots and hyphens)',
  parse: (text) => (HOST.test(text) ? { ok: true, value: text } : { ok: false }),
};

const STATE = {
  state_dir: optional(
    path('a directory for what the agent must remember'),
    '/var/lib/fleetvisor/agent',
  ),
};

const AGENT = {
  controllers: optional(listOf(address), []),
  host: optional(hostName, null),
  enroll: optional(address, null),
  labels: optional(labels, {}),
  ...STATE,
  run_dir: optional(path('a directory'), null),
  log_dir: optional(path('a directory'), null),
  ca: optional(path('the file of the certificate authority'), null),
  cert: optional(path("the file of the agent's certificate"), null),
  key: optional(path("the file of the agent's private key"), null),
};

const EXAMPLE = `to join a fleet, run fleet-agent join, or add a section like this (fleet-certs makes the three files):
[agent]
controllers = controller.example.com:7460
ca = /etc/fleetvisor/pki/ca.crt
cert = /etc/fleetvisor/pki/agent.crt
key = /etc/fleetvisor/pki/agent.key`;

/**
 * False where a controller is named that would not let the agent in; that there is none is told.
 * What is not there is wrong, and has been told.
 */
function checkController(
  section: IniSection,
  { controllers, ca, cert, key }: Partial<Values<typeof AGENT>>,
  context: ReadContext,
): boolean {
  if (controllers === undefined) return false;
  const subject = subjectOf(section, findEntry(section, 'controllers', context.defaults));
  if (controllers.length === 0) {
    noteSolitude(section, subject, context);
    return true;
  }
  const missing = Object.entries({ ca, cert, key }).flatMap(([name, file]) =>
    file === null ? [name] : [],
  );
  if (missing.length === 0) return true;
  const message = `a controller lets only a certified agent in: ${list(missing)} missing`;
  const hint = 'fleet-certs makes the files; without controllers the agent needs none of them';
  context.findings.error(subject, message, hint);
  return false;
}

function noteSolitude(section: IniSection, subject: Subject, { findings }: ReadContext): void {
  const message =
    'no controller is named, so only "fleetctl --local" on this host controls the agent';
  const isWritten = section.place.line > 0;
  findings.notice({ ...subject, section: isWritten ? subject.section : null }, message, EXAMPLE);
}

const list = (names: readonly string[]): string =>
  names.length === 1
    ? `${names[0]} is`
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1)} are`;

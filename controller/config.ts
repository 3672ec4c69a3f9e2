/**
 * From `controller.conf` to what the controller needs to know. All sections are our own, so a key
 * or section that is not known is an error. Nobody is ever allowed more than what is written: where
 * the file names roles that this version cannot enforce, it is refused.
 */

import { nearest } from '../proto/dialect/did-you-mean.ts';
import { readWithIncludes } from '../proto/dialect/include.ts';
import type { IniDocument, IniSection } from '../proto/dialect/ini.ts';
import { type Problem, quoted } from '../proto/dialect/problem.ts';
import { beginReading, readContext, type Surroundings } from '../proto/dialect/read-document.ts';
import {
  checkKeys,
  findEntry,
  optional,
  type ReadContext,
  readValues,
  required,
  subjectOf,
  type Values,
} from '../proto/dialect/settings.ts';
import {
  type Address,
  integer,
  list,
  listenAddress,
  path,
  seconds,
} from '../proto/dialect/values.ts';
import type { Runbook } from '../proto/operation.ts';
import type { HostGroups } from './core/select.ts';
import { isHostGroup, readHostGroups } from './host-groups.ts';
import { isRunbook, readRunbooks } from './runbooks.ts';

export interface ControllerConfig {
  /** Agents and operators, mutual TLS. */
  readonly listen: Address;
  /** Absolute, like the other paths here. */
  readonly stateDir: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Names in certificates that may do everything. */
  readonly operators: readonly string[];
  /** A host that was not heard of for so long counts as unreachable. */
  readonly unreachableAfterMs: number;
  /** `@NAME` of selectors. */
  readonly hostGroups: HostGroups;
  /** Saved operations, in the order of the file. */
  readonly runbooks: ReadonlyMap<string, Runbook>;
  /** An operation on more hosts must be cut into batches; null: no such limit. */
  readonly batchRequiredAbove: number | null;
}

export interface ControllerConfigResult {
  /** Null if and only if there are problems. */
  readonly config: ControllerConfig | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly notices: readonly Problem[];
}

export function loadControllerConfig(
  file: string,
  surroundings: Surroundings,
): ControllerConfigResult {
  const reading = beginReading(surroundings);
  const document = readWithIncludes(file, reading);
  const config = document && readConfig(file, document, readContext(reading, document));
  const { errors, warnings, notices } = reading.findings;
  return { config: errors.length === 0 ? config : null, problems: errors, warnings, notices };
}

function readConfig(
  file: string,
  document: IniDocument,
  context: ReadContext,
): ControllerConfig | null {
  checkSections(document, context);
  const operators = readOperators(file, document, context);
  const hostGroups = readHostGroups(document, context);
  const runbooks = readRunbooks(document, context);
  const controller = readControllerSection(file, document, context);
  if (controller === null) return null;
  const { listen, ca, cert, key, state_dir: stateDir } = controller;
  return {
    ...{ listen, stateDir, ca, cert, key },
    unreachableAfterMs: controller.unreachable_after,
    batchRequiredAbove: controller.batch_required_above,
    ...{ operators, hostGroups, runbooks },
  };
}

const CONTROLLER = {
  listen: required(listenAddress),
  state_dir: required(path('a directory for what the controller must remember')),
  ca: required(path('the file of the certificate authority')),
  cert: required(path("the file of the controller's certificate")),
  key: required(path("the file of the controller's private key")),
  unreachable_after: optional(seconds, 15_000),
  batch_required_above: optional(integer({ min: 1, meaning: 'a number of hosts' }), null),
};

const EXAMPLE = `add a section like this (fleet-certs makes the three files):
[controller]
listen = 0.0.0.0:7460
state_dir = /var/lib/fleetvisor/controller
ca = /etc/fleetvisor/pki/ca.crt
cert = /etc/fleetvisor/pki/controller.crt
key = /etc/fleetvisor/pki/controller.key`;

function readControllerSection(
  file: string,
  document: IniDocument,
  context: ReadContext,
): Values<typeof CONTROLLER> | null {
  const section = document.sections.get('controller');
  if (section === undefined) {
    context.findings.error(ofFile(file), 'has no [controller] section', EXAMPLE);
    return null;
  }
  const notYet = ['enroll_listen', 'http_listen'];
  const known = Object.keys(CONTROLLER);
  checkKeys(section, { known, notYet, unknownIs: 'error' }, context.findings);
  return readValues(section, CONTROLLER, context);
}

/** Of which there is one for each NAME. */
const NAMED_SECTIONS = ['operator', 'role', 'hosts', 'runbook'];
const SECTIONS = ['controller', 'include', ...NAMED_SECTIONS];

function checkSections(document: IniDocument, { findings }: ReadContext): void {
  for (const section of document.sections.values()) {
    const kind = section.name.split(':', 1)[0] ?? '';
    const subject = subjectOf(section, null);
    if (kind === 'role' && kind !== section.name) {
      findings.notice(subject, 'roles come in a later version; until then nobody has this one');
    } else if (!isKnownSection(section)) {
      const near = nearest(kind, SECTIONS);
      const named = near !== null && NAMED_SECTIONS.includes(near) ? `${near}:NAME` : near;
      findings.error(subject, 'this section is not known', named && `did you mean [${named}]?`);
    }
  }
}

const isKnownSection = (section: IniSection): boolean =>
  ['controller', 'include'].includes(section.name) ||
  [isOperator, isHostGroup, isRunbook].some((isSuch) => isSuch(section));

const OPERATOR = { roles: optional(list('admin'), null) };

/** As in the path of a certificate's SPIFFE id. */
const OPERATOR_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const isOperator = (section: IniSection): boolean => section.name.startsWith('operator:');

function readOperators(
  file: string,
  document: IniDocument,
  context: ReadContext,
): readonly string[] {
  const { findings } = context;
  const sections = [...document.sections.values()].filter(isOperator);
  if (sections.length === 0) {
    const message = 'has no [operator:NAME] section, so nobody may command this fleet';
    findings.warning(ofFile(file), message, '[operator:alice]\nroles = admin');
  }
  return sections.flatMap((section) => {
    const name = section.name.slice('operator:'.length);
    if (!OPERATOR_NAME.test(name)) {
      const message = 'expected a name of letters, digits, dots and hyphens after "operator:"';
      findings.error(subjectOf(section, null), message);
    }
    const known = Object.keys(OPERATOR);
    checkKeys(section, { known, notYet: [], unknownIs: 'error' }, findings);
    return readRoles(section, context) ? [name] : [];
  });
}

/**
 * True for who may do everything: an admin, and in this version whoever is named without roles. A
 * lesser role cannot be enforced yet, so it grants nothing.
 */
function readRoles(section: IniSection, context: ReadContext): boolean {
  const values = readValues(section, OPERATOR, context);
  if (values === null) return false;
  const { findings } = context;
  if (values.roles === null) {
    const message = 'has no roles, which means everything in this version';
    findings.warning(subjectOf(section, null), message, 'roles = admin');
    return true;
  }
  if (values.roles.includes('admin')) return true;
  const found = values.roles.map(quoted).join(', ') || 'nothing';
  const subject = subjectOf(section, findEntry(section, 'roles', context.defaults));
  const message = `expected admin, found ${found}; other roles come in a later version`;
  findings.warning(subject, message, 'until then this operator may do nothing');
  return false;
}

const ofFile = (file: string) => ({
  place: { source: { file, directory: '/' }, line: 0 },
  section: null,
  key: null,
});

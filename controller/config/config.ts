/**
 * From `controller.conf` to what the controller needs to know. All sections are our own, so a key
 * or section that is not known is an error. Nobody is ever allowed more than what is written.
 */

import { nearest } from '../../proto/dialect/did-you-mean.ts';
import { readWithIncludes } from '../../proto/dialect/include.ts';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import type { Problem } from '../../proto/dialect/problem.ts';
import { beginReading, readContext, type Surroundings } from '../../proto/dialect/read-document.ts';
import { type ReadContext, subjectOf } from '../../proto/dialect/settings.ts';
import type { Runbook } from '../../proto/operation.ts';
import { isRole } from '../../proto/role-section.ts';
import type { HostGroups } from '../core/select.ts';
import { type ControllerSection, readControllerSection } from './controller-section.ts';
import { hostGroupNames, isHostGroup, readHostGroups } from './host-groups.ts';
import { type Authority, isOperator, readAuthority } from './roles.ts';
import { isRunbook, readRunbooks } from './runbooks.ts';

export interface ControllerConfig extends ControllerSection {
  /** By name, the built-in ones among them. */
  readonly roles: Authority['roles'];
  /** By the name in their certificates: the names of their roles. */
  readonly operators: Authority['operators'];
  /** `@NAME` of selectors. */
  readonly hostGroups: HostGroups;
  /** Saved operations, in the order of the file. */
  readonly runbooks: ReadonlyMap<string, Runbook>;
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
  const hostGroups = readHostGroups(document, context);
  const runbooks = readRunbooks(document, context);
  const referable = { hostGroups, hostGroupNames: hostGroupNames(document), runbooks };
  const { roles, operators } = readAuthority(document, referable, context);
  if (operators.size === 0) warnOfNobody(file, context);
  const controller = readControllerSection(file, document, context);
  return controller && { ...controller, roles, operators, hostGroups, runbooks };
}

/** Of which there is one for each NAME. */
const NAMED_SECTIONS = ['operator', 'role', 'hosts', 'runbook'];
const SECTIONS = ['controller', 'include', ...NAMED_SECTIONS];

function checkSections(document: IniDocument, { findings }: ReadContext): void {
  for (const section of document.sections.values()) {
    const kind = section.name.split(':', 1)[0] ?? '';
    const subject = subjectOf(section, null);
    if (!isKnownSection(section)) {
      const near = nearest(kind, SECTIONS);
      const named = near !== null && NAMED_SECTIONS.includes(near) ? `${near}:NAME` : near;
      findings.error(subject, 'this section is not known', named && `did you mean [${named}]?`);
    }
  }
}

const isKnownSection = (section: IniSection): boolean =>
  ['controller', 'include'].includes(section.name) ||
  [isOperator, isRole, isHostGroup, isRunbook].some((isSuch) => isSuch(section));

/** Of none that is right; those that are wrong are told of anyway. */
function warnOfNobody(file: string, { findings }: ReadContext): void {
  const message = 'has no [operator:NAME] section, so nobody may command this fleet';
  findings.warning(ofFile(file), message, '[operator:alice]\nroles = admin');
}

const ofFile = (file: string) => ({
  place: { source: { file, directory: '/' }, line: 0 },
  section: null,
  key: null,
});

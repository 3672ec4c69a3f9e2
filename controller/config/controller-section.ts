/**
 * `[controller]`: where the controller listens and is reached, what it is known by, what it hands
 * out to newcomers and for how long, and how long it remembers.
 */
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import {
  checkKeys,
  findEntry,
  optional,
  type Parser,
  type ReadContext,
  readValues,
  required,
  subjectOf,
  type Values,
} from '../../proto/dialect/settings.ts';
import {
  type Address,
  address,
  integer,
  listenAddress,
  listOf,
  path,
  seconds,
} from '../../proto/dialect/values.ts';
import { durationText, isNotUnderstood, parseDuration } from '../../proto/strategy-text.ts';
import type { CertificateLives } from '../core/identities.ts';

export interface ControllerSection {
  /** Agents and operators, mutual TLS. */
  readonly listen: Address;
  /** Newcomers, who have no certificate yet; null: none are let in. */
  readonly enrollListen: Address | null;
  /** Where newcomers reach that; null: by the first name of the controller's certificate. */
  readonly joinAddress: Address | null;
  /** Where agents and operators reach the controller; null: by that name, too. */
  readonly advertise: readonly Address[] | null;
  /** Absolute, like the other paths here. */
  readonly stateDir: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The authority's own key; null: somebody signs elsewhere. */
  readonly caKey: { readonly key: string; readonly passphraseFile: string | null } | null;
  readonly lives: CertificateLives;
  /** After which time what is over is forgotten. */
  readonly auditRetentionMs: number;
  readonly eventRetentionMs: number;
  readonly operationRetentionMs: number;
  /** A host that was not heard of for so long counts as unreachable. */
  readonly unreachableAfterMs: number;
  /** An operation on more hosts must be cut into batches; null: no such limit. */
  readonly batchRequiredAbove: number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ten years; longer than that nobody means. */
const LONGEST_MS = 3_650 * DAY_MS;

/** `30s`, `90m`, `24h`, `365d`, or seconds. */
const lasting = (leastMs: number): Parser<number> => ({
  expected: `a time of at least ${durationText(leastMs)}, for example 90d or 365d`,
  parse: (found) => {
    const durationMs = parseDuration(found, LONGEST_MS);
    if (isNotUnderstood(durationMs)) return { ok: false };
    return durationMs < leastMs ? { ok: false } : { ok: true, value: durationMs };
  },
});

/** Somebody who was gone for a night and a day must still find what the others have done. */
const AUDIT_LEAST_MS = 7 * DAY_MS;
const EVENTS_LEAST_MS = HOUR_MS;
/** Who has submitted an operation must find it when it has ended, and agents their orders. */
const OPERATIONS_LEAST_MS = 2 * HOUR_MS;

const days = integer({ min: 1, max: 825, meaning: 'a number of days' });

const CONTROLLER = {
  listen: required(listenAddress),
  enroll_listen: optional(listenAddress, null),
  join_address: optional(address, null),
  advertise: optional(listOf(address), null),
  state_dir: required(path('a directory for what the controller must remember')),
  ca: required(path('the file of the certificate authority')),
  cert: required(path("the file of the controller's certificate")),
  key: required(path("the file of the controller's private key")),
  ca_key: optional(path("the file of the certificate authority's private key"), null),
  ca_key_passphrase_file: optional(path('a file with the passphrase of ca_key'), null),
  agent_days: optional(days, 7),
  operator_days: optional(days, 30),
  controller_days: optional(days, 30),
  audit_retention: optional(lasting(AUDIT_LEAST_MS), 365 * DAY_MS),
  event_retention: optional(lasting(EVENTS_LEAST_MS), 14 * DAY_MS),
  operation_retention: optional(lasting(OPERATIONS_LEAST_MS), 24 * HOUR_MS),
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

/** @returns null where something in it is wrong, or there is none, which `findings` then tells */
export function readControllerSection(
  file: string,
  document: IniDocument,
  context: ReadContext,
): ControllerSection | null {
  const section = document.sections.get('controller');
  if (section === undefined) {
    const place = { source: { file, directory: '/' }, line: 0 };
    const subject = { place, section: null, key: null };
    context.findings.error(subject, 'has no [controller] section', EXAMPLE);
    return null;
  }
  const known = Object.keys(CONTROLLER);
  checkKeys(section, { known, notYet: ['http_listen'], unknownIs: 'error' }, context.findings);
  const values = readValues(section, CONTROLLER, context);
  if (values === null) return null;
  tellUseless(section, values, context);
  return sectionOf(values);
}

type Written = Values<typeof CONTROLLER>;

function sectionOf(values: Written): ControllerSection {
  const { listen, ca, cert, key, ca_key: caKey, ca_key_passphrase_file: passphraseFile } = values;
  return {
    ...{ listen, ca, cert, key },
    enrollListen: values.enroll_listen,
    joinAddress: values.join_address,
    advertise: values.advertise,
    stateDir: values.state_dir,
    caKey: caKey === null ? null : { key: caKey, passphraseFile },
    lives: {
      agentDays: values.agent_days,
      operatorDays: values.operator_days,
      controllerDays: values.controller_days,
    },
    auditRetentionMs: values.audit_retention,
    eventRetentionMs: values.event_retention,
    operationRetentionMs: values.operation_retention,
    unreachableAfterMs: values.unreachable_after,
    batchRequiredAbove: values.batch_required_above,
  };
}

/** What would have no effect as it stands: somebody expects one. */
function tellUseless(section: IniSection, values: Written, context: ReadContext): void {
  const warn = (key: string, missing: string): void => {
    const subject = subjectOf(section, findEntry(section, key, context.defaults));
    context.findings.warning(subject, `has no effect without ${missing}`, `add ${missing}`);
  };
  if (values.ca_key_passphrase_file !== null && values.ca_key === null) {
    warn('ca_key_passphrase_file', 'ca_key');
  }
  if (values.join_address !== null && values.enroll_listen === null) {
    warn('join_address', 'enroll_listen');
  }
}

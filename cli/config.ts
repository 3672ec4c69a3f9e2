/**
 * Which controller fleetctl talks to, and as whom: one context of the person's configuration file.
 *
 * The file is named by `--config`, else FLEETCTL_CONFIG, else it is `fleetctl/config` under
 * XDG_CONFIG_HOME or `~/.config`. The context is named by `--context`, else FLEETCTL_CONTEXT, else
 * `context` in `[fleetctl]`, else it is the only one. Every command waits for this file, so nothing
 * is imported here that includes or globbing would need.
 */
import { isAbsolute, join } from 'node:path/posix';
import { nearest } from '../proto/dialect/did-you-mean.ts';
import type { IniDocument, IniSection } from '../proto/dialect/ini.ts';
import { formatProblems, quoted } from '../proto/dialect/problem.ts';
import {
  beginReading,
  type Reading,
  readContext,
  readDocument,
  type Surroundings,
} from '../proto/dialect/read-document.ts';
import { checkKeys, optional, readValues, required, subjectOf } from '../proto/dialect/settings.ts';
import { type Address, address, path, text } from '../proto/dialect/values.ts';
import { type Refusal, refusal } from '../proto/errors.ts';

interface ClientContext {
  readonly name: string;
  readonly controller: Address;
  /** Absolute, like the other paths here. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export type ClientConfigResult =
  | { readonly kind: 'context'; readonly context: ClientContext }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** From the command line; null where the option was not given. */
export interface ClientOptions {
  readonly config: string | null;
  readonly context: string | null;
}

export function loadClientConfig(
  options: ClientOptions,
  surroundings: Surroundings,
): ClientConfigResult {
  const file = configPath(options.config, surroundings.env);
  if (file === null) return refused(NO_HOME);
  const reading = beginReading(surroundings);
  const found = readDocument(file, reading);
  if (found.kind === 'missing') return refused(missing(file));
  if (found.kind === 'directory') {
    return refused(refusal('configuration', `${file} is a directory, not a configuration file`));
  }
  const asked = options.context ?? (surroundings.env['FLEETCTL_CONTEXT'] || null);
  const chosen =
    found.kind === 'document' ? chooseContext(file, asked, found.document, reading) : null;
  const isWrong = chosen === null || reading.findings.errors.length > 0;
  return isWrong ? refused(unusable(file, reading)) : chosen;
}

/** Null where neither an option nor the environment gives a place to look. */
export function configPath(option: string | null, env: Surroundings['env']): string | null {
  const named = option ?? env['FLEETCTL_CONFIG'];
  if (named) return named;
  const xdg = env['XDG_CONFIG_HOME'];
  // The XDG base directory specification: a relative one is to be ignored.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'fleetctl', 'config');
  const home = env['HOME'];
  return home ? join(home, '.config', 'fleetctl', 'config') : null;
}

const FLEETCTL = { context: optional(text('the name of a context'), null) };

const CONTEXT = {
  controller: required(address),
  ca: required(path('the file of the certificate authority')),
  cert: required(path('the file of your certificate')),
  key: required(path('the file of your private key')),
};

/** Null where `findings` tells why. A fault in a context that is not wanted now stops nobody. */
function chooseContext(
  file: string,
  asked: string | null,
  document: IniDocument,
  reading: Reading,
): ClientConfigResult | null {
  const { findings } = reading;
  const values = readContext(reading, document);
  const contexts = new Map<string, IniSection>();
  let preferred: string | null = null;
  for (const section of document.sections.values()) {
    const name = contextName(section);
    if (section.name === 'fleetctl') {
      checkKeys(section, keysOf(FLEETCTL), findings);
      preferred = readValues(section, FLEETCTL, values)?.context ?? null;
    } else if (name !== null) {
      contexts.set(name, section);
    } else {
      const hint = 'sections here are [fleetctl] and [context:NAME]';
      findings.error(subjectOf(section, null), 'this section is not known', hint);
    }
  }
  const wanted = asked ?? preferred ?? onlyOne([...contexts.keys()]);
  const section = wanted === null ? undefined : contexts.get(wanted);
  if (wanted === null || section === undefined) {
    return refused(noSuchContext(file, wanted, [...contexts.keys()]));
  }
  checkKeys(section, keysOf(CONTEXT), findings);
  const context = readValues(section, CONTEXT, values);
  return context && { kind: 'context', context: { name: wanted, ...context } };
}

function contextName(section: IniSection): string | null {
  const name = section.name.startsWith('context:') ? section.name.slice('context:'.length) : '';
  return name.trim() === '' ? null : name.trim();
}

const keysOf = (table: object) =>
  ({ known: Object.keys(table), notYet: [], unknownIs: 'error' }) as const;

const onlyOne = (names: readonly string[]): string | null =>
  names.length === 1 ? (names[0] ?? null) : null;

const EXAMPLE = `[context:prod]
controller = controller.example.com:7460
ca = ca.crt
cert = operator-alice.crt
key = operator-alice.key`;

const missing = (file: string): Refusal =>
  refusal('configuration', 'fleetctl does not know its controller yet', {
    cause: `there is no file ${file}`,
    fix: `write it (--config and FLEETCTL_CONFIG name another), paths count from its directory:\n${EXAMPLE}`,
  });

const NO_HOME = refusal('configuration', 'fleetctl does not know its controller yet', {
  cause: 'none of --config, FLEETCTL_CONFIG, XDG_CONFIG_HOME and HOME says where its file is',
  fix: 'fleetctl --config FILE …',
});

const unusable = (file: string, { findings: { errors } }: Reading): Refusal =>
  refusal('configuration', `the configuration ${file} is not usable`, {
    cause: formatProblems({ errors }),
  });

function noSuchContext(file: string, wanted: string | null, names: readonly string[]): Refusal {
  if (names.length === 0) {
    return refusal('configuration', `${file} has no [context:NAME] section`, {
      fix: `add one; paths count from the directory of the file:\n${EXAMPLE}`,
    });
  }
  const listed = `the contexts in ${file} are: ${names.map(quoted).join(', ')}`;
  if (wanted === null) {
    return refusal('configuration', 'no context was chosen', {
      cause: listed,
      fix: `give --context ${names[0]}, or put "context = ${names[0]}" under [fleetctl]`,
    });
  }
  const near = nearest(wanted, names);
  return refusal('configuration', `no context is named ${quoted(wanted)}`, {
    cause: listed,
    fix: near === null ? `for example --context ${names[0]}` : `did you mean --context ${near}?`,
  });
}

const refused = (because: Refusal): ClientConfigResult => ({ kind: 'refused', refusal: because });

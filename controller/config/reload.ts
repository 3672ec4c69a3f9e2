/**
 * SIGHUP: reads `controller.conf` again and hands over what can change while the controller runs. A
 * file with a mistake changes nothing. What a running controller cannot change (where it listens,
 * where its state is) is told and stays as it was until the next start.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { clippedTo } from '../../proto/text-limits.ts';
import { CONTROLLER, entryOf } from '../core/record.ts';
import type { FleetInput, FleetSettings } from '../core/state.ts';
import type { ControllerConfig, ControllerConfigResult } from './config.ts';

export interface ReloadOptions {
  /** The file, read anew. */
  readonly read: () => ControllerConfigResult;
  /** With which the controller was started. */
  readonly started: ControllerConfig;
  readonly settingsOf: (config: ControllerConfig) => FleetSettings;
  readonly deliver: (input: FleetInput) => void;
  readonly log: ReloadLog;
}

interface ReloadLog {
  info(details: object, text: string): void;
  warn(details: object, text: string): void;
  error(details: object, text: string): void;
}

/** @returns what is to be done at SIGHUP; it throws nothing */
export function createReload(options: ReloadOptions): () => void {
  const { started, settingsOf, deliver, log } = options;
  let current = started;
  return () => {
    const { config, problems, warnings } = options.read();
    if (config === null) {
      const problem = formatProblems({ errors: problems, warnings });
      deliver({ kind: 'onRecord', entry: refusedReload(formatProblems({ errors: problems })) });
      return log.error({ problem }, 'the configuration is refused, and nothing was changed');
    }
    if (warnings.length > 0) {
      log.warn({ warnings: formatProblems({ warnings }) }, 'the configuration has warnings');
    }
    const [before, after] = [settingsOf(current), settingsOf(config)];
    const fixed = fixedChanges(started, config, new Set(Object.keys(after)));
    if (fixed.length > 0) {
      const text = `cannot change while the controller runs, and stays as it was: ${fixed.join(', ')}`;
      log.warn({ fixed }, text);
    }
    current = config;
    const changes = changesBetween(before, after);
    if (changes.length === 0) return log.info({}, 'the configuration was read again: no change');
    deliver({ kind: 'configured', settings: after, changes });
    log.info({ changes }, `the configuration was read again: ${changes.join('; ')}`);
  };
}

/** Each row is kept for a year; what else is wrong with the file is in the log, and in the file. */
const REFUSED_DETAIL_MAX = 500;

function refusedReload(problems: string) {
  const detail = clippedTo(REFUSED_DETAIL_MAX, problems.trimEnd());
  return entryOf({ actor: CONTROLLER, action: 'reload', outcome: 'refused', detail });
}

/**
 * Keys, as the file spells them, whose values are read at the start only.
 * @param reloaded names that settings have, whatever they are made from
 */
function fixedChanges(
  started: ControllerConfig,
  read: ControllerConfig,
  reloaded: ReadonlySet<string>,
): readonly string[] {
  const before = new Map<string, unknown>(Object.entries(started));
  return Object.entries(read)
    .filter(([name, value]) => !reloaded.has(name) && !isDeepStrictEqual(before.get(name), value))
    .map(([name]) => keyOf(name));
}

/** `stateDir` is written `state_dir`, and units are not written. */
function keyOf(name: string): string {
  const key = name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
  return key.replace(/_ms$/, '');
}

/** What of it there can be several of, by name. */
const NAMED = {
  roles: 'role',
  operators: 'operator',
  runbooks: 'runbook',
  hostGroups: 'host group',
} as const satisfies Partial<Record<keyof FleetSettings, string>>;

function changesBetween(before: FleetSettings, after: FleetSettings): readonly string[] {
  const named = (Object.keys(NAMED) as (keyof typeof NAMED)[]).flatMap((kind) =>
    namedChanges(NAMED[kind], before[kind], after[kind]),
  );
  const [single, singleAfter] = [singleValues(before), singleValues(after)];
  const others = [...singleAfter]
    .filter(([name, value]) => !isDeepStrictEqual(single.get(name), value))
    .map(([name]) => `${keyOf(name)} changed`);
  return [...named, ...others];
}

/** Of which there is one each, by their names in the file (nearly, see `keyOf`). */
function singleValues({ lives, ...settings }: FleetSettings): ReadonlyMap<string, unknown> {
  const all = Object.entries({ ...settings, ...lives });
  return new Map(all.filter(([name]) => !Object.hasOwn(NAMED, name)));
}

/** `role web-oncall changed`, in the order added, removed, changed. */
function namedChanges(
  kind: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): readonly string[] {
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after.keys()].filter(
    (name) => before.has(name) && !isDeepStrictEqual(before.get(name), after.get(name)),
  );
  const groups = Object.entries({ added, removed, changed });
  return groups.flatMap(([what, names]) => names.map((name) => `${kind} ${name} ${what}`));
}

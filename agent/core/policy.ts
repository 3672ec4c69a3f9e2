/**
 * `[policy]`: how far any controller may go on this host, so that one in the wrong hands is not root
 * everywhere. It bounds what is done for a controller, never what the host's own people do. Each
 * refusal names the rule that it follows from, for it is read far away, by somebody who wonders.
 */
import { matchProcesses } from '../../proto/process-pattern.ts';
import type { ProcessName, ProcessStatus, Verb } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from './definition.ts';
import type { HostRules, Policy, PolicyVerb } from './host-rules.ts';

/** Where executables lie, without links; of those that are not in it, nobody could tell. */
export type Executables = ReadonlyMap<ProcessName, string>;

/** What is asked of one process. */
export interface Asked {
  readonly verb: Verb;
  /** Only with `signal`. */
  readonly signal: string | null;
  /** Of a `stop`: its start comes later. */
  readonly startFollows: boolean;
}

/** The rules, together with which processes of this host they are about. */
export interface PolicyJudge {
  readonly rules: HostRules;
  /** Null: all of them. */
  readonly processes: ReadonlySet<ProcessName> | null;
}

/** @param statuses all processes that a pattern may mean */
export function judgeByPolicy(
  rules: HostRules,
  statuses: () => readonly ProcessStatus[],
): PolicyJudge {
  const { processes: patterns } = rules.policy;
  if (patterns === null) return { rules, processes: null };
  const [matched = []] = matchProcesses(patterns, [statuses()]).byHost;
  return { rules, processes: new Set(matched.map(({ process }) => process)) };
}

/**
 * Why a controller may not have this done to a process; null: it may.
 * @param executables only of what is to be started
 */
export function policyAgainst(
  { rules, processes }: PolicyJudge,
  asked: Asked,
  definition: ProcessDefinition,
  executables: Executables,
): string | null {
  const { policy } = rules;
  const { verb, signal } = asked;
  const { process } = definition;
  const against = verbAgainst(policy, asked, process);
  if (against !== null) return against;
  if (processes !== null && !processes.has(process)) {
    return sayNo(`${verb} ${process}`, 'processes', policy.processes);
  }
  if (signal !== null && policy.signals !== null && !policy.signals.includes(signal)) {
    return sayNo(`send ${signal} to ${process}`, 'signals', policy.signals);
  }
  // What could not be started again is not stopped in between.
  const isStarted = verb === 'start' || verb === 'restart' || asked.startFollows;
  return isStarted ? startAgainst(rules, definition, executables) : null;
}

/** The same of what is asked, whatever it is asked of; so of an update before the file is read. */
export function verbAgainst(
  { verbs }: Policy,
  { verb, startFollows }: Asked,
  process: string,
): string | null {
  if (verbs === null) return null;
  const about = verb === 'update' ? 'update' : `${verb} ${process}`;
  if (!verbs.includes(verb)) return sayNo(about, 'allow_verbs', verbs);
  if (!startFollows || verbs.includes('start')) return null;
  return sayNo(`stop ${process} and start it later`, 'allow_verbs', verbs);
}

/** A configuration that is taken up for a controller: what is added or changed, and what goes. */
export function updateAgainst(
  judge: PolicyJudge,
  changed: readonly ProcessDefinition[],
  gone: readonly ProcessDefinition[],
  executables: Executables,
): string | null {
  const { rules, processes } = judge;
  for (const { process } of [...changed, ...gone]) {
    if (processes !== null && !processes.has(process)) {
      return sayNo(`update ${process}`, 'processes', rules.policy.processes);
    }
  }
  for (const definition of changed) {
    const against = startAgainst(rules, definition, executables);
    if (against !== null) return against;
  }
  return null;
}

/** Why a controller may not read the logs of some of these; null: it may. */
export function logsAgainst(judge: PolicyJudge, wanted: readonly ProcessName[]): string | null {
  const { rules, processes } = judge;
  const { verbs, processes: patterns } = rules.policy;
  const verb: PolicyVerb = 'logs';
  if (verbs !== null && !verbs.includes(verb)) return sayNo('read logs', 'allow_verbs', verbs);
  const refused = wanted.find((process) => processes !== null && !processes.has(process));
  return refused === undefined ? null : sayNo(`read the logs of ${refused}`, 'processes', patterns);
}

/** Whether it must be looked up where executables lie. */
export const wantsExecutables = ({ policy }: HostRules): boolean => policy.directories !== null;

function startAgainst(
  { policy, ownUid }: HostRules,
  { process, user }: ProcessDefinition,
  executables: Executables,
): string | null {
  const { users, directories } = policy;
  const uid = user?.uid ?? ownUid;
  if (users !== null && !users.some((one) => one.uid === uid)) {
    const who = user?.name ?? (ownUid === 0 ? 'root' : `the agent's own user (uid ${ownUid})`);
    const names = users.map(({ name }) => name);
    return sayNo(`start ${process}, which runs as ${who}`, 'users', names);
  }
  if (directories === null) return null;
  const path = executables.get(process);
  if (path !== undefined && directories.some((directory) => isWithin(path, directory))) return null;
  const what =
    path === undefined ? 'of which the executable is not to be found' : `which is ${path}`;
  return sayNo(`start ${process}, ${what}`, 'directories', directories);
}

/** Both without links and without `..`. */
function isWithin(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}

function sayNo(what: string, key: string, rule: readonly string[] | null): string {
  const value = rule === null || rule.length === 0 ? '' : ` ${rule.join(', ')}`;
  return `the policy of this host does not let a controller ${what}: [policy] ${key} =${value}`;
}

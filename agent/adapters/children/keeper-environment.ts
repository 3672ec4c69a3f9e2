/**
 * How a program gets exactly the environment that it is to have, although shells stand between it
 * and the agent. Shells drop variables whose names are not theirs (`discovery.type`; dash does,
 * which is Debian's /bin/sh), overwrite a few that are, and add some of their own. And what the
 * configuration sets for a program must not act on the shells, least of all where they are root's
 * and the program is not: a library that `LD_PRELOAD` names may be the program's user's to write.
 *
 * So such variables travel under other names, and are put right by the last shell, which is the
 * program's user already. Arguments would not do, as everybody on the host can read them; only what no
 * shell can assign is one, for the moment that env(1) takes.
 */

export interface Carried {
  /** For the keeper. */
  readonly environment: Readonly<Record<string, string>>;
  /** Shell text for the last shell, before it becomes the program. */
  readonly restore: string;
  /** Shell text in front of the program's words; empty, or env(1) with arguments. */
  readonly prefix: string;
  /** `restore` assigns what the dynamic loader obeys: nothing but the program may come after it. */
  readonly isForLoader: boolean;
}

export interface Carrier {
  /** The agent's own environment: what is in it acts on the agent too. */
  readonly own: Readonly<Record<string, string | undefined>>;
  /** The program is another user's. */
  readonly crossesUsers: boolean;
}

export function carryEnvironment(
  wanted: Readonly<Record<string, string>>,
  { own, crossesUsers }: Carrier,
): Carried {
  const mayPass = ([name, value]: Entry): boolean =>
    survivesShells(name) &&
    (own[name] === value || name.startsWith('SUPERVISOR_') || !(crossesUsers || isLoaders(name)));
  const entries = Object.entries(wanted);
  const passing: Entry[] = [];
  const strange: Entry[] = [];
  for (const entry of entries) (mayPass(entry) ? passing : strange).push(entry);
  const needsEnv = strange.some(([name]) => !canBeAssigned(name));
  // As few as can be: arguments can be read. But env(1) must not be run under another loader's rules.
  const isArgument = (name: string): boolean =>
    needsEnv && (!canBeAssigned(name) || isLoaders(name));
  const carried = strange.map(([name, value], index) => {
    const carriedAs = carrier(index);
    const text = isArgument(name) ? `${name}=${value}` : value;
    return { name, carriedAs, text };
  });
  const assigned = carried.filter(({ name }) => !isArgument(name));
  const asArguments = carried.filter(({ name }) => isArgument(name));
  const added = SHELLS_ADD.filter((name) => !(name in wanted));
  const forget = added.length === 0 ? '' : `unset ${added.join(' ')}\n`;
  return {
    environment: Object.fromEntries([
      ...passing,
      ...carried.map(({ carriedAs, text }) => [carriedAs, text]),
    ]),
    restore: forget + assigned.map(assignment).join(''),
    prefix: needsEnv ? envWords(asArguments) : '',
    isForLoader: assigned.some(({ name }) => isLoaders(name)),
  };
}

type Entry = readonly [name: string, value: string];

/** Every shell sets PWD, even if it was unset; `cd` sets OLDPWD too, and bash counts in SHLVL. */
const SHELLS_ADD = ['PWD', 'OLDPWD', 'SHLVL'] as const;

/**
 * Read-only, or with a meaning of their own, in one of the usual shells. Not here: `_` and SHLVL,
 * which whoever starts the agent by hand has, and which say nothing to a program.
 */
const SPECIAL_IN_SHELLS =
  /^(IFS|OPTIND|OPTARG|OPTERR|PPID|UID|EUID|GROUPS|SHELLOPTS|BASH.*|LINENO|S?RANDOM|SECONDS|EPOCH.*|FUNCNAME|DIRSTACK|HISTCMD|PIPESTATUS|COMP_.*)$/;

function survivesShells(name: string): boolean {
  return canBeAssigned(name) && name !== 'PWD' && name !== 'OLDPWD';
}

function canBeAssigned(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SPECIAL_IN_SHELLS.test(name);
}

/** Obeyed by the dynamic loader, and so by every program on the way (ld.so(8), dyld(1)). */
function isLoaders(name: string): boolean {
  return name.startsWith('LD_') || name.startsWith('DYLD_');
}

const carrier = (index: number): string => `FLEETVISOR_ENVIRONMENT_${index}`;

interface Travelling {
  readonly name: string;
  readonly carriedAs: string;
}

function assignment({ name, carriedAs }: Travelling): string {
  return `export ${name}="$${carriedAs}"; unset ${carriedAs}\n`;
}

function envWords(travelling: readonly Travelling[]): string {
  const unset = travelling.map(({ carriedAs }) => `-u ${carriedAs}`).join(' ');
  const words = travelling.map(({ carriedAs }) => `"$${carriedAs}"`).join(' ');
  return `/usr/bin/env ${unset} ${words} `;
}

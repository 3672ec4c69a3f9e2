/**
 * The command of a health check as words for /bin/sh. Like the program it goes through a shell, which
 * sets what cannot be set from outside, and behind the switch of users through another one, so that
 * what the program's environment says acts on nothing of root's (`keeper-environment.ts`).
 */
import type { ProcessDefinition } from '../../core/definition.ts';
import { carryEnvironment } from '../children/keeper-environment.ts';
import { planLaunch } from '../children/launch.ts';
import { type OwnEnvironment, programEnvironment } from '../children/program-environment.ts';

export interface ExecSurroundings {
  /** What the agent passes on of its own. */
  readonly environment: OwnEnvironment;
  /** Soft limit of descriptors, as for programs. */
  readonly descriptorsMax: number;
}

export interface CheckCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where the first shell begins. */
  readonly directory: string | undefined;
}

/** Both outputs are one, in the order in which they are printed. */
const limited = (then: string): string => `
exec 2>&1
[ "$1" = - ] || umask "$1"
ulimit -S -n "$2" 2>/dev/null || ulimit -n "$2" 2>/dev/null
shift 2
${then}`;

/** Physical, as chdir(2); the `/` in front keeps CDPATH and options out of it. */
const asUser = (then: string): string => `
[ -z "$1" ] || cd -P "$1" || exit 127
shift
${then}`;

/** @throws an error that says what is missing: the command, the directory, the way to the user */
export function checkCommand(
  definition: ProcessDefinition,
  command: string,
  { environment: own, descriptorsMax }: ExecSurroundings,
): CheckCommand {
  const plan = planLaunch({ ...definition, command }, own);
  if (plan.kind === 'impossible') throw new Error(plan.error);
  const { switchWords } = plan;
  const { umask, directory } = definition;
  const crossesUsers = switchWords.length > 0;
  const wanted = programEnvironment(definition, own);
  const { environment, restore, prefix } = carryEnvironment(wanted, { own, crossesUsers });
  const run = `${restore}exec ${prefix}"$@"`;
  const title = `healthcheck of ${definition.process}`;
  const limits = [umask === null ? '-' : umask.toString(8), String(descriptorsMax)];
  if (!crossesUsers) {
    const words = ['-c', limited(run), title, ...limits, ...plan.command];
    return { words, environment, directory: directory ?? undefined };
  }
  const place = directory === null || directory.startsWith('/') ? directory : `./${directory}`;
  const behind = ['/bin/sh', '-c', asUser(run), title, place ?? '', ...plan.command];
  const words = ['-c', limited('exec "$@"'), title, ...limits, ...switchWords, ...behind];
  return { words, environment, directory: undefined };
}

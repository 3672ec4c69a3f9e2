/**
 * What runs, as `supervisorctl status` lists it and `fleetctl --local status` in the same words; and
 * whether an order was carried out, because one that was fast and did nothing must not count.
 */
import { tryCommand } from './command.ts';

export type ControlVerb = 'start' | 'stop' | 'restart';

/** By the name of the process. */
export type Pids = ReadonlyMap<string, number>;

/** @param status a command line; it may fail, as both do where something does not run */
export function runningPids(status: readonly string[]): Pids {
  const { stdout } = tryCommand(status);
  const lines = stdout.matchAll(/^(\S+) +RUNNING +pid (\d+),/gm);
  return new Map(Array.from(lines, ([, process = '', pid]) => [process, Number(pid)]));
}

/** @throws Error where one of the processes is not as the order wants it */
export function assertCarriedOut(
  verb: ControlVerb,
  processes: number,
  { before, after }: { readonly before: Pids; readonly after: Pids },
): void {
  const wanted = verb === 'stop' ? 0 : processes;
  if (after.size !== wanted) throw new Error(`after ${verb} ${after.size} run, not ${wanted}`);
  const kept = [...after].filter(([process, pid]) => before.get(process) === pid);
  if (kept.length > 0) throw new Error(`${verb} left ${kept.length} of ${processes} as they were`);
}

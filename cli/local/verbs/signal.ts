/**
 * `signal NAME PROCESS…`. A name that is no signal is found here, before anything is ordered, but
 * told of each process that would have got it, as Supervisor tells it.
 */
import { type ProcessStatus, RUNNING_STATES } from '../../../proto/vocabulary.ts';
import { EXIT } from '../exit-status.ts';
import {
  ALL,
  errorLine,
  groupOf,
  selectProcesses,
  unknownNameLine,
  withoutNeedless,
} from '../names.ts';
import { parseLocalSignal } from '../signals.ts';
import { control } from './control.ts';
import { action, LOOKS_FIRST, type LocalContext, type LocalVerb, wrong } from './verb.ts';

export const signal: LocalVerb = {
  ...LOOKS_FIRST,
  summary: 'send a signal to processes',
  usage: [
    ['signal SIGNAL NAME…', 'send HUP, SIGUSR1, 10 … to these'],
    ['signal SIGNAL all', 'send it to every process that runs'],
  ],
  read: ([typed, ...names]) => {
    if (typed === undefined || names.length === 0) {
      return wrong('Error: signal requires a signal name and a process name');
    }
    const name = parseLocalSignal(typed);
    if (name === null) return action((context) => tellBadSignal(context, names));
    return action((context) => control(context, { verb: 'signal', signal: name, names }));
  },
};

async function tellBadSignal(
  { client, environment }: LocalContext,
  names: readonly string[],
): Promise<number> {
  const { processes } = await client.list();
  let exitCode: number = EXIT.success;
  for (const typed of withoutNeedless(names)) {
    const meant = selectProcesses([typed], processes).processes;
    const addressed = standsForMany(typed) ? meant.filter(isSignallable) : meant;
    const lines = addressed.map(({ process }) => errorLine(process, 'bad signal name'));
    if (meant.length === 0) lines.push(unknownNameLine(typed));
    environment.stdout.write(lines.join(''));
    if (lines.length > 0) exitCode = EXIT.generic;
  }
  return exitCode;
}

/** Supervisor passes over those members of a group that could not get any signal. */
function standsForMany(typed: string): boolean {
  return typed === ALL || groupOf(typed) !== null;
}

function isSignallable({ state }: ProcessStatus): boolean {
  return (RUNNING_STATES.has(state) && state !== 'BACKOFF') || state === 'STOPPING';
}

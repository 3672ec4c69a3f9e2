/** The steps of rows as short words, so that a row reads as what happens in it. */
import type { ProcessState } from '../../proto/vocabulary.ts';
import type { Observation, Step } from './row.ts';

export const until = (process: string, state: ProcessState, times = 1): Step => ({
  do: 'until',
  process,
  state,
  times,
});

export const untilFile = (path: string, has: string): Step => ({ do: 'untilFile', path, has });

export const pause = (seconds: number): Step => ({ do: 'pause', seconds });

export const ctl = (words: string): Step => ({ do: 'ctl', words, mode: 'wait' });

/** Goes on at once; the row's end waits for the command. */
export const ctlMeanwhile = (words: string): Step => ({ do: 'ctl', words, mode: 'background' });

/** Where the text itself cannot be the same: a version, a log. */
export const ctlBrief = (words: string): Step => ({ do: 'ctl', words, mode: 'brief' });

/** Where Supervisor prints what Python says of an exception. */
export const ctlCode = (words: string): Step => ({ do: 'ctl', words, mode: 'exit code' });

/** Where several of one tier are done, each when it is. */
export const ctlAnyOrder = (words: string): Step => ({ do: 'ctl', words, mode: 'any order' });

/** Where a mistake is told, and help follows. */
export const ctlMistake = (words: string): Step => ({ do: 'ctl', words, mode: 'first line' });

/** For what goes on until Ctrl-C. */
export const ctlThenInterrupt = (words: string): Step => ({ do: 'ctl', words, mode: 'interrupt' });

export const shell = (command: string): Step => ({ do: 'shell', command, fact: null });

/** Waits, within a limit, for what no words in a file tell. */
export const untilShell = (condition: string): Step =>
  shell(`for _ in $(seq 200); do { ${condition}; } && exit; sleep 0.1; done`);

export const shellFact = (fact: string, command: string): Step => ({ do: 'shell', command, fact });

/** What the daemon has written of failed starts into the log of the program. */
export const remarks = (log: string): Step => shellFact('remarks', `grep "^supervisor: " ${log}`);

export const signalProcess = (process: string, signal: NodeJS.Signals): Step => ({
  do: 'signalProcess',
  process,
  signal,
});

export const signalDaemon = (signal: NodeJS.Signals): Step => ({ do: 'signalDaemon', signal });

export const write = (path: string, text: string): Step => ({ do: 'write', path, text });

export const configure = (conf: string): Step => ({ do: 'configure', conf });

export const daemonEnds: Step = { do: 'daemonEnds', isTimed: false };
export const daemonEndsInTime: Step = { do: 'daemonEnds', isTimed: true };
export const daemonNow: Step = { do: 'daemonNow' };
export const daemonRefuses: Step = { do: 'daemonRefuses' };
export const startDaemon: Step = { do: 'startDaemon' };
export const secondDaemon: Step = { do: 'secondDaemon' };

export const file = (path: string): Observation => ({ look: 'file', path });
export const names = (path: string): Observation => ({ look: 'names', path });
export const orderOf = (state: ProcessState): Observation => ({ look: 'order', state });
export const ever = (process: string, state: ProcessState): Observation => ({
  look: 'ever',
  process,
  state,
});

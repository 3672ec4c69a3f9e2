/**
 * Takes the signals that the agent obeys before it can, and keeps them until then. Left to the
 * system they would end it at once; then what an earlier agent left running would run on, although
 * somebody asked for everything to be stopped.
 *
 * Acts by being imported, and early, because loading the other modules takes its time.
 */

const OBEYED = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2', 'SIGALRM'] as const;

export type ObeyedSignal = (typeof OBEYED)[number];

/** Those that came before, in their order, and from then on each that comes. */
export function obeySignals(obey: (signal: ObeyedSignal) => void): void {
  obeyNow = obey;
  for (const signal of held.splice(0)) obey(signal);
}

/** For an agent that will supervise nothing: it ends at one that comes. */
export function leaveSignals(): void {
  for (const signal of OBEYED) process.off(signal, receive);
}

const held: ObeyedSignal[] = [];
let obeyNow: ((signal: ObeyedSignal) => void) | null = null;

/** The same listener all the time: where the last one goes, Node drops what has just come. */
function receive(signal: NodeJS.Signals): void {
  const obeyed = signal as ObeyedSignal;
  if (obeyNow === null) held.push(obeyed);
  else obeyNow(obeyed);
}

for (const signal of OBEYED) process.on(signal, receive);
// With a listener of our own Node does not open its debugger, which anybody here could use.
process.on('SIGUSR1', () => undefined);

/** kill(2), with the one failure that is none told apart: nobody is there any more. */
import type { SignalResult } from '../../ports.ts';

/**
 * @param signal a name without SIG, or a number
 * @param pid of a process, or of a group if negative
 */
export function sendSignal(signal: string, pid: number): SignalResult {
  try {
    process.kill(pid, numberOrName(signal));
    return { kind: 'delivered' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return { kind: 'gone' };
    const why = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', error: `could not send SIG${signal}: ${why}` };
  }
}

function numberOrName(signal: string): number | NodeJS.Signals {
  return /^\d+$/.test(signal) ? Number(signal) : (`SIG${signal}` as NodeJS.Signals);
}

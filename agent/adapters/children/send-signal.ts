/** kill(2), with the one failure that is none told apart: nobody is there any more. */
import { messageOf } from '../../../proto/errors.ts';
import type { SignalResult } from '../../core/process.ts';

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
    const why = messageOf(error);
    return { kind: 'failed', error: `could not send SIG${signal}: ${why}` };
  }
}

function numberOrName(signal: string): number | NodeJS.Signals {
  return /^\d+$/.test(signal) ? Number(signal) : (`SIG${signal}` as NodeJS.Signals);
}

/**
 * Whose log is shown to whom: judged when it is asked for, and again while somebody goes on reading
 * and the rules of this host have changed.
 */
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { CallerClaims, LogRequest } from '../../proto/local-orders.ts';
import { type LocalCaller, refusalEverywhere, rightsOf } from '../core/local-access.ts';
import type { AgentState } from '../core/state.ts';
import type { Callers } from './callers.ts';
import type { GrantedLog, ReadableLog } from './log-call.ts';
import { findLog, type LogFiles } from './process-logs.ts';

export interface LogsOfHost {
  readonly state: () => AgentState;
  readonly callers: Callers;
  readonly logFiles: LogFiles;
  readonly mainLog: ReadableLog;
}

export async function grantLog(
  { process, channel, ...claims }: Omit<LogRequest, 'bytes' | 'follow'> & CallerClaims,
  { state, callers, logFiles, mainLog }: LogsOfHost,
): Promise<GrantedLog | Refusal> {
  /** By the rules of now. */
  const findFor = (by: LocalCaller): ReadableLog | Refusal => {
    if (process !== null) return findLog(state(), logFiles, { process, channel, by });
    return refusalEverywhere(rightsOf(state().rules, by), 'logs') ?? mainLog;
  };
  const caller = await callers.identify(claims);
  if (isRefusal(caller)) return caller;
  const log = findFor(caller);
  if (isRefusal(log)) return log;
  return {
    log,
    async refusalNow() {
      const now = await callers.again(caller);
      const found = isRefusal(now) ? now : findFor(now);
      // A process that is gone is no reason: what it wrote last may still be read.
      return isRefusal(found) && found.code !== 'nothing-matched' ? found : null;
    },
  };
}

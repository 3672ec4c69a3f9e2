/** Puts together what reads logs for the controller, and has the sizes of all logs looked at. */
import type { PersistentMap } from '../../proto/persistent-map.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { HostRules } from '../core/host-rules.ts';
import { judgeByPolicy, logsAgainst } from '../core/policy.ts';
import { type ProcessRuntime, statusOf } from '../core/process.ts';
import type { HostLogs } from './find-sources.ts';
import { FleetLogs, type FleetLogsOptions } from './fleet-logs.ts';
import { LogTimes } from './log-times.ts';
import { watchSizes } from './watch-sizes.ts';

export interface HostProcesses extends Pick<HostLogs, 'logPath'> {
  /** As they are when it is asked. */
  readonly processes: () => PersistentMap<ProcessName, ProcessRuntime>;
  /** In force then. */
  readonly rules: () => HostRules;
}

export function openFleetLogs({
  processes,
  rules,
  logPath,
  link,
  log,
}: HostProcesses & Pick<FleetLogsOptions, 'link' | 'log'>): FleetLogs {
  const times = new LogTimes();
  const paths = function* (): Generator<string> {
    for (const [process, { definition }] of processes()) {
      const { stdoutLog, stderrLog } = definition;
      // Where each line says when it came, nobody needs to remember it.
      const stdout = stdoutLog.timestamps ? null : logPath(process, 'stdout');
      const stderr = stderrLog.timestamps ? null : logPath(process, 'stderr');
      if (stdout !== null) yield stdout;
      if (stderr !== null) yield stderr;
    }
  };
  watchSizes({ times, paths, nowMs: Date.now });
  const definitionOf = (name: ProcessName) => processes().get(name)?.definition ?? null;
  const refusedByPolicy = (wanted: readonly ProcessName[]) =>
    logsAgainst(
      judgeByPolicy(rules(), () => [...processes().values()].map(statusOf)),
      wanted.filter((name) => processes().get(name) !== undefined),
    );
  return new FleetLogs({ definitionOf, logPath, refusedByPolicy, link, times, log });
}

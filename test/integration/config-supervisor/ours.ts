/** What the agent makes of a configuration file, in the terms of Supervisor's own objects. */
import { constants, hostname } from 'node:os';
import { type AgentConfig, loadAgentConfig } from '../../../agent/config/load.ts';
import type {
  LogDefinition,
  LogTarget,
  ProcessDefinition,
} from '../../../agent/core/definition.ts';
import { nodeConfigFiles } from '../../../proto/dialect/node-files.ts';
import { formatProblems } from '../../../proto/dialect/problem.ts';
import type { Host, JudgedLog, JudgedProcess } from './judge.ts';

export type Ours =
  | { readonly refused: string }
  | { readonly config: AgentConfig; readonly processes: readonly JudgedProcess[] };

/** An agent that runs as root, on the host that Supervisor was asked about. */
export function askAgent(file: string, host: Host): Ours {
  const { config, problems } = loadAgentConfig(file, {
    env: host.env,
    hostName: hostname(),
    workingDirectory: host.workingDirectory,
    files: nodeConfigFiles,
    user: { uid: 0, name: 'root' },
    findUser: (key) => {
      const found = Object.entries(host.users).find(
        ([name, [uid]]) => key === name || key === String(uid),
      );
      return found === undefined ? null : { name: found[0], uid: found[1][0], gid: found[1][1] };
    },
    findGroup: (key) => host.groups[key] ?? null,
    realPath: (path) => path,
  });
  if (config === null) return { refused: formatProblems({ errors: problems, warnings: [] }) };
  return { config, processes: config.processes.map(inTheirTerms) };
}

function inTheirTerms(definition: ProcessDefinition): JudgedProcess {
  return {
    group: definition.group,
    groupPriority: definition.groupPriority,
    name: definition.name,
    priority: definition.priority,
    uid: definition.user?.uid ?? null,
    command: definition.command,
    directory: definition.directory,
    umask: definition.umask,
    autostart: definition.autostart,
    autorestart: definition.autorestart,
    startsecs: definition.startMs / 1000,
    startretries: definition.startRetries,
    exitcodes: definition.exitCodes,
    stopsignal: signalNumber(definition.stopSignal),
    stopwaitsecs: definition.stopWaitMs / 1000,
    stopasgroup: definition.stopAsGroup,
    killasgroup: definition.killAsGroup,
    redirect_stderr: definition.redirectStderr,
    environment: definition.environment,
    serverurl: definition.serverUrl,
    stdout: logInTheirTerms(definition.stdoutLog),
    stderr: logInTheirTerms(definition.stderrLog),
  };
}

function signalNumber(signal: string): number {
  const known: Readonly<Record<string, number>> = constants.signals;
  return known[`SIG${signal}`] ?? Number(signal);
}

const logInTheirTerms = ({ target, syslog, maxBytes, backups }: LogDefinition): JudgedLog => ({
  file: fileOf(target),
  ...{ syslog, maxBytes, backups },
});

function fileOf(target: LogTarget): string | null {
  switch (target.kind) {
    case 'file':
      return target.path;
    case 'auto':
      return 'AUTO';
    case 'none':
      return null;
    case 'standard':
      return target.descriptor === 1 ? '/dev/stdout' : '/dev/stderr';
  }
}

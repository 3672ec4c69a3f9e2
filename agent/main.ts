/**
 * fleet-agent, up to where it supervises (`supervise.ts`): what it is started with, by which
 * configuration it goes, as whom, and what only one agent may have: its state directory and its
 * socket. Each step needs those before it, and one that fails ends the program.
 */
import './adapters/host/heap.ts';
import './start/held-signals.ts';
import { hostname, userInfo } from 'node:os';
import { type DaemonArguments, parseDaemonArguments } from '../proto/daemon/arguments.ts';
import { createLog, writeToStderr } from '../proto/daemon/log.ts';
import {
  acceptConfig,
  lockStateDirectory,
  refuseToStart,
  tellRefusal,
  unusableCredentials,
} from '../proto/daemon/start.ts';
import { nodeConfigFiles } from '../proto/dialect/node-files.ts';
import { formatProblems } from '../proto/dialect/problem.ts';
import { exitCodeOf, FleetError, refusal } from '../proto/errors.ts';
import { closeInherited } from './adapters/host/inherited.ts';
import { raiseLimits } from './adapters/host/limits.ts';
import { realPath } from './adapters/host/real-path.ts';
import { findGroup, findUser } from './adapters/host/users.ts';
import { openMainLog } from './adapters/logs/main-log.ts';
import { SETTING_FLAGS } from './config/flags.ts';
import {
  type AgentConfigResult,
  type AgentSettings,
  type AgentSurroundings,
  findStateDirectory,
  loadAgentConfig,
} from './config/load.ts';
import { credentialFilesOf, loadIdentity, type StartingIdentity } from './identity/load.ts';
import { openSocket } from './local/socket.ts';
import { makeSocketDirectory } from './local/socket-directory.ts';
import { becomeUser } from './start/become-user.ts';
import { lastAccepted, type StartingConfig } from './start/configuration.ts';
import { leaveSignals } from './start/held-signals.ts';
import { supervise } from './supervise.ts';

const ABOUT = {
  name: 'fleet-agent',
  description: "Supervises this host's processes and reports to the fleet's controller.",
  defaultConfig: '/etc/fleetvisor/agent.conf',
  settingFlags: SETTING_FLAGS,
  commands: [
    {
      usage: 'join',
      summary: 'let this host into a fleet, with what fleetctl token create printed',
    },
  ],
};

async function main(): Promise<void> {
  // grpc-js makes Node warn about controllers that are named by address; stderr is our JSON log.
  process.noDeprecation = true;
  if (process.argv[2] === 'join') return joinFleet(process.argv.slice(3));
  const args = parseDaemonArguments(ABOUT, process.argv.slice(2));
  // A check starts no program, and what it reads may be a shell's <(command), inherited too.
  if (args.isCheck) leaveSignals();
  else closeInherited();
  const load = (): AgentConfigResult =>
    loadAgentConfig(args.configPath, surroundings(), args.settings);
  const starting = acceptOrGoBack(load(), args);
  const { agent } = starting;
  const identity = identityOf(agent);
  const host = identity?.inPlace.identity.name ?? agent.host ?? hostname();
  if (args.isCheck) {
    process.stdout.write(`${args.configPath}: fine; host ${host}\n`);
    return;
  }
  assertLimits(agent);
  makeSocketDirectory(agent.socket, agent.runAs);
  if (agent.runAs !== null) becomeUser(agent.runAs);

  const lock = lockStateDirectory(agent.stateDir);
  process.on('exit', () => lock[Symbol.dispose]());
  const mainLog = openMainLog(agent.mainLog);
  const {
    NOTIFY_SOCKET: notifySocket,
    FLEETVISOR_PROCESS_TABLE: processTable,
    ...environment
  } = process.env;
  const level = environment['FLEETVISOR_LOG'] ?? agent.mainLog.level ?? undefined;
  const log = createLog('fleet-agent', level, mainLog.write).child({ host });
  const socket = await openSocket(agent.socket, log);
  process.on('exit', () => socket?.close());
  supervise({
    ...starting,
    ...{ configPath: args.configPath, load, identity, host, mainLog, socket, log },
    ...{ environment, notifySocket, processTable, exit: (code) => process.exit(code) },
  });
}

/** `fleet-agent join`: before there is a daemon, and without what a daemon needs. */
async function joinFleet(args: readonly string[]): Promise<void> {
  leaveSignals();
  const { join } = await import('./identity/join.ts');
  await join(args, {
    ...{ ...surroundings(), defaultConfig: ABOUT.defaultConfig, input: process.stdin },
    exit: (code) => process.exit(code),
    tell: (line) => void process.stdout.write(`${line}\n`),
  }).catch((error: unknown) => {
    process.exitCode = exitCodeOf(tellRefusal(`${ABOUT.name} join`, error).code);
  });
}

function surroundings(): AgentSurroundings {
  return {
    env: process.env,
    hostName: hostname(),
    workingDirectory: process.cwd(),
    files: nodeConfigFiles,
    user: ownUser(),
    findUser,
    findGroup,
    realPath,
  };
}

/** In containers it is often a number that no account there has. */
function ownUser(): AgentSurroundings['user'] {
  try {
    const { uid, username } = userInfo();
    return { uid, name: username };
  } catch {
    const uid = process.geteuid?.() ?? -1;
    return { uid, name: String(uid) };
  }
}

/** The configuration on disk; an agent that ran before goes by its last one where that is bad. */
function acceptOrGoBack(loaded: AgentConfigResult, args: DaemonArguments): StartingConfig {
  if (loaded.config === null && !args.isCheck) {
    const stateDir = findStateDirectory(args.configPath, surroundings());
    const earlier = lastAccepted(loaded, args.configPath, { stateDir, findUser });
    if (earlier !== null) {
      writeToStderr(`${formatProblems({ ...loaded, errors: loaded.problems })}\n`);
      return earlier;
    }
  }
  const { agent, processes } = acceptConfig(loaded, args, writeToStderr);
  return { agent, reading: { kind: 'read', definitions: processes } };
}

/** Null where no controller is to be talked to. */
function identityOf(agent: AgentSettings): StartingIdentity | null {
  const files = credentialFilesOf(agent);
  if (files === null) return null;
  const found = loadIdentity(files, Date.now());
  if (found.kind === 'unusable') throw unusableCredentials(found.problems);
  return found;
}

function assertLimits(agent: AgentSettings): void {
  const cause = raiseLimits(agent);
  if (cause === null) return;
  throw new FleetError(
    refusal('configuration', 'this host allows the agent too little', { cause }),
  );
}

main().catch((error: unknown) => refuseToStart(ABOUT.name, error));

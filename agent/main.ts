/**
 * fleet-agent: wires the adapters to the driver, takes up what an earlier agent left, and maps
 * signals to inputs. SIGTERM, SIGINT and SIGQUIT stop every process in order and then end the
 * agent, and SIGUSR2 reopens log files, both as Supervisor; SIGHUP takes up what has changed in the
 * configuration. Any other end of the agent leaves the processes running for the next one.
 */
import './adapters/host/heap.ts';
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { systemClock } from '../proto/clock.ts';
import type { CredentialFiles, Credentials } from '../proto/credentials.ts';
import { type DaemonArguments, parseDaemonArguments } from '../proto/daemon/arguments.ts';
import { createLog, writeToStderr } from '../proto/daemon/log.ts';
import { notifyReady } from '../proto/daemon/notify.ts';
import {
  acceptConfig,
  acceptCredentials,
  lockStateDirectory,
  makeGuardedDirectory,
  makePrivateDirectory,
  refuseToStart,
} from '../proto/daemon/start.ts';
import { nodeConfigFiles } from '../proto/dialect/node-files.ts';
import { formatProblems } from '../proto/dialect/problem.ts';
import { FleetError, refusal } from '../proto/errors.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../proto/operation-id.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { ChildProcesses } from './adapters/children/children.ts';
import { lookForChildren } from './adapters/children/sightings.ts';
import { closeInherited } from './adapters/host/inherited.ts';
import { raiseLimits } from './adapters/host/limits.ts';
import { openProcessTable } from './adapters/host/process-table.ts';
import { findGroup, findUser, findUserName } from './adapters/host/users.ts';
import { openJournal } from './adapters/journal/journal.ts';
import { type MainLog, openMainLog } from './adapters/logs/main-log.ts';
import { createSyslog } from './adapters/logs/syslog.ts';
import {
  type AgentConfigResult,
  type AgentSettings,
  type AgentSurroundings,
  findStateDirectory,
  loadAgentConfig,
} from './config/load.ts';
import { recoverState } from './core/recover.ts';
import { type AgentDriver, createAgentDriver } from './driver.ts';
import { ControllerLink, type LinkOptions, NO_LINK } from './link.ts';
import { createOrderDesk, type OrderDesk } from './local/order-desk.ts';
import { type LocalServer, openLocalServer } from './local/server.ts';
import { type ListeningSocket, openSocket } from './local/socket.ts';
import { makeSocketDirectory } from './local/socket-directory.ts';
import type { Log } from './ports.ts';
import { becomeUser } from './start/become-user.ts';
import {
  configSource,
  journalPath,
  lastAccepted,
  type StartingConfig,
} from './start/configuration.ts';
import { keepConfig, makeAllFifos } from './start/make-ready.ts';
import { writePidFile } from './start/pid-file.ts';

const ABOUT = {
  name: 'fleet-agent',
  description: "Supervises this host's processes and reports to the fleet's controller.",
  defaultConfig: '/etc/fleetvisor/agent.conf',
};

/** How long whoever waits at the socket may take to hear how it ended. */
const GOODBYE_MS = 1_000;

/** Of a timer that is there only so that the program goes on; the longest that Node has. */
const KEEP_ALIVE_MS = 2 ** 31 - 1;

async function main(): Promise<void> {
  // grpc-js makes Node warn about controllers that are named by address; stderr is our JSON log.
  process.noDeprecation = true;
  // With a listener of our own Node does not open its debugger, which anybody here could use.
  process.on('SIGUSR1', () => undefined);
  closeInherited();
  const args = parseDaemonArguments(ABOUT, process.argv.slice(2));
  const load = (): AgentConfigResult => loadAgentConfig(args.configPath, surroundings());
  const starting = acceptOrGoBack(load(), args);
  const { agent } = starting;
  const credentials = credentialsOf(agent);
  const host = credentials?.identity.name ?? agent.host ?? hostname();
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
  const level = process.env['FLEETVISOR_LOG'] ?? agent.mainLog.level ?? undefined;
  const log = createLog('fleet-agent', level, mainLog.write).child({ host });
  const socket = await openSocket(agent.socket, log);
  process.on('exit', () => socket?.close());
  supervise({ ...starting, args, load, credentials, host, mainLog, socket, log });
}

function surroundings(): AgentSurroundings {
  const { uid, username } = userInfo();
  return {
    env: process.env,
    hostName: hostname(),
    workingDirectory: process.cwd(),
    files: nodeConfigFiles,
    user: { uid, name: username },
    findUser,
    findGroup,
  };
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
function credentialsOf(agent: AgentSettings): Credentials | null {
  if (agent.controllers.length === 0) return null;
  const { ca, cert, key } = agent;
  // The configuration has them all where it has controllers.
  return acceptCredentials({ ca, cert, key } as CredentialFiles, 'agent', Date.now());
}

function assertLimits(agent: AgentSettings): void {
  const cause = raiseLimits(agent);
  if (cause === null) return;
  throw new FleetError(
    refusal('configuration', 'this host allows the agent too little', { cause }),
  );
}

interface Supervision extends StartingConfig {
  readonly args: DaemonArguments;
  readonly load: () => AgentConfigResult;
  readonly credentials: Credentials | null;
  readonly host: string;
  readonly mainLog: MainLog;
  readonly socket: ListeningSocket | null;
  readonly log: Log;
}

function supervise(given: Supervision): void {
  const { agent, reading, log, mainLog } = given;
  const { NOTIFY_SOCKET: notifySocket, ...environment } = process.env;
  makeGuardedDirectory('run_dir', agent.runDir);
  makePrivateDirectory(agent.logDir);
  const table = openProcessTable();
  const journal = openJournal(journalPath(agent.stateDir), table.bootId);
  tellOfConfig(given);
  keepConfig(given, given.args.configPath, { journal, log });
  const state = recoverState(reading, journal.contents, table.bootId, Date.now());
  makeAllFifos(state, agent, log);
  const syslog = createSyslog({ log });
  const children = new ChildProcesses({
    folders: agent,
    table,
    environment,
    descriptorsMax: agent.minFds,
    syslog,
    definitionOf: (name) => driver.state().processes.get(name)?.definition ?? null,
    deliver: (name, input) => driver.deliver({ kind: 'process', process: name, input }),
    log,
  });
  const link = openLink(given, {
    journalId: journal.id,
    deliver: (input) => driver.deliver(input),
  });
  const orders = createOrderDesk((input) => driver.deliver(input), log);
  const driver: AgentDriver = createAgentDriver(
    {
      clock: systemClock,
      children,
      journal,
      link,
      config: configSource(given.load, agent, log),
      orders,
      log,
      onShutdownComplete: () => {
        log.info({}, 'every process has stopped');
        void Promise.all([link.close('stopped'), local?.close(GOODBYE_MS)]).then(() => {
          for (const open of [children, syslog, journal, mainLog]) open[Symbol.dispose]();
          process.exit(0);
        });
      },
    },
    state,
  );
  const local = serveLocally(given, { children, driver, orders });
  const sightings = lookForChildren(state, agent, table);
  driver.deliver({ kind: 'boot', sightings });
  link.open();
  obeySignals({ children, driver, orders, mainLog, log });
  // With neither controller nor socket, nothing else may keep the program going.
  setInterval(() => undefined, KEEP_ALIVE_MS);
  if (agent.pidFile !== null) {
    const pidFile = writePidFile(agent.pidFile, process.pid, log);
    process.on('exit', () => pidFile[Symbol.dispose]());
  }
  const processes = state.processes.size;
  log.info({ processes, adopted: sightings.size }, 'supervising');
  notifyReady(notifySocket);
}

function tellOfConfig({ agent, reading, credentials, host, log }: Supervision): void {
  if (reading.kind === 'rejected') {
    const text = 'config rejected; the one that was accepted last is in force';
    log.error({ problem: reading.problem }, text);
  }
  if (credentials === null || agent.host === null || agent.host === host) return;
  log.warn({ configured: agent.host }, `[agent] host is ignored: the certificate says ${host}`);
}

function openLink(
  { agent, credentials, log }: Supervision,
  { journalId, deliver }: Pick<AgentDriver, 'deliver'> & Pick<LinkOptions['hello'], 'journalId'>,
) {
  if (credentials === null) return NO_LINK;
  return new ControllerLink({
    controllers: agent.controllers,
    credentials,
    hello: {
      kind: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      agentVersion: PRODUCT_VERSION,
      journalId,
      labels: agent.labels,
    },
    onMessage: (message) => deliver({ kind: 'received', message }),
    onDown: () => deliver({ kind: 'disconnected' }),
    chance: Math.random,
    log,
  });
}

interface Running {
  readonly children: ChildProcesses;
  readonly driver: AgentDriver;
  readonly orders: OrderDesk;
}

function serveLocally(
  { socket, host, mainLog, log }: Supervision,
  { children, driver, orders }: Running,
): LocalServer | null {
  if (socket === null) return null;
  return openLocalServer({
    ...{ socket, host, driver, mainLog, log },
    desk: orders,
    logFiles: children,
    userName: findUserName,
    nowMs: Date.now,
  });
}

function obeySignals({
  children,
  driver,
  orders,
  mainLog,
  log,
}: Running & Pick<Supervision, 'mainLog' | 'log'>): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'stopping every process in order');
      driver.deliver({ kind: 'shutdown' });
    });
  }
  process.on('SIGUSR2', () => {
    children.reopenLogs();
    mainLog.reopen();
  });
  process.on('SIGHUP', () => {
    const operationId = makeOperationId(Date.now(), randomBytes(OPERATION_ID_RANDOM_BYTES));
    orders.giveBySignal({ kind: 'update', operationId, groups: [] }, 'SIGHUP');
  });
}

main().catch((error: unknown) => refuseToStart(ABOUT.name, error));

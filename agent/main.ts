/**
 * fleet-agent: wires the adapters to the driver, takes up what an earlier agent left, and maps
 * signals to inputs. SIGTERM, SIGINT and SIGQUIT stop every process in order and then end the
 * agent, SIGUSR2 reopens log files (both as Supervisor); any other end of the agent leaves the
 * processes running for the next one.
 */
import './adapters/heap.ts';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../proto/clock.ts';
import type { Credentials } from '../proto/credentials.ts';
import { type DaemonArguments, parseDaemonArguments } from '../proto/daemon/arguments.ts';
import { createLog, writeToStderr } from '../proto/daemon/log.ts';
import { notifyReady } from '../proto/daemon/notify.ts';
import {
  acceptConfig,
  acceptCredentials,
  lockStateDirectory,
  makePrivateDirectory,
  refuseToStart,
} from '../proto/daemon/start.ts';
import { nodeConfigFiles } from '../proto/dialect/node-files.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { ChildProcesses } from './adapters/children.ts';
import { closeInherited } from './adapters/inherited.ts';
import { openJournal } from './adapters/journal.ts';
import { makeFifos } from './adapters/output.ts';
import { openProcessTable } from './adapters/process-table.ts';
import { runFilesOf } from './adapters/run-files.ts';
import { lookForChildren } from './adapters/sightings.ts';
import { type AgentConfig, loadAgentConfig } from './config/load.ts';
import { recoverState } from './core/recover.ts';
import { type AgentDriver, createAgentDriver } from './driver.ts';
import { ControllerLink } from './link.ts';

const ABOUT = {
  name: 'fleet-agent',
  description: "Supervises this host's processes and reports to the fleet's controller.",
  defaultConfig: '/etc/fleetvisor/agent.conf',
};

function main(): void {
  // grpc-js makes Node warn about controllers that are named by address; stderr is our JSON log.
  process.noDeprecation = true;
  // With a listener of our own Node does not open its debugger, which anybody here could use.
  process.on('SIGUSR1', () => undefined);
  closeInherited();
  const args = parseDaemonArguments(ABOUT, process.argv.slice(2));
  const config = acceptConfig(loadConfig(args), args, writeToStderr);
  const credentials = acceptCredentials(config.agent, 'agent', Date.now());
  if (args.isCheck) {
    process.stdout.write(`${args.configPath}: fine; host ${credentials.identity.name}\n`);
    return;
  }
  const lock = lockStateDirectory(config.agent.stateDir);
  process.on('exit', () => lock[Symbol.dispose]());
  supervise(config, credentials);
}

function loadConfig(args: DaemonArguments) {
  const { uid, username } = userInfo();
  return loadAgentConfig(args.configPath, {
    env: process.env,
    hostName: hostname(),
    workingDirectory: process.cwd(),
    files: nodeConfigFiles,
    user: { uid, name: username },
  });
}

function supervise({ agent, processes }: AgentConfig, credentials: Credentials): void {
  const host = credentials.identity.name;
  const log = createLog('fleet-agent', process.env['FLEETVISOR_LOG']).child({ host });
  if (agent.host !== null && agent.host !== host) {
    log.warn({ configured: agent.host }, `[agent] host is ignored: the certificate says ${host}`);
  }
  const { NOTIFY_SOCKET: notifySocket, ...environment } = process.env;
  makePrivateDirectory(agent.runDir);
  makePrivateDirectory(agent.logDir);
  const table = openProcessTable();
  const journal = openJournal(join(agent.stateDir, 'journal.db'), table.bootId);
  const { state, retired } = recoverState(processes, journal.contents, table.bootId, Date.now());
  makeFifos(
    [...state.processes].flatMap(([name]) => {
      const { stdoutFifo, stderrFifo } = runFilesOf(agent, name);
      return [stdoutFifo, stderrFifo];
    }),
  );
  const children = new ChildProcesses({
    folders: agent,
    table,
    environment,
    descriptorsMax: agent.minFds,
    deliver: (name, input) => driver.deliver({ kind: 'process', process: name, input }),
    log,
  });
  const link = new ControllerLink({
    controllers: agent.controllers,
    credentials,
    hello: {
      kind: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      agentVersion: PRODUCT_VERSION,
      journalId: journal.id,
      labels: agent.labels,
    },
    onMessage: (message) => driver.deliver({ kind: 'received', message }),
    onDown: () => driver.deliver({ kind: 'disconnected' }),
    chance: Math.random,
    log,
  });
  const driver: AgentDriver = createAgentDriver(
    {
      clock: systemClock,
      children,
      journal,
      link,
      log,
      onShutdownComplete: () => {
        log.info({}, 'every process has stopped');
        void link.close('stopped').then(() => {
          children[Symbol.dispose]();
          journal[Symbol.dispose]();
          process.exit(0);
        });
      },
    },
    state,
  );
  const sightings = lookForChildren(state, agent, table);
  driver.deliver({ kind: 'boot', sightings, retired });
  link.open();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'stopping every process in order');
      driver.deliver({ kind: 'shutdown' });
    });
  }
  process.on('SIGUSR2', () => children.reopenLogs());
  process.on('SIGHUP', () => log.warn({}, 'reload comes in a later version; nothing was changed'));
  log.info({ processes: processes.length, adopted: sightings.size }, 'supervising');
  notifyReady(notifySocket);
}

try {
  main();
} catch (error) {
  refuseToStart(ABOUT.name, error);
}

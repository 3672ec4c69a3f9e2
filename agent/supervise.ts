/**
 * Wires the adapters to the driver, takes up what an earlier agent left, and maps signals to inputs.
 * SIGTERM, SIGINT and SIGQUIT stop every process in order and then end the agent, and SIGUSR2 reopens
 * log files, both as Supervisor; SIGHUP takes up what has changed in the configuration. SIGALRM hands
 * over to the next agent: like any other end of an agent it leaves the processes running, but nothing
 * that was printed, done or ordered until then is lost.
 */
import { randomBytes } from 'node:crypto';
import { uptime } from 'node:os';
import { systemClock } from '../proto/clock.ts';
import { notifyReady } from '../proto/daemon/notify.ts';
import { makeGuardedDirectory, makePrivateDirectory } from '../proto/daemon/start.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../proto/operation-id.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { ChildProcesses } from './adapters/children/children.ts';
import { lookForChildren, withLastLines } from './adapters/children/sightings.ts';
import { AgentProbes } from './adapters/health/health-probes.ts';
import { MemoryWatch } from './adapters/host/memory-watch.ts';
import { openProcessTable, type ProcessTable } from './adapters/host/process-table.ts';
import { findGroupsOf, findUserName } from './adapters/host/users.ts';
import { openJournal } from './adapters/journal/journal.ts';
import type { MainLog } from './adapters/logs/main-log.ts';
import { createSyslog } from './adapters/logs/syslog.ts';
import type { AgentConfigResult } from './config/load.ts';
import type { ProcessDefinition } from './core/definition.ts';
import { recoverState } from './core/recover.ts';
import { type AgentDriver, createAgentDriver } from './driver.ts';
import { type HostProcesses, openFleetLogs } from './fleet-logs/open.ts';
import type { StartingIdentity } from './identity/load.ts';
import { openKeeper } from './identity/open.ts';
import { ControllerLink, type Goodbye, type LinkOptions, NO_LINK } from './link.ts';
import { createOrderDesk, type OrderDesk } from './local/order-desk.ts';
import { type LocalServer, type LocalServerOptions, openLocalServer } from './local/server.ts';
import type { ListeningSocket } from './local/socket.ts';
import type { Log } from './ports.ts';
import { configSource, journalPath, type StartingConfig } from './start/configuration.ts';
import { type ObeyedSignal, obeySignals } from './start/held-signals.ts';
import { whatIsRemembered } from './start/lost-journal.ts';
import { keepConfig, keepSettings, makeAllFifos } from './start/make-ready.ts';
import { writePidFile } from './start/pid-file.ts';
import { assertSameTable, childrenInJournal, childrenInRunDir } from './start/same-table.ts';

/** How long whoever waits at the socket may take to hear how it ended. */
const GOODBYE_MS = 1_000;

/** How long a controller may take the next agent to need. */
const HANDOVER_MS = 1_000;

/** More than any two agents of a fleet will ever draw alike. */
const INSTANCE_ID_BYTES = 16;

/** Of a timer that is there only so that the program goes on; the longest that Node has. */
const KEEP_ALIVE_MS = 2 ** 31 - 1;

export interface Supervision extends StartingConfig {
  readonly configPath: string;
  readonly load: () => AgentConfigResult;
  /** Null: no controller is named. */
  readonly identity: StartingIdentity | null;
  readonly host: string;
  readonly mainLog: MainLog;
  readonly socket: ListeningSocket | null;
  readonly log: Log;
  /** What the agent passes on of its own to programs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** systemd's, which is the agent's alone. */
  readonly notifySocket: string | undefined;
  /** What `openProcessTable` is to use; undefined: the best there is. */
  readonly processTable: string | undefined;
  readonly exit: (code: number) => void;
}

export function supervise(given: Supervision): void {
  const { agent, log, mainLog, environment } = given;
  makeGuardedDirectory('run_dir', agent.runDir);
  makePrivateDirectory(agent.logDir);
  const table = openProcessTable(given.processTable);
  const { journal, state, stateProblem, sightings } = takeUp(given, table);
  const adopted = [...sightings.values()].filter(({ kind }) => kind === 'alive').length;
  const syslog = createSyslog({ log });
  // What these deliver comes with later callbacks, when the driver is there.
  const children = new ChildProcesses({
    folders: agent,
    table,
    environment,
    descriptorsMax: agent.minFds,
    syslog,
    definitionOf: (name) => driver.state().processes.get(name)?.definition ?? null,
    deliver: (name, input) => driver.deliver({ kind: 'process', process: name, input }),
    observe: (name, observation) =>
      driver.deliver({ kind: 'observed', process: name, observation }),
    clock: systemClock,
    log,
  });
  children.holdOutputOf([...state.processes].map(([name]) => name));
  const probes = new AgentProbes({ environment, descriptorsMax: agent.minFds });
  const link = openLink(given, {
    journalId: journal.id,
    stateProblem,
    adopted,
    deliver: (input) => driver.deliver(input),
    processes: () => driver.state().processes,
    rules: () => driver.state().rules,
    logPath: (process, channel) => children.logPath(process, channel),
  });
  const orders = createOrderDesk((input) => driver.deliver(input), log);
  const driver: AgentDriver = createAgentDriver(
    {
      clock: systemClock,
      children,
      probes,
      journal,
      link,
      config: configSource(given.load, agent, {
        keep: (kept) => {
          local?.judgeReaders();
          keepSettings(kept, given.configPath, { journal, log });
        },
        log,
      }),
      orders,
      log,
      onShutdownComplete: () => {
        log.info({}, 'every process has stopped');
        children.endHolder();
        void end({ reason: 'stopped', reconnectAfterMs: 0 });
      },
      onHandOver: () => {
        log.info({}, 'every process runs on for the next agent');
        void end({ reason: 'handing over', reconnectAfterMs: HANDOVER_MS });
      },
    },
    state,
  );
  async function end(goodbye: Goodbye): Promise<void> {
    await Promise.all([link.close(goodbye), local?.close(GOODBYE_MS)]);
    for (const open of [memory, probes, children, syslog, journal, mainLog]) open[Symbol.dispose]();
    given.exit(0);
  }
  const local = serveLocally(given, { children, driver, orders, stateProblem });
  const memory = watchMemory(table, driver);
  const readRest = (definition: ProcessDefinition) => children.readRest(definition);
  driver.deliver({ kind: 'boot', sightings: withLastLines(sightings, state, readRest) });
  link.open();
  obeySignals(signalHandler({ children, driver, orders, mainLog, log }));
  // With neither controller nor socket, nothing else may keep the program going.
  setInterval(() => undefined, KEEP_ALIVE_MS);
  tellPid(agent.pidFile, log);
  const processes = state.processes.size;
  log.info({ processes, adopted }, 'supervising');
  notifyReady(given.notifySocket);
}

/** What an earlier agent left: what it had on record, and what has become of its processes. */
function takeUp(given: Supervision, table: ProcessTable) {
  const { agent, reading, log } = given;
  assertSameTable(childrenInRunDir(agent), table);
  const canDoWithout = reading.kind === 'read';
  const journal = openJournal(journalPath(agent.stateDir), table.bootId, { canDoWithout });
  assertSameTable(childrenInJournal(journal, agent), table);
  tellOfConfig(given);
  keepConfig(given, given.configPath, { journal, log });
  const bootedAtMs = Date.now() - uptime() * 1_000;
  const { contents, stateProblem } = whatIsRemembered(journal, {
    ...{ reading, folders: agent, table, clock: systemClock, log, bootedAtMs },
  });
  const state = recoverState(reading, contents, table.bootId, Date.now(), agent.rules);
  makeAllFifos(state, agent, log);
  return { journal, state, stateProblem, sightings: lookForChildren(state, agent, table) };
}

function watchMemory(table: ProcessTable, { state, deliver }: AgentDriver): MemoryWatch {
  return new MemoryWatch({
    table,
    processes: () => state().processes,
    observe: (process, observation) => deliver({ kind: 'observed', process, observation }),
    nowMs: Date.now,
    chance: () => randomBytes(OPERATION_ID_RANDOM_BYTES),
  });
}

function tellPid(path: string | null, log: Log): void {
  if (path === null) return;
  const pidFile = writePidFile(path, process.pid, log);
  process.on('exit', () => pidFile[Symbol.dispose]());
}

function tellOfConfig({ agent, reading, identity, host, log }: Supervision): void {
  if (reading.kind === 'rejected') {
    const text = 'config rejected; the one that was accepted last is in force';
    log.error({ problem: reading.problem }, text);
  }
  if (identity === null || agent.host === null || agent.host === host) return;
  log.warn({ configured: agent.host }, `[agent] host is ignored: the certificate says ${host}`);
}

function openLink(
  given: Supervision,
  {
    journalId,
    stateProblem,
    adopted,
    deliver,
    ...logs
  }: HostProcesses &
    Pick<AgentDriver, 'deliver'> &
    Pick<LinkOptions['hello'], 'journalId' | 'stateProblem' | 'adopted'>,
) {
  const { agent, log } = given;
  const keeper = openKeeper(given, (because) => link.redial(because));
  if (keeper === null) return NO_LINK;
  const link = new ControllerLink({
    controllers: agent.controllers,
    identity: keeper.identity,
    hello: {
      kind: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      agentVersion: PRODUCT_VERSION,
      journalId,
      labels: agent.labels,
      adopted,
      stateProblem,
      instanceId: randomBytes(INSTANCE_ID_BYTES).toString('hex'),
    },
    onMessage: (message) => deliver({ kind: 'received', message }),
    onLogMessage: (message) => fleetLogs.receive(message),
    onDown: () => {
      fleetLogs.endAll();
      deliver({ kind: 'disconnected' });
    },
    chance: Math.random,
    log,
  });
  const fleetLogs = openFleetLogs({ link, log, ...logs });
  // After the link has dialled for the first time.
  setImmediate(() => keeper.begin());
  return link;
}

interface Running {
  readonly children: ChildProcesses;
  readonly driver: AgentDriver;
  readonly orders: OrderDesk;
}

function serveLocally(
  { socket, host, mainLog, log }: Supervision,
  { children, driver, orders, stateProblem }: Running & Pick<LocalServerOptions, 'stateProblem'>,
): LocalServer | null {
  if (socket === null) return null;
  return openLocalServer({
    ...{ socket, host, driver, mainLog, log },
    desk: orders,
    logFiles: children,
    userName: findUserName,
    groupsOf: findGroupsOf,
    nowMs: Date.now,
    stateProblem,
  });
}

function signalHandler({
  children,
  driver,
  orders,
  mainLog,
  log,
}: Running & Pick<Supervision, 'mainLog' | 'log'>): (signal: ObeyedSignal) => void {
  return (signal) => {
    switch (signal) {
      case 'SIGTERM':
      case 'SIGINT':
      case 'SIGQUIT':
        log.info({ signal }, 'stopping every process in order');
        driver.deliver({ kind: 'shutdown' });
        return;
      case 'SIGALRM':
        log.info({ signal }, 'handing over to the next agent');
        driver.deliver({ kind: 'handOver' });
        return;
      case 'SIGUSR2':
        children.reopenLogs();
        mainLog.reopen();
        return;
      case 'SIGHUP': {
        const operationId = makeOperationId(Date.now(), randomBytes(OPERATION_ID_RANDOM_BYTES));
        orders.giveBySignal({ kind: 'update', operationId, groups: [] }, 'SIGHUP');
      }
    }
  };
}

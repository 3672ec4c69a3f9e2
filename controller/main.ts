/**
 * fleet-controller: wires the store, the driver and the front door together and maps signals to
 * their end. What it knew survives it; agents come back by themselves.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../proto/clock.ts';
import type { Credentials } from '../proto/credentials.ts';
import { parseDaemonArguments } from '../proto/daemon/arguments.ts';
import { createLog, writeToStderr } from '../proto/daemon/log.ts';
import { notifyReady } from '../proto/daemon/notify.ts';
import {
  acceptConfig,
  acceptCredentials,
  lockStateDirectory,
  refuseToStart,
} from '../proto/daemon/start.ts';
import { nodeConfigFiles } from '../proto/dialect/node-files.ts';
import { controlHandlers } from './api.ts';
import { type ControllerConfig, loadControllerConfig } from './config.ts';
import { NO_QUESTIONS } from './core/questions.ts';
import type { FleetInput } from './core/state.ts';
import { createFleetDriver, type FleetDriver } from './driver.ts';
import { createGuard } from './guard.ts';
import { AgentLinkServer } from './link.ts';
import { createLogDesk } from './logs/call.ts';
import { openFrontDoor } from './server.ts';
import { openStore } from './store/open.ts';

const ABOUT = {
  name: 'fleet-controller',
  description: "Keeps a fleet's state and carries out operators' commands on many hosts.",
  defaultConfig: '/etc/fleetvisor/controller.conf',
  settingFlags: [],
};

const FORGET_INTERVAL_MS = 60 * 60 * 1_000;

/** For calls under way when the controller is told to stop. */
const CLOSE_GRACE_MS = 3_000;

async function main(): Promise<void> {
  // With a listener of our own Node does not open its debugger, which anybody here could use.
  process.on('SIGUSR1', () => undefined);
  const args = parseDaemonArguments(ABOUT, process.argv.slice(2));
  const loaded = loadControllerConfig(args.configPath, {
    env: process.env,
    hostName: hostname(),
    workingDirectory: process.cwd(),
    files: nodeConfigFiles,
  });
  const config = acceptConfig(loaded, args, writeToStderr);
  const credentials = acceptCredentials(config, 'controller', Date.now());
  if (args.isCheck) {
    process.stdout.write(`${args.configPath}: fine; controller ${credentials.identity.name}\n`);
    return;
  }
  const lock = lockStateDirectory(config.stateDir);
  process.on('exit', () => lock[Symbol.dispose]());
  await serve(config, credentials);
}

async function serve(config: ControllerConfig, credentials: Credentials): Promise<void> {
  const log = createLog('fleet-controller', process.env['FLEETVISOR_LOG']);
  const store = openStore(join(config.stateDir, 'fleet.db'), Date.now());
  const guard = createGuard({
    fleet: credentials.identity.fleet,
    operators: new Set(config.operators),
    nowMs: Date.now,
    log,
  });
  const deliver = (input: FleetInput): void => driver.deliver(input);
  const links = new AgentLinkServer({ guard, clock: systemClock, deliver, log });
  const { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove } = config;
  const configured = { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove };
  const driver: FleetDriver = createFleetDriver(
    {
      clock: systemClock,
      store,
      links,
      log,
      onStoreBroken: (error) => {
        log.error({ error: String(error) }, 'the store cannot be written; ending');
        process.exit(1);
      },
    },
    { ...store.contents, ...configured, questions: NO_QUESTIONS },
  );
  driver.deliver({ kind: 'boot' });
  store.forgetOld(Date.now());
  setInterval(() => store.forgetOld(Date.now()), FORGET_INTERVAL_MS).unref();
  const logs = createLogDesk({ driver, readers: links.logReaders, clock: systemClock, log });
  const door = await openFrontDoor({
    listen: config.listen,
    credentials,
    control: controlHandlers({ driver, store, logs, guard, clock: systemClock, log }),
    agentLink: links.handlers(),
    log,
  });
  const { host } = config.listen;
  const { hosts, operations } = store.contents;
  log.info({ host, port: door.port, hosts: hosts.size, operations: operations.size }, 'serving');
  notifyReady(process.env['NOTIFY_SOCKET']);

  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping; agents and their processes go on');
    logs[Symbol.dispose]();
    links.goodbye('the controller is stopping');
    links[Symbol.dispose]();
    void door.close(CLOSE_GRACE_MS).then(() => {
      store[Symbol.dispose]();
      process.exit(0);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  process.on('SIGHUP', () => log.warn({}, 'reload comes in a later version; nothing was changed'));
}

main().catch((error: unknown) => refuseToStart(ABOUT.name, error));

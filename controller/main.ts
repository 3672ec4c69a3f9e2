/**
 * fleet-controller: reads the command line and the configuration, takes its state for itself, serves,
 * and maps signals to a reload and to the end.
 */
import { hostname } from 'node:os';
import { parseDaemonArguments } from '../proto/daemon/arguments.ts';
import { createLog, writeToStderr } from '../proto/daemon/log.ts';
import { notifyReady } from '../proto/daemon/notify.ts';
import { acceptConfig, lockStateDirectory, refuseToStart } from '../proto/daemon/start.ts';
import { nodeConfigFiles } from '../proto/dialect/node-files.ts';
import { loadControllerConfig } from './config/config.ts';
import { acceptCertificate, renewIfEnded } from './identity/start-certificate.ts';
import { type Serving, serve } from './serve.ts';
import { upkeepCommand } from './upkeep/command.ts';

const ABOUT = {
  name: 'fleet-controller',
  description: "Keeps a fleet's state and carries out operators' commands on many hosts.",
  defaultConfig: '/etc/fleetvisor/controller.conf',
  settingFlags: [],
  commands: [
    { usage: 'backup FILE', summary: 'copy the database, checked; the controller may be running' },
    {
      usage: 'restore FILE',
      summary: 'make a backup the database; the controller must be stopped',
    },
  ],
};

async function main(): Promise<void> {
  // With a listener of our own Node does not open its debugger, which anybody here could use.
  process.on('SIGUSR1', () => undefined);
  let serving: Serving | null = null;
  // It would end a program that is not ready for it yet.
  process.on('SIGHUP', () => serving?.reload());
  const words = process.argv.slice(2);
  const surroundings = {
    env: process.env,
    hostName: hostname(),
    workingDirectory: process.cwd(),
    files: nodeConfigFiles,
  };
  const upkeep = upkeepCommand(words, { surroundings, defaultConfig: ABOUT.defaultConfig });
  if (upkeep !== null) process.exit(await upkeep);
  const args = parseDaemonArguments(ABOUT, words);
  const readConfig = () => loadControllerConfig(args.configPath, surroundings);
  const config = acceptConfig(readConfig(), args, writeToStderr);
  const certificate = acceptCertificate(config, Date.now());
  if (args.isCheck) {
    const { name } = certificate.credentials.identity;
    process.stdout.write(`${args.configPath}: fine; controller ${name}\n`);
    return;
  }
  const lock = lockStateDirectory(config.stateDir);
  process.on('exit', () => lock[Symbol.dispose]());
  const log = createLog('fleet-controller', process.env['FLEETVISOR_LOG']);
  const credentials = await renewIfEnded(config, certificate, Date.now());
  serving = await serve({
    config,
    certificate: { ...certificate, credentials },
    readConfig,
    log,
    onStoreBroken: () => process.exit(1),
  });
  notifyReady(process.env['NOTIFY_SOCKET']);
  stopOnSignal(serving, log);
}

function stopOnSignal(serving: Serving, log: ReturnType<typeof createLog>): void {
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping; agents and their processes go on');
    void serving.close().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
}

main().catch((error: unknown) => refuseToStart(ABOUT.name, error));

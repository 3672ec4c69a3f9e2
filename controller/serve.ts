/**
 * A controller that serves: the store, the driver, the two doors and what keeps them in order, wired
 * together. What it knew survives it; agents come back by themselves.
 */
import { join } from 'node:path';
import { systemClock } from '../proto/clock.ts';
import { messageOf } from '../proto/errors.ts';
import { controlHandlers } from './calls/api.ts';
import { authorityHandlers } from './calls/authority-calls.ts';
import { enrollmentHandlers } from './calls/enrollment-calls.ts';
import type { ControllerConfig, ControllerConfigResult } from './config/config.ts';
import { createReload } from './config/reload.ts';
import { settingsOf } from './config/settings.ts';
import { NOTHING_UNDER_WAY } from './core/fleet.ts';
import type { FleetInput } from './core/state.ts';
import { openEnrollmentDoor } from './door/enrollment-door.ts';
import { createGuard, type Guard } from './door/guard.ts';
import { openFrontDoor } from './door/server.ts';
import { createFleetDriver, type FleetDriver } from './driver.ts';
import { createIssuer } from './identity/issuer.ts';
import { createOwnCertificate } from './identity/own-certificate.ts';
import { createReached } from './identity/reachable.ts';
import type { StartCertificate } from './identity/start-certificate.ts';
import { trustOf } from './identity/trust.ts';
import { AgentLinkServer } from './link/link.ts';
import { createLogDesk, type LogDesk } from './logs/call.ts';
import type { Log } from './ports.ts';
import { type OpenStore, openStore } from './store/open.ts';
import { logAuditHead } from './upkeep/audit-head.ts';
import { LEDGER_FILE, openLedger } from './upkeep/ledger.ts';
import { DATABASE_FILE } from './upkeep/restore.ts';

export interface ServeOptions {
  readonly config: ControllerConfig;
  readonly certificate: StartCertificate;
  /** The configuration, read anew. */
  readonly readConfig: () => ControllerConfigResult;
  readonly log: Log;
  /** The database cannot be written: nothing may be promised any more. */
  readonly onStoreBroken: () => void;
}

export interface Serving {
  /** Reads again whatever may have changed: the configuration, the certificates. */
  reload(): void;
  /** Agents and their processes go on. */
  close(): Promise<void>;
}

const FORGET_INTERVAL_MS = 60 * 60 * 1_000;
const LOOK_AT_CERTIFICATE_MS = 60 * 1_000;

/** For calls under way when the controller is told to stop. */
const CLOSE_GRACE_MS = 3_000;

/** @throws FleetError where it cannot begin */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, log } = options;
  const core = beginCore(options);
  const { driver, links } = core;
  const logs = createLogDesk({ driver, readers: links.logReaders, clock: systemClock, log });
  const doors = await openDoors(options, core, logs);
  const reloadConfig = createReload({
    read: options.readConfig,
    started: config,
    ...{ settingsOf, deliver: driver.deliver, log },
  });
  return {
    reload() {
      reloadConfig();
      doors.lookAtCertificate();
    },
    async close() {
      logs[Symbol.dispose]();
      links.goodbye('the controller is stopping');
      links[Symbol.dispose]();
      await doors.close();
      core[Symbol.dispose]();
    },
  };
}

interface Core extends Disposable {
  readonly store: OpenStore;
  readonly driver: FleetDriver;
  readonly guard: Guard;
  readonly links: AgentLinkServer;
}

/** What the controller knows and decides, before anybody can reach it. */
function beginCore({ config, certificate, log, onStoreBroken }: ServeOptions): Core {
  const { operationRetentionMs } = config;
  const database = join(config.stateDir, DATABASE_FILE);
  const ledger = openLedger(join(config.stateDir, LEDGER_FILE));
  const store = openStore(database, Date.now(), ledger, operationRetentionMs);
  const deliver = (input: FleetInput): void => driver.deliver(input);
  const { fleet } = certificate.credentials.identity;
  const state = () => driver.state();
  const guard = createGuard({ fleet, state, deliver, nowMs: Date.now, log });
  const links = new AgentLinkServer({ guard, clock: systemClock, deliver, log });
  const driver: FleetDriver = createFleetDriver(
    {
      ...{ clock: systemClock, store, links, log },
      onStoreBroken: (error) => {
        log.error({ error: messageOf(error) }, 'the store cannot be written; ending');
        onStoreBroken();
      },
    },
    { ...store.contents, ...settingsOf(config), ...NOTHING_UNDER_WAY, operationRetentionMs },
  );
  driver.deliver({ kind: 'boot' });
  const { auditRetentionMs: auditMs, eventRetentionMs: eventMs } = config;
  const forget = (): void => store.forgetOld(Date.now(), { auditMs, eventMs });
  forget();
  setInterval(forget, FORGET_INTERVAL_MS).unref();
  logAuditHead({ head: store.auditHead, clock: systemClock, log });
  return {
    ...{ store, driver, guard, links },
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      ledger[Symbol.dispose]();
    },
  };
}

interface Doors {
  /** Its files may have changed, or it may be time for the next one. */
  lookAtCertificate(): void;
  close(): Promise<void>;
}

async function openDoors(
  { config, certificate, log }: ServeOptions,
  { store, driver, guard, links }: Core,
  logs: LogDesk,
): Promise<Doors> {
  const { credentials, authority } = certificate;
  const reached = createReached(config, () => own.credentials().cert);
  const own = createOwnCertificate({
    files: config,
    inUse: credentials,
    signing: authority && { authority, days: () => driver.state().lives.controllerDays },
    use: (changed) => {
      door.useCredentials(changed);
      enrollmentDoor?.useCredentials(changed);
    },
    ...{ log, nowMs: Date.now, chance: Math.random },
  });
  const issuer = createIssuer(authority, Date.now);
  const trust = () => trustOf(own.credentials());
  const common = { driver, guard, issuer, trust, ...reached, clock: systemClock, log };
  const door = await openFrontDoor({
    listen: config.listen,
    ...{ credentials, guard, log },
    control: controlHandlers({ ...common, store, logs }),
    authority: authorityHandlers({ ...common, store }),
    agentLink: links.handlers(),
  });
  reached.at({ port: door.port, enrollPort: null });
  const enrollment = enrollmentHandlers(common);
  const enrollmentDoor =
    config.enrollListen &&
    (await openEnrollmentDoor({ listen: config.enrollListen, credentials, enrollment, log }));
  reached.at({ port: door.port, enrollPort: enrollmentDoor?.port ?? null });
  setInterval(own.look, LOOK_AT_CERTIFICATE_MS).unref();
  own.look();
  const { hosts, operations } = store.contents;
  const newcomers = enrollmentDoor && { enrollPort: enrollmentDoor.port };
  const counts = { hosts: hosts.size, operations: operations.size };
  log.info({ host: config.listen.host, port: door.port, ...newcomers, ...counts }, 'serving');
  return {
    lookAtCertificate: own.look,
    async close() {
      enrollmentDoor?.close();
      await door.close(CLOSE_GRACE_MS);
    },
  };
}

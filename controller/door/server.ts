/**
 * The controller's front door: our own TLS listener, whose finished connections are handed to
 * grpc-js. A connection is kept only for as long as its certificate counts, and nobody has more of
 * them, or makes us buffer more on them, than a program of ours would.
 */
import type { TLSSocket } from 'node:tls';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { serverOptions } from '../../proto/channel-options.ts';
import type { Credentials } from '../../proto/credentials.ts';
import type { Address } from '../../proto/dialect/values.ts';
import { isRefusal } from '../../proto/errors.ts';
import { type Identity, identityIn } from '../../proto/identity.ts';
import { controlService } from '../../proto/load.ts';
import { authorityService } from '../../proto/load-authority.ts';
import { secureContextOf, tlsServerOptions } from '../../proto/tls.ts';
import { sizedAgentLinkService } from '../link/sized-frames.ts';
import type { Log } from '../ports.ts';
import { Connections, limitsWithin } from './connection-limits.ts';
import { descriptorLimit } from './descriptor-limit.ts';
import type { Guard } from './guard.ts';
import { createLiveCalls } from './live-calls.ts';
import { refuseCompressed } from './no-compression.ts';
import { createSparingLog } from './sparing-log.ts';
import { listenTls } from './tls-listener.ts';

export interface FrontDoorOptions {
  readonly listen: Address;
  readonly credentials: Credentials;
  readonly control: UntypedServiceImplementation;
  readonly authority: UntypedServiceImplementation;
  readonly agentLink: UntypedServiceImplementation;
  readonly guard: Pick<Guard, 'judge' | 'connected'>;
  readonly log: Log;
}

export interface FrontDoor {
  /** The port that was given, where 0 was asked for. */
  readonly port: number;
  /** For connections from now on; those that are open stay, whatever they were made with. */
  useCredentials(credentials: Credentials): void;
  /** Takes no new connections, waits a moment for calls under way, then closes everything. */
  close(graceMs: number): Promise<void>;
}

/** @throws FleetError `configuration` where the address cannot be listened on */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { credentials, listen, log } = options;
  const server = new Server({ ...serverOptions, interceptors: [refuseCompressed] });
  server.addService(controlService, options.control);
  server.addService(authorityService, options.authority);
  server.addService(sizedAgentLinkService, options.agentLink);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const limits = limitsWithin(descriptorLimit());
  const keep = createKeeper(limits.connections, options);
  const listener = await listenTls({
    listen,
    setting: 'listen',
    tls: tlsServerOptions(credentials),
    limits,
    onConnection: (socket) => {
      if (keep(socket)) injector.injectConnection(socket);
    },
    log,
  });
  return {
    port: listener.port,
    useCredentials: (renewed) => listener.useContext(secureContextOf(renewed)),
    async close(graceMs) {
      listener.close();
      const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      const tooLong = new Promise<void>((resolve) => setTimeout(resolve, graceMs));
      await Promise.race([drained, tooLong]);
      server.forceShutdown();
    },
  };
}

/** For the statuses of its streams, which are ended for the same reason within a second. */
const LEAVING_MS = 1_000;

/** @returns takes a connection on; false: it was closed instead */
function createKeeper(
  connectionsMax: number,
  { guard, log }: Pick<FrontDoorOptions, 'guard' | 'log'>,
): (socket: TLSSocket) => boolean {
  const connections = new Connections<TLSSocket>(connectionsMax);
  const live = createLiveCalls();
  const sparing = createSparingLog(log);

  function close(socket: TLSSocket, holder: Identity, why: string): void {
    const about = `connections of ${holder.kind} ${holder.name}`;
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const details = { peer, holder: `${holder.kind} ${holder.name}` };
    sparing.warn(about, details, `closed a connection: ${why}`, performance.now());
    socket.destroy();
  }

  return (socket) => {
    const shown = holderOf(socket);
    if (shown === null) {
      socket.destroy();
      return false;
    }
    const { fingerprint256, kind } = shown;
    const admission = connections.admit(socket, fingerprint256, kind);
    if (admission.kind === 'full') {
      close(socket, shown, `there are ${connectionsMax} already`);
      return false;
    }
    const holder = guard.connected.join(shown);
    if (admission.leaving !== null) {
      close(admission.leaving, holder, 'its certificate has too many, and it was the oldest');
    }
    const judged = live.join({
      judge: () => guard.judge(holder),
      end: (because) => {
        setTimeout(() => {
          if (socket.destroyed) return;
          close(socket, holder, because.cause ?? because.message);
        }, LEAVING_MS);
      },
    });
    socket.on('close', () => {
      judged[Symbol.dispose]();
      connections.leave(socket, fingerprint256);
      guard.connected.leave(holder);
    });
    return true;
  };
}

/** Null: it is gone already, or has a certificate of our authority that says of nobody who it is. */
function holderOf(socket: TLSSocket): Identity | null {
  const certificate = socket.getPeerX509Certificate();
  const holder = certificate === undefined ? null : identityIn(certificate);
  return holder === null || isRefusal(holder) ? null : holder;
}

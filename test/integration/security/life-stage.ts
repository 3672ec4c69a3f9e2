/**
 * Hosts of a fleet under test with certificates of any age, at places of their own, and what stands
 * between them and the controller.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Credentials } from '../../../proto/credentials.ts';
import type { HostStatus } from '../../../proto/vocabulary.ts';
import { agentConf } from '../fleet/config-files.ts';
import { type Daemon, type LogLine, startProgram } from '../fleet/daemon.ts';
import { type Fleet, resultOf } from '../fleet/harness.ts';
import type { CertificateFiles } from '../fleet/pki.ts';
import { MARK } from '../fleet/processes.ts';
import type { OpenFleet } from './newcomers.ts';
import { credentialsUntil } from './short-lived.ts';

/** Ten minutes of an hour are left to it: whoever has it renews at once. */
export const OLD_MS = 600_000;

/** The files of somebody who has these. */
export function placePair(fleet: Fleet, name: string, credentials: Credentials): CertificateFiles {
  const folder = fleet.path(`pki-of-${name}`);
  mkdirSync(folder, { recursive: true });
  const [ca, cert, key] = ['ca.crt', 'own.crt', 'own.key'].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ];
  writeFileSync(ca, credentials.ca);
  writeFileSync(cert, credentials.cert);
  writeFileSync(key, credentials.key, { mode: 0o600 });
  return { ca, cert, key };
}

export interface Host {
  readonly name: string;
  readonly files: CertificateFiles;
  /** Null: it has none yet. */
  readonly credentials: Credentials | null;
  readonly config: string;
}

/** A host that is configured, and whose certificate ends then; null: it has none yet. */
export function placeHost(
  { fleet, enrollPort }: OpenFleet,
  name: string,
  given: {
    readonly endsAtMs: number | null;
    /** `[program:x]` and other sections. */
    readonly programs: string;
    /** Where it dials, if not the controller itself. */
    readonly port?: number;
  },
): Host {
  const { endsAtMs, programs, port = fleet.port } = given;
  const folder = fleet.path(`pki-of-${name}`);
  const named = { ca: join(folder, 'ca.crt'), cert: join(folder, 'own.crt') };
  const credentials =
    endsAtMs === null ? null : credentialsUntil(fleet.pki, { kind: 'agent', name }, endsAtMs);
  const files =
    credentials === null
      ? { ...named, key: join(folder, 'own.key') }
      : placePair(fleet, name, credentials);
  const more = `host = ${name}\nenroll = 127.0.0.1:${enrollPort}\n${programs}`;
  const place = { folder: fleet.folder, name, certificate: files };
  const text = agentConf(place, { controller: `127.0.0.1:${port}`, programs: more });
  return { name, files, credentials, config: fleet.write(`${name}.conf`, text) };
}

/** Resolves when it supervises. */
export async function runHost(fleet: Fleet, { name, config }: Host): Promise<Daemon> {
  const agent = fleet.runAgent(['-c', config], { name });
  await fleet.until(`the agent of ${name} supervises`, () => {
    if (agent.hasEnded()) throw new Error(agent.stderr());
    return linesOf(agent, 'supervising').length > 0;
  });
  return agent;
}

export const linesOf = (daemon: Daemon, message: string): readonly LogLine[] =>
  daemon.log().filter(({ msg }) => msg === message);

/** Milliseconds from the last line of the one kind to the first of the other after it. */
export function betweenMs(daemon: Daemon, before: string, after: string): number {
  const log = daemon.log();
  const from = log.findLastIndex(({ msg }) => msg === before);
  const to = log.findIndex(({ msg }, index) => index > from && msg === after);
  return timeOf(log[to]) - timeOf(log[from]);
}

function timeOf(line: LogLine | undefined): number {
  return new Date(line?.['time'] as string | number).getTime();
}

/** Null: the controller knows none of this name. */
export async function statusOf(fleet: Fleet, name: string): Promise<HostStatus | null> {
  const { hosts } = await (await fleet.client()).listHosts('');
  return hosts.find(({ host }) => host === name) ?? null;
}

/** fleetctl at the host itself, whoever else can be reached. */
export async function locally(
  fleet: Fleet,
  host: string,
  ...words: readonly string[]
): Promise<Awaited<ReturnType<typeof resultOf>>> {
  const fleetctl = startProgram({
    name: 'fleetctl',
    words: [
      ...[fleet.path('programs', 'fleetctl.js'), '--local'],
      ...['--socket', fleet.path(`${host}.sock`), ...words],
    ],
    directory: fleet.folder,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: fleet.folder, [MARK]: fleet.folder },
  });
  return resultOf(fleetctl);
}

/** 0: it does not run. */
export async function localPid(fleet: Fleet, host: string, process: string): Promise<number> {
  return Number((await locally(fleet, host, 'pid', process)).stdout.trim());
}

export interface Joining {
  readonly code: number | null;
  readonly output: string;
}

/** `fleet-agent join` as people run it, with a token that fleetctl has made. */
export async function joinBy(
  fleet: Fleet,
  { name, config }: Host,
  tokenFile: string,
  ...more: readonly string[]
): Promise<Joining> {
  const words = ['join', '--token-file', tokenFile, '-c', config, ...more];
  const joining = fleet.runAgent(words, { name: `join of ${name}` });
  const { code } = await joining.ended();
  return { code, output: joining.stdout() + joining.stderr() };
}

let tokens = 0;

/** @returns the file in which it is */
export async function newToken(fleet: Fleet, ...options: readonly string[]): Promise<string> {
  tokens += 1;
  const file = fleet.path(`token-${tokens}`);
  const { code, stderr } = await fleet.fleetctl(
    ...['token', 'create', '--ttl', '10m', '--output', file, ...options],
  );
  if (code !== 0 || readFileSync(file, 'utf8') === '') throw new Error(`${code}: ${stderr}`);
  return file;
}

export interface Gate extends Disposable {
  /** Where an agent dials instead of the controller. */
  readonly port: number;
  open(): void;
}

/** Its first connection passes; what comes after it, as the call that asks to renew, waits for `open`. */
export async function gateBefore(port: number): Promise<Gate> {
  let release = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((near) => {
    sockets.add(near.on('error', () => undefined));
    count += 1;
    const passes = count === 1 ? Promise.resolve() : opened;
    void passes.then(() => {
      const far = connect(port, '127.0.0.1').on('error', () => near.destroy());
      sockets.add(far);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open: () => release(),
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

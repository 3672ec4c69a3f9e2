/**
 * One host with its agent and nobody else: no controller, no certificates. The agent runs from its
 * sources and is spoken to over its socket by the plainest client there can be, so that a test can
 * say what fleetctl never would.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type ClientReadableStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { decodeRefusal } from '../../../proto/codec/error.ts';
import {
  decodeGreeting,
  decodeLocalListing,
  encodeLogRequest,
  encodeOrder,
} from '../../../proto/codec/local.ts';
import { decodeOrderNews } from '../../../proto/codec/order-news.ts';
import { FleetError } from '../../../proto/errors.ts';
import { localControlService } from '../../../proto/load.ts';
import type {
  CallerClaims,
  Greeting,
  LocalListing,
  LocalOrder,
  LogRequest,
  OrderNews,
} from '../../../proto/local-orders.ts';
import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import { type Daemon, startProgram } from '../fleet/daemon.ts';
import { killAllOf, MARK } from '../fleet/processes.ts';
import { eventually } from '../fleet/wait.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface Host extends Disposable {
  readonly folder: string;
  readonly socket: string;
  readonly config: string;
  /** What comes after the `[agent]` section. */
  configure(rest: string): void;
  /** Not before it supervises, unless it ends first. */
  start(): Promise<Daemon>;
  status(process: string): Promise<ProcessStatus | undefined>;
  /** Waits until it is RUNNING, and gives its pid. */
  running(process: string): Promise<number>;
}

export interface HostOptions {
  /** Lines of `[agent]`. */
  readonly agent?: string;
  /** Sections after it. */
  readonly rest: string;
}

export function makeHost({ agent = '', rest }: HostOptions): Host {
  const folder = mkdtempSync(join(tmpdir(), 'fleetvisor-local-'));
  // Others pass through it to the place where they prove who they are.
  chmodSync(folder, 0o711);
  const socket = join(folder, 'agent.sock');
  const config = join(folder, 'agent.conf');
  const own = `[agent]\nstate_dir = ${join(folder, 'state')}\nsocket = ${socket}\n${agent}\n`;
  const configure = (text: string): void => writeFileSync(config, `${own}${text}\n`);
  configure(rest);
  const status = async (process: string): Promise<ProcessStatus | undefined> => {
    const { processes } = await list(socket);
    return processes.find((one) => one.process === process);
  };
  return {
    ...{ folder, socket, config, configure, status },
    async start() {
      const daemon = startAgent(folder, config);
      await eventually('the agent supervises', () => daemon.hasEnded() || isUp(daemon), {
        explain: daemon.stderr,
      });
      return daemon;
    },
    running: (process) =>
      eventually(`${process} runs`, async () => {
        const seen = await status(process);
        return seen?.state === 'RUNNING' && seen.pid;
      }),
    [Symbol.dispose]() {
      killAllOf(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function startAgent(folder: string, config: string): Daemon {
  return startProgram({
    name: 'fleet-agent',
    words: ['--import', 'tsx', join(root, 'agent', 'main.ts'), '-c', config],
    env: { PATH: process.env['PATH'] ?? '', [MARK]: folder },
    directory: root,
  });
}

const isUp = (daemon: Daemon): boolean => daemon.log().some(({ msg }) => msg === 'supervising');

export function dial(socket: string): Client {
  return new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
}

/** Throws what the agent refused with, as a `FleetError`. */
export async function call(
  client: Client,
  name: string,
  request: object,
): Promise<Record<string, unknown>> {
  const { path, requestSerialize, responseDeserialize } = methodOf(name);
  return new Promise((resolve, reject) => {
    const answer = (error: ServiceError | null, value?: Record<string, unknown>): void => {
      if (error === null) resolve(value ?? {});
      else reject(new FleetError(decodeRefusal(error)));
    };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, answer);
  });
}

export function stream(client: Client, name: string, request: object) {
  const { path, requestSerialize, responseDeserialize } = methodOf(name);
  return client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
  ) as ClientReadableStream<Record<string, unknown>>;
}

export async function list(socket: string): Promise<LocalListing> {
  return withClient(socket, async (client) =>
    decodeLocalListing((await call(client, 'ListLocalProcesses', {})) as never),
  );
}

export async function greet(socket: string): Promise<Greeting> {
  return withClient(socket, async (client) =>
    decodeGreeting((await call(client, 'Greet', {})) as never),
  );
}

/** Everything that is told of it, to the end. */
export async function give(
  socket: string,
  order: LocalOrder,
  claims: CallerClaims = { proofPath: null, sudoUser: null },
): Promise<readonly OrderNews[]> {
  return withClient(socket, async (client) => {
    const told: OrderNews[] = [];
    for await (const news of answers(client, 'GiveOrder', encodeOrder({ order, ...claims }))) {
      told.push(decodeOrderNews(news as never));
    }
    return told;
  });
}

export async function readLog(
  socket: string,
  request: LogRequest,
  claims: CallerClaims = { proofPath: null, sudoUser: null },
  onPiece: () => void = () => undefined,
): Promise<string> {
  return withClient(socket, async (client) => {
    const pieces: Buffer[] = [];
    for await (const piece of answers(
      client,
      'ReadLog',
      encodeLogRequest({ ...request, ...claims }),
    )) {
      pieces.push(piece['data'] as Buffer);
      onPiece();
    }
    return Buffer.concat(pieces).toString();
  });
}

/** As the caller of that order would do; the directory is removed by the agent. */
export async function proveOneself(socket: string): Promise<string> {
  const { proofPath } = await greet(socket);
  if (proofPath === null) throw new Error('no place was offered');
  mkdirSync(proofPath, { mode: 0o700 });
  return proofPath;
}

async function withClient<Result>(
  socket: string,
  act: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = dial(socket);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

async function* answers(client: Client, name: string, request: object) {
  try {
    yield* stream(client, name, request);
  } catch (error) {
    throw new FleetError(decodeRefusal(error as ServiceError));
  }
}

function methodOf(name: string) {
  const method = localControlService[name];
  if (method === undefined) throw new Error(`there is no ${name}`);
  return method;
}

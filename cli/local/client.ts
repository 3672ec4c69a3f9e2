/** The agent's `LocalControl` service over grpc-js and its unix socket. */
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { clientOptions, OPERATION_MAX_BYTES } from '../../proto/channel-options.ts';
import {
  decodeClearResults,
  decodeGreeting,
  decodeLocalListing,
  encodeClearRequest,
  encodeListRequest,
  encodeLogRequest,
  encodeOrder,
} from '../../proto/codec/local.ts';
import { decodeOrderNews } from '../../proto/codec/order-news.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { localControlService } from '../../proto/load.ts';
import type { CallerClaims, Greeting, LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import { isAcceptedProtocol, PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import { serverStream, unary } from '../grpc-calls.ts';
import type { LocalClient } from './ports.ts';
import { makeProof } from './proof.ts';

/** On the same host; what does not answer within this time hangs. */
const GREET_DEADLINE_MS = 10_000;
/** Clearing hundreds of logs takes a moment. */
const CLEAR_DEADLINE_MS = 60_000;

const METHODS = {
  greet: method<object, Parameters<typeof decodeGreeting>[0]>('Greet'),
  list: method<ReturnType<typeof encodeListRequest>, Parameters<typeof decodeLocalListing>[0]>(
    'ListLocalProcesses',
  ),
  giveOrder: method<ReturnType<typeof encodeOrder>, Parameters<typeof decodeOrderNews>[0]>(
    'GiveOrder',
  ),
  readLog: method<ReturnType<typeof encodeLogRequest>, { readonly data: Uint8Array }>('ReadLog'),
  clearLogs: method<
    ReturnType<typeof encodeClearRequest>,
    Parameters<typeof decodeClearResults>[0]
  >('ClearLogs'),
};

/** Resolves once the agent has answered; throws a `FleetError` otherwise. */
export async function connectLocal(path: string, sudoUser: string | null): Promise<LocalClient> {
  const channel = new Client(
    `unix:${path}`,
    credentials.createInsecure(),
    clientOptions(OPERATION_MAX_BYTES),
  );
  try {
    return localClient(channel, await greet(channel), { socket: path, sudoUser });
  } catch (caught) {
    channel.close();
    throw caught;
  }
}

function localClient(
  channel: Client,
  agent: Greeting,
  { socket, sudoUser }: { readonly socket: string; readonly sudoUser: string | null },
): LocalClient {
  /** A path is good for one order; that of the first greeting is used first. */
  let unused: Greeting | null = agent;
  async function proofPath(): Promise<string | null> {
    const { proofPath: path } = unused ?? (await greet(channel));
    unused = null;
    return path;
  }
  return {
    agent,
    list: async () => {
      using proof = makeProof(await proofPath(), socket);
      const wire = encodeListRequest({ proofPath: proof.path, sudoUser });
      return decodeLocalListing(await unary(channel, METHODS.list, wire));
    },
    give: async function* (order) {
      using proof = makeProof(await proofPath(), socket);
      yield* newsOf(channel, order, { proofPath: proof.path, sudoUser });
    },
    readLog: async function* (request, signal) {
      using proof = makeProof(await proofPath(), socket);
      const wire = encodeLogRequest({ ...request, proofPath: proof.path, sudoUser });
      for await (const { data } of serverStream(channel, METHODS.readLog, wire, signal)) yield data;
    },
    clearLogs: async (names) => {
      using proof = makeProof(await proofPath(), socket);
      const wire = encodeClearRequest({ names, proofPath: proof.path, sudoUser });
      const within = CLEAR_DEADLINE_MS;
      return decodeClearResults(await unary(channel, METHODS.clearLogs, wire, { within }));
    },
    [Symbol.dispose]: () => channel.close(),
  };
}

async function* newsOf(
  channel: Client,
  order: LocalOrder,
  claims: CallerClaims,
): AsyncGenerator<OrderNews> {
  const leaving = new AbortController();
  const wire = encodeOrder({ order, ...claims });
  try {
    for await (const answer of serverStream(channel, METHODS.giveOrder, wire, leaving.signal)) {
      const news = decodeOrderNews(answer);
      yield news;
      if (news.kind === 'done' || news.kind === 'refused') return;
    }
  } catch (caught) {
    const because = FleetError.refusalFrom(caught);
    throw because.code === 'unavailable' ? goneAway(because.message) : caught;
  }
  throw goneAway();
}

function goneAway(cause?: string): FleetError {
  return new FleetError(
    refusal('unavailable', 'the agent went away before it was done', {
      ...(cause !== undefined && { cause }),
      fix: 'see how things stand with: fleetctl --local status',
    }),
  );
}

async function greet(channel: Client): Promise<Greeting> {
  const within = GREET_DEADLINE_MS;
  const greeting = decodeGreeting(await unary(channel, METHODS.greet, {}, { within }));
  const { version, protocolVersion } = greeting;
  if (isAcceptedProtocol(protocolVersion)) return greeting;
  throw new FleetError(
    refusal('version-skew', 'fleetctl and the agent are too far apart in version', {
      cause: `the agent ${version} speaks protocol ${protocolVersion}, fleetctl ${PRODUCT_VERSION} speaks ${PROTOCOL_VERSION}`,
      fix: 'install a fleetctl of the same release as the agent',
    }),
  );
}

function method<Request, Response>(name: string): MethodDefinition<Request, Response> {
  return localControlService[name] as MethodDefinition<Request, Response>;
}

/**
 * The controller's `Control` service over grpc-js. Sets the channel options and deadlines, turns
 * what arrives into the vocabulary, and everything that goes wrong into a `FleetError`.
 */
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type MethodDefinition,
} from '@grpc/grpc-js';
import { clientOptions, OPERATION_MAX_BYTES } from '../proto/channel-options.ts';
import { questionCodec } from '../proto/codec/configuration.ts';
import {
  decodeExplanation,
  decodeHost,
  decodeHostProcess,
  decodeHostReport,
  decodeStoredEvent,
} from '../proto/codec/control.ts';
import { decodeLogNews, encodeLogsRequest } from '../proto/codec/logs.ts';
import {
  decodeOperation,
  decodeOperationSummary,
  decodeOperationUpdate,
} from '../proto/codec/operation.ts';
import { decodeRunbook, encodeSteering, encodeSubmission } from '../proto/codec/submission.ts';
import { FleetError, type Refusal, refusal } from '../proto/errors.ts';
import { controlService } from '../proto/load.ts';
import { explainTlsFailure } from '../proto/tls-failures.ts';
import { isAcceptedProtocol, PRODUCT_VERSION, PROTOCOL_VERSION } from '../proto/version.ts';
import { serverStream, unary } from './grpc-calls.ts';
import type { ControlClient, ControllerVersion, OperationListing } from './ports.ts';

/** What nobody answers within this time is not there. A refused connection fails at once. */
const CONNECT_DEADLINE_MS = 10_000;

const CHANNEL_OPTIONS: ChannelOptions = {
  ...clientOptions(OPERATION_MAX_BYTES),
  // So that a controller that is back is found again within our own pauses.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** `Control` of control.proto. The response types are the codec's own arguments. */
const METHODS = {
  getVersion: method<object, ControllerVersion>('GetVersion'),
  listHosts: method<
    { readonly hosts: string },
    { readonly hosts: readonly WireHost[]; readonly withheldHosts: number }
  >('ListHosts'),
  listProcesses: method<
    { readonly hosts: string; readonly processes: readonly string[] },
    {
      readonly processes: readonly WireHostProcess[];
      readonly hosts: readonly WireHost[];
      readonly withheldHosts: number;
      readonly withheldProcesses: number;
    }
  >('ListProcesses'),
  planOperation: method<WireSubmission, WireOperation>('PlanOperation'),
  submitOperation: method<WireSubmission, WireOperation>('SubmitOperation'),
  steerOperation: method<ReturnType<typeof encodeSteering>, WireOperation>('SteerOperation'),
  explainTargets: method<
    { readonly id: string; readonly host: string; readonly process?: string },
    Parameters<typeof decodeExplanation>[0]
  >('ExplainTargets'),
  listRunbooks: method<object, { readonly runbooks: readonly WireRunbook[] }>('ListRunbooks'),
  watchOperation: method<{ readonly id: string }, WireUpdate>('WatchOperation'),
  getOperation: method<{ readonly id: string }, WireOperation>('GetOperation'),
  listOperations: method<OperationListing, { readonly operations: readonly WireSummary[] }>(
    'ListOperations',
  ),
  listEvents: method<
    { readonly host: string; readonly process?: string; readonly limit: number },
    { readonly events: readonly WireEvent[] }
  >('ListEvents'),
  askHosts: method<
    { readonly hosts: string; readonly question: string },
    { readonly reports: readonly WireReport[] }
  >('AskHosts'),
  readLogs: method<ReturnType<typeof encodeLogsRequest>, Parameters<typeof decodeLogNews>[0]>(
    'ReadLogs',
  ),
};
type WireHost = Parameters<typeof decodeHost>[0];
type WireHostProcess = Parameters<typeof decodeHostProcess>[0];
type WireOperation = Parameters<typeof decodeOperation>[0];
type WireUpdate = Parameters<typeof decodeOperationUpdate>[0];
type WireSummary = Parameters<typeof decodeOperationSummary>[0];
type WireEvent = Parameters<typeof decodeStoredEvent>[0];
type WireReport = Parameters<typeof decodeHostReport>[0];
type WireRunbook = Parameters<typeof decodeRunbook>[0];
type WireSubmission = ReturnType<typeof encodeSubmission>;

export interface ControllerEndpoint {
  /** `host:port` */
  readonly address: string;
  readonly credentials: ChannelCredentials;
}

/**
 * Resolves once the controller has answered a first call, for only then is it certain that it took
 * our certificate (TLS 1.3 refuses a client after its handshake) and speaks our protocol.
 */
export async function connectControl(endpoint: ControllerEndpoint): Promise<ControlClient> {
  const channel = new Client(endpoint.address, endpoint.credentials, CHANNEL_OPTIONS);
  try {
    const controller = await greet(channel);
    return controlClient(channel, endpoint.address, controller);
  } catch (caught) {
    channel.close();
    throw unreachable(endpoint.address, FleetError.refusalFrom(caught));
  }
}

/** Only a controller that did not answer at all needs explaining; one that refused has done so. */
function unreachable(address: string, because: Refusal): FleetError {
  const silent = because.code === 'unavailable' || because.code === 'timed-out';
  if (!silent || because.cause !== null) return new FleetError(because);
  const explained = explainTlsFailure(because.message);
  return new FleetError(
    refusal('unavailable', `the controller at ${address} cannot be reached`, {
      cause: explained?.cause ?? because.message,
      fix: explained?.fix ?? 'check the address, and on its host that fleet-controller runs',
    }),
  );
}

function controlClient(
  channel: Client,
  address: string,
  controller: ControllerVersion,
): ControlClient {
  return {
    address,
    controller,
    listHosts: async (hosts) => {
      const answer = await unary(channel, METHODS.listHosts, { hosts });
      const withheld = { hosts: answer.withheldHosts, processes: 0 };
      return { hosts: answer.hosts.map(decodeHost), withheld };
    },
    listProcesses: async ({ hosts, processes }) => {
      const answer = await unary(channel, METHODS.listProcesses, { hosts, processes });
      return {
        processes: answer.processes.map(decodeHostProcess),
        hosts: answer.hosts.map(decodeHost),
        withheld: { hosts: answer.withheldHosts, processes: answer.withheldProcesses },
      };
    },
    planOperation: async (submission) =>
      decodeOperation(await unary(channel, METHODS.planOperation, encodeSubmission(submission))),
    submitOperation: async (submission, signal) => {
      const wire = encodeSubmission(submission);
      return decodeOperation(await unary(channel, METHODS.submitOperation, wire, { signal }));
    },
    steerOperation: async (steering) =>
      decodeOperation(await unary(channel, METHODS.steerOperation, encodeSteering(steering))),
    explainTargets: async ({ operation, host, process }) => {
      const wire = { id: operation, host, ...(process === null ? {} : { process }) };
      return decodeExplanation(await unary(channel, METHODS.explainTargets, wire));
    },
    listRunbooks: async () => {
      const answer = await unary(channel, METHODS.listRunbooks, {});
      return answer.runbooks.map(decodeRunbook);
    },
    watchOperation: async function* (id, signal) {
      for await (const update of serverStream(channel, METHODS.watchOperation, { id }, signal)) {
        yield decodeOperationUpdate(update);
      }
    },
    getOperation: async (id) => decodeOperation(await unary(channel, METHODS.getOperation, { id })),
    listOperations: async (which) => {
      const answer = await unary(channel, METHODS.listOperations, which);
      return answer.operations.map(decodeOperationSummary);
    },
    listEvents: async ({ host, process, limit }) => {
      const wire = { host, limit, ...(process === null ? {} : { process }) };
      const answer = await unary(channel, METHODS.listEvents, wire);
      return answer.events.map(decodeStoredEvent);
    },
    askHosts: async (question, hosts) => {
      const wire = { hosts, question: questionCodec.toWire(question) };
      const answer = await unary(channel, METHODS.askHosts, wire);
      return answer.reports.map(decodeHostReport);
    },
    readLogs: async function* (request, signal) {
      const wire = encodeLogsRequest(request);
      for await (const news of serverStream(channel, METHODS.readLogs, wire, signal)) {
        yield decodeLogNews(news);
      }
    },
    authority: async () => {
      const { authorityClient } = await import('./authority-client.ts');
      return authorityClient(channel);
    },
    [Symbol.dispose]: () => channel.close(),
  };
}

async function greet(channel: Client): Promise<ControllerVersion> {
  const controller = await unary(channel, METHODS.getVersion, {}, { within: CONNECT_DEADLINE_MS });
  if (isAcceptedProtocol(controller.protocolVersion)) return controller;
  throw new FleetError(
    refusal('version-skew', 'fleetctl and the controller are too far apart in version', {
      cause: `the controller ${controller.version} speaks protocol ${controller.protocolVersion}, fleetctl ${PRODUCT_VERSION} speaks ${PROTOCOL_VERSION}`,
      fix: 'install a fleetctl of the same release as the controller',
    }),
  );
}

function method<Request, Response>(name: string): MethodDefinition<Request, Response> {
  return controlService[name] as MethodDefinition<Request, Response>;
}

/**
 * The controller's side of enrolment, renewal and return, played by a test: real TLS, real calls and
 * real signatures, but what is answered is up to the test.
 */
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Authority } from '../../../certs-tool/issue.ts';
import type { CertificateAnswer } from '../../../proto/certificates.ts';
import { encodeCertificateAnswer } from '../../../proto/codec/certificates.ts';
import { refuseStream, serviceErrorOf } from '../../../proto/codec/error.ts';
import { decodeAgentFrame, encodeControllerMessage } from '../../../proto/codec/link.ts';
import type { Credentials } from '../../../proto/credentials.ts';
import { FleetError, isRefusal, type Refusal } from '../../../proto/errors.ts';
import type { AgentFrame__Output } from '../../../proto/gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame } from '../../../proto/gen/fleet/v1/ControllerFrame.ts';
import { type Identity, identityOfCall } from '../../../proto/identity.ts';
import type { IdentityKind } from '../../../proto/identity-name.ts';
import { agentLinkService } from '../../../proto/load.ts';
import { authorityService, enrollmentService } from '../../../proto/load-authority.ts';
import type { ControllerMessage } from '../../../proto/messages.ts';
import { pinOf } from '../../../proto/pki/authority-pin.ts';
import type { JoinString } from '../../../proto/pki/join-string.ts';
import { signLeaf } from '../../../proto/pki/leaf.ts';
import { readSigningRequest } from '../../../proto/pki/signing-request.ts';
import { tlsServerOptions } from '../../../proto/tls.ts';
import { PROTOCOL_VERSION } from '../../../proto/version.ts';

/** What was asked, of whichever of the three. */
export interface AskedFor {
  readonly csrPem: string;
  readonly secret?: string;
  readonly name?: string;
  readonly certificatePem?: string;
}

type Answer = (asked: AskedFor) => CertificateAnswer | Refusal;

/** An agent that came to say Hello, and by which certificate. */
interface SeenHello {
  readonly fingerprint: string;
  readonly instanceId: string;
}

export interface ScriptedIssuer extends Disposable {
  readonly port: number;
  readonly asked: readonly AskedFor[];
  readonly hellos: readonly SeenHello[];
  /** Answers of agents to a probe, which each is sent with its Welcome. */
  readonly probes: readonly number[];
}

/** Why somebody may not connect; null: he may. */
type Refuses = (identity: Identity) => Refusal | null;

/** As the enrolment listener. */
const ANYBODY = { requestCert: false, rejectUnauthorized: false } as const;

export const SECRET = 'A'.repeat(43);

export async function startScriptedIssuer(
  credentials: Credentials,
  answer: Answer,
  change: TlsOptions & { readonly refuses?: Refuses } = ANYBODY,
): Promise<ScriptedIssuer> {
  const asked: AskedFor[] = [];
  const hellos: SeenHello[] = [];
  const probes: number[] = [];
  const serve = (call: ServerUnaryCall<AskedFor, unknown>, reply: sendUnaryData<unknown>): void => {
    asked.push(call.request);
    const answered = answer(call.request);
    if (isRefusal(answered)) reply(serviceErrorOf(answered));
    else reply(null, encodeCertificateAnswer(answered));
  };
  const grpc = new Server();
  grpc.addService(enrollmentService, { Enrol: serve, Return: serve });
  grpc.addService(authorityService, { Renew: serve });
  grpc.addService(agentLinkService, {
    Connect: (stream: Stream) => listen(stream, { hellos, probes, refuses: change.refuses }),
  });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  // A newcomer looks for the authority among what is shown.
  const cert = `${credentials.cert}${credentials.ca}`;
  const options = { ...tlsServerOptions(credentials), cert, ...change };
  const listener = createServer(options, (socket) => injector.injectConnection(socket));
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  listener.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    ...{ asked, hellos, probes },
    [Symbol.dispose]: () => {
      grpc.forceShutdown();
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Stream = ServerDuplexStream<AgentFrame__Output, ControllerFrame>;

interface Listening {
  readonly hellos: SeenHello[];
  readonly probes: number[];
  readonly refuses: Refuses | undefined;
}

function listen(stream: Stream, { hellos, probes, refuses }: Listening): void {
  const identity = identityOfCall(stream, { fleet: 'test', nowMs: Date.now() });
  stream.on('error', () => undefined).on('end', () => stream.end());
  if (isRefusal(identity)) return refuseStream(stream, identity);
  const because = refuses?.(identity) ?? null;
  const say = (message: ControllerMessage): void =>
    void stream.write(encodeControllerMessage(message));
  stream.on('data', (frame: AgentFrame__Output) => {
    const message = decodeAgentFrame(frame);
    if (message.kind === 'heartbeat' && message.probe !== 0) probes.push(message.probe);
    if (message.kind !== 'hello') return;
    hellos.push({ fingerprint: identity.fingerprint256, instanceId: message.instanceId });
    if (because !== null) return refuseStream(stream, because);
    const [sessionEpoch, acknowledgedSeq] = [hellos.length, 0];
    const [reconnectSpreadMs, heartbeatIntervalMs] = [0, 60_000];
    const protocolVersion = PROTOCOL_VERSION;
    say({
      ...{ kind: 'welcome', protocolVersion, sessionEpoch, acknowledgedSeq },
      ...{ reconnectSpreadMs, heartbeatIntervalMs },
    });
    say({ kind: 'heartbeat', atMs: 1, probe: hellos.length });
  });
}

/** As a controller would sign it; `nowMs` in the past makes one that is near its end. */
export function signed(
  authority: Authority,
  asked: AskedFor,
  holder: { readonly kind: IdentityKind; readonly name: string; readonly nowMs?: number },
): CertificateAnswer {
  const request = readSigningRequest(asked.csrPem);
  if (isRefusal(request)) throw new FleetError(request);
  const { publicKeyPem } = request;
  const order = { days: 7, nowMs: Date.now(), ...holder, publicKeyPem, addresses: [] };
  const leaf = signLeaf(authority, order);
  if (isRefusal(leaf)) throw new FleetError(leaf);
  return {
    certificatePem: leaf.certificatePem,
    authoritiesPem: authority.certificatePem,
    retryAfterMs: 0,
    controllers: ['127.0.0.1:7460'],
    name: holder.name,
  };
}

export function joinStringFor(authority: Authority, port: number): JoinString {
  return {
    address: `127.0.0.1:${port}`,
    pin: pinOf(authority.certificatePem),
    secret: SECRET,
  };
}

/** The job behind `echo.ts`: clients that connect and then send every message back. */
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { answerParent } from '../swarm/child-process.ts';
import { GrpcStream } from '../swarm/grpc-stream.ts';
import { ECHO_PATH, type EchoClientsRequest } from './echo.ts';

/** As many handshakes under way as the simulated agents have. */
const DIALLING_MAX = 64;

answerParent(async (request: EchoClientsRequest): Promise<number> => {
  const { ca, key, certificates } = request;
  const contexts = certificates
    .map((cert) => createSecureContext({ ca, key, cert, minVersion: 'TLSv1.3' }))
    .values();
  const dial = request.transport === 'grpc' ? dialGrpc : dialTls;
  const dialOneByOne = async (): Promise<void> => {
    for (const context of contexts) await dial(request, context);
  };
  await Promise.all(Array.from({ length: DIALLING_MAX }, dialOneByOne));
  return certificates.length;
});

function dialTls(
  { server, localAddress }: EchoClientsRequest,
  secureContext: SecureContext,
): Promise<void> {
  const addresses = { ...server, localAddress };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...addresses, secureContext }, resolve);
    socket.on('data', (message: Buffer) => socket.write(message));
    socket.on('error', reject);
  });
}

function dialGrpc(
  { server, localAddress }: EchoClientsRequest,
  secureContext: SecureContext,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream: GrpcStream = new GrpcStream({
      server,
      localAddress,
      secureContext,
      path: ECHO_PATH,
      onConnected: resolve,
      onMessage: (message) => stream.send(message),
      onEnd: (why) => reject(new Error(why)),
    });
  });
}
